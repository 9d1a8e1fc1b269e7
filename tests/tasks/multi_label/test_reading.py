"""Any number of labels a row, in each form that tables have them."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bertmagic.data import split
from bertmagic.data.labels import Labels
from bertmagic.errors import DataError
from bertmagic.tasks.multi_label import reading

WHERE = "column 'topics' of t"
EXPECTED = [[1, 1], [0, 1], [0, 0]]
"""``["a", "b"], ["b"], []``"""


def series(values):
    return pd.Series(values, dtype=object, name="topics")


def read(values, separator="", **known):
    return reading.of_column(series(values), WHERE, separator, **known)


@pytest.mark.parametrize(
    "values",
    [
        [["a", "b"], ["b"], []],
        [("b", "a"), ("b",), ()],
        [{"a", "b"}, frozenset("b"), set()],
        [np.array(["a", "b"]), np.array(["b"]), np.array([])],
        ['["a", "b"]', '["b"]', "[]"],
        ["['a', 'b']", "['b']", "[]"],
        [' ["a","b"] ', ["b"], []],
        [["a", "b", "a", " a "], ["b", "", None], [""]],
        [np.array(["a", "b"], dtype=object), ["b", float("nan")], []],
    ],
    ids=["lists", "tuples", "sets", "arrays", "json", "python", "mixed", "repeats", "blanks"],
)
def test_lists_are_read_in_each_form(values):
    parsed = read(values)
    assert parsed.labels.values == ("a", "b")
    assert parsed.targets.tolist() == EXPECTED
    assert parsed.targets.dtype == np.int8
    assert not parsed.unlabelled.any()


@pytest.mark.parametrize(("values", "labels"), [([[10, 9], [9]], (9, 10)), ([[True], [False]], (False, True))])
def test_labels_keep_their_kind(values, labels):
    assert read(values).labels.values == labels


@pytest.mark.parametrize("hole", [None, float("nan"), pd.NA, "", "  "])
def test_an_empty_cell_is_unknown_and_an_empty_list_is_no_label(hole):
    parsed = read([["a"], hole, [], ["b"]])
    assert parsed.unlabelled.tolist() == [False, True, False, False]
    assert parsed.targets.sum(axis=1).tolist() == [1, 0, 0, 1]


def test_texts_are_taken_apart_at_the_separator():
    assert read(["a|b", " b ", "b||"], "|").targets.tolist() == [[1, 1], [0, 1], [0, 1]]
    assert read(["a; b", "c"], "").labels.values == ("a; b", "c")


def test_one_label_a_row_is_a_list_of_one():
    assert read(["a", "b"]).targets.tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize(
    ("texts", "separator"),
    [
        (["a|b", "a", "b", "b|c|a"], "|"),
        (["a; b", "a", "b; c", "c"], ";"),
        (["a, b", "a", "b"], ","),
        (["a", "b"], ""),
        (["a|b", "c|d"], ""),
        (["Health; Beauty", "Food; Drink", "Toys"], ""),
        (["sport|tennis", "sport|football", "news|world", "news|home", "news|sport"], ""),
        (["a, b"] * 20, ""),
        (['["a"]', '["a|b"]'], ""),
        ([["a"], None], ""),
    ],
)
def test_a_separator_is_seen_only_where_it_is_unmistakable(texts, separator):
    assert reading.separator_of(series(texts)) == separator


def test_where_many_labels_are_asked_for_a_separator_is_enough_but_for_the_comma():
    assert reading.separator_of(series(["a|b", "c|d"]), asked=True) == "|"
    assert reading.separator_of(series(["a; b", "c|d"]), asked=True) == "|"
    assert reading.separator_of(series(["Paris, France", "Rome, Italy"]), asked=True) == ""


def test_lists_are_told_from_texts_and_from_what_else_stands_in_cells():
    for values in (["[]", '["a"]'], [["a"], None, []], [np.array([1])], ["['a', 'b']"]):
        assert reading.looks_like_lists(series(values))
    for values in (["a"], [["a"], "a"], [{"a": 1}], [[{"start": 0}]], ["['a' 'b']"], ["[PER]"], [None], [[["a"]]]):
        assert not reading.looks_like_lists(series(values))


def test_a_column_for_each_label():
    frame = pd.DataFrame({"b": [1, 0, 1], "a": [True, False, False], "c": [0.0, np.nan, 1.0], "d": ["0", "1", "0"]})
    parsed = reading.of_columns(frame, ["b", "a", "c", "d"], "t")
    assert parsed.labels.values == ("b", "a", "c", "d")
    assert parsed.targets.tolist() == [[1, 1, 0, 0], [0, 0, 0, 1], [1, 0, 1, 0]]
    assert parsed.unlabelled.tolist() == [False, True, False]
    assert all(reading.looks_like_flags(frame[name]) for name in frame)


@pytest.mark.parametrize("odd", [2, -1, "yes", 0.5, ["a"]])
def test_a_column_of_something_else_is_refused_with_its_row(odd):
    frame = pd.DataFrame({"a": [1, 0], "b": [0, odd]}, index=["x", "y"], dtype=object)
    with pytest.raises(DataError, match=r"column 'b' of t holds .* in row y") as caught:
        reading.of_columns(frame, ["a", "b"], "t")
    assert "label = […]" in caught.value.fix
    assert not reading.looks_like_flags(frame["b"])


def test_a_label_that_training_has_not_is_an_error_that_names_it():
    with pytest.raises(
        DataError, match=r"labels that training did not have: 'c', 'd' in 2 rows, such as row 1"
    ) as caught:
        read([["a"], ["a", "c"], ["d"]], known=Labels(("a", "b")))
    assert "The labels are a, b" in caught.value.fix
    assert read([["b"], []], known=Labels(("a", "b"))).targets.tolist() == [[0, 1], [0, 0]]


@pytest.mark.parametrize(
    ("values", "what", "fix"),
    [
        ([["a", 1.5], ["b"]], r"a list with 1.5 \(float\) in row 0", "or [] where"),
        ([["a"], [["b"]]], r"a list with \['b'\] \(list\) in row 1", "lists such as"),
        ([{"a": 1}], r"a list with \{'a': 1\} \(dict\)", "lists such as"),
        ([{"a": 0.5, "b": 1.0}], r"a list with \{'a': 0.5, 'b': 1.0\} \(dict\)", "lists such as"),
        ([[], []], "no label in any row", "label ="),
        ([["a"], ["a"]], "one label only, 'a', and every row has it", "without it"),
        ([[f"x{i}"] for i in range(60)], "60 distinct labels in 60 rows", "label ="),
        ([["a", 1], ["b"]], "mixes kinds of labels", "astype"),
        ([[0, 1, 1], [1, 0, 0]], "lists of 3 numbers that are 0 or 1", "label = names"),
        ([[0, 1], [1, 0]], "lists of 2 numbers that are 0 or 1", "label = names"),
        (["[0.0, 1.0]", "[1.0, 0.0]"], "lists of 2 numbers that are 0 or 1", "label = names"),
        (["['a']", "['a' 'b']"], "as NumPy writes it, which cannot be read back", "to_parquet"),
        (["{'a', 'b'}", "{'a'}"], "a set as Python writes it", "to_parquet"),
        ([[0.0, 1.0, 1.0], [1.0, 0.0, 0.0]], "lists of 3 numbers that are 0 or 1", "label = names"),
    ],
)
def test_what_are_no_labels_is_refused_with_the_fix(values, what, fix):
    with pytest.raises(DataError, match=what) as caught:
        read(values)
    assert fix in caught.value.fix


def test_dicts_of_0_and_1_are_labels():
    cats = [{"food": 1.0, "travel": 0.0}, {"food": True, "travel": True}, {"food": 0, "travel": None}, None]
    sets = read(cats)
    assert sets.labels.values == ("food", "travel")
    assert sets.targets.tolist() == [[1, 0], [1, 1], [0, 0], [0, 0]]
    assert sets.unlabelled.tolist() == [False, False, False, True]
    assert reading.looks_like_lists(pd.Series(cats))
    assert not reading.looks_like_lists(pd.Series([{"food": 0.5}, {}]))


def test_labels_0_and_1_of_a_model_are_no_vector():
    assert read([[0, 1]], known=Labels((0, 1, 2))).targets.tolist() == [[1, 1, 0]]


def test_a_decimal_comma_separates_no_labels():
    scores = pd.Series([f"{i},{j}" for i in range(5) for j in range(5)] + ["3"])
    assert reading.separator_of(scores) == ""
    ids = pd.Series(["1,2", "3", "1,2,3", "2,3", "1,3"])
    assert reading.separator_of(ids) == ","


def test_one_label_may_be_on_some_rows_only():
    assert read([["a"], [], ["a"]]).targets.tolist() == [[1], [0], [1]]


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=6).map(str.strip).filter(bool)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.lists(names, max_size=4), min_size=1, max_size=8), st.sampled_from(["list", "json", "python", "array"])
)
def test_labels_come_back_as_they_went_in(rows, form):
    vocabulary = Labels(tuple(sorted({name for row in rows for name in row})) or ("x",))
    write = {"list": list, "json": json.dumps, "python": repr, "array": lambda row: np.array(row, dtype=object)}[form]
    parsed = read([write(row) for row in rows], known=vocabulary)
    assert [set(row) for row in reading.names_of(parsed.targets, vocabulary)] == [set(row) for row in rows]


matrices = st.integers(1, 5).flatmap(
    lambda labels: st.lists(st.lists(st.integers(0, 1), min_size=labels, max_size=labels), min_size=1, max_size=25)
)


@settings(max_examples=300, deadline=None)
@given(matrices, st.integers(0, 3))
def test_a_split_by_the_rarest_label_leaves_every_label_in_train(rows, seed):
    targets = np.array(rows, np.int8)
    train, held = split.holdout(reading.rarest(targets), 0.5, seed)
    assert len(train) + len(held) == len(targets)
    assert np.array_equal(targets[train].any(axis=0), targets.any(axis=0))


def test_the_rarest_label_of_a_row_is_the_one_with_the_fewest_rows():
    targets = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 0, 1], [0, 0, 1]], np.int8)
    assert reading.rarest(targets).tolist() == [1, 0, 3, 2, 2]


def test_a_label_that_is_nowhere_the_rarest_gets_a_row_of_its_own():
    targets = np.array([[1, 1, 0], [0, 1, 0], [1, 0, 1], [0, 0, 1]], np.int8)
    assert reading.rarest(targets[:, [1, 2, 0]]).tolist() == [6, 0, 1, 1]


def test_measurements_are_no_labels():
    assert not reading.looks_like_lists(pd.Series([[0, 0], [2, 3], [1, 1]], dtype=object))
    assert reading.looks_like_lists(pd.Series([[0, 4], [2, 3]], dtype=object))
    assert reading.looks_like_lists(pd.Series([[1, 0, 0], [0, 1, 0]], dtype=object))  # refused with what to do
    assert reading.looks_like_lists(pd.Series([[0], [2, 3], [1]], dtype=object))
