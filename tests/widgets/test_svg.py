"""The SVG that the button saves is the one that Python writes: the same nodes, sizes, words, colours and pixels."""

import io
import re
from base64 import b64decode
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from bertmagic.display.attention.design import DESIGN

from .conftest import drawn, long_maps
from .page import Page

pytestmark = pytest.mark.browser

STATE = {"layer": 1, "heads": [2], "pinned": [], "order": "model", "find": "", "scale": "linear", "top": 3}
STATE |= {"merge_words": False, "hide_special": False, "direction": "attends to", "method": "weights"}
STATE |= {"threshold": 0.05}
STATE |= {"sentences": "all", "statistic": "entropy", "pictures": ["grid", "lines", "heat map", "text"]}
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
SAME_COLOUR = 3
"""Steps of 255 between pixels: the page's thumbnails are of weights in a byte each."""


def pixels(node):
    data = b64decode(node.get("href").partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA")).astype(int)


def nodes(svg):
    """Return name, text and attributes of each node, with numbers apart from what is around them, and all images."""
    root = ElementTree.fromstring(svg)
    words, numbers, images = [], [], []
    for node in root.iter():
        marks = dict(sorted(node.attrib.items()))
        if node.tag.endswith("image"):
            images.append(pixels(node))
            marks.pop("href")
        attributes = [(name, NUMBER.sub("N", value)) for name, value in marks.items()]
        words.append((node.tag.rpartition("}")[2], node.text or "", *attributes))
        numbers.append([float(one) for value in marks.values() for one in NUMBER.findall(value)])
    return words, numbers, images


def assert_equal(saved, written):
    (words, numbers, images), (own_words, own_numbers, own_images) = nodes(saved), nodes(written)
    assert words == own_words
    assert len(images) == len(own_images)
    for one, other in zip(numbers, own_numbers, strict=True):
        assert np.abs(np.subtract(one, other)).max(initial=0) <= 0.0201, (one, other)
    for one, other in zip(images, own_images, strict=True):
        assert one.shape == other.shape
        assert np.abs(one - other).max() <= SAME_COLOUR


@pytest.mark.parametrize(
    "state",
    [
        {}, {"pinned": [2, 3], "threshold": 0.01}, {"pinned": [2], "direction": "attended by"},
        {"order": "statistic", "statistic": "other_sentence"}, {"method": "head_mean"}, {"method": "value_norms"},
        {"heads": [0, 3], "scale": "square root", "find": "film", "top": 0},
        {"merge_words": True, "hide_special": True},
        {"sentences": "A→B"}, {"sentences": "B→A", "pictures": ["text", "heat map"]}, {"pictures": []},
    ],
)  # fmt: skip
def test_the_saved_svg_is_the_one_of_python(opened, pair, state):
    state = STATE | state
    page = opened(pair)
    page.set(**state)
    assert_equal(page.saved("SVG").decode(), pair.to_svg(**state))


def thumbnails(image):
    """Return the inner pixels of the thumbnails in an image of the grid, which no frame covers."""
    side, column, row = (DESIGN["grid"][name] for name in ("thumbnail", "column", "row"))
    corners = [(y, x) for y in range(0, image.shape[0], row) for x in range(0, image.shape[1], column)]
    return np.array([image[y + 2 : y + side - 2, x + 2 : x + side - 2, :3] for y, x in corners])


def on_screen(page, expected):
    """Return the pixels of the grid on screen where it has an image of the size of the expected one."""
    data = page.canvas("All heads").evaluate("node => node.toDataURL()")
    image = np.asarray(Image.open(io.BytesIO(b64decode(data.partition(",")[2]))).convert("RGBA")).astype(int)
    (top, left), (height, width) = (DESIGN["grid"]["top"], DESIGN["grid"]["left"]), expected.shape[:2]
    return image[top : top + height, left : left + width]


def differs(image, expected):
    return np.abs(thumbnails(image) - thumbnails(expected)).max() > SAME_COLOUR


METHODS = ["rollout", "weights", "value_norms", "head_mean", "weights", "gradient"]


def test_the_grid_is_that_of_the_method_after_each_change(opened, maps):
    """On screen and in saved pictures; the page draws the grid once more before the kernel's answer comes."""
    page, seen = opened(maps, layer=0, heads=[2]), {}
    for method in METHODS:
        state = STATE | {"method": method, "pictures": ["grid"]}
        page.set(**state)
        (expected,), (saved,) = (nodes(svg)[2] for svg in (maps.to_svg(**state), page.saved("SVG").decode()))
        assert not differs(on_screen(page, expected), expected), method
        assert not differs(saved, expected), method
        seen[method] = expected
    assert len({image.tobytes() for image in seen.values()}) == len(set(METHODS))
    page.set(method="gradient", output="good")
    (other,) = nodes(maps.to_svg(**state, output="good"))[2]
    assert differs(other, seen["gradient"])
    assert not differs(on_screen(page, other), other)


def test_a_grid_drawn_before_its_statistics_have_come_is_sorted_then(opened, maps):
    state = STATE | {"order": "statistic", "statistic": "distance", "pictures": ["grid"]}
    (expected,) = nodes(maps.to_svg(**state))[2]
    assert not differs(on_screen(opened(maps, **state), expected), expected)


def test_characters_that_the_model_does_not_know_are_marked_alike(opened, learnt):
    maps = learnt.attention("漢 the film was gab", show=False)
    assert maps.notes[0].startswith("tiny does not know 漢 and reads [UNK] instead.")
    first, *tokens = maps.tokens
    maps = replace(maps, tokens=(first, *tokens[:-2], replace(tokens[-2], unknown="<unk>"), tokens[-1]))  # of "gab"
    page, state = opened(maps), STATE | {"find": "unk"}
    for merge_words, marked in ((False, "<unk> b"), (True, "<unk> gab")):
        page.set(**state | {"merge_words": merge_words})
        svg = page.saved("SVG").decode()
        texts = [node.text for node in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
        assert {"[UNK] 漢", marked} < set(texts)
        assert_equal(svg, maps.to_svg(**state | {"merge_words": merge_words}))


def test_a_gradient_has_lines_however_small_it_is(opened, maps):
    """A gradient is a share of the largest one of all heads, and most heads have a small part of it."""
    smaller = maps.gradient(None) * np.float32([1, 1e-5])[:, None, None, None]
    maps = replace(maps, gradients=lambda output: smaller)
    assert 0 < maps.mixed("gradient")[1, 2].max() < STATE["threshold"] / 100
    state = STATE | {"method": "gradient", "pictures": ["lines"]}
    page = opened(maps)
    page.set(**state)
    svg = page.saved("SVG").decode()
    assert "<path " in svg
    assert_equal(svg, maps.to_svg(**state))


def test_differences_are_drawn_alike(opened, learnt):
    maps = learnt.attention("the film was not superb", compare="base", show=False)
    page = opened(maps)
    known = page.view.settings
    state = {"layer": known.layer, "heads": known.heads, "method": "difference", "statistic": "divergence"}
    assert_equal(page.saved("SVG").decode(), maps.to_svg(**state))


WORDS = [
    "Müller", "日本語のとても長い単語がここにあります", "Привет", "שלום", "🎉🎉", "e\u0301" * 30,
    "supercalifragilisticexpialidocious",
]  # fmt: skip


def test_long_and_wide_words_are_cut_alike(opened):
    maps = drawn(2, 4, WORDS, model="a model whose name is longer than any heading has room for, " * 3)
    assert_equal(opened(maps, **STATE).saved("SVG").decode(), maps.to_svg(**STATE))


@pytest.mark.parametrize("tokens", [60, 460])
def test_long_texts_are_drawn_alike(opened, tokens):
    maps = long_maps(tokens)
    assert_equal(opened(maps, **STATE).saved("SVG").decode(), maps.to_svg(**STATE))


def test_the_width_of_the_window_changes_no_file(opened, maps):
    page = opened(maps, **STATE)
    page.page.set_viewport_size({"width": 400, "height": 900})
    page.settle()
    assert_equal(page.saved("SVG").decode(), maps.to_svg(**STATE))


def test_a_dark_page_saves_the_dark_colours(chromium, maps):
    page = Page(chromium, maps.view(**STATE), dark=True)
    page.settle()
    svg = page.saved("SVG").decode()
    page.close()
    colours = set(re.findall(r"#[0-9a-fA-F]{6}", re.sub(r"base64,[^\"]*", "", svg)))
    assert colours <= set(DESIGN["themes"]["dark"].values())
    assert DESIGN["themes"]["dark"]["back"] in colours
