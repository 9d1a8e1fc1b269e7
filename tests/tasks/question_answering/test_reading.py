"""Answers as data sets have them, and where they stand in a context."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from bertmagic.tasks.question_answering.reading import Answer, given, located

CONTEXT = "The mill opened in 1911, was closed in 1938 and opened again in 1911 years."
SQUAD = {"text": ["1938", "in 1938"], "answer_start": [39, 36]}
PAIRS = [("1938", 39), ("in 1938", 36)]


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (SQUAD, PAIRS),
        ({"text": np.array(["1938", "in 1938"], dtype=object), "answer_start": np.array([39, 36])}, PAIRS),
        ({"text": ("1938",), "start": (39,)}, PAIRS[:1]),
        ({"text": "1938", "answer_start": 39}, PAIRS[:1]),
        ([{"text": "1938", "answer_start": 39}, {"text": "in 1938", "answer_start": 36}], PAIRS),
        (np.array([{"text": "1938", "answer_start": 39.0}], dtype=object), PAIRS[:1]),
        (json.dumps(SQUAD), PAIRS),
        (str(SQUAD), PAIRS),
        ("{'text': array(['1938', 'in 1938'], dtype=object), 'answer_start': array([39, 36], dtype=int32)}", PAIRS),
        ('["1938", "in 1938"]', [("1938", -1), ("in 1938", -1)]),
        ("1938", [("1938", -1)]),
        (["1938", "in 1938"], [("1938", -1), ("in 1938", -1)]),
        ({"text": ["1938"]}, [("1938", -1)]),
        ({"text": ["1938"], "answer_start": [None]}, [("1938", -1)]),
        ("[1]", [("[1]", -1)]),
        ("{see below", [("{see below", -1)]),
        *((none, []) for none in (None, float("nan"), pd.NA, "", "  ", [], {"text": [], "answer_start": []})),
        *((none, []) for none in ("[]", {"text": [""], "answer_start": [-1]}, {"text": None, "answer_start": None})),
    ],
)
def test_a_cell_is_read_in_every_usual_shape(cell, expected):
    assert given(cell) == expected


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (1911, r"1911 \(int\)"),
        ([["1911", 3]], r"3 \(int\)"),
        ({"answer_start": [3]}, "without 'text' .*answer_start"),
        ({"text": [3], "answer_start": [3]}, "whose 'text' is"),
        ({"text": ["a", "b"], "answer_start": [3]}, "2 texts and 1 offset"),
    ],
)
def test_what_is_no_answer_is_named(cell, message):
    with pytest.raises(ValueError, match=message):
        given(cell)


@pytest.mark.parametrize(
    ("text", "start", "place"),
    [
        ("1938", 39, (39, 43)),
        ("1938", 0, (39, 43)),
        ("1938", -1, (39, 43)),
        ("1911", 19, (19, 23)),
        ("1911", 20, (19, 23)),
        ("1911", 62, (64, 68)),
        ("1911", 40, (-1, -1)),
        ("1911", -1, (-1, -1)),
        ("OPENED AGAIN", 3, (48, 60)),
        ("opened\n  again", -1, (48, 60)),
        ("Opened", 0, (-1, -1)),
        ("1912", 19, (-1, -1)),
        ("(", -1, (-1, -1)),
    ],
)
def test_an_answer_is_found_where_only_one_place_can_be_meant(text, start, place):
    answer = located(text, CONTEXT, start)
    assert (answer.start, answer.end) == place
    assert answer.text == text
    assert answer.found == (place[0] >= 0)


def test_places_that_overlap_are_two():
    assert not located("aa", "aaa").found
    assert located("aa", "aaa", 1) == Answer("aa", 1, 3)


@settings(deadline=None)
@drawn(st.text(min_size=1), st.text(min_size=1, max_size=5), st.text(), st.integers(-1, 20))
def test_what_is_found_is_the_answer(before, text, after, start):
    context = before + text + after
    answer = located(text, context, start)
    if answer.found:
        passage = context[answer.start : answer.end]
        assert (
            passage == text or passage.split() == text.split() or passage.casefold().split() == text.casefold().split()
        )
    exact = located(text, context, len(before))
    assert context[exact.start : exact.end] == text
