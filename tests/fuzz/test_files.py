"""Files of every format, damaged: bytes lost, swapped, doubled; and files that nobody meant to be data."""

import gzip
import json
import re
import sqlite3
import zipfile

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather, orc, parquet

import bertmagic as bm
from bertmagic.data import tables
from bertmagic.evaluation import counterfactuals
from bertmagic.options.files import FORMATS

from ..small import ROWS
from .odd import deep, texts
from .rule import answers, quick

ROW = {"text": "a film that was good", "label": "good", "score": 4.5}
TABLE = pd.DataFrame([ROW, {"text": 'it said "no", we left', "label": "bad", "score": None}] * 3)

CONLL = "-DOCSTART- -X- O O\n\nthe DT O\nfilm NN B-THING\n\nis VB O\nlong JJ B-WORD\n"
SQUAD = {
    "data": [
        {
            "title": "t",
            "paragraphs": [
                {
                    "context": "it was good",
                    "qas": [
                        {
                            "id": "1",
                            "question": "what?",
                            "answers": [{"text": "good", "answer_start": 7}],
                            "is_impossible": False,
                        }
                    ],
                }
            ],
        }
    ]
}
LABEL_STUDIO = [
    {
        "id": 1,
        "data": {"text": "the film"},
        "annotations": [
            {
                "result": [
                    {
                        "type": "labels",
                        "from_name": "l",
                        "to_name": "t",
                        "value": {"start": 4, "end": 8, "labels": ["THING"]},
                    }
                ]
            }
        ],
    }
]
PRODIGY = {"text": "the film", "spans": [{"start": 4, "end": 8, "label": "THING"}], "answer": "accept"}
DOCCANO = {"id": 1, "text": "the film", "label": [[4, 8, "THING"]], "Comments": []}
PUBTATOR = "1|t|The film\n1|a|It was long.\n1\t4\t8\tfilm\tThing\tX1\n\n2|t|Another\n2|a|one\n"
SEMEVAL = (
    '<?xml version="1.0"?><sentences><sentence id="1"><text>the film was good</text><aspectTerms>'
    '<aspectTerm term="film" polarity="positive" from="4" to="8"/></aspectTerms></sentence></sentences>'
)  # fmt: skip


def arrow(path, write):
    write(pa.Table.from_pandas(TABLE), path)


def archive(path):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("train.csv", TABLE.to_csv(index=False))
        file.writestr("test.csv", TABLE.to_csv(index=False))


def database(path):
    with sqlite3.connect(path) as connection:
        TABLE.to_sql("rows", connection)
    connection.close()


def stream(table, path):
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


WRITERS = {
    "x.csv": lambda path: TABLE.to_csv(path, index=False),
    "semicolon.csv": lambda path: TABLE.to_csv(path, index=False, sep=";", header=False),
    "x.tsv": lambda path: TABLE.to_csv(path, index=False, sep="\t"),
    "utf16.csv": lambda path: TABLE.to_csv(path, index=False, encoding="utf-16"),
    "x.json": lambda path: TABLE.to_json(path, orient="records"),
    "columns.json": lambda path: TABLE.to_json(path, orient="columns"),
    "split.json": lambda path: TABLE.to_json(path, orient="split"),
    "x.jsonl": lambda path: TABLE.to_json(path, orient="records", lines=True),
    "x.parquet": lambda path: arrow(path, parquet.write_table),
    "x.feather": lambda path: arrow(path, feather.write_feather),
    "x.arrows": lambda path: arrow(path, stream),
    "x.orc": lambda path: arrow(path, orc.write_table),
    "x.db": database,
    "x.zip": archive,
    "x.csv.gz": lambda path: path.write_bytes(gzip.compress(TABLE.to_csv(index=False).encode())),
    "x.conll": lambda path: path.write_text(CONLL),
    "squad.json": lambda path: path.write_text(json.dumps(SQUAD)),
    "studio.json": lambda path: path.write_text(json.dumps(LABEL_STUDIO)),
    "prodigy.jsonl": lambda path: path.write_text("\n".join([json.dumps(PRODIGY)] * 3)),
    "doccano.jsonl": lambda path: path.write_text("\n".join([json.dumps(DOCCANO)] * 3)),
    "x.pubtator": lambda path: path.write_text(PUBTATOR),
    "x.xml": lambda path: path.write_text(SEMEVAL),
    "fasttext.txt": lambda path: path.write_text("__label__good a good film\n__label__bad a bad one\n" * 4),
    "trec.txt": lambda path: path.write_text("HUM:ind Who is it ?\nLOC:city Where is it ?\n" * 4),
    "nlu.md": lambda path: path.write_text("## intent:a\n- go to [Oslo](city)\n- hi\n## intent:b\n- bye\n"),
    "nlu.yml": lambda path: path.write_text("nlu:\n- intent: a\n  examples: |\n    - hi\n    - to [Oslo](city)\n"),
    "trees.txt": lambda path: path.write_text("(3 (2 A) (3 film))\n(1 (2 So) (0 bad))\n" * 4),
    "marked.txt": lambda path: path.write_text("So <START:x> Mara <END> left .\nBye <START:y> now <END>\n" * 4),
    "tagged.iob": lambda path: path.write_text("Mara|B-PER left|O .|O\nto|O Oslo|B-LOC\n" * 4),
    "x.txt": lambda path: path.write_text("a good film\nit was long\n" * 4),
    "identity.json": lambda path: path.write_text(
        json.dumps([{"kind": "names", "groups": {"a": ["Ann", "Eve"], "b": ["Bob", "Tom"]}}])
    ),
}  # fmt: skip
"""Functions that write a small file of a format."""


class Originals(dict):
    """Content by name. It is not told whole: Hypothesis writes the arguments of each example down."""

    def __repr__(self):
        return f"<{len(self)} files>"


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """The bytes of each file, by its name."""
    folder = tmp_path_factory.mktemp("originals")
    for name, write in WRITERS.items():
        write(folder / name)
    return Originals({name: (folder / name).read_bytes() for name in WRITERS})


PIECES = [
    b"", b"\0", b"\xff", b"\xff\xfe", b'"', b"'", b"\n", b"\r", b"\t", b",", b"{", b"}", b"[" * 3000, b"]", b"\\u0000",
    b"\\ud800", b"1" * 5000, b"NaN", b"-1", b"null", b"9" * 30, b"\xed\xa0\x80", b"<", b"&a;", b"PK\x03\x04",
    b" " * 999,
]  # fmt: skip
"""Bytes that mean something to some reader."""


@st.composite
def changes(draw):
    """Draw changes of some bytes: where, as a share of all, how many are lost, and what stands there then."""
    piece = st.sampled_from(PIECES) | st.binary(max_size=8)
    change = st.tuples(st.floats(0, 1), st.sampled_from([0, 0, 1, 1, 4, 100, 10**9]), piece)
    return draw(st.lists(change, min_size=1, max_size=4))


def changed(data, changes):
    for share, lost, piece in changes:
        at = int(share * len(data))
        data = data[:at] + piece + data[at + lost :]
    return data


def read(folder, name, data, options=""):
    path = folder / name
    path.write_bytes(data)
    table = answers(tables.read, str(path) + options)
    if name == "identity.json":
        answers(counterfactuals.terms, str(path))
    path.unlink()
    return table


damages = st.tuples(st.sampled_from(sorted(WRITERS)), changes())


@quick(300)
@given(damages)
def test_a_damaged_file_is_answered(originals, tmp_path_factory, damage):
    name, changes = damage
    read(tmp_path_factory.getbasetemp(), name, changed(originals[name], changes))


@pytest.mark.soak
@quick(10_000)
@given(damages)
def test_a_damaged_file_is_answered_at_length(originals, tmp_path_factory, damage):
    name, changes = damage
    read(tmp_path_factory.getbasetemp(), name, changed(originals[name], changes))


@quick(100)
@given(st.sampled_from(sorted(WRITERS)), st.sampled_from(FORMATS), st.sampled_from(["", "&header=no", "&sep=%00"]))
def test_a_file_is_read_as_another_format(originals, tmp_path_factory, name, form, more):
    read(tmp_path_factory.getbasetemp(), name, originals[name], f"?format={form}{more}")


@quick(60)
@given(texts)
def test_any_encoding_is_answered(originals, tmp_path_factory, encoding):
    path = tmp_path_factory.getbasetemp() / "encoded.csv"
    path.write_bytes(originals["x.csv"])
    answers(bm.check, str(path), encoding=encoding, model="nothing-here")


@pytest.mark.parametrize(
    "encoding",
    ["hex", "rot13", "base64", "zip", "unicode_escape", "raw_unicode_escape", "utf-7", "idna", "punycode", "undefined",
     "utf-8-sig", "mbcs", "a\0b", "\ud800", "x" * 1000],
)  # fmt: skip
@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.txt", "x.conll"])
def test_odd_encodings_are_answered(originals, tmp_path, name, encoding):
    (tmp_path / name).write_bytes(originals[name])
    answers(bm.check, name, encoding=encoding, model="nothing-here")


def nested(levels, kind):
    return ("[" * levels + "]" * levels) if kind is list else ('{"a":' * levels + "1" + "}" * levels)


@pytest.mark.parametrize("name", ["x.json", "x.jsonl", "x.csv", "x.txt", "x"])
@pytest.mark.parametrize("kind", [list, dict])
def test_json_that_is_too_deep_is_answered(name, kind, tmp_path):
    (tmp_path / name).write_text(nested(100_000, kind))
    answers(tables.read, name)
    (tmp_path / name).write_text(json.dumps([{"text": nested(5000, kind), "label": "a"}]))
    answers(bm.check, name, model="nothing-here")


@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet", ".txt", ".zip", ".db", ".xlsx", ""])
def test_a_folder_with_the_name_of_a_file_is_answered(suffix, tmp_path):
    (tmp_path / f"x{suffix}").mkdir()
    answers(tables.read, f"x{suffix}")
    (tmp_path / f"x{suffix}" / f"y{suffix}").mkdir()
    answers(tables.read, f"x{suffix}")
    answers(tables.read, f"x{suffix}/*")


@pytest.mark.parametrize("key", [b"ARROW:schema", b"pandas", b"huggingface"])
@pytest.mark.parametrize("value", [b"", b"{", b"[]", b"null", b"\xff", b'{"info": {"features": 5}}', b"A" * 5000])
def test_parquet_with_damaged_metadata_is_answered(key, value, tmp_path):
    table = pa.table({"text": ["a", "b"], "label": [0, 1]})
    parquet.write_table(table.replace_schema_metadata({key: value}), tmp_path / "x.parquet")
    answers(tables.read, "x.parquet")
    feather.write_feather(table.replace_schema_metadata({key: value}), tmp_path / "x.feather")
    answers(tables.read, "x.feather")


PROBES = [
    [], {}, None, 5, "text", [[]], [["a", "b"], ["c", "d"]], [{}], [{"kind": "k"}], [{"kind": "k", "groups": []}],
    [{"kind": "k", "groups": {"a": 5, "b": 6}}], [{"kind": "k", "groups": {"a": ["x"], "b": "y"}}],
    [{"kind": [], "groups": {"a": ["x"], "b": ["y"]}}], [{"kind": "k", "groups": {"a": [""], "b": [""]}}],
    [{"kind": "k", "groups": {"a": [None], "b": [{}]}}], [{"kind": "k", "groups": {"a": ["("], "b": ["\ud800"]}}],
    [{"kind": "k", "language": {}, "groups": {"a": ["film"], "b": ["book"]}}],
]  # fmt: skip


@pytest.mark.parametrize("probe", [*PROBES, deep(400)], ids=lambda probe: f"{probe!r:.60}")
def test_probe_files_are_answered(probe, tmp_path, learnt, rows):
    (tmp_path / "probe.json").write_text(json.dumps(probe))
    answers(learnt.evaluate, rows[:8], probe="probe.json", show=False)
    answers(learnt.evaluate, rows[:8], probe=probe, show=False)


CELLS = (
    None, 5, "", "x", [], {}, [None], [[]], b"x", 10**400, float("inf"), {"start": -1}, ("a",), {1}, object(),
    deep(400),
)  # fmt: skip


@pytest.mark.parametrize("task", ROWS)
def test_a_column_of_any_kind_is_answered_by_every_task(task, small):
    rows = ROWS[task](12)
    for name in rows:
        for cell in CELLS:
            spoiled = rows.astype(object)
            spoiled[name] = pd.Series([cell] * 12, dtype=object)
            answers(small(task).evaluate, spoiled, show=False)
            answers(small(task).predict, spoiled, show=False)


TEXTS = {
    "offsets.csv": 'text,label\n"a film","[[0, 5, ""A""]]"\n"a plot","[{""start"": 2, ""end"": 6}]"\n',
    "counted.conll": "1\tthe\tO\n2\tfilm\tB-THING\n\n1\tit\tO\n2\tis\tO\n" * 30,
    "undivided.conll": "1\tthe\tO\n2\tfilm\tB-THING\n1\tit\tO\n2\tis\tO\n" * 60 + "no\tnumber\tO\n",
    "positions.conll": "".join(f"好{at % 3} O\n" for at in range(30)),
    "x.ann": "T1\tTHING 0 4\tfilm\nT2\tTHING 5 9;12 14\tplot\n",
    "x.pubtator": "1|t|a film\n1|a|it is long\n1\t2\t6\tfilm\tTHING\n\n",
    "x.xml": '<sentences><sentence id="1"><text>a film</text><aspectTerms>'
    '<aspectTerm term="film" polarity="positive" from="2" to="6"/></aspectTerms></sentence></sentences>',
    "index.json": '{"text": {"0": "a", "1": "b"}, "label": {"0": "x", "1": "y"}}',
    "answers.json": '[{"question": "q", "context": "a film", "answers": {"text": ["film"], "answer_start": ["2"]}}]',
    "years.csv": "text,label\na,1\nb,2\nc,1\nd,2\n",
}
"""Files with a number in each place that has one."""


@pytest.mark.parametrize("name", [*TEXTS, *sorted(WRITERS)])
@pytest.mark.parametrize("digits", [19, 5000])
def test_a_number_of_any_length_is_answered(originals, tmp_path, name, digits):
    """Python reads no number of more than 4,300 digits."""
    data = TEXTS[name].encode() if name in TEXTS else originals[name]
    (tmp_path / "x.txt").write_text("a film plot that was long")
    numbers = list(re.finditer(rb"\d+", data))
    for number in [*numbers[:5], *numbers[-2:]]:
        (tmp_path / name).write_bytes(data[: number.start()] + b"9" * digits + data[number.end() :])
        answers(bm.check, str(tmp_path / name), model="nothing-here")
        answers(counterfactuals.terms, str(tmp_path / name))
