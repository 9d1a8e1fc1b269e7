"""Every kind of object that holds rows."""

import datasets
import pandas as pd
import pyarrow as pa
import pytest

from bertmagic.data import tables
from bertmagic.data.labels import classes
from bertmagic.errors import DataError, UnknownReference

TEXTS, LABELS = ["one a", "two b", "three c"], ["x", "y", "x"]
COLUMNS = {"text": TEXTS, "label": LABELS}


class Polarslike:
    """A frame that pandas does not know, with the one method by which Arrow is exchanged."""

    shape = (3, 2)

    def __arrow_c_stream__(self, requested_schema=None):
        return pa.table(COLUMNS).__arrow_c_stream__(requested_schema)


FORMS = {
    "frame": pd.DataFrame(COLUMNS),
    "arrow stream": Polarslike(),
    "arrow table": pa.table(COLUMNS),
    "dataset": datasets.Dataset.from_dict(COLUMNS),
    "dict": COLUMNS,
    "list of dicts": [{"text": text, "label": label} for text, label in zip(TEXTS, LABELS, strict=True)],
    "dict of splits": {"train": pd.DataFrame(COLUMNS), "test": pd.DataFrame(COLUMNS).head(1)},
    "dict of streams": {"train": Polarslike(), "test": Polarslike()},
    "dataset dict": datasets.DatasetDict({"train": datasets.Dataset.from_dict(COLUMNS)}),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_rows(form):
    frame = tables.read(FORMS[form], "train").frame
    assert frame["text"].tolist() == TEXTS
    assert frame["label"].tolist() == LABELS


def test_the_index_of_a_frame_is_kept():
    frame = pd.DataFrame(COLUMNS, index=["r7", "r7", "r2"])
    assert tables.read(frame).frame.index.tolist() == ["r7", "r7", "r2"]


def test_a_dict_of_columns_of_a_dict_of_frames_is_told_apart():
    assert list(tables.read_splits({"text": pd.Series(TEXTS), "label": pd.Series(LABELS)}).tables) == [""]
    assert list(tables.read_splits({"train": pd.DataFrame(COLUMNS)}).tables) == ["train"]


@pytest.mark.parametrize("missing", [-1, None])
def test_class_labels_come_by_name(missing):
    features = datasets.Features({"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["pos", "neg"])})
    data = datasets.Dataset.from_dict({"text": TEXTS, "label": [0, 1, missing]}, features=features)
    column = tables.read(data).frame["label"]
    assert column[:2].tolist() == ["pos", "neg"]
    assert classes(column, "label").values == ("pos", "neg")
    assert column.isna().tolist() == [False, False, True]


def test_a_filtered_dataset_is_read_as_filtered():
    data = datasets.Dataset.from_dict(COLUMNS).filter(lambda row: row["label"] == "x")
    assert tables.read(data).frame["text"].tolist() == ["one a", "three c"]


def test_categories_keep_their_order_through_parquet(tmp_path):
    frame = pd.DataFrame({"size": pd.Categorical(["s", "l", "m"], categories=["s", "m", "l"], ordered=True)})
    frame.to_parquet(tmp_path / "t.parquet")
    assert tables.read("t.parquet").frame["size"].cat.categories.tolist() == ["s", "m", "l"]


def test_a_series_is_one_column():
    assert tables.read(pd.Series(TEXTS)).columns == ["text"]
    assert tables.read(pd.Series(TEXTS, name="review")).columns == ["review"]
    assert tables.read(pa.chunked_array([TEXTS])).frame["text"].tolist() == TEXTS


def test_columns_are_named_by_text():
    table = tables.read(pd.DataFrame([["a", 1], ["b", 2]]))
    assert table.columns == ["0", "1"]
    assert table.frame["0"].tolist() == ["a", "b"]


def test_the_split_that_fits_the_role_is_read():
    data = {name: pd.DataFrame({"text": [name]}) for name in ("train", "validation", "test")}
    assert [tables.read(data, role).frame["text"][0] for role in ("train", "validation", "test", "any")] == [
        "train", "validation", "test", "train",
    ]  # fmt: skip


def test_a_missing_split_is_named_with_those_there_are():
    data = {"a": pd.DataFrame(COLUMNS), "b": pd.DataFrame(COLUMNS)}
    with pytest.raises(DataError, match="no 'train' split; it has a, b"):
        tables.read(data, "train")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (5, "a int holds no rows"),
        (["a", "b"], "a list holds no rows"),
        ({"text": ["a"], "label": [1, 2]}, r"not of one length \(text: 1, label: 2\)"),
        (pd.DataFrame({"text": []}), "the DataFrame has no rows"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns named 'a'"),
        (datasets.Dataset.from_dict(COLUMNS).to_iterable_dataset(), "read as a stream"),
    ],
)
def test_what_holds_no_rows_is_refused_with_the_fix(source, message):
    with pytest.raises(DataError, match=message) as caught:
        tables.read(source)
    assert caught.value.fix


def test_a_name_that_is_nothing_names_what_is_near(tmp_path):
    (tmp_path / "reviews.csv").write_text("text,label\na,b\n")
    with pytest.raises(UnknownReference, match=r"no file 'revews.csv'. Did you mean 'reviews.csv'\?"):
        tables.read("revews.csv")
    with pytest.raises(UnknownReference, match=r"no sample 'reviws'. Did you mean 'reviews'\?"):
        tables.read("sample:reviws")
    with pytest.raises(UnknownReference, match="no data named 'nothing'"):
        tables.read("nothing")
    with pytest.raises(UnknownReference, match=r"no split 'tst'. Did you mean 'test'"):
        tables.read("sample:reviews@tst")
    with pytest.raises(UnknownReference, match="no file matches"):
        tables.read("nowhere/*.csv")
    (tmp_path / "more.csv").write_text("text,label\na,b\n")
    with pytest.raises(DataError, match=r"is a folder of 2 files: more.csv, reviews.csv") as caught:
        tables.read(str(tmp_path))
    assert caught.value.fix == f"Name the files that are meant, as in {tmp_path}/*.csv."


def test_a_glob_reads_files_below_each_other_and_paths_may_be_path_objects(tmp_path):
    for part, text in (("a", "first"), ("b", "second")):
        (tmp_path / f"part-{part}.csv").write_text(f"text,label\n{text},x\n")
    assert tables.read("part-*.csv").frame["text"].tolist() == ["first", "second"]
    assert tables.read(tmp_path / "part-a.csv").frame["text"].tolist() == ["first"]
    (tmp_path / "part-c.csv").write_text("text,tag\nthird,x\n")
    with pytest.raises(DataError, match=r"part-c.csv has other columns than part-a.csv \(label, tag\)"):
        tables.read("part-*.csv")
