"""Rows of other libraries: what a Dataset does to its rows is kept or refused."""

import datasets
import pytest

from bertmagic.data import frames
from bertmagic.errors import DataError

FEATURES = datasets.Features({
    "text": datasets.Value("string"),
    "label": datasets.ClassLabel(names=["neg", "pos"]),
    "tags": datasets.Sequence(datasets.ClassLabel(names=["O", "B-PER"])),
})  # fmt: skip
ROWS = {"text": ["one", "two", "three"], "label": [0, 1, -1], "tags": [[0, 1], [], [-1]]}


@pytest.fixture
def data():
    return datasets.Dataset.from_dict(ROWS, features=FEATURES)


def test_a_transform_is_refused_with_both_ways_on(data):
    shouting = data.with_transform(lambda rows: {"text": [text.upper() for text in rows["text"]]})
    with pytest.raises(DataError, match="has a transform") as caught:
        frames.read(shouting)
    assert "with_format(None).map" in caught.value.fix
    data.set_transform(lambda rows: rows)
    with pytest.raises(DataError, match="has a transform"):
        frames.read(data)
    assert frames.read(data.with_format(None))["text"].tolist() == ROWS["text"]


@pytest.mark.parametrize("kind", [None, "numpy", "torch", "pandas"])
def test_only_the_columns_of_a_format_are_read_with_their_names(data, kind):
    assert list(frames.read(data.with_format(kind))) == ["text", "label", "tags"]
    assert list(frames.read(data.with_format(kind, columns=["label", "text"]))) == ["text", "label"]
    everything = data.with_format(kind, columns=["label"], output_all_columns=True)
    assert sorted(frames.read(everything)) == ["label", "tags", "text"]
    assert frames.read(data.with_format(kind, columns=["label"]))["label"].tolist()[:2] == ["neg", "pos"]


def test_minus_one_of_a_class_label_is_no_label(data):
    frame = frames.read(data)
    assert frame["label"].isna().tolist() == [False, False, True]
    assert frame["tags"].tolist() == [["O", "B-PER"], [], [None]]
