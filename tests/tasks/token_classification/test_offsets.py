"""Offsets in characters, UTF-16 code units or bytes, with the end or without it, by what spans quote or cut."""

import pandas as pd
import pytest

from bertmagic.data import tables
from bertmagic.errors import DataError
from bertmagic.tasks.token_classification import reading

TEXTS = [
    "Zoë Müller 😀 flew from Zürich to Oslo.",
    "😀😀 Åse met Jonas Weber in Bremen.",
    "Nobody knew why.",
    "Peter Ek lives in Malmö 🎉 and Lund.",
]
MARKS = [
    [("Zoë Müller", "PER"), ("Zürich", "LOC"), ("Oslo", "LOC")],
    [("Åse", "PER"), ("Jonas Weber", "PER"), ("Bremen", "LOC")],
    [],
    [("Peter Ek", "PER"), ("Malmö", "LOC"), ("Lund", "LOC")],
]
LENGTHS = {
    "characters": len,
    "UTF-16 code units": lambda text: len(text.encode("utf-16-le")) // 2,
    "bytes": lambda text: len(text.encode()),
}


def marked(unit="characters", inclusive=False, quoted=False, texts=TEXTS, marks=MARKS):
    """Return spans of texts, counted in some way."""
    length, rows = LENGTHS[unit], []
    for text, row in zip(texts, marks, strict=True):
        before = [text[: text.index(words)] for words, _ in row]
        rows.append([
            {"start": length(start), "end": length(start + words) - inclusive, "label": label}
            | ({"text": words} if quoted else {})
            for start, (words, label) in zip(before, row, strict=True)
        ])  # fmt: skip
    return rows


def read(rows, texts=TEXTS):
    frame = pd.DataFrame({"text": texts, "spans": pd.Series(rows, dtype=object)})
    _, tags, findings = reading.read(tables.read(frame), "text", "spans")
    return tags, findings


EXPECTED, NOTHING = read(marked())


def test_the_usual_counting_is_not_mentioned():
    assert NOTHING == []
    assert EXPECTED[0] == ["B-PER", "I-PER", "O", "O", "O", "B-LOC", "O", "B-LOC", "O"]
    assert read(marked(quoted=True)) == (EXPECTED, [])


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("unit", LENGTHS)
def test_the_quoted_text_decides(unit, inclusive):
    tags, findings = read(marked(unit, inclusive, quoted=True))
    assert tags == EXPECTED
    assert [unit in finding.what and "as the quoted texts" in finding.what for finding in findings] == [True] * (
        unit != "characters" or inclusive
    )


@pytest.mark.parametrize("unit", ["UTF-16 code units", "bytes"])
def test_words_that_are_cut_decide_the_unit(unit):
    tags, (finding,) = read(marked(unit))
    assert tags == EXPECTED
    assert f"count {unit}, as " in finding.what
    assert "would cut words otherwise" in finding.what


def test_inclusive_ends_without_a_quoted_text_are_refused_with_what_to_do():
    with pytest.raises(
        DataError, match=r"9 spans start or end within a word.* These are 100% of its 9 spans"
    ) as caught:
        read(marked(inclusive=True))
    assert "add 1 to each end" in caught.value.fix


def test_spans_that_fit_in_no_way_are_refused():
    rows = marked(quoted=True)
    for row in rows:
        for span in row:
            span["start"], span["end"] = span["start"] + 3, span["end"] + 3
    with pytest.raises(
        DataError, match=r"8 of 9 spans of the DataFrame are not the text that they quote, such as 'Zoë"
    ):
        read(rows)
    for row in rows:
        for span in row:
            span["start"], span["end"] = span["start"] - 2, span["end"] - 2
            del span["text"]
    with pytest.raises(DataError, match="within a word") as caught:
        read(rows)
    assert '"text": "Ber"' in caught.value.fix


def test_one_wrong_quote_of_many_is_named():
    texts, marks = [*TEXTS, *["Oslo is large."] * 30], [*MARKS, *[[("Oslo", "LOC")]] * 30]
    rows = marked(quoted=True, texts=texts, marks=marks)
    rows[5][0]["text"] = "Bergen"
    tags, (finding,) = read(rows, texts)
    assert finding.severity == "warning"
    assert (
        finding.what
        == "1 of 39 spans of the DataFrame is not the text that it quotes, such as 'Bergen': 0 to 4 is 'Oslo'."
    )
    assert tags[5] == ["B-LOC", "O", "O", "O"]


def test_parts_of_words_are_widened_where_the_text_is_quoted():
    texts, marks = ["서울에서 부산까지", "부산에서"], [[("서울", "LOC"), ("부산", "LOC")], [("부산", "LOC")]]
    tags, (finding,) = read(marked(quoted=True, texts=texts, marks=marks), texts)
    assert tags == [["B-LOC", "B-LOC"], ["B-LOC"]]
    assert finding.what.startswith("3 spans start or end within a word: '서울' (row 0)")
    with pytest.raises(DataError, match="These are 100% of its 3 spans"):
        read(marked(texts=texts, marks=marks), texts)


def test_one_unit_for_a_whole_table():
    rows = [*marked("bytes") * 10, [{"start": 1, "end": 3, "label": "LOC"}]]
    with pytest.raises(DataError, match=r"row 40 of the DataFrame has a span within a character .* counted in bytes"):
        read(rows, [*TEXTS * 10, "éé"])
