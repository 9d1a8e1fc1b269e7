"""Values that nobody meant for an option: of other kinds, without bound, broken, or hostile when they are asked."""

import collections
import datetime
import decimal
import fractions
import functools
import io
import pathlib
import types

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

from bertmagic.options import ranges


class Own(Exception):
    """What the code of a user raises; only such an error may leave a function as it is."""


def _raise(*args, **known):
    raise Own("the user's own code")


def hostile(*names, **more):
    """Return an object of a class of its own, whose methods of these names raise `Own`."""
    kind = type("Hostile", (), dict.fromkeys(names, _raise) | more)
    return kind()


class Everything:
    """Has every attribute that is asked for, as a mock does."""

    def __getattr__(self, name):
        return self


class Folder(type(pathlib.Path())):
    """A path of a class of its own."""


class Text(str):
    """A text of a class of its own."""

    __slots__ = ()


def deep(levels, kind=list):
    made = kind()
    for _ in range(levels):
        made = [made] if kind is list else {"a": made}
    return made


def endless():
    """Return a list that holds itself."""
    made = []
    made.append(made)
    return made


VALUES = {
    "None": lambda: None,
    "Ellipsis": lambda: ...,
    "NotImplemented": lambda: NotImplemented,
    "True": lambda: True,
    "zero": lambda: 0,
    "minus zero": lambda: -0.0,
    "huge": lambda: 10**5000,
    "minus huge": lambda: -(10**5000),
    "beyond int64": lambda: 2**64,
    "large float": lambda: 1e300,
    "tiny": lambda: 5e-324,
    "NaN": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "minus inf": lambda: float("-inf"),
    "complex": lambda: 1j,
    "decimal": lambda: decimal.Decimal("1e400"),
    "signalling NaN": lambda: decimal.Decimal("sNaN"),
    "fraction": lambda: fractions.Fraction(1, 3),
    "numpy number": lambda: np.float32(2),
    "numpy truth": lambda: np.True_,
    "numpy text": lambda: np.str_("text"),
    "date": lambda: datetime.date(2020, 2, 2),
    "NaT": lambda: pd.NaT,
    "NA": lambda: pd.NA,
    "bytes": lambda: b"bytes\xff",
    "bytearray": lambda: bytearray(b"text"),
    "memoryview": lambda: memoryview(b"text"),
    "empty text": lambda: "",
    "blank": lambda: " \t\n",
    "NUL": lambda: "a\0b",
    "half a character": lambda: "a\ud83db",
    "all halves": lambda: "\udcff\ud800",
    "long name": lambda: "n" * 300,
    "long path": lambda: "/".join(["folder"] * 2000) + ".csv",
    "long text": lambda: "word " * 20_000,
    "many quotes": lambda: "'\"" * 3000,
    "marks of direction": lambda: "\u202eevil\u2066",
    "ANSI": lambda: "\x1b[2J\x1b]0;title\x07",
    "template": lambda: "{0.__class__} %s %(a)s ${HOME} $(id)",
    "nobody": lambda: "~nobody-at-all/x.csv",
    "tilde": lambda: "~",
    "folder": lambda: ".",
    "root": lambda: "/",
    "device": lambda: "/dev/null",
    "above": lambda: "../../../../etc/passwd",
    "glob": lambda: "[!a-",
    "double star": lambda: "**/**.nothing",
    "query": lambda: "x.csv?header=maybe&sep=",
    "sample": lambda: "sample:\0@\ud800",
    "at": lambda: "@",
    "colon": lambda: "a:b:c@d@e",
    "hub id": lambda: "owner/name:config@split[:10%]",
    "address": lambda: "https://127.0.0.1:1/x.csv",
    "comma": lambda: ",,,",
    "number": lambda: "1e999",
    "digits": lambda: "9" * 5000,
    "Arabic digits": lambda: "١٢",
    "underscored": lambda: "1_0",
    "text of a class": lambda: Text("text"),
    "path": lambda: pathlib.Path("nowhere.csv"),
    "path of a class": lambda: Folder("nowhere"),
    "path with NUL": lambda: pathlib.PurePosixPath("a\0b"),
    "long path object": lambda: pathlib.Path("n" * 300),
    "path of bytes": lambda: hostile(__fspath__=lambda self: b"bytes"),
    "path that raises": lambda: hostile("__fspath__"),
    "Windows path": lambda: pathlib.PureWindowsPath("C:\\x"),
    "list": list,
    "list of None": lambda: [None],
    "list of numbers": lambda: [1, 2.5, float("nan")],
    "list of texts": lambda: ["a", "b\ud83d", "\0"],
    "mixed list": lambda: ["a", 1, None, b"x", [2], {"k": 3}],
    "nested list": lambda: [["a", "b"], ["c"]],
    "deep list": lambda: deep(5000),
    "endless list": endless,
    "long list": lambda: [0] * 100_000,
    "tuple": lambda: (),
    "pair": lambda: ("a", "b"),
    "set": lambda: {"a", 1},
    "frozenset": lambda: frozenset(["a"]),
    "dict": dict,
    "dict of columns": lambda: {"text": ["a", "b"], "label": ["x", "y"]},
    "dict of numbers": lambda: {1: 2},
    "dict of lengths": lambda: {"text": ["a"], "label": ["x", "y"]},
    "dict of a list of lists": lambda: {"text": [["a"], "b"], "label": [[1], {}]},
    "deep dict": lambda: deep(5000, dict),
    "list of dicts": lambda: [{"text": "a"}, {"label": 1}, {}],
    "counter": lambda: collections.Counter("abca"),
    "range": lambda: range(3),
    "generator": lambda: (number for number in range(3)),
    "iterator": lambda: iter(["a"]),
    "map": lambda: map(str, [1]),
    "array": lambda: np.arange(3),
    "array of one": lambda: np.array([1]),
    "array of none": lambda: np.array(1),
    "array of texts": lambda: np.array(["a", "b"]),
    "array of objects": lambda: np.array([None, "a", 1], dtype=object),
    "matrix": lambda: np.eye(2),
    "empty array": lambda: np.empty((0, 3)),
    "records": lambda: np.zeros(2, dtype=[("text", "U4"), ("label", "i4")]),
    "series": lambda: pd.Series(["a", None, "b\ud83d"], dtype=object),
    "series of numbers": lambda: pd.Series([1.5, np.nan]),
    "empty series": lambda: pd.Series([], dtype=object),
    "frame": lambda: pd.DataFrame({"text": ["a b", "c d"], "label": ["x", "y"]}),
    "frame of numbers": lambda: pd.DataFrame([[1, 2], [3, 4]]),
    "empty frame": pd.DataFrame,
    "frame without rows": lambda: pd.DataFrame({"text": [], "label": []}),
    "frame without columns": lambda: pd.DataFrame(index=range(3)),
    "frame with a column twice": lambda: pd.DataFrame([["a", "b"]], columns=["text", "text"]),
    "frame with levels": lambda: pd.DataFrame([["a", "b"]], columns=pd.MultiIndex.from_tuples([("a", 1), ("a", 2)])),
    "frame of objects": lambda: pd.DataFrame({"text": [{}, [], set(), b"", object()], "label": [1, "a", None, [], {}]}),
    "frame of halves": lambda: pd.DataFrame(
        [["a\ud83d", "\ud800"]], columns=pd.Index(["te\ud83dxt", "label"], dtype=object), dtype=object
    ),
    "frame of dates": lambda: pd.DataFrame({"text": pd.date_range("2020", periods=3), "label": [1j, 2j, 3j]}),
    "frame of hostile cells": lambda: pd.DataFrame({"text": [hostile("__eq__", "__str__", "__repr__")]}),
    "index": lambda: pd.Index(["a"]),
    "table": lambda: pa.table({"text": ["a", "b"], "label": [1, 2]}),
    "arrow scalar": lambda: pa.scalar("a"),
    "file": lambda: io.StringIO("text,label\na,b\n"),
    "function": lambda: lambda row: True,
    "function that raises": lambda: _raise,
    "partial": lambda: functools.partial(print),
    "type": lambda: int,
    "frame type": lambda: pd.DataFrame,
    "module": lambda: types,
    "object": object,
    "everything": Everything,
    "range of values": lambda: ranges.log(1e-5, 1e-3),
    "range without values": lambda: ranges.choice(),
    "reversed range": lambda: ranges.between(5, 1),
    "range of hostile values": lambda: ranges.choice(hostile("__eq__", "__repr__"), [1]),
    "range of texts": lambda: ranges.between("a", None),
    "hostile repr": lambda: hostile("__repr__", "__str__", "__format__"),
    "hostile equality": lambda: hostile("__eq__", "__ne__", "__hash__"),
    "hostile truth": lambda: hostile("__bool__", "__len__"),
    "hostile number": lambda: hostile("__float__", "__int__", "__index__"),
    "hostile list": lambda: hostile("__iter__", "__getitem__", "__len__", "__contains__"),
    "repr of 10 MB": lambda: hostile(__repr__=lambda self: "r" * 10_000_000),
    "repr that is no text": lambda: hostile(__repr__=lambda self: 5),
    "exception": lambda: ValueError("x"),
}
"""Functions that make a value, by what it is: a value that can be used up is made anew each time."""


class Odd:
    """A value to try, which shows itself by its name."""

    def __init__(self, name, make):
        self.name, self.make = name, make

    def __repr__(self):
        return f"<{self.name}>"


def constant(value):
    return Odd(f"{value!r:.200}", lambda: value)


NAMED = [Odd(name, make) for name, make in VALUES.items()]

characters = st.characters(codec=None, categories=None) | st.sampled_from(
    "{}[]()'\"\\;#=%$,@:?*~|/\0\n\t\ud83d\udc00\u202e"
)
texts = st.text(characters, max_size=60)

odd = (
    st.sampled_from(NAMED)
    | st.sampled_from(NAMED)
    | st.sampled_from(NAMED)
    | st.sampled_from(NAMED)
    | texts.map(constant)
    | st.integers().map(constant)
    | st.floats().map(constant)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | texts | st.binary(max_size=9), st.lists, max_leaves=8
    ).map(constant)
    | st.dictionaries(texts, st.lists(texts, max_size=3), max_size=3).map(constant)
)
"""Any value of all: a named one, or one that is drawn."""
