"""Texts in one file and their labels in another, line by line."""

import pytest

from bertmagic.data import tables


@pytest.fixture
def write(tmp_path):
    def write(files):
        for name, content in files.items():
            (tmp_path / name).write_text(content, encoding="utf-8")
        return tmp_path

    return write


TEXTS, LABELS = "A film\nA bad film\nA long film\n", "1\n0\n1\n"


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        ("train_text.txt", "train_labels.txt"),
        ("reviews.txt", "labels.txt"),
        ("X_train.txt", "y_train.txt"),
        ("STS.input.news.txt", "STS.gs.news.txt"),
    ],
)
def test_a_label_for_each_text_may_stand_in_another_file(write, texts, labels):
    folder = write({texts: TEXTS, labels: LABELS})
    for name in (texts, labels):
        table = tables.read(folder / name)
        assert table.frame.to_dict("list") == {"text": ["A film", "A bad film", "A long film"], "label": [1, 0, 1]}
        assert table.note == (
            f"Read as parallel files: the texts in {texts}, their labels in {labels}; format = … overrules."
        )


def test_texts_with_a_tab_each_are_pairs_and_a_blank_is_no_label(write):
    folder = write({"STS.input.x.txt": "a b\tc d\ne f\tg h\ni j\tk l\n", "STS.gs.x.txt": "4.2\n\n0.0\n"})
    frame = tables.read(folder / "STS.input.x.txt").frame
    assert frame["text"].tolist() == ["a b", "e f", "i j"]
    assert frame["text_pair"].tolist() == ["c d", "g h", "k l"]
    assert (frame["label"].iloc[0], frame["label"].isna().tolist()) == (4.2, [False, True, False])


def test_a_folder_of_texts_and_labels_has_their_splits(write):
    parts = {f"{split}_{kind}.txt": content for split in ("train", "val", "test")
             for kind, content in (("text", TEXTS), ("labels", LABELS))}  # fmt: skip
    folder = write({**parts, "mapping.txt": "0\tbad\n1\tgood\n"})
    splits = tables.read_splits(folder).tables
    assert sorted(splits) == ["test", "train", "validation"]
    assert splits["validation"].frame["label"].tolist() == [1, 0, 1]


@pytest.mark.parametrize("labels", ["1\n0\n", "A longer remark on it\nAnother one of these\nAnd one more of them\n"])
def test_a_file_that_is_no_label_for_each_line_leaves_the_texts_alone(write, labels):
    folder = write({"train_text.txt": TEXTS, "train_labels.txt": labels})
    assert tables.read(folder / "train_text.txt").columns == ["text"]
