"""The shapes in which JSON holds rows: where in a value they stand, and whether as rows or as columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.data import texts
from bertmagic.data.columns import LABEL_NAMES
from bertmagic.data.formats.numerals import is_position
from bertmagic.data.text_columns import TEXT_NAMES
from bertmagic.errors import DataError, count, listing

if TYPE_CHECKING:
    import pandas as pd

KNOWN = (
    'a list of objects ([{"text": …, "label": …}]), an object in each line, such a list under a key or under the names '
    "of splits, columns (pandas' to_json with any orient), lists of [text, label], SQuAD, and the exports of "
    "annotation tools"
)
"""What messages list as known shapes."""

_SPLIT = re.compile(r"(.+[-_ ])?(train(ing)?|dev(elopment)?|val(id|idation)?|test(ing)?|eval)([-_ ].+)?", re.IGNORECASE)
_EXAMPLES = ("common_examples", "utterances")
"""Keys of the rows of Rasa NLU and of LUIS."""

_NAMES = TEXT_NAMES | LABEL_NAMES | {"tokens", "words", "tags", "ner_tags", "id", "sentence1", "question", "context"}


@dataclass(frozen=True)
class Shape:
    """Where the rows of a value stand.

    Attributes
    ----------
    tables
        By the name of their split, or ``""``: a list of rows, which may have any form, or a frame of columns.
    under
        The key under which they stand; empty if the value itself is the rows.
    others
        Keys that hold something else, which is not read.
    remark
        What else a user should know.
    """

    tables: Mapping[str, list[Any] | pd.DataFrame]
    under: str = ""
    others: tuple[str, ...] = ()
    remark: str = ""

    @property
    def note(self) -> str:
        """What a user should know of it: empty if there is nothing to say."""
        parts = [self.remark] if self.remark else []
        if len(self.tables) > 1:
            parts.append(f"the keys {listing(self.tables)} are splits")
        if self.under:
            parts.append(f"rows stand under {self.under!r}")
        if self.others and (parts or self.under):
            parts.append(f"{listing(self.others)} {'is' if len(self.others) == 1 else 'are'} not read")
        return "; ".join(parts)


def of(value: Any, name: str) -> Shape | None:
    """Return the shape of a value; None if it is an object without rows in it.

    Raises
    ------
    DataError
        If columns are not of one length, or it is unclear which of two levels are the rows.
    """
    if isinstance(value, list):
        return Shape({"": value})
    if not isinstance(value, dict):
        return None
    return _tabular(value, name) or _splits(value, name) or _columns(value, name) or _under_key(value, name)


def _holds_rows(value: Any) -> bool:
    """Whether a value is a list of objects or lists; null in some places is a tool's missing row."""
    items = [item for item in value if item is not None] if isinstance(value, list) else []
    return bool(items) and all(isinstance(item, dict | list) for item in items)


def _tabular(value: dict[str, Any], name: str) -> Shape | None:
    """Read the orientations ``split``, ``tight`` and ``table`` of pandas: columns apart from data."""
    data, columns = value.get("data"), value.get("columns")
    if isinstance(data, list) and isinstance(columns, list) and all(isinstance(row, list) for row in data):
        return Shape({"": _with_index(named_rows(data, columns, name), value.get("index"))})
    schema = value.get("schema")
    if isinstance(data, list) and isinstance(schema, dict) and isinstance(schema.get("fields"), list):
        frame = texts.frame(data)
        primary = schema.get("primaryKey")
        keys = [key for key in primary if isinstance(key, str) and key in frame] if isinstance(primary, list) else []
        index = frame[keys[0]].tolist() if len(keys) == 1 else None
        return Shape({"": _with_index(frame.drop(columns=keys), index)})
    return None


def named_rows(rows: list[list[Any]], columns: list[Any], name: str) -> pd.DataFrame:
    """Return rows that are lists as a frame.

    Raises
    ------
    DataError
        If a row has another number of values than there are columns, or two columns have one name.
    """
    names = list(map(str, columns))
    if len(set(names)) < len(names):
        twice = next(column for column in names if names.count(column) > 1)
        raise DataError(f"{name} has two columns named {twice!r}.", "Rename one of them.")
    for at, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise DataError(
                f"row {at:,} of {name} has {count(len(row), 'value')} for {count(len(names), 'column')} "
                f"({listing(names, 5)}).",
                "Give each row as many values.",
            )
    return texts.frame({column: [row[at] for row in rows] for at, column in enumerate(names)})


def _with_index(frame: pd.DataFrame, index: Any) -> pd.DataFrame:
    """Give a frame its own index if that says more than the number of the row."""
    if not isinstance(index, list) or len(index) != len(frame) or not all(isinstance(i, str | int) for i in index):
        return frame
    labels = [int(i) if isinstance(i, str) and is_position(i) and str(int(i)) == i else i for i in index]
    return frame if labels == list(range(len(frame))) else frame.set_axis(labels)


def _splits(value: dict[str, Any], name: str) -> Shape | None:
    """Read ``{"train": rows, "test": rows}``, where each may have a shape of its own."""
    if not any(_SPLIT.fullmatch(key) for key in value):
        return None
    tables, others = {}, []
    for key, part in value.items():
        nested = isinstance(part, dict) and _SPLIT.fullmatch(key)
        shape = of(part, f"{key} of {name}") if nested or _holds_rows(part) else None
        if shape is not None and set(shape.tables) == {""}:
            tables[key] = shape.tables[""]
        else:
            others.append(key)
    return Shape(tables, others=tuple(others)) if any(_SPLIT.fullmatch(key) for key in tables) else None


def _columns(value: dict[str, Any], name: str) -> Shape | None:
    """Read ``{"text": […], "label": […]}``, and both orientations of pandas that are objects of objects."""
    parts = list(value.values())
    if parts and all(isinstance(part, dict) and part for part in parts):
        return _by_index(value, name)
    if not parts or not all(isinstance(part, list) for part in parts):
        return None
    if all(map(_holds_rows, parts)) and not any(key.lower() in _NAMES for key in value):
        return None
    if len({len(part) for part in parts}) > 1:
        if any(map(_holds_rows, parts)):
            return None
        if classes := _classes(value):
            return classes
        raise DataError(f"the columns of {name} are not of one length.", "Give every column as many values.")
    return Shape({"": texts.frame(value)})


def _classes(value: dict[str, list[Any]]) -> Shape | None:
    """Read ``{"greet": ["hello", "hi"], "bye": ["see you"]}``: a class in each key, and its texts."""
    if len(value) < 2 or any(key.lower() in _NAMES for key in value):
        return None
    rows = [{"text": text, "label": key} for key, items in value.items() for text in items]
    if not rows or not all(isinstance(row["text"], str) for row in rows):
        return None
    return Shape({"": rows}, remark=f"each key is a class and its items are texts: {listing(value, 5)}")


def _by_index(value: dict[str, dict[str, Any]], name: str) -> Shape | None:
    """Read an object of objects: a column in each, or a row in each."""
    keys = [set(part) for part in value.values()]
    is_row = _rows_are_outside(value.keys(), set().union(*keys), all(part == keys[0] for part in keys))
    if is_row is None:
        return None
    if is_row:
        return Shape({"": _with_index(texts.frame(list(value.values())), list(value))})
    frame = texts.frame(value)
    return Shape({"": _with_index(frame.reset_index(drop=True), frame.index.tolist())})


def _rows_are_outside(outer: Any, inner: Any, all_same: bool) -> bool | None:
    """Whether the outer keys are those of rows and the inner ones those of columns; None if neither is likely."""
    numbered = [all(key.lstrip("-").isdecimal() for key in keys) for keys in (outer, inner)]
    if numbered[0] != numbered[1]:
        return numbered[0]
    known = [any(key.lower() in _NAMES for key in keys) for keys in (outer, inner)]
    if known[0] != known[1]:
        return known[1]
    if all_same and len(outer) != len(inner) and all(numbered):
        return len(outer) > len(inner)
    return None


def _under_key(value: dict[str, Any], name: str) -> Shape | None:
    """Read rows that stand under one key, or under several."""
    if any(isinstance(part, str) and key.lower() in TEXT_NAMES for key, part in value.items()):
        return None  # one row, which has lists in it
    parts = {key: part for key, part in value.items() if _holds_rows(part)}
    examples = [key for key in _EXAMPLES if key in parts]  # the other lists of such a file describe them
    parts = {key: parts[key] for key in examples} or parts
    if len(parts) > 1:
        return Shape(parts, others=tuple(key for key in value if key not in parts))
    if parts:
        key = next(iter(parts))
        return Shape({"": parts[key]}, key, tuple(other for other in value if other != key))
    shapes = {key: shape for key, part in value.items() if isinstance(part, dict) and (shape := of(part, name))}
    if len(shapes) != 1:
        return None
    key, shape = next(iter(shapes.items()))
    return Shape(shape.tables, f"{key}.{shape.under}".rstrip("."), shape.others)


def is_header(row: list[Any]) -> bool:
    """Whether the first of rows that are lists names the columns: one of its texts is a usual name of a column."""
    return all(isinstance(cell, str) for cell in row) and any(cell.strip().lower() in _NAMES for cell in row)


def text_and_label(rows: list[list[Any]]) -> list[str] | None:
    """Return ``["text", "label"]``, or the reverse, for rows of two values; None if it is unclear which is the text.

    The text is longer on average, and the label repeats more often.
    """
    if any(len(row) != 2 or not all(isinstance(cell, str | int | float) for cell in row) for row in rows):
        return None
    first, second = ([row[at] for row in rows] for at in (0, 1))
    longer = sum(len(str(cell)) for cell in first) - sum(len(str(cell)) for cell in second)
    more = len(set(first)) - len(set(second))
    if longer > 0 and more >= 0:
        return ["text", "label"]
    return ["label", "text"] if longer < 0 and more <= 0 else None
