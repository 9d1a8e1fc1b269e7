"""Lists as libraries write them into cells of text: read, or refused by the name of their form."""

import numpy as np
import pandas as pd
import pytest

from bertmagic.data import list_forms
from bertmagic.errors import DataError


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (str(np.array(["a", "b"])), "as NumPy writes it"),
        (str(np.array([0, 1, 0])), "as NumPy writes it"),
        (str(np.array([f"label {i}" for i in range(2000)])), "its middle left out"),
        (repr(np.array(["a"])), "an array as Python"),
        ("np.array(['a', 'b'])", "an array as Python"),
        ("tensor([0, 1])", "an array as Python"),
        (str(pd.array(["a", "b"], dtype="string")), "an array as pandas or Arrow"),
        (str(pd.array(["a", "b"], dtype="string[pyarrow]")), "an array as pandas or Arrow"),
        (str({"a"}), "a set as Python"),
        ("{'a', 'b: c'}", "a set as Python"),
        (str(frozenset({"a"})), "a set as Python"),
        ("set()", "a set as Python"),
        (str({"a": 1}), "a dict"),
        ('{"a": 1}', "a dict"),
        (str(("a", "b")), "a tuple"),
        ("('a',)", "a tuple"),
        ("[sport, politics]", "neither JSON nor Python"),
        ("['a', 'b'", ""),
        ("['it's', 'b']", "neither JSON nor Python"),
    ],
)
def test_a_list_that_cannot_be_read_is_named_by_its_form(text, name):
    assert name in list_forms.form(text)
    assert bool(list_forms.form(text)) == bool(name)


@pytest.mark.parametrize(
    "text",
    ['["a", "b"]', "['a']", "[1, 2]", "[]", "[neutral]", "a, b", "{x}", "(see below)", "(a, b)", "<3", "f(x)", ""],
)
def test_lists_and_plain_labels_are_left_alone(text):
    assert list_forms.form(text) == ""


def test_the_first_one_is_refused_with_what_to_do():
    with pytest.raises(DataError, match=r"column 'x' holds \"\{'a'\}\": a set as Python writes it, which") as caught:
        list_forms.refuse(["b", None, 3, "{'a'}"], "column 'x'")
    assert "to_parquet" in caught.value.fix
    list_forms.refuse(["b", "c"], "column 'x'")
