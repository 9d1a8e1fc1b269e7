"""Files as they are found in the world."""

import json
from pathlib import Path

import pandas as pd
import pytest

from bertmagic.data import tables
from bertmagic.data.formats import columnar
from bertmagic.errors import DataError


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    return write


def columns(name):
    return tables.read(name).frame.to_dict("list")


QUOTED = 'text,label\n"Well; it ""works""",y\n"Plain, with comma",n\n'
ROWS = [{"text": 'Well; it "works"', "label": "y"}, {"text": "Plain, with comma", "label": "n"}]
LINES = "\n\n".join(json.dumps(row) for row in ROWS)
LISTS = {"text": [row["text"] for row in ROWS], "label": ["y", "n"]}
PANDAS = {name: dict(enumerate(values)) for name, values in LISTS.items()}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("semicolon.csv", 'text;label\n"Well; it ""works""";y\nPlain, with comma;n\n'),
        ("comma.csv", QUOTED),
        ("bom.csv", b"\xef\xbb\xbf" + QUOTED.encode()),
        ("windows.csv", QUOTED.replace("\n", "\r\n")),
        ("blank.csv", "\n" + QUOTED.replace("\n", "\n\n")),
        ("tabs.csv", 'text\tlabel\n"Well; it ""works"""\ty\nPlain, with comma\tn\n'),
        ("raw.tsv", 'text\tlabel\nWell; it "works"\ty\nPlain, with comma\tn\n'),
        ("rows.json", json.dumps(ROWS)),
        ("lists.json", json.dumps(LISTS)),
        ("pandas.json", json.dumps(PANDAS)),
        ("data.json", json.dumps({"data": ROWS})),
        ("lines.json", LINES.replace("\n\n", "\n")),
        ("lines.jsonl", LINES),
    ],
)
def test_each_kind_of_file_gives_the_same_rows(write, name, content):
    assert columns(write(name, content)) == {"text": ['Well; it "works"', "Plain, with comma"], "label": ["y", "n"]}


def test_parquet_and_text(tmp_path, write):
    pd.DataFrame({"text": ["a", None], "label": [1, 0]}).to_parquet(tmp_path / "t.parquet")
    assert tables.read("t.parquet").frame["label"].tolist() == [1, 0]
    assert columns(write("t.txt", "first line\n\n  \nline\u2028two\r\n")) == {"text": ["first line", "line\u2028two"]}


def test_words_that_pandas_takes_for_missing_are_texts(write):
    words = ["NA", "None", "null", "nan", "N/A", "NULL"]
    values = columns(write("na.csv", "text,label\n" + "".join(f"{word},{word}\n" for word in words)))
    assert values == {"text": words, "label": words}


def test_an_empty_cell_is_missing(write):
    assert tables.read(write("e.csv", "text,label\na,\n,b\n")).frame.isna().to_numpy().tolist() == [
        [False, True], [True, False],
    ]  # fmt: skip


def test_a_text_may_run_over_lines(write):
    assert columns(write("m.csv", 'text,label\n"two\nlines",x\n'))["text"] == ["two\nlines"]


def test_a_column_name_may_hold_the_other_separator(write):
    assert list(columns(write("h.csv", '"text, long, very, long";label\na;b\n'))) == ["text, long, very, long", "label"]


def test_an_index_column_does_not_shift_the_others(tmp_path):
    pd.DataFrame({"text": ["a b", "c d"], "label": ["x", "y"]}, index=[7, 9]).to_csv(tmp_path / "i.csv")
    values = columns("i.csv")
    assert (values["text"], values["label"]) == (["a b", "c d"], ["x", "y"])


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("cp1252", "café élégant, 5 €"), ("gb18030", "这部电影很好看,我很喜欢")],
)
def test_a_file_that_is_not_utf8_names_its_encoding_and_the_fix(tmp_path, encoding, text):
    (tmp_path / "x.csv").write_bytes(f'text,label\nplain,1\n"{text}",2\n'.encode(encoding))
    with pytest.raises(DataError, match=f"x.csv is not UTF-8.*it may be {encoding}") as caught:
        tables.read("x.csv")
    assert f'encoding = "{encoding}"' in caught.value.fix
    assert pd.read_csv("x.csv", encoding=encoding)["text"].tolist() == ["plain", text]


def test_an_undecodable_file_names_its_line(write):
    with pytest.raises(DataError, match=r"byte 0xe9 in line 3; it may be cp1252") as caught:
        tables.read(write("x.jsonl", b'{"text": "a"}\n{"text": "b"}\n{"text": "caf\xe9"}\n'))
    assert 'encoding = "cp1252"' in caught.value.fix


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("ragged.csv", "text,label\na,1\nb, oh,2\n", r"ragged: line 3 has 3 fields, the header has 2 \(text, label\)"),
        ("short.csv", "text,label\na,1\nb\n", "ragged: line 3 has 1 field"),
        ("quote.csv", 'text,label\n"a,1\nb,2\n', "cannot be read at line 3"),
        ("empty.csv", "", r"empty.csv is empty \(0 bytes\)"),
        ("bom.csv", b"\xef\xbb\xbf", "is empty: it has no header line"),
        ("blank.csv", " \n\n", "is empty: it has no header line"),
        ("header.csv", "text,label\n", "header.csv has no rows"),
        ("broken.json", '[{"text": "a"},\n oops]', "broken.json is not JSON: .* in line 2"),
        ("number.json", "5", "number.json holds no rows"),
        ("mixed.json", '["a", 3]', "mixed.json item 2 is not a text but 3"),
        ("ragged.json", '{"text": ["a"], "label": [1, 2]}', "columns of ragged.json are not of one length"),
        ("broken.jsonl", '{"text": "a"}\n{"text": \n', "broken.jsonl line 2 is not JSON"),
        ("list.jsonl", '{"text": "a"}\n["b"]\n', "list.jsonl line 2 is not an object"),
        ("blank.jsonl", "\n", "blank.jsonl has no rows"),
        ("not.parquet", "PAR1 and no more", "not.parquet is not a Parquet file"),
        ("data.xlsx", "PK", "data.xlsx cannot be read as a workbook"),
    ],
)
def test_a_broken_file_says_where_and_what_to_do(write, name, content, message):
    with pytest.raises(DataError, match=message) as caught:
        tables.read(write(name, content))
    assert caught.value.fix


def test_a_truncated_parquet_file_is_an_error_of_ours(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"text": ["a"] * 1000}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match="not a Parquet file"):
        tables.read("t.parquet")


def test_json_with_a_byte_order_mark(write):
    assert columns(write("b.json", b"\xef\xbb\xbf" + json.dumps([{"text": "é"}]).encode())) == {"text": ["é"]}


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_delimited_file_is_never_held_as_a_whole(write, monkeypatch, ending):
    name = write("large.csv", ending.join(["text;label", *(f"text, {i};{i % 2}" for i in range(3000)), ""]))
    monkeypatch.setattr(Path, "read_bytes", None)
    monkeypatch.setattr(Path, "read_text", None)
    values = columns(name)
    assert (values["text"][-1], values["label"][:3], len(values["label"])) == ("text, 2999", [0, 1, 0], 3000)


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A Parquet file that counts as one of many rows; its folder."""
    monkeypatch.setattr(columnar, "_MANY", 50)
    monkeypatch.setattr(columnar, "_BATCH", 16)
    size = pd.Categorical(["s", "m", "l", None] * 25, ["s", "m", "l"])
    rows = pd.DataFrame({"text": [f"text {i}" for i in range(99)] + [None], "n": range(100), "size": size})
    rows.to_parquet(tmp_path / "large.parquet", row_group_size=30)
    return tmp_path


def test_many_rows_of_parquet_are_the_same_from_a_mapped_file(large, monkeypatch):
    mapped = tables.read(large / "large.parquet").frame
    monkeypatch.setattr(columnar, "_MANY", 10**6)
    pd.testing.assert_frame_equal(mapped, tables.read(large / "large.parquet").frame)
    assert mapped["size"].cat.categories.tolist() == ["s", "m", "l"]
    assert mapped.loc[97, "text"] == "text 97"


def test_many_rows_of_parquet_take_no_memory(tmp_path):
    import pyarrow as pa

    pd.DataFrame({"text": [f"text {i} " + "x" * 200 for i in range(30_000)]}).to_parquet(tmp_path / "t.parquet")
    pa.default_memory_pool().release_unused()
    before = pa.total_allocated_bytes()
    frame = tables.read(tmp_path / "t.parquet").frame
    assert pa.total_allocated_bytes() - before < 10**6
    assert frame["text"].iloc[-1].startswith("text 29999 ")


def test_a_disk_without_room_for_the_mapped_file_costs_memory_only(large, monkeypatch):
    def full():
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(columnar.tempfile, "TemporaryFile", full)
    assert len(tables.read(large / "large.parquet").frame) == 100
