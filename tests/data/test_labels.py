from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from bertmagic.data.labels import Labels, classes, plain
from bertmagic.errors import DataError


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (["b", "a", " b "], ("a", "b")),
        ([10, 9, 10], (9, 10)),
        ([True, False, True], (False, True)),
        ([2.0, 1.0, None], (1, 2)),
        (np.array([3, 1], dtype="int8"), (1, 3)),
        (np.array([True, False]), (False, True)),
        ([np.int64(2), np.int32(1)], (1, 2)),
        (pd.array([1, None, 2], dtype="Int64"), (1, 2)),
        (pd.array(["b", None, "a"], dtype="string[pyarrow]"), ("a", "b")),
        (pd.array([True, False, None], dtype="boolean"), (False, True)),
        (pd.Categorical(["low", "high"], ["low", "middle", "high"]), ("low", "high")),
        (pd.Categorical([3, 1], [3, 2, 1]), (3, 1)),
        (pd.Categorical(["a ", "a", "b"]), ("a", "b")),
        ([Decimal("2"), Decimal("1.0"), None, Decimal("NaN")], (1, 2)),
        ([2**63, 2**63 + 1], (2**63, 2**63 + 1)),
    ],
)
def test_classes_have_the_values_and_the_order_of_the_column(column, values):
    labels = classes(pd.Series(column), "column 'x'")
    assert labels.values == values
    assert [type(value) for value in labels.values] == [type(value) for value in values]


def test_labels_are_numbered_and_what_is_no_class_is_minus_one():
    labels = Labels(("a", "b"))
    assert labels.encode(["b", " a", None, np.nan, pd.NA, "c", "", ["a"], {"a": 1}]).tolist() == [
        1, 0, -1, -1, -1, -1, -1, -1, -1,
    ]  # fmt: skip


def test_labels_read_from_a_file_match_those_of_training():
    assert Labels((1, 2)).encode(["1", 2.0, np.int8(1), "3"]).tolist() == [0, 1, 0, -1]
    assert Labels((False, True)).encode([True, "False", np.bool_(True)]).tolist() == [1, 0, 1]


def test_plain_values():
    assert [plain(v) for v in (np.float32("nan"), pd.NaT, " ", np.str_("x"), 3.0, 3.5)] == [
        None, None, None, "x", 3, 3.5,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "message", "fix"),
    [
        (["a"] * 5, "one class only, 'a'", "two classes"),
        ([None, None], "no label in any row", "label ="),
        ([0.25, 0.5, 1.0], "numbers with fractions, such as 0.25", 'task = "regression"'),
        ([["a"], ["b"]], r"lists, such as \['a'\] \(list\)", 'task = "multi_label"'),
        ([{"a": 1}, {"b": 2}], r"values such as \{'a': 1\} \(dict\)", "one class"),
        ([np.array([1, 0]), np.array([0, 1])], r"\(ndarray\)", "one class"),
        (["a", 1, "b"], "mixes kinds of labels", "astype"),
        ([Decimal("0.5"), Decimal("1")], "numbers with fractions, such as Decimal", 'task = "regression"'),
        ([b"good", b"bad"], "holds bytes, such as b'good'", "df[None].str.decode('utf-8')"),
        ([f"text {i}" for i in range(60)], "60 different values in 60 rows", "label ="),
    ],
)
def test_what_cannot_be_classes_is_refused_with_the_fix(column, message, fix):
    with pytest.raises(DataError, match=message) as caught:
        classes(pd.Series(column, dtype=object), "column 'x' of t")
    assert fix in caught.value.fix


@pytest.mark.parametrize("values", [[1, "a"], [1, "1"], [True, "yes"]])
def test_categories_of_several_kinds_are_refused_as_other_columns_are(values):
    for column in (pd.Series(values, dtype=object), pd.Series(pd.Categorical(values * 3))):
        with pytest.raises(DataError, match="mixes kinds of labels"):
            classes(column, "column 'x'")


def test_categories_that_no_row_has_may_be_of_another_kind():
    column = pd.Series(pd.Categorical(["b", "a"], ["b", 1, "a"]))
    assert classes(column, "column 'x'").values == ("b", "a")


def test_one_and_the_text_one_have_two_names():
    """Of a model that was trained on both, which is an error now."""
    assert Labels((1, "1")).names == ("1", "'1'")
    assert Labels((1, "a")).names == ("1", "a")


@pytest.mark.parametrize(
    "cell", ["['a' 'b']", "<ArrowStringArray>\n['a']\nLength: 1, dtype: string", "{'a'}", "array(['a'])"]
)
def test_a_list_that_cannot_be_read_is_no_class(cell):
    with pytest.raises(DataError, match="cannot be read back with certainty"):
        classes(pd.Series(["a", "b", cell]), "column 'x' of t")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["entailment", "neutral", "-", None], ("entailment", "neutral")),
        (["+", "-", "0"], ("+", "-", "0")),
        (["positive", "-", None], ("-", "positive")),
        (["A", "B", "-"], ("-", "A", "B")),
        (["1", "0", "-"], ("-", "0", "1")),
        (pd.Categorical(["-", "no", "yes"]), ("no", "yes")),
    ],
)
def test_a_dash_among_words_is_no_class(values, expected):
    assert classes(pd.Series(values), "x").values == expected
