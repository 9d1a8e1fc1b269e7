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
