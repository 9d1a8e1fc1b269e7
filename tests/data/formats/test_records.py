"""JSON in the shapes that libraries and people write, and what is wrong with it."""

import json

import pandas as pd
import pytest

from bertmagic.data import tables
from bertmagic.data.formats import json_text
from bertmagic.data.formats.reading import Reading
from bertmagic.errors import DataError

ROWS = [{"text": "a b", "label": "007"}, {"text": "c d", "label": "1"}, {"text": "e f", "label": "007"}]
FRAME = pd.DataFrame(ROWS)
LINES = "\n".join(map(json.dumps, ROWS))


@pytest.fixture
def read(tmp_path):
    def read(content, name="data.json", **said):
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tables.read(tables.read_as(tmp_path / name, Reading(**said)), "train")

    return read


def listed(table):
    return table.frame.to_dict("records")


@pytest.mark.parametrize("orient", ["records", "split", "index", "columns", "table", "tight"])
def test_each_orientation_of_pandas_gives_the_same_rows(read, orient):
    text = json.dumps(FRAME.to_dict("tight")) if orient == "tight" else FRAME.to_json(orient=orient)
    table = read(text)
    assert listed(table) == ROWS
    assert table.frame.index.tolist() == [0, 1, 2]


@pytest.mark.parametrize("orient", ["split", "index", "columns", "table"])
def test_an_index_that_says_something_is_kept(read, orient):
    table = read(FRAME.set_axis(["x", "y", "z"]).to_json(orient=orient))
    assert listed(table) == ROWS
    assert table.frame.index.tolist() == ["x", "y", "z"]


def test_rows_by_number_after_a_filter_keep_their_numbers(read):
    table = read(FRAME.iloc[[2, 0]].to_json(orient="index"))
    assert table.frame.index.tolist() == [2, 0]
    assert listed(table) == [ROWS[2], ROWS[0]]


def test_the_values_of_pandas_are_a_text_and_a_label_by_what_they_are(read):
    table = read(FRAME.to_json(orient="values"))
    assert listed(table) == ROWS
    assert "each row is [text, label]" in table.note
    swapped = read([[row["label"], row["text"]] for row in [*ROWS, ROWS[0]]])
    assert listed(swapped)[:3] == [{"label": row["label"], "text": row["text"]} for row in ROWS]


def test_lists_are_named_by_the_user_by_their_first_row_or_by_number(read):
    rows = [["a b", "c d", 1], ["e f", "g h", 0]]
    assert read(rows).columns == ["0", "1", "2"]
    assert read(rows, columns=("s", "t", "y")).columns == ["s", "t", "y"]
    named = read([["sentence1", "sentence2", "label"], *rows])
    assert (named.columns, len(named.frame)) == (["sentence1", "sentence2", "label"], 2)
    assert len(read([["sentence1", "sentence2", "label"], *rows], header=False).frame) == 3


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("data.json", LINES),
        ("data.txt", LINES),
        ("data", LINES),
        ("data.jsonl", json.dumps(ROWS)),
        ("data.ndjson", LINES + "\n\n"),
        ("data.json", LINES.replace("\n", "")),
        ("data.json", LINES.replace("\n", "\n\n \n")),
        ("data.json", "\n".join(json.dumps(row, indent=1) for row in ROWS)),
        ("data.jsonl", json.dumps(ROWS[0]) + "\n" + "\n".join(json.dumps(row, indent=1) for row in ROWS[1:])),
        ("data.json", "".join(f"\x1e{json.dumps(row)}\n" for row in ROWS)),
        ("data.json", "\n".join(json.dumps(list(row.values())) for row in ROWS)),
        ("data.txt", json.dumps(ROWS, indent=2)),
        ("data.json", json.dumps({"meta": {"a": 1}, "result": {"rows": ROWS, "n": 3}})),
        ("data.json", json.dumps([None, *ROWS])),
        ("data.json", json.dumps({"columns": list(ROWS[0]), "data": [list(row.values()) for row in ROWS]})),
    ],
)
def test_the_rows_are_the_same_however_they_are_written(read, name, text):
    assert listed(read(text, name)) == ROWS


def test_one_object_is_a_row_and_in_json_lines_also_where_it_has_lists(read):
    assert listed(read({"text": "a", "label": 1})) == [{"text": "a", "label": 1}]
    row = {"tokens": ["a", "b"], "tags": ["O", "O"]}
    assert listed(read(json.dumps(row), "data.jsonl")) == [row]
    assert len(read(row).frame) == 2, "columns, where it is no line of its own"
    annotated = {"text": "a", "entities": [{"start": 0, "end": 1, "label": "X"}]}
    assert listed(read(annotated)) == [annotated]


def test_texts_alone_are_a_column(read):
    assert listed(read(["a", "b"])) == [{"text": "a"}, {"text": "b"}]


def test_rows_under_a_key_say_so_and_what_was_not_read(read):
    table = read({"version": 1, "data": ROWS})
    assert listed(table) == ROWS
    assert table.note == "Read as JSON: rows stand under 'data'; version is not read."


@pytest.mark.parametrize(
    "part", [ROWS, [list(row.values()) for row in ROWS], json.loads(FRAME.to_json()), FRAME.to_dict("list")]
)
def test_splits_in_one_file_may_have_any_shape(read, tmp_path, part):
    table = read({"version": "1", "train": part, "val": part, "oos_test": part})
    assert listed(table) == ROWS
    assert "the keys train, val, oos_test are splits" in table.note
    splits = tables.read_splits(str(tmp_path / "data.json"))
    assert list(splits.tables) == ["train", "val", "oos_test"]
    assert listed(splits.choose("validation")) == ROWS


def test_several_lists_of_rows_are_asked_about(read):
    with pytest.raises(DataError, match="has no 'train' split; it has rows, others") as caught:
        read({"rows": ROWS, "others": ROWS})
    assert "@SPLIT" in caught.value.fix


def test_columns_may_hold_lists_and_objects(read):
    columns = {"tokens": [["a"], ["b"]], "tags": [["O"], ["O"]]}
    assert read(columns).frame.to_dict("list") == columns
    answers = {"question": ["q"], "context": ["c"], "answers": [{"text": ["c"], "answer_start": [0]}]}
    assert read(answers).frame.to_dict("list") == answers


def test_labels_stay_what_they_are(read):
    rows = [{"text": "a", "label": label} for label in ("007", "1E2", "1.10", "true", "null")]
    assert [row["label"] for row in listed(read(rows))] == ["007", "1E2", "1.10", "true", "null"]
    assert [row["label"] for row in listed(read([{"label": True}, {"label": False}]))] == [True, False]


def test_nan_is_missing(read):
    assert read('[{"text": "a", "label": NaN}, {"text": "b", "label": null}]').frame["label"].isna().all()


def test_running_text_that_begins_with_a_bracket_is_not_json(read):
    lines = ["[1] The first note.", "[2] The second one."]
    assert [row["text"] for row in listed(read("\n".join(lines), "notes.txt"))] == lines
    quoted = ['["Hello," he said.', "She left."]
    assert [row["text"] for row in listed(read("\n".join(quoted), "story.txt"))] == quoted


def test_a_long_file_without_suffix_is_known_by_its_beginning(read, monkeypatch):
    monkeypatch.setattr("bertmagic.data.formats.source.HEAD", 1000)
    rows = [{"text": "word " * 300, "label": 1}] * 5
    assert len(read(rows, "data").frame) == 5
    assert len(read([["word " * 300, "x"]] * 5, "lists").frame) == 5


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("cut.json", '[{"text": "a"},\n {"text": "b', "cut.json is cut off: .* line 2 is the last one"),
        ("cut.json", '[{"text": "a"},\n {"text": "b"}', "cut.json is cut off: .* line 2 is the last one"),
        ("cut.jsonl", '{"text": "a"}\n{"text": "b', "cut.jsonl line 2 is not JSON: .*the file may be cut off"),
        ("mid.jsonl", '{"text": "a"}\n{"text" "b"}\n{"text": "c"}', "mid.jsonl line 2 is not JSON: Expecting ':'"),
        ("odd.json", '[{"text": "a"},\n {"text" "b"}]', "odd.json is not JSON: Expecting ':' .* in line 2"),
        ("python.json", "[{'text': 'a'}]", "python.json is not JSON"),
        ("twice.jsonl", '{"a": 1}\n{"a": 1, "a": 2}', "twice.jsonl line 2 .*the key 'a' twice"),
        ("twice.json", '[{"a": 1, "a": 2}]', "twice.json cannot be read: an object has the key 'a' twice"),
        ("deep.json", "[" * 100_000, "deep.json is nested too deeply"),
        ("deep", '[{"a": ' + "[" * 100_000, "deep is nested too deeply"),
        ("number.json", '[{"a": ' + "1" * 5000 + "}]", "number.json cannot be read: Exceeds the limit"),
        ("mixed.json", '[{"a": 1}, [1]]', r"mixed.json item 2 is not an object but \[1\]"),
        ("short.json", '[["a", "x"], ["b"]]', r"row 2 of short.json has 1 value for 2 columns"),
        ("split.json", '{"columns": ["a", "a"], "data": [[1, 2]]}', "split.json has two columns named 'a'"),
        (
            "config.json",
            '{"a": {"x": 1}, "b": {"y": 2}}',
            "config.json holds no rows: .* the keys a, b",
        ),
        ("null.json", "null", "null.json holds no rows: it is None"),
        ("hotpot.json", '[{"question": "q", "context": [["Title", ["One."]]], "answer": "One"}]', "is not a text but"),
    ],
)
def test_what_cannot_be_read_says_where_and_what_is_known(read, name, text, message):
    with pytest.raises(DataError, match=message) as caught:
        read(text, name)
    assert caught.value.fix


def test_what_python_printed_is_named(read):
    with pytest.raises(DataError) as caught:
        read("[{'text': 'a'}]")
    assert "json.dump" in caught.value.fix


def test_a_key_that_is_repeated_with_the_same_value_does_no_harm(read):
    assert listed(read('[{"a": 1, "a": 1}]')) == [{"a": 1}]


def test_each_line_is_parsed_once(read, monkeypatch):
    parsed = []

    class Counting(json.JSONDecoder):
        def decode(self, text):
            parsed.append(text)
            return super().decode(text)

    monkeypatch.setattr(json_text, "_DECODER", Counting())
    read("\n".join(['{"a": 1}'] * 1000), "many.jsonl")
    assert len(parsed) == 1001, "the first one is parsed before, to see that there is a value in each line"


def test_a_file_that_is_json_for_sure_is_shown_to_no_later_format(read, monkeypatch):
    monkeypatch.setattr("bertmagic.data.formats.delimited.dialects", None)
    assert listed(read(ROWS, "data")) == ROWS


def test_lists_of_texts_by_class_of_different_lengths(read):
    table = read({"greet": ["hello", "hi"], "bye": ["see you"]})
    assert table.frame.to_dict("list") == {"text": ["hello", "hi", "see you"], "label": ["greet", "greet", "bye"]}
    assert "each key is a class and its items are texts: greet, bye" in table.note


def test_sentences_of_words_with_tags(read):
    table = read([[["Mara", "NNP", "B-PER"], ["left", "VBD", "O"]], [["Oslo", "NNP", "B-LOC"]]])
    assert listed(table) == [
        {"tokens": ["Mara", "left"], "tags": ["B-PER", "O"]},
        {"tokens": ["Oslo"], "tags": ["B-LOC"]},
    ]
    assert "each item is a sentence of [word, …, tag]" in table.note
