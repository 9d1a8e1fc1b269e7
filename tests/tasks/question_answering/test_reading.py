"""Answers as data sets have them, and where they stand in a context."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from bertmagic import tasks
from bertmagic.data import tables
from bertmagic.tasks.question_answering import forms
from bertmagic.tasks.question_answering.reading import Answer, are_decisions, examples, given, located
from bertmagic.workflows.prepare import ROLES

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
            passage == text
            or passage.split() == text.split()
            or passage.casefold().split() == text.casefold().split()
            or (answer.start, answer.end) in forms.places(text, context)
        )
    exact = located(text, context, len(before))
    assert context[exact.start : exact.end] == text


TALE = "😀 Zoë’s “best” café: Zoë’s café in Orléans — the café of Åse. It opened in 1911 and 1911."


@pytest.mark.parametrize(
    ("text", "passage"),
    [
        ("in Orle\u0301ans", "in Orléans"),
        ('Zoë\'s "best"', "Zoë’s “best”"),
        ('ZOË\'S "BEST" CAFÉ', "Zoë’s “best” café"),
        ("Orléans - the", "Orléans — the"),
        ("in\xa0Orléans", "in Orléans"),
        ("in Or\u00adléans", "in Orléans"),
        ("of A\u030ase", "of Åse"),
    ],
)
def test_an_answer_is_found_in_another_form_of_its_characters(text, passage):
    answer = located(text, TALE)
    assert TALE[answer.start : answer.end] == passage
    other = TALE.replace("é", "e\u0301").replace("Å", "A\u030a")
    again = located(text, other)
    assert other[again.start : again.end].replace("e\u0301", "é").replace("A\u030a", "Å") == passage


def test_a_letter_without_its_mark_is_another_letter():
    assert not located("of As", "the cafe\u0301 of A\u030ase").found
    assert not located("the cafe", "the café of Åse").found


@pytest.mark.parametrize(("encoding", "width"), [("utf-8", 1), ("utf-16-le", 2)])
def test_offsets_in_bytes_or_utf_16_are_recognised(encoding, width):
    place = TALE.rindex("1911")
    offset = len(TALE[:place].encode(encoding)) // width
    assert located("1911", TALE, offset) == Answer("1911", place, place + 4)
    assert located("1911", TALE, place) == Answer("1911", place, place + 4)


def rows_of(contexts, answers, **others):
    frame = pd.DataFrame({"question": "When?", "context": contexts, "answers": answers, **others})
    return examples(tables.read(frame), "question", "context", "answers")


def test_what_offsets_count_is_said():
    place = TALE.index("in Orléans")
    starts = [len(TALE[:place].encode("utf-16-le")) // 2, place, len(TALE[:place].encode()), 0]
    _, findings = rows_of([TALE] * 4, [{"text": ["in Orléans"], "answer_start": [start]} for start in starts])
    assert [(finding.severity, finding.what, finding.rows) for finding in findings] == [
        ("info", "1 question has offsets that count UTF-16 code units.", (0,)),
        ("info", "1 question has offsets that count bytes.", (2,)),
        ("warning", "1 answer is not at the given offset.", (3,)),
    ]


def test_an_answer_that_differs_in_quotes_only_is_not_missing():
    rows, findings = rows_of(["Zoë’s café."] * 3, ["Zoë's", "Zoe\u0308’s", "café"])
    assert findings == []
    assert [(gold.start, gold.end) for (gold,) in rows.targets] == [(0, 5), (0, 5), (6, 10)]


@pytest.mark.parametrize("true", [True, 1, "True", "true", " 1", "yes"])
def test_a_question_without_an_answer_may_be_marked_as_text(true):
    rows, _ = rows_of(["In 1911."] * 2, ["1911"] * 2, is_impossible=pd.Series([true, "False"], dtype=object))
    assert list(map(len, rows.targets)) == [0, 1]


@pytest.mark.parametrize(
    ("answers", "decisions"), [([None, True], True), ([0, 1], True), ([3, 1], False), (["yes"], False)]
)
def test_decisions_are_no_answers(answers, decisions):
    assert are_decisions(pd.Series(answers, dtype=object)) is decisions


def test_the_text_of_an_offset_is_the_answer_of_a_flat_table():
    frame = pd.DataFrame({"context": ["it was what it was"], "question": ["?"], "text": ["was"], "answer_start": [15]})
    table, asked = tables.read(frame), dict.fromkeys(ROLES)
    kind = tasks.choose(None, table, asked)
    columns, _ = kind.columns(table, asked)
    _, rows, _ = kind.read(table, columns)
    assert rows.targets[0][0].start == 15
