"""The static face: one picture with its numbers, small, without a script, read with and without it."""

import base64
import re

import numpy as np
import pytest

from bertmagic.display import below, bundle, text
from bertmagic.display.attention.settings import most_focused_head, settings
from bertmagic.text_safety import visible_token

from .made import HOSTILE, compared, maps
from .test_files import Read, pixels_of

WORDS = ["the", "trophy", "did", "not", "fit"]


def picture(html):
    return pixels_of(base64.b64decode(re.search(r'src="data:image/png;base64,([^"]+)"', html)[1]))


def test_a_picture_with_its_words_and_its_numbers():
    forms = bundle(maps(WORDS, notes=("The text was cut.",)))
    read = Read(forms["text/html"])
    assert set(read.tags) <= {"div", "p", "b", "i", "span", "img", "table", "thead", "tbody", "tr", "th", "td", "style"}
    (alt,) = [value for name, value in read.marks if name == "alt"]
    assert "thumbnails of all 6 heads" in alt
    assert re.search(r"\w+ to \w+ 0\.\d\d", alt)
    words = " ".join(" ".join(texts) for texts in read.texts.values())
    for part in (
        "2 layers × 3 heads, 7 tokens",
        "good 90.0 %, bad 10.0 %",
        "Warning",
        "The text was cut.",
        "not an explanation",
    ):
        assert part in words


def test_the_picture_lies_on_light_and_dark_pages():
    pixels = picture(bundle(maps(WORDS))["text/html"])
    assert pixels[0, 0, 3] == 0
    assert (pixels[..., 3] == 255).any()


@pytest.mark.parametrize("many", [1, 30, 126, 510])
def test_it_takes_less_than_200_kilobytes(many):
    long = maps(["word"] * many, layers=12, heads=12)
    assert len(bundle(long)["text/html"].encode()) < 200_000


def test_the_head_that_is_shown_has_words_of_its_own_choice():
    attention = maps(["a", "b", "c", "d", "e"], layers=2, heads=2)
    array = np.full_like(attention.array, 1 / 7)
    array[0, 0], array[0, 1] = np.eye(7), np.eye(7, k=-1)  # itself, the one before
    array[1, 0] = np.eye(7)[np.full(7, 3)]  # all look at the same
    array[1, 1] = np.eye(7)[[0, 4, 5, 1, 2, 3, 6]]
    attention.array[:] = array
    assert most_focused_head(attention) == (1, 1)
    assert settings(attention, {}).heads == (1,)
    assert settings(attention, {"layer": 0}).heads == (0,)


def test_words_say_it_in_ten_lines():
    other = maps(WORDS, seed=1, model="other")
    for one in (maps(WORDS), maps(WORDS, ["x", "y"]), compared(maps(WORDS, notes=("a", "b")), other)):
        assert len(text(one).splitlines()) <= 10
    assert "other, on the same tokens: mean Jensen-Shannon" in text(compared(maps(WORDS), other))


def test_the_heads_that_differ_most_stand_below():
    first, other = maps(WORDS), maps(WORDS, seed=1, model="other")
    both = compared(first, other)
    html = bundle(both)["text/html"]
    layer, head = both.comparison.ranking()[["layer", "head"]].iloc[0]
    assert f"layer {layer}, head {head}" in html
    assert "clf compared with other" in text(both.comparison)
    assert len(text(both.comparison).splitlines()) <= 10


def test_equal_models_do_not_differ():
    both = compared(maps(WORDS), maps(WORDS, model="same"))
    assert "all heads are equal" in text(both.comparison)
    assert "all heads are equal" in bundle(both)["text/html"]


def test_two_texts_stand_side_by_side():
    both = compared(maps(WORDS), maps(["a", "longer", "text", "than", "the", "first"], seed=1))
    html, words = bundle(both)["text/html"], text(both.comparison)
    assert "<th" in html
    for name in ("entropy", "distance", "previous"):
        assert name in html
        assert name in words
    assert "other sentence" not in words
    assert len(words.splitlines()) <= 10


@pytest.mark.parametrize("start", range(0, len(HOSTILE), 30))
def test_hostile_texts_are_text(start):
    texts = HOSTILE[start : start + 30]
    one = maps(
        list(texts), layers=1, heads=1, model=texts[0], said=texts[1], notes=texts[:5], prediction=((texts[2], 1.0),)
    )
    read = Read(bundle(one)["text/html"])
    assert set(read.tags) <= {"div", "p", "b", "i", "span", "img", "table", "thead", "tbody", "tr", "th", "td", "style"}
    assert {name for name, _ in read.marks} <= {"style", "src", "width", "alt", "scope", "class"}
    assert [len(read.texts["style"]), read.tags.count("style")] == [1, 1]  # `LostWidget`, of constant words
    bundle(one)["text/html"].encode()
    repr(one).encode()


def test_what_cannot_be_seen_is_shown():
    assert visible_token("\u202egnp.exe") == "⟨U+202E⟩gnp.exe"
    assert visible_token("a\x00b\ud800") == "a␀b⟨U+D800⟩"
    assert visible_token("👩‍👩‍👧 ﷺ é") == "👩‍👩‍👧 ﷺ é"


def test_the_live_view_says_what_it_needs_where_no_kernel_is():
    one = maps(WORDS)
    (live,) = below(one)
    assert "run the cell again" in live["text/plain"]
    (style,) = Read(bundle(one)["text/html"]).texts["style"]
    assert "run the cell again" in style
