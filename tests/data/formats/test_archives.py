"""Compressed files and zip archives are read as what is in them, and nothing is written."""

import bz2
import gzip
import lzma
import zipfile

import pyarrow as pa
import pytest

from bertmagic.data import tables
from bertmagic.data.formats import archives
from bertmagic.errors import DataError, UnknownReference

CSV = b"text,label\nThe tea is bitter,bad\nThe tea is fine,good\n"


def zstd(data):
    stream = pa.BufferOutputStream()
    with pa.CompressedOutputStream(stream, "zstd") as file:
        file.write(data)
    return stream.getvalue().to_pybytes()


PACKED = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd}


@pytest.fixture
def pack(tmp_path):
    def pack(name, files):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for inner, content in files.items():
                archive.writestr(inner, content)
        return name

    return pack


@pytest.mark.parametrize("kind", PACKED)
def test_the_first_bytes_say_how_a_file_is_compressed(tmp_path, kind):
    for name in (f"t.csv.{kind}", "t.csv"):
        (tmp_path / name).write_bytes(PACKED[kind](CSV))
        assert tables.read(name).frame["label"].tolist() == ["bad", "good"]
    (tmp_path / f"plain.csv.{kind}").write_bytes(CSV)  # as browsers save it
    assert len(tables.read(f"plain.csv.{kind}").frame) == 2


@pytest.mark.parametrize("kind", PACKED)
def test_a_compressed_file_that_is_cut_off_is_named(tmp_path, kind):
    packed = PACKED[kind](CSV * 5000)
    (tmp_path / f"t.csv.{kind}").write_bytes(packed[: len(packed) - 12])
    with pytest.raises(DataError, match=rf"t.csv.{kind} is damaged or cut off"):
        tables.read(f"t.csv.{kind}")


@pytest.mark.parametrize("kind", PACKED)
def test_more_than_data_does_not_come_out_of_a_file(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(archives, "MOST", 1 << 16)
    (tmp_path / f"t.txt.{kind}").write_bytes(PACKED[kind](b"0 0 0 0\n" * (1 << 18)))
    with pytest.raises(DataError, match="more than 200 times its") as caught:
        tables.read(f"t.txt.{kind}")
    assert "unpack it yourself" in caught.value.fix


def test_one_file_in_a_zip_archive_is_read_without_what_macos_adds(pack):
    name = pack("t.zip", {"data/t.csv": CSV, "__MACOSX/data/._t.csv": b"\x00", ".DS_Store": b"\x00", "README.md": "x"})
    assert tables.read(name).frame["label"].tolist() == ["bad", "good"]


def test_of_several_files_in_an_archive_one_is_named(pack):
    name = pack("t.zip", {"a/one.csv": CSV, "two.jsonl": '{"text": "a", "label": "b"}\n'})
    with pytest.raises(DataError, match=r"t.zip holds 2 files: a/one.csv, two.jsonl") as caught:
        tables.read(name)
    assert caught.value.fix == "Name one, as in t.zip:a/one.csv; or unpack it."
    assert len(tables.read("t.zip:a/one.csv").frame) == 2
    assert len(tables.read("t.zip:two.jsonl").frame) == 1
    with pytest.raises(UnknownReference, match=r"no file 'a/on.csv'.*Did you mean 'a/one.csv'"):
        tables.read("t.zip:a/on.csv")


def test_files_of_an_archive_that_are_splits(pack):
    name = pack("t.zip", {"d/train.csv": CSV, "d/dev.csv": CSV[:-21], "d/sample.csv": "a,b\n"})
    splits = tables.read_splits(name).tables
    assert {split: len(table.frame) for split, table in splits.items()} == {"train": 2, "dev": 1}
    assert splits["train"].note == "t.zip holds splits: train is d/train.csv, dev is d/dev.csv; 1 other file left out."


def test_a_compressed_file_in_an_archive_and_parquet_in_one(tmp_path, pack):
    assert len(tables.read(pack("t.zip", {"t.csv.gz": gzip.compress(CSV)})).frame) == 2
    tables.read("t.zip").frame.to_parquet(tmp_path / "t.parquet")
    assert len(tables.read(pack("p.zip", {"t.parquet": (tmp_path / "t.parquet").read_bytes()})).frame) == 2


def test_nothing_is_written_for_any_name_in_an_archive(tmp_path, pack):
    name = pack("t.zip", {"../../t.csv": CSV})
    before = sorted(tmp_path.rglob("*"))
    assert len(tables.read(name).frame) == 2
    assert sorted(tmp_path.rglob("*")) == before


def test_an_archive_that_is_broken_or_empty(tmp_path, pack):
    pack("t.zip", {"t.csv": CSV})
    (tmp_path / "cut.zip").write_bytes((tmp_path / "t.zip").read_bytes()[:-30])
    with pytest.raises(DataError, match=r"cut.zip cannot be read as a zip archive"):
        tables.read("cut.zip")
    with pytest.raises(DataError, match=r"none.zip holds no file of data"):
        tables.read(pack("none.zip", {"README": "x", ".hidden": "x"}))


def test_a_name_with_a_colon_is_a_file_where_there_is_one(tmp_path):
    (tmp_path / "a:b.csv").write_bytes(CSV)
    assert len(tables.read("a:b.csv").frame) == 2
