import threading
from contextvars import copy_context

import pandas as pd
import pytest

from bertmagic.data import tables, variables

rows_of_the_module = pd.DataFrame({"text": ["a"]})


class Hostile:
    """An object that fails at everything that could be called on it."""

    def __getattribute__(self, name):
        raise RuntimeError(name)

    def __eq__(self, other):
        raise RuntimeError

    __hash__ = None
    __bool__ = __len__ = __iter__ = __repr__ = __eq__


@variables.names_by_caller
def named(*values, **more):
    return [variables.known(value) for value in (*values, *more.values())]


def test_rows_are_called_as_the_variable_of_the_caller():
    reviews, stranger = pd.DataFrame({"text": ["a"]}), Hostile()
    assert named(reviews, stranger, validation=rows_of_the_module) == ["reviews", "stranger", "rows_of_the_module"]


def test_what_has_no_variable_has_no_name_and_a_call_leaves_none():
    reviews = pd.DataFrame({"text": ["a"]})
    assert named(reviews.copy(), "reviews", 3, None, ["a"]) == ["", "", "", "", ""]
    assert named(reviews) == ["reviews"]
    assert tables.read(reviews).name == "the DataFrame"


def test_the_name_that_was_typed_counts_more_than_that_of_a_caller():
    reviews = pd.DataFrame({"text": ["a"]})
    with variables.called([(reviews, "df[df.stars > 3]")]):
        assert named(reviews) == ["df[df.stars > 3]"]


def test_a_thread_of_the_call_knows_the_name_as_long_as_it_runs():
    reviews, seen, begin = pd.DataFrame({"text": ["a"]}), [], threading.Event()

    @variables.names_by_caller
    def start(rows):
        def work():
            begin.wait(60)
            seen.append(tables.read(rows).name)

        thread = threading.Thread(target=copy_context().run, args=(work,))
        thread.start()
        return thread

    thread = start(reviews)
    begin.set()
    thread.join()
    assert seen == ["reviews"]


def test_tables_of_a_variable_have_its_name():
    parts = {"train": pd.DataFrame({"text": ["a"]}), "test": pd.DataFrame({"text": ["b"]})}
    columns = {"text": ["a", "b"]}
    with variables.called([(parts, "parts"), (columns, "columns")]):
        assert tables.read(parts, "test").name == "parts['test']"
        assert tables.read(columns).name == "columns"
    assert tables.read(parts, "test").name == "test"


@pytest.mark.parametrize("value", ["reviews.csv", b"", 0.2, 5, True, None])
def test_plain_values_are_no_rows(value):
    with variables.called([(value, "x")]):
        assert variables.known(value) == ""
