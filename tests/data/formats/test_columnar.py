"""Parquet, Feather, Arrow and ORC, and the names of classes in their schemas."""

import json

import datasets
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, orc, parquet

from bertmagic.data import tables
from bertmagic.data.formats import saved
from bertmagic.errors import DataError

FEATURES = datasets.Features(
    {
        "text": datasets.Value("string"),
        "label": datasets.ClassLabel(names=["small", "large", "huge"]),
        "tags": datasets.Sequence(datasets.ClassLabel(names=["O", "B-X"])),
    }
)
ROWS = {"text": ["a", "b", "c"], "label": [1, -1, 0], "tags": [[0, 1], [], [1]]}


@pytest.fixture
def rows():
    return datasets.Dataset.from_dict(ROWS, FEATURES)


@pytest.fixture
def table(rows):
    found = rows.with_format("arrow")[:]
    assert b"huggingface" in found.schema.metadata
    return found


def write_stream(table, path):
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)


WRITERS = {
    "t.parquet": parquet.write_table,
    "t.feather": feather.write_feather,
    "plain.feather": lambda table, path: feather.write_feather(table, path, compression="uncompressed"),
    "t.arrow": write_stream,
    "without_suffix": write_stream,
}


@pytest.mark.parametrize("name", WRITERS)
def test_numbers_of_classes_come_by_name_in_their_order(table, tmp_path, name):
    WRITERS[name](table, tmp_path / name)
    frame = tables.read(tmp_path / name).frame
    assert frame["label"].tolist() == ["large", None, "small"] or pd.isna(frame["label"][1])
    assert [frame["label"][at] for at in (0, 2)] == ["large", "small"]
    assert frame["label"].cat.categories.tolist() == ["small", "large", "huge"]
    assert frame["tags"].tolist() == [["O", "B-X"], [], ["B-X"]]
    assert frame["text"].tolist() == ["a", "b", "c"]


def test_old_writers_have_the_feature_of_a_list_in_a_list(table, tmp_path):
    info = json.loads(table.schema.metadata[b"huggingface"])
    info["info"]["features"]["tags"] = [info["info"]["features"]["tags"]["feature"]]
    parquet.write_table(table.replace_schema_metadata({"huggingface": json.dumps(info)}), tmp_path / "t.parquet")
    assert tables.read(tmp_path / "t.parquet").frame["tags"].tolist() == [["O", "B-X"], [], ["B-X"]]


def test_a_number_without_a_name_is_an_error(table, tmp_path):
    wrong = table.set_column(1, "label", pa.array([1, 3, 0], pa.int64()))
    parquet.write_table(wrong.replace_schema_metadata(table.schema.metadata), tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"'label' of t\.parquet holds the number 3, but names for 0 to 2 only"):
        tables.read(tmp_path / "t.parquet")


@pytest.mark.parametrize("metadata", [{"huggingface": "{"}, {"huggingface": "[]"}, {"huggingface": '{"info": null}'}])
def test_other_metadata_leave_numbers_as_they_are(table, tmp_path, metadata):
    parquet.write_table(table.replace_schema_metadata(metadata), tmp_path / "t.parquet")
    assert tables.read(tmp_path / "t.parquet").frame["label"].tolist() == [1, -1, 0]


def test_orc_and_compressed_feather(tmp_path):
    table = pa.table({"text": ["a", "b"], "label": [1, None]})
    orc.write_table(table, tmp_path / "t.orc")
    assert tables.read(tmp_path / "t.orc").frame["text"].tolist() == ["a", "b"]
    pd.DataFrame({"text": ["a"]}).to_feather(tmp_path / "t.feather", compression="zstd")
    assert tables.read(tmp_path / "t.feather").frame["text"].tolist() == ["a"]


def test_categories_of_several_batches_are_one_set(tmp_path):
    parts = [pa.table({"label": pa.array(values).dictionary_encode()}) for values in (["x", "y"], ["z"])]
    with pa.OSFile(str(tmp_path / "t.arrow"), "wb") as sink, pa.ipc.new_stream(sink, parts[0].schema) as stream:
        for part in parts:
            stream.write_table(part)
    assert tables.read(tmp_path / "t.arrow").frame["label"].tolist() == ["x", "y", "z"]


@pytest.mark.parametrize("name", ["t.feather", "t.arrow", "t.parquet"])
def test_a_truncated_file_is_one_error(table, tmp_path, name):
    WRITERS[name](table, tmp_path / name)
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-40])
    with pytest.raises(DataError, match=f"{name} is not a "):
        tables.read(tmp_path / name)


def test_saved_data_sets_are_read_with_their_splits(rows, tmp_path):
    rows.save_to_disk(tmp_path / "one")
    datasets.DatasetDict({"train": rows, "test": rows.select([0])}).save_to_disk(tmp_path / "splits")
    assert saved.holds(tmp_path / "one")
    assert not saved.holds(tmp_path)
    one, splits = saved.read(tmp_path / "one").tables, saved.read(tmp_path / "splits").tables
    assert one[""]["label"].cat.categories.tolist() == ["small", "large", "huge"]
    assert {name: len(frame) for name, frame in splits.items()} == {"train": 3, "test": 1}


def test_a_saved_data_set_without_its_rows_is_an_error(rows, tmp_path):
    rows.save_to_disk(tmp_path / "one")
    next((tmp_path / "one").glob("*.arrow")).unlink()
    with pytest.raises(DataError, match=r"the data set saved in .* cannot be read"):
        saved.read(tmp_path / "one")
