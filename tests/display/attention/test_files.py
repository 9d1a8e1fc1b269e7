"""Exports: the numbers of the state, whole files, and what is refused."""

import csv
import dataclasses
import io
import json
import re
from base64 import b64decode
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from bertmagic.attention import METHODS
from bertmagic.attention.maps import Layer
from bertmagic.display.attention import export
from bertmagic.errors import FileError, OptionError
from bertmagic.text_safety import visible_token

from .made import HOSTILE, compared, maps

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def pair():
    return maps(["the", "dog", "barks"], ["an", "animal", "sounds"])


def table(text):
    """Return names of columns, names of rows and the numbers, with the apostrophes of names taken away."""
    head, *rows = csv.reader(io.StringIO(text, newline=""))
    names = [name[1:] if name.startswith("'") else name for name in head[1:]]
    labels = [row[0][1:] if row[0].startswith("'") else row[0] for row in rows]
    return names, labels, np.array([[float(cell) for cell in row[1:]] for row in rows])


class Read(HTMLParser):
    """What a browser makes of a page: its elements, and the texts within each kind of them."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.marks, self.texts, self._open = [], [], {}, []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.marks += attrs
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        self.texts.setdefault(self._open[-1] if self._open else "", []).append(data)


def test_a_table_has_the_weights_of_the_head(pair):
    columns, rows, numbers = table(pair.to_csv(layer=1, head=2))
    assert columns == rows == ["[CLS]", "the", "dog", "barks", "[SEP]", "an", "animal", "sounds", "[SEP]"]
    np.testing.assert_allclose(numbers, pair.array[1, 2], rtol=1e-8)


@pytest.mark.parametrize(("combine", "expected"), [("mean", np.mean), ("max", np.max)])
def test_several_heads_are_combined(pair, combine, expected):
    _, _, numbers = table(pair.to_csv(layer=0, heads=[0, 2], combine=combine))
    np.testing.assert_allclose(numbers, expected(pair.array[0, [0, 2]], axis=0), rtol=1e-6)


def test_one_sentence_looks_at_the_other(pair):
    columns, rows, numbers = table(pair.to_csv(layer=0, head=1, sentences="A→B"))
    assert (rows, columns) == (["the", "dog", "barks"], ["an", "animal", "sounds"])
    np.testing.assert_allclose(numbers, pair.array[0, 1, 1:4, 5:8], rtol=1e-8)


def test_without_special_tokens_rows_sum_to_one_again(pair):
    columns, _, numbers = table(pair.to_csv(layer=0, head=1, hide_special=True))
    words = [1, 2, 3, 5, 6, 7]
    assert "[SEP]" not in columns
    left = pair.array[0, 1][np.ix_(words, words)]
    np.testing.assert_allclose(numbers, left / left.sum(-1, keepdims=True), rtol=1e-6)


def test_a_difference_is_signed(pair):
    other = maps(["the", "dog", "barks"], ["an", "animal", "sounds"], seed=1, model="other")
    both = compared(pair, other)
    _, _, numbers = table(both.to_csv(layer=0, head=0, method="difference"))
    np.testing.assert_allclose(numbers, pair.array[0, 0] - other.array[0, 0], atol=1e-7)
    assert "from other" in both.to_svg(layer=0, method="difference")
    with pytest.raises(OptionError, match="method='difference' is not known"):
        pair.to_csv(method="difference")


def pixels_of(png):
    """Return the pixels of a PNG file, of shape ``(height, width, 4)``."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))


def images(svg):
    """Return the pixels of the pictures in an SVG file."""
    elements = ElementTree.fromstring(svg).iter(f"{SVG}image")
    return [pixels_of(b64decode(one.get("href").partition(",")[2])) for one in elements]


def test_an_svg_has_a_pixel_for_each_weight(pair):
    (pixels,) = images(pair.to_svg(layer=1, head=0, pictures="heat map"))
    weights = pair.array[1, 0]
    assert pixels.shape == (9, 9, 4)
    darkness = 765 - pixels[..., :3].sum(-1, dtype=int)
    assert (np.diff(darkness.ravel()[np.argsort(weights, axis=None)]) >= 0).all()


def test_lines_are_the_strongest_of_each_token_or_all_of_a_pinned_one(pair):
    drawn = ElementTree.fromstring(pair.to_svg(pictures="lines", top=2, threshold=0)).findall(f"{SVG}path")
    assert len(drawn) == 18
    pinned = ElementTree.fromstring(pair.to_svg(layer=0, head=1, pictures="lines", pinned=[2], threshold=0.1))
    assert len(pinned.findall(f"{SVG}path")) == (pair.array[0, 1, 2] >= 0.1 * pair.array[0, 1].max()).sum()


def test_lines_and_their_numbers_follow_the_size_of_the_weights(pair):
    small = dataclasses.replace(pair, array=pair.array * np.float32(1e-4))
    drawn, as_before = (
        ElementTree.fromstring(maps.to_svg(layer=1, head=0, pictures="lines", pinned=[2])) for maps in (small, pair)
    )
    assert len(drawn.findall(f"{SVG}path")) == len(as_before.findall(f"{SVG}path")) > 0
    largest = f"{small.array[1, 0, 2].max():.7f}".rstrip("0")
    assert any((one.text or "").startswith(largest[:7]) for one in drawn.iter(f"{SVG}text"))


@pytest.mark.parametrize("method", METHODS)
def test_a_heading_names_heads_only_where_the_method_has_one_map_for_each(pair, method):
    layers = tuple(Layer(norms=np.ones(one.shape[:2], np.float32)) for one in pair.array)
    pair = dataclasses.replace(pair, layers=layers, gradients=lambda output: pair.array)
    heading = ElementTree.fromstring(pair.to_svg(heads=[2, 0], layer=1, method=method, pictures=[])).find(f"{SVG}title")
    is_of_heads = pair.mixed(method).shape[1] > 1
    assert ("heads 2, 0 (mean)" in heading.text) == is_of_heads
    assert "layer 1 · " in heading.text or is_of_heads


def test_the_numbers_beside_a_pinned_token_are_its_weights(pair):
    svg = ElementTree.fromstring(pair.to_svg(layer=1, head=1, pictures="lines", pinned=[2, 3], threshold=0))
    texts = [one.text for one in svg.iter(f"{SVG}text")]
    summed = pair.array[1, 1, [2, 3]].sum(0)
    assert {f"{value:.3f}" for value in summed if value >= 0.005} <= set(texts)


def test_pictures_follow_the_state(pair):
    def marks(**state):
        return pair.to_svg(layer=0, head=0, **state)

    plain = marks()
    for state in (
        {"order": "statistic"}, {"statistic": "distance"}, {"scale": "square root"}, {"find": "dog"}, {"pinned": [1]},
        {"direction": "attended by", "pinned": [1]}, {"merge_words": True, "hide_special": True}, {"method": "rollout"},
    ):  # fmt: skip
        assert marks(**state) != plain, state
    assert len(marks(pictures="text")) < len(plain)


def test_a_png_is_twice_as_sharp_as_the_page(pair):
    pixels = pixels_of(pair.to_png(pictures="heat map"))
    svg = ElementTree.fromstring(pair.to_svg(pictures="heat map"))
    assert pixels.shape[0] == 2 * round(float(svg.get("height")))
    assert (pixels[..., 3] == 255).all()


def test_an_svg_of_64_tokens_is_below_300_kilobytes():
    assert len(maps(["word"] * 62, layers=12, heads=12).to_svg().encode()) < 300_000


def test_a_page_holds_what_is_on_screen(pair):
    read = Read(pair.to_html(layer=1, head=2, pinned=[1], statistic="distance"))
    data = json.loads(read.texts["script"][0])
    assert data["state"]["layer"] == 1
    assert data["state"]["statistic"] == "distance"
    exact = np.frombuffer(b64decode(data["exact"]['["weights",1,[2],"mean"]']), np.float32)
    assert (exact == pair.array[1, 2].ravel()).all()
    assert len(data["picture"]) == 6
    assert set(data["about"]["statistics"]) >= {"entropy", "distance", "previous"}


def test_a_page_of_a_gradient_is_towards_its_output(pair):
    factors = np.random.default_rng(0).random(pair.array.shape, np.float32)
    one = dataclasses.replace(pair, outputs=("good", "bad"), gradients=lambda output: factors * (1 + len(output or "")))
    data = json.loads(Read(one.to_html(layer=0, head=1, method="gradient", output="bad")).texts["script"][0])
    assert list(data["thumbnails"]) == ["gradient bad"]
    assert '["gradient bad",0,[1],"mean"]' in data["exact"]
    assert "towards bad" in one.to_svg(method="gradient", output="bad")
    with pytest.raises(OptionError, match="output='ugly' is not known"):
        one.to_html(method="gradient", output="ugly")


def test_a_page_fetches_nothing(pair):
    page = pair.to_html()
    assert page.startswith("<!doctype html><html")
    read = Read(page)
    assert ("http-equiv", "Content-Security-Policy") in read.marks
    assert not {name for name, _ in read.marks} & {"src", "href"}
    assert not re.search(r"https?://(?!www\.w3\.org/)", page)


def test_a_page_of_a_long_text_has_the_heads_of_one_layer():
    long = maps(["word"] * 400, layers=3, heads=8)
    data = json.loads(Read(long.to_html(layer=1)).texts["script"][0])
    assert len(data["picture"]) == 8
    assert len(json.dumps(data)) < 4_000_000


def test_a_file_is_written_whole(pair, tmp_path):
    for kind in ("svg", "png", "html", "csv"):
        path = tmp_path / f"head.{kind}"
        data = getattr(pair, f"to_{kind}")(path, layer=1, head=0)
        assert path.read_bytes() == (data if kind == "png" else data.encode())


def test_what_cannot_be_done_is_said(pair, tmp_path):
    with pytest.raises(OptionError, match="is not exported as 'pdf'"):
        export(pair, "pdf")
    with pytest.raises(FileError, match="cannot be written: its folder does not exist"):
        pair.to_svg(tmp_path / "nowhere" / "head.svg")
    with pytest.raises(OptionError, match="there is no layer 9 among 2 layers"):
        pair.to_svg(layer=9)
    with pytest.raises(OptionError, match=r"no setting 'haed'\. Did you mean 'head"):
        pair.to_csv(haed=1)
    with pytest.raises(OptionError, match="scale='lin' is not known"):
        pair.to_png(scale="lin")


@pytest.fixture(scope="module")
def hostile():
    """All hostile texts as tokens, as the model's name, its prediction, its notes."""
    return maps(
        list(HOSTILE), layers=1, heads=1, model=HOSTILE[0], said=HOSTILE[1], notes=HOSTILE[:20],
        prediction=tuple((text, 0.5) for text in HOSTILE[:4]),
    )  # fmt: skip


def test_there_are_200_hostile_texts():
    assert len(set(HOSTILE)) >= 200


def test_a_table_loses_nothing_and_computes_nothing(hostile):
    text = hostile.to_csv()
    columns, rows, _ = table(text)
    assert columns[1:-1] == rows[1:-1] == [visible_token(one) for one in HOSTILE]
    cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row[:1]]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))]
    text.encode()


def test_an_svg_shows_hostile_texts_as_text(hostile):
    svg = ElementTree.fromstring(hostile.to_svg())
    assert {one.tag for one in svg.iter()} == {
        f"{SVG}{name}" for name in ("svg", "title", "rect", "path", "image", "text")
    }
    names = {name for one in svg.iter() for name in one.attrib}
    assert not [name for name in names if name.startswith("on")]
    assert all(one.get("href").startswith("data:image/png;base64,") for one in svg.iter(f"{SVG}image"))
    texts = {one.text for one in svg.iter()}
    assert {visible_token(one) for one in HOSTILE} <= texts


def test_a_page_holds_hostile_texts_as_data(hostile):
    page = hostile.to_html()
    read = Read(page)
    assert read.tags == ["html", "head", "meta", "meta", "title", "style", "body", "main", "script", "script"]
    data = json.loads(read.texts["script"][0])
    assert [token[0] for token in data["about"]["tokens"]][1:-1] == [visible_token(one) for one in HOSTILE]
    page.encode()


def test_a_png_of_hostile_texts_is_drawn(hostile):
    assert pixels_of(hostile.to_png()).any()


@pytest.mark.parametrize("text", HOSTILE[::7])
def test_errors_hold_hostile_texts_as_text(hostile, text):
    with pytest.raises(OptionError) as caught:
        hostile.to_svg(method=text)
    assert len(str(caught.value)) < 11_000
    repr(str(caught.value)).encode()
