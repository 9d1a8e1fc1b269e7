"""Words in running text and in lists."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertmagic.data import words
from bertmagic.data.texts import Texts


def spelled(text):
    return [text[start:end] for start, end in words.split(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zoe's 3.5 km_2", ["Zoe", "'", "s", "3", ".", "5", "km", "_", "2"]),
        ("U.S.-based!", ["U", ".", "S", ".", "-", "based", "!"]),
        ("我在北京2024年", ["我", "在", "北", "京", "2024", "年"]),
        ("ひらカナ한국어", ["ひ", "ら", "カ", "ナ", "한국어"]),
        ("Zoe\u0308 Zoë cafe\u0301s", ["Zoe\u0308", "Zoë", "cafe\u0301s"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("ที่นี่", ["ที่", "นี่"]),
        ("👩🏽‍🚀 in 🇫🇷❤️!", ["👩🏽‍🚀", "in", "🇫", "🇷", "❤️", "!"]),
        ("soft\u00adhyphen می\u200cخواهم", ["soft\u00adhyphen", "می\u200cخواهم"]),
        ("a\u200bb\ufeffc \u2060", ["a", "b", "c"]),
        ("\u0301a", ["\u0301", "a"]),
        ("no\u00a0break\u3000wide\tx\u2028y", ["no", "break", "wide", "x", "y"]),
        ("@user #tag http://x.y", ["@", "user", "#", "tag", "http", ":", "/", "/", "x", ".", "y"]),
        ("", []),
        (" \n", []),
    ],
)  # fmt: skip
def test_running_text_is_cut_into_words(text, expected):
    assert spelled(text) == expected


@settings(deadline=None)
@given(st.text(max_size=60))
def test_words_stand_in_order_and_leave_out_only_what_is_invisible(text):
    spans = words.split(text)
    at = 0
    for start, end in spans:
        assert at <= start < end <= len(text)
        assert not text[at:start].strip(words._BREAKS + " ").strip()
        at = end
    assert not text[at:].strip(words._BREAKS + " ").strip()


@settings(deadline=None)
@given(st.lists(st.text(max_size=5), max_size=8))
def test_given_words_stand_where_they_are_joined(given_):
    text = " ".join(given_)
    assert [text[start:end] for start, end in words.given_spans(given_)] == given_


def test_words_of_many_texts_are_found_in_both_forms():
    running = pd.Series(["Ada wrote.", "", "好 x"], index=[5, 5, 7])
    word_spans = words.find(Texts(running, np.asarray([0, 2])))
    assert word_spans.spans.tolist() == [[0, 3], [4, 9], [9, 10], [0, 1], [2, 3]]
    assert word_spans.offsets.tolist() == [0, 3, 5]
    assert word_spans.owner.tolist() == [0, 0, 0, 1, 1]
    assert word_spans.spans_of(1).tolist() == [[0, 1], [2, 3]]
    joined = words.Joined(pd.Series([["Ada", "wrote."], [], ["好", "x"]]), np.arange(3))
    assert list(joined) == ["Ada wrote.", "", "好 x"]
    assert words.find(joined).spans.tolist() == [[0, 3], [4, 10], [0, 1], [2, 3]]
    assert words.find(joined).offsets.tolist() == [0, 2, 2, 4]
    part = joined.take(np.asarray([2]))
    assert isinstance(part, words.Joined)
    assert part[0] == "好 x"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        (("a",), ["a"]),
        (np.asarray(["a", "b"]), ["a", "b"]),
        ('["a", "it\'s"]', ["a", "it's"]),
        (" ['a', \"it's\"] ", ["a", "it's"]),
        ("[]", []),
        ("[('x', 1)]", [("x", 1)]),
        ("['a' 'b']", None),
        ('["a" "b"]', None),
        ("[1 2]", None),
        ("[__import__('os').getcwd()]", None),
        ("[" * 5000 + "]" * 5000, None),
        ("plain", None),
        ("(1, 2)", None),
        (3.5, None),
        (None, None),
    ],
)
def test_lists_come_as_lists_or_as_their_text_and_nothing_is_run(cell, expected):
    assert words.listed(cell) == expected
