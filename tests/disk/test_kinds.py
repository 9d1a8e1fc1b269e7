"""Kinds of values: the first entry that is of another kind is named with its place, its value and what was expected."""

from pathlib import Path

import pytest

from bertmagic.disk import kinds
from bertmagic.errors import FileError

KINDS = {
    "name": kinds.TEXT,
    "share": kinds.number(0, 1, "a number from 0 to 1"),
    "size": kinds.whole(1, 9, "a digit above 0"),
    "how": kinds.choice("fast", "slow"),
    "more": kinds.or_null(kinds.object_of({"names": kinds.TEXTS}, each=None)),
    "parts": kinds.object_of(each=kinds.object_of({"rows": kinds.COUNT})),
    "told": kinds.list_of(kinds.object_of({"step": kinds.COUNT, "best": kinds.TRUTH}), "steps"),
    "value": kinds.PLAIN,
}

FIT = [
    {}, {"other": object()}, {"name": ""}, {"share": 0}, {"share": 1.0}, {"size": 9}, {"how": "slow"}, {"more": None},
    {"more": {"names": []}}, {"parts": {}}, {"parts": {"a": {"rows": 3}, "b": {}}}, {"told": []},
    {"told": [{"step": 1, "best": False}]}, {"value": ["a"]}, {"value": float("nan")},
]  # fmt: skip
ODD = [
    ("name", {"name": None}, "a text"),
    ("share", {"share": float("nan")}, "a number from 0 to 1"),
    ("share", {"share": True}, "a number from 0 to 1"),
    ("share", {"share": 10**400}, "a number from 0 to 1"),
    ("size", {"size": 1.0}, "a digit above 0"),
    ("how", {"how": ["fast"]}, "fast or slow"),
    ("more", {"more": []}, "an object or null"),
    ("more.names", {"more": {"names": ["a", 1]}}, "a list of texts"),
    ("parts.b", {"parts": {"a": {}, "b": 3}}, "an object"),
    ("parts.b.rows", {"parts": {"b": {"rows": -1}}}, "a whole number from 0 on"),
    ("told", {"told": {}}, "a list of steps"),
    ("told.1.best", {"told": [{"best": True}, {"best": 1}]}, "true or false"),
    ("value", {"value": {}}, "a text, a number"),
    ("value", {"value": 10**400}, "a text, a number"),
]


@pytest.mark.parametrize("values", FIT)
def test_what_fits_is_no_error(values):
    kinds.check(Path("a.json"), values, KINDS, "Delete it.")


@pytest.mark.parametrize(("place", "values", "expected"), ODD)
def test_what_does_not_fit_is_named(place, values, expected):
    with pytest.raises(FileError) as caught:
        kinds.check(Path("a.json"), values, KINDS, "Delete it.")
    assert caught.value.what.startswith(f"a.json is damaged: {place} is ")
    assert f"; {expected}" in caught.value.what
    assert len(caught.value.what) < 300
    assert caught.value.fix == "Delete it."
