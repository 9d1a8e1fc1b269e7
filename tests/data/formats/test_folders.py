"""Folders: classes as folders of texts, a file for each split, or one file."""

import pytest

from bertmagic.data import tables
from bertmagic.errors import DataError

CSV = "text,label\nThe tea is bitter,bad\nThe tea is fine,good\n"


@pytest.fixture
def write(tmp_path):
    def write(**files):
        for name, content in files.items():
            path = tmp_path / "data" / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        return "data"

    return write


def test_a_folder_is_the_label_of_the_texts_in_it(write):
    folder = write(
        pos__2_DOT_txt="Fine.\n", pos__10_DOT_txt="Good.\nAnd more.", neg__1_DOT_txt="Bad.", **{"neg__.x": ""}
    )
    table = tables.read(folder)
    assert table.frame.to_dict("list") == {
        "text": ["Bad.", "Good.\nAnd more.", "Fine.\n"],
        "label": ["neg", "pos", "pos"],
        "file": ["neg/1.txt", "pos/10.txt", "pos/2.txt"],
    }
    assert table.note == "Each file of data is a row, and its folder the label: neg, pos."


def test_files_without_a_suffix_as_in_20_newsgroups(write):
    assert tables.read(write(**{"sci.med__58041": "a", "alt.atheism__49960": "b"})).frame["label"].tolist() == [
        "alt.atheism",
        "sci.med",
    ]


def test_folders_of_splits_with_folders_of_classes_and_without_labels(write):
    names = ["train__pos", "train__neg", "train__unsup", "test__pos", "test__neg"]
    folder = write(**{f"{name}__0_3_DOT_txt": name for name in names}, README="x", imdb_DOT_vocab="a")
    splits = tables.read_splits(folder).tables
    assert splits["train"].frame["label"].tolist() == ["neg", "pos"]
    assert splits["test"].frame["text"].tolist() == ["test__neg", "test__pos"]
    assert "left out is unsup (1 file), which has no label" in splits["train"].note


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["train.csv", "dev.csv", "test.csv"], {"train", "dev", "test"}),
        (["cnews.train.csv", "cnews.val.csv", "cnews.vocab"], {"train", "validation"}),
        (["train.csv", "valid.csv", "dev_matched.csv"], {"train", "validation"}),
        (["reviews_train.csv", "reviews_test.csv"], {"train", "test"}),
    ],
)
def test_files_named_by_their_split(write, names, expected):
    folder = write(**{name.replace(".", "_DOT_"): CSV for name in names})
    table = tables.read_splits(folder)
    assert set(table.tables) == expected
    assert ("left out" in table.tables["train"].note) == (len(names) > len(expected))


def test_one_file_in_a_folder_is_read(write):
    assert len(tables.read(write(t_DOT_csv=CSV, LICENSE="free")).frame) == 2


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a_train_DOT_csv": CSV, "b_train_DOT_csv": CSV}, "is a folder of 2 files: a_train.csv, b_train.csv"),
        ({"part0_DOT_csv": CSV, "part1_DOT_csv": CSV}, "is a folder of 2 files"),
        ({"train_DOT_csv": CSV, "train_DOT_json": "[]", "test_DOT_csv": CSV}, "is a folder of 3 files"),
        ({"README": "x"}, "is a folder without data"),
        ({"only__a_DOT_txt": "x"}, "is a folder of 1 file"),
    ],
)
def test_a_folder_that_does_not_say_which_file_is_meant(write, files, message):
    with pytest.raises(DataError, match=message) as caught:
        tables.read(write(**files))
    assert caught.value.fix


def test_a_text_of_a_class_that_cannot_be_decoded_names_its_file(write, tmp_path):
    write(a__1_DOT_txt="x", b__2_DOT_txt="y")
    (tmp_path / "data" / "b" / "2.txt").write_bytes("Le café élégant".encode("latin-1"))
    with pytest.raises(DataError, match=r"2.txt is not UTF-8: .* it may be cp1252, with 'café' there"):
        tables.read("data")
    assert tables.read("data?encoding=latin-1").frame["text"].tolist() == ["x", "Le café élégant"]


@pytest.mark.parametrize(
    "names", [["polarity.pos", "polarity.neg"], ["pos.txt", "neg.txt"], ["my-pos-x.txt", "my-neg-x.txt"]]
)
def test_a_file_of_lines_for_each_class(write, names):
    folder = write(**{name.replace(".", "_DOT_"): f"one {at}\n\ntwo {at}\n" for at, name in enumerate(names)})
    table = tables.read(folder)
    assert table.frame.to_dict("list") == {
        "text": ["one 1", "two 1", "one 0", "two 0"],
        "label": ["neg", "neg", "pos", "pos"],
    }
    assert table.note == "Each line of the files in data is a text, and the name of its file the label: neg, pos."


def test_tables_with_such_names_and_numbered_texts_are_no_classes(write):
    with pytest.raises(DataError, match="is a folder of 2 files"):
        tables.read(write(yelp_DOT_csv=CSV, imdb_DOT_csv=CSV))
    with pytest.raises(DataError, match="is a folder of 4 files"):
        tables.read(write(chapter1_DOT_txt="a\n", chapter2_DOT_txt="b\n"))


def test_numbered_files_of_splits_are_read_as_one(write):
    first, second = CSV, CSV.replace("tea", "soup")
    parts = {"train-00000-of-00002": first, "train-00001-of-00002": second, "test-00000-of-00001": first}
    splits = tables.read_splits(write(**{f"{name}_DOT_csv": content for name, content in parts.items()})).tables
    assert set(splits) == {"train", "test"}
    assert splits["train"].frame["text"].str.contains("soup").tolist() == [False, False, True, True]
    assert "train is train-00000-of-00002.csv to train-00001-of-00002.csv" in splits["train"].note


def test_the_parts_of_a_table_that_spark_wrote_are_one(write):
    parts = {
        "_SUCCESS": "",
        "part-00000-3f-c000_DOT_csv": CSV,
        "part-00001-3f-c000_DOT_csv": CSV,
        "_DOT_part-0_DOT_crc": "x",
    }
    assert len(tables.read(write(**parts)).frame) == 4
