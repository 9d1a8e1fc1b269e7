"""The SVG that the button saves is the one that Python writes: the same nodes, sizes, words, colours and pixels."""

import io
import re
from base64 import b64decode
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
