"""Entities marked by characters."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertmagic.data import words
from bertmagic.data.tags import Entity
from bertmagic.errors import DataError
from bertmagic.tasks.token_classification import spans
from bertmagic.tasks.token_classification.spans import Span

EXPECTED = [Span(0, 3, "PER"), Span(13, 18, "LOC")]
DICTS = [{"start": 13, "end": 18, "label": "LOC"}, {"start": 0, "end": 3, "label": "PER"}]


@pytest.mark.parametrize(
    "cell",
    [
        DICTS,
        [*DICTS, DICTS[0]],
        [[0, 3, "PER"], [13, 18, "LOC"]],
        ((0, 3, "PER"), (13, 18, "LOC")),
        {"entities": [(0, 3, "PER"), (13, 18, "LOC")]},
        [{"id": 1, "start_offset": at.start, "end_offset": at.end, "label": at.label} for at in EXPECTED],
        [{"start": at.start, "end": at.end, "text": "x", "labels": [at.label]} for at in EXPECTED],
        [{"begin": at.start, "stop": at.end, "type": at.label, "entity": "x"} for at in EXPECTED],
        [{"startOffset": at.start, "endOffset": at.end, "entity_type": at.label} for at in EXPECTED],
        [{"offset": at.start, "length": at.end - at.start, "category": at.label} for at in EXPECTED],
        [{"start": at.start, "end": at.end, "entity": at.label, "word": "x", "score": 0.5} for at in EXPECTED],
        [{"token_start": 0, "token_end": 0, "start": at.start, "end": at.end, "label": at.label} for at in EXPECTED],
        [["PER", 0, 3], ["LOC", 13, 18]],
        [[0, 3, "PER", "Ada"], [13, 18, "LOC", "Paris"]],
        json.dumps(DICTS),
        str(DICTS),
        json.dumps({"entities": [[0, 3, "PER"], [13, 18, "LOC"]]}),
    ],
)
def test_every_form_gives_the_same_spans_in_order(cell):
    assert [span._replace(quote="") for span in spans.read(cell, "row 1")] == EXPECTED
    assert spans.is_spans(cell)


@pytest.mark.parametrize(
    ("item", "label", "quote"),
    [
        ({"start": 0, "end": 3, "label": "PER", "text": "Ada"}, "PER", "Ada"),
        ({"start": 0, "end": 3, "type": "PER", "entity": "Ada"}, "PER", "Ada"),
        ({"start": 0, "end": 3, "entity": "PER", "word": "Ada"}, "PER", "Ada"),
        ({"start": 0, "end": 3, "label": "PER", "surface": "Ada"}, "PER", "Ada"),
        ({"start": 0, "end": 3, "label": "PER", "text": None}, "PER", ""),
        (["PER", 0, 3, "Ada"], "PER", "Ada"),
        ([0, 3, "PER"], "PER", ""),
    ],
)
def test_the_quoted_text_of_a_span_is_no_label(item, label, quote):
    assert spans.read([item], "row 1") == [Span(0, 3, label, quote)]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("PER", "row 1 holds 'PER' instead of spans"),
        (5, "row 1 holds 5 instead of spans"),
        ("{broken", "instead of spans"),
        ({"spans": []}, "instead of spans"),
        (["B-PER"], "holds a span 'B-PER', in which start, end or label"),
        ([[0, 3]], "in which start, end or label"),
        ([[0, 3, ""]], "in which start, end or label"),
        ([["0", "3", "PER"]], "in which start, end or label"),
        ([{"start": 0, "end": True, "label": "PER"}], "in which start, end or label"),
        ([{"start": 0, "end": 3, "labels": ["PER", "ORG"]}], "in which start, end or label"),
    ],
)
def test_what_is_no_span_is_told_with_the_form_of_one(cell, message):
    with pytest.raises(DataError, match=message) as caught:
        spans.read(cell, "row 1")
    assert '"start": 0' in caught.value.fix
    assert not spans.is_spans(cell)
    assert not spans.is_spans([])


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ([(0, 3, "PER"), (2, 5, "ORG")], r"row 1 has overlapping spans: 0 to 3 \(PER\) and 2 to 5 \(ORG\)"),
        ([(0, 3, "PER"), (0, 3, "ORG")], "overlapping spans"),
        ([(4, 11, "PER")], r"row 1 has a span outside of its text: 4 to 11 \(PER\); the text has 10 characters"),
        ([(-1, 3, "PER")], "a span outside of its text"),
        ([(3, 3, "PER")], r"row 1 has an empty span: 3 to 3"),
        ([(5, 3, "PER")], "an empty span"),
    ],
)
def test_a_span_that_cannot_be_is_told_by_its_row(given_, message):
    with pytest.raises(DataError, match=message) as caught:
        spans.check([Span(*span) for span in given_], "Ada wrote.", "row 1")
    assert caught.value.fix


def fit(text, *given_):
    return spans.fitted([Span(*span, "X") for span in given_], words.split(text))


def test_spans_become_the_words_they_take():
    assert fit("Ada went to New York.", (0, 3), (12, 20)) == ([Entity(0, 1, "X"), Entity(3, 5, "X")], [])
    assert fit("我在北京。", (2, 4)) == ([Entity(2, 4, "X")], [])
    assert fit("in  Paris ", (2, 10)) == ([Entity(1, 2, "X")], [])


def test_spans_that_end_within_a_word_are_widened_and_told():
    odd = Span(4, 7, "X")
    assert fit("the GPT4 model", (4, 7)) == ([Entity(1, 2, "X")], [odd])
    assert fit("the GPT4 model", (4, 7), (7, 8)) == ([Entity(1, 2, "X")], [odd, Span(7, 8, "X")])
    assert fit("abcd ef", (0, 2), (2, 7)) == (
        [Entity(0, 1, "X"), Entity(1, 2, "X")],
        [Span(0, 2, "X"), Span(2, 7, "X")],
    )
    assert fit("a  b", (1, 3)) == ([], [Span(1, 3, "X")])


@settings(deadline=None)
@given(st.text(alphabet="ab 京-\u0301", max_size=30), st.data())
def test_spans_at_the_borders_of_words_come_back_as_they_were(text, data):
    known = words.split(text)
    edges = sorted(data.draw(st.sets(st.integers(0, len(known)), max_size=6)))
    entities = [Entity(a, b, "X") for a, b in zip(edges[::2], edges[1::2], strict=False)]
    given_ = [Span(known[a][0], known[b - 1][1], label) for a, b, label in entities]
    assert spans.fitted(given_, known) == (entities, [])
