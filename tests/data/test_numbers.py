"""A label column of numbers: which are classes, which are quantities, and what is said of it."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from bertmagic.data import numbers
from bertmagic.errors import DataError

NAN = float("nan")


def series(values, dtype=None):
    return pd.Series(values, dtype=dtype, name="score")


@pytest.mark.parametrize(
    ("values", "quantities"),
    [
        ([1.0, 2.0, NAN, 2.0], False),
        ([float("inf"), 1.5, 2.0], True),
        ([0.0, 1.0] * 20, False),
        ([0.5, 1.0, 1.5], True),
        ([1, 2, 3, 4, 5] * 10, False),
        ([10, 20, 30] * 10, False),
        (list(range(77)) * 6, False),
        (list(range(1, 31)) * 6, False),
        (list(range(77)) * 2, True),
        (list(range(1900, 1990)) * 20, True),
        (list(range(0, 200, 2)) * 20, True),
        (["1.5", "2.5"], False),
        ([True, False], False),
        (["a", 1.5], False),
        ([None, None], False),
        ([[1.5], [2.5]], False),
        ([pd.Timestamp("2020-01-01")], False),
        ([np.float32(1.5), np.int8(2)], True),
        ([Decimal("1.5"), Decimal(2)], True),
    ],
)
def test_few_whole_numbers_are_classes_and_the_rest_are_quantities(values, quantities):
    assert numbers.are_quantities(series(values, object)) is quantities
    assert numbers.are_quantities(series(values)) is quantities


def test_categories_are_classes_whatever_they_are():
    assert not numbers.are_quantities(pd.Series(pd.Categorical([1.5, 2.5])))
    assert numbers.reading_note(pd.Series(pd.Categorical([1.5, 2.5])), False) == ""


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64", "double[pyarrow]"])
def test_floats_that_mean_classes_are_said_to(dtype):
    column = series([1.0, 2.0, None, 2.0], dtype)
    assert not numbers.are_quantities(column)
    assert numbers.reading_note(column, False) == (
        "'score' holds 2 different whole numbers as floats, which are taken as classes; "
        'task = "regression" predicts the number itself.'
    )


@pytest.mark.parametrize(
    ("values", "regression", "expected"),
    [
        ([1, 2, 5], False, '3 different whole numbers, which are taken as classes; task = "regression"'),
        ([0, 1, 2], False, None),
        (["a", "b"], False, None),
        ([True, False], False, None),
        ([0.5, 1.0], True, "2 different numbers, which are predicted as numbers."),
        ([1, 2, 5], True, '3 different whole numbers, which are predicted as numbers; task = "classification"'),
    ],
)
def test_what_was_chosen_is_said_with_the_other_choice_where_there_is_one(values, regression, expected):
    note = numbers.reading_note(series(values), regression)
    assert expected in note if expected else note == ""


@pytest.mark.parametrize(
    "values",
    [
        [1, 2.5, NAN],
        pd.array([1, 2.5, None], dtype="Float64"),
        ["1", " 2.5 ", ""],
        [np.int8(1), np.float32(2.5), pd.NA],
        [Decimal(1), Decimal("2.5"), None],
    ],
)
def test_numbers_are_read_with_nan_where_one_is_missing(values):
    assert numbers.of_column(series(values), "column 'score'").tolist() == pytest.approx([1, 2.5, NAN], nan_ok=True)


@pytest.mark.parametrize("odd", ["five", "nan", "inf", float("-inf"), True, [1], pd.Timestamp("2020-01-01"), 10**400])
def test_what_is_no_number_is_refused_with_its_row(odd):
    with pytest.raises(DataError, match=r"holds 1 value that is not a finite number, such as .* in row 1") as caught:
        numbers.of_column(series([1.5, odd, 2], object), "column 'score' of t")
    assert 'task = "classification"' in caught.value.fix


def test_no_number_at_all_and_the_same_one_everywhere_are_refused():
    with pytest.raises(DataError, match="column 'score' has no number in any row"):
        numbers.of_column(series([None, NAN]), "column 'score'")
    with pytest.raises(DataError, match=r"column 'score' is 3.5 in every row; there is nothing to predict"):
        numbers.refuse_constant(np.array([3.5, 3.5]), "column 'score'")
    numbers.refuse_constant(np.array([3.5, 3.6]), "column 'score'")


def test_how_numbers_are_spread():
    assert numbers.spread(np.array([1, 2.5, 1, 5])) == {"1": 2, "2.5": 1, "5": 1}
    histogram = numbers.spread(np.linspace(0, 100, 101))
    assert list(histogram)[:2] == ["0 to 10", "10 to 20"]
    assert sum(histogram.values()) == 101


def test_a_spread_of_near_numbers_has_a_name_for_each_range():
    histogram = numbers.spread(1e6 + np.linspace(0, 1, 101))
    assert (len(histogram), sum(histogram.values())) == (10, 101)
    assert all(len(set(name.split(" to "))) == 2 for name in histogram)


@pytest.mark.parametrize(
    ("values", "quantities"),
    [
        (["0,5", "1,5"] * 20, True),
        (["0,5", "1", None, " -2,25 "], True),
        (["1,234", "12,500"], True),
        (["1,2,3", "4,5"], False),
        (["0,5", "0.5"], False),
        (["0,5", "a"], False),
        (["0,5", 0.5], False),
        (["0.250", "1.250", "2.250", "3.250", "4.250", "5.250"] * 2, True),
        (["1.10", "1.11", "1.12"] * 20, False),
        ([f"{i}.{i % 10}00" for i in range(30)] * 20, True),
        (["1.00", "1.000"] * 40, False),
        (["1", "2", "3"], False),
        (["007", "042"], False),
        (["1E2", "1.5"], False),
    ],
)
def test_texts_of_numbers_are_quantities_by_their_fractions(values, quantities):
    assert numbers.are_quantities(series(values, object)) is quantities
    assert not numbers.are_quantities(series(pd.Categorical(values)))


def test_decimal_commas_are_read_and_said():
    column = series(["0,5", "1", None, " -2,25 ", ""])
    assert numbers.of_column(column, "it").tolist()[:2] == [0.5, 1.0]
    assert numbers.of_column(column, "it")[3] == -2.25
    assert np.isnan(numbers.of_column(column, "it")[[2, 4]]).all()
    assert numbers.reading_note(column, True) == (
        "'score' holds 3 different numbers with a decimal comma as text, which are predicted as numbers; "
        'task = "classification" takes each as a class.'
    )
    assert numbers.reading_note(column, False) == ""
    assert numbers.of_column(series(["0,250", "1,250"]), "it").tolist() == [0.25, 1.25]


def test_a_comma_that_can_separate_thousands_is_asked_for():
    with pytest.raises(DataError, match=r"such as '1,234', whose comma can separate thousands or decimals") as caught:
        numbers.of_column(series(["1,234", "12", "-12,500"]), "it")
    assert "str.replace(',', '.')" in caught.value.fix
    assert "str.replace(',', '')" in caught.value.fix


PAIRS = ("0,3", "1,14", "2,5", "3,10", "4,7", "1,2", "6,20", "5,8")


def test_pairs_that_always_rise_are_numbers_or_labels_and_asked_for():
    with pytest.raises(DataError, match=r"it holds texts such as '0,3': numbers .* or two labels each") as caught:
        numbers.refuse_lists(series([*PAIRS, "7", ""]), "it")
    assert 'task = "regression"' in caught.value.fix
    assert 'task = "multi_label"' in caught.value.fix


@pytest.mark.parametrize(
    "values",
    [
        (*PAIRS[1:], "3,1"), PAIRS[1:], [f"0,{at}" for at in range(1, 20)],
        ["1,99", "2,49", "4,95", "0,99", "9,90", "3,25", "7,50", "5,55"], [1.5, 2.5], ["a", "b"], ["1.5", "2.25"],
    ],
)  # fmt: skip
def test_numbers_with_a_comma_are_numbers_where_only_one_reading_is_likely(values):
    numbers.refuse_lists(series(values, object), "it")


def test_minus_one_below_classes_may_be_no_label():
    assert "df[df['score'] >= 0]" in numbers.reading_note(series([-1, 0, 1, 2] * 9), False)
    assert "df[df['score'] >= 0]" not in numbers.reading_note(series([-1, 0, 1] * 9), False)
