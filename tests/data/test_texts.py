"""Views of text columns: the same texts whatever holds them, and none of them copied to make the view."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bertmagic.data import checks, tables
from bertmagic.data.formats import columnar
from bertmagic.data.rows import duplicate_keys
from bertmagic.data.texts import Texts, cells, frame, strings, without_surrogates

WORDS = [f"text {i}" if i % 7 else None for i in range(2500)]
POSITIONS = np.asarray([i for i, word in enumerate(WORDS) if word and i % 3], dtype=np.int64)
EXPECTED = [WORDS[i] for i in POSITIONS]


def chunked(words):
    pieces = [pa.array(words[start : start + 300], pa.string()) for start in range(0, len(words), 300)]
    return columnar.from_arrow(pa.table({"x": pa.chunked_array(pieces)}))["x"]


@pytest.fixture(params=["object", "str", "string", "arrow", "category"])
def column(request):
    return chunked(WORDS) if request.param == "arrow" else pd.Series(WORDS, dtype=request.param)


def test_texts_are_those_at_the_positions(column):
    texts = Texts(column, POSITIONS)
    assert len(texts) == len(EXPECTED)
    assert list(texts) == EXPECTED
    assert texts[5:1200:3] == EXPECTED[5:1200:3]
    assert (texts[0], texts[-1], texts[17]) == (EXPECTED[0], EXPECTED[-1], EXPECTED[17])
    assert {type(text) for text in texts} == {str}
    with pytest.raises(IndexError):
        texts[len(texts)]


def test_some_of_the_texts(column):
    texts = Texts(column, POSITIONS).take(np.arange(3, 1000, 5))
    assert list(texts) == EXPECTED[3:1000:5]
    assert texts.column is column
    none = texts.take(np.zeros(0, dtype=np.int64))
    assert (list(none), none[:], len(none)) == ([], [], 0)


def test_cells_are_python_values():
    assert list(cells(pd.Series([1, 2]))) == [1, 2]
    assert {type(value) for value in cells(pd.Series(np.arange(3000, dtype=np.int8)))} == {int}
    assert list(cells(chunked(WORDS).iloc[:0])) == []


def test_never_more_than_a_chunk_is_read_at_once(monkeypatch):
    """The checks and the digest see each text, and hold no list of them."""
    column = pd.Series([f"text number {i}" for i in range(5000)], dtype=object)
    read = []
    tolist = pd.Series.tolist
    monkeypatch.setattr(pd.Series, "tolist", lambda self: read.append(len(self)) or tolist(self))
    texts, _ = checks.clean_texts(column, "column 'x'")
    assert len(np.unique(duplicate_keys(texts))) == 5000
    assert max(read) == 1000
    assert sum(read) == 10_000


def test_a_parquet_file_is_read_into_arrow_memory(tmp_path):
    from pyarrow import parquet

    parquet.write_table(pa.table({"text": ["a", None, "b"], "n": [1, 2, 3]}), tmp_path / "x.parquet")
    frame = tables.read(tmp_path / "x.parquet").frame
    assert [str(kind) for kind in frame.dtypes] == ["string[pyarrow]", "int64[pyarrow]"]
    texts, findings = checks.clean_texts(frame["text"], "column 'text'")
    assert (list(texts), texts.positions.tolist(), findings[0].count) == (["a", "b"], [0, 2], 1)


HALF = "a \ud83d🙂 b"


@pytest.mark.parametrize("text", ["", "plain", "好 🙂 é", "\x00"])
def test_a_text_that_can_be_written_stays_as_it_is(text):
    assert without_surrogates(text) is text


def test_half_a_character_becomes_one_and_moves_no_other():
    assert without_surrogates(HALF) == "a �🙂 b"
    assert len(without_surrogates(HALF)) == len(HALF)
    repaired = strings(pd.Series(["a", HALF, None], index=list("xyz"), dtype=object))
    assert repaired.dtype == "string"
    assert repaired.fillna("").to_dict() == {"x": "a", "y": without_surrogates(HALF), "z": ""}


@pytest.mark.parametrize("rows", [{"text": ["a", HALF], "n": [1, 2]}, [{"text": "a", "n": 1}, {"text": HALF, "n": 2}]])
def test_rows_with_half_a_character_are_read(rows):
    assert frame(rows).to_dict("list") == {"text": ["a", HALF], "n": [1, 2]}


def test_half_a_character_of_a_file_is_mended(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"text": "a \\ud83d b", "label": 1}\n{"text": "c", "label": 2}\n')
    assert tables.read(tmp_path / "t.jsonl").frame["text"].tolist() == ["a � b", "c"]
