"""Any number of labels per row: from lists, from texts that are read as lists, or from columns of 0 and 1."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.data import list_forms, numbers
from bertmagic.data.labels import Labels, missing, ordered, plain
from bertmagic.data.texts import cells
from bertmagic.errors import DataError, count, listing
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

SEPARATORS = ("|", ";", ",")
"""Possible separators of labels in one text, the likeliest first."""

_LOOK = 1000
"""How many cells are examined to find what a column holds."""

_EMPTY, _ODD = -1, -2


@dataclass(frozen=True)
class LabelSets:
    """The labels of each row.

    Attributes
    ----------
    labels
        All labels, in the order of the columns of ``targets``.
    targets
        1 where a row has a label, else 0, of shape ``(rows, labels)``.
    unlabelled
        Whether nothing is known of a row, of shape ``(rows,)``. A row with an empty list is known to have no label.
    """

    labels: Labels
    targets: npt.NDArray[np.int8]
    unlabelled: npt.NDArray[np.bool_]


def of_column(column: pd.Series, where: str, separator: str = "", known: Labels | None = None) -> LabelSets:
    """Return the labels of a column of lists, of dicts with 1 or 0 for each label, or of texts that are read as lists.

    Parameters
    ----------
    where
        How messages call the column.
    separator
        What separates labels in a text that is not itself a list; if empty, such a text is one label.
    known
        The labels to use; by default those of the column.

    Raises
    ------
    DataError
        If a cell is not a list of labels, a label is not in ``known``, or there is nothing to learn.
    """
    import numpy as np

    list_forms.refuse(cells(column), where)
    rows = [_read(value, separator) for value in cells(column)]
    _refuse_vectors(rows, where, known)
    flat = [value for row in rows if row for value in row]
    _refuse_odd(rows, column, where)
    labels = known or Labels(_vocabulary(flat, rows, column, where))
    owner = np.repeat(np.arange(len(rows)), [len(row or ()) for row in rows])
    codes = labels.encode(flat)
    _refuse_unknown(codes, owner, flat, column, where, labels)
    targets = np.zeros((len(rows), len(labels)), np.int8)
    targets[owner, codes] = 1
    return LabelSets(labels, targets, np.fromiter((row is None for row in rows), bool, len(rows)))


def unseen(column: pd.Series, separator: str, known: Labels) -> dict[int, str]:
    """Return the rows of a column of label sets with an unknown label, by position, and the label."""
    unknown = {}
    for at, value in enumerate(cells(column)):
        labels = _read(value, separator) or ()
        codes = known.encode(labels)
        if len(codes) and codes.min() < 0:
            unknown[at] = str(labels[int(codes.argmin())])
    return unknown


def of_columns(frame: pd.DataFrame, names: Sequence[str], where: str) -> LabelSets:
    """Return the labels of columns that are 1 if a row has their label, else 0.

    Raises
    ------
    DataError
        If a column holds something else.
    """
    import numpy as np

    targets = np.zeros((len(frame), len(names)), np.int8)
    unlabelled = np.zeros(len(frame), bool)
    for i, name in enumerate(names):
        flags = np.fromiter(map(_flag, cells(frame[name])), np.int8, len(frame))
        odd = np.flatnonzero(flags == _ODD)
        if len(odd):
            raise DataError(
                f"column {name!r} of {where} holds {quoted(frame[name].iloc[odd[:1]].tolist()[0])} in row "
                f"{frame.index[odd[0]]}; a column for each label holds 1 where a row has it and 0 where not.",
                "Name only such columns in label = […], or one column that holds lists of labels.",
            )
        unlabelled |= flags == _EMPTY
        targets[:, i] = flags == 1
    return LabelSets(Labels(tuple(names)), targets, unlabelled)


def looks_like_lists(column: pd.Series) -> bool:
    """Whether the first cells hold lists of plain values, dicts of 0 and 1, or texts that are written as such lists.

    Measurements such as ``[2, 2]``, two votes of two, are no labels.
    """
    values = [value for value in column.head(_LOOK).tolist() if not missing(value)]
    found = [_items(value) if not isinstance(value, str) else _written(value) for value in values]
    rows = [row for row in found if row is not None and all(map(_is_plain, row))]
    return bool(values) and len(rows) == len(values) and not _are_measurements(rows)


def _are_measurements(rows: list[list[Any]]) -> bool:
    """Whether lists are of numbers and of one length, and one has a number twice, unless all are 0 or 1."""
    numbers_only = all(type(value) is int for row in rows for value in row)
    repeated = any(len(set(row)) < len(row) for row in rows) if numbers_only else False
    return repeated and len({len(row) for row in rows}) == 1 and any(value > 1 for row in rows for value in row)


def looks_like_flags(column: pd.Series) -> bool:
    """Whether the first cells are all 0 or 1, and both occur."""
    return {_flag(value) for value in column.head(_LOOK).tolist()} - {_EMPTY} == {0, 1}


def separator_of(column: pd.Series, asked: bool = False) -> str:
    """Return what separates labels in the texts of a column, or an empty text.

    It is unmistakable where texts of one label and texts of several stand in the column, and the labels are fewer than
    the different texts that they make up: names of classes that hold the character themselves, or paths such as
    ``sport|tennis``, are not taken apart. Where several labels are ``asked`` for, the first of `SEPARATORS` is enough
    but for the comma, which many names hold; and all cells are looked at. A decimal comma separates no labels.
    """
    if not asked and numbers.has_decimal_commas(column):
        return ""
    seen = cells(column if asked else column.head(_LOOK))
    plain_texts = Counter(value for value in seen if isinstance(value, str) and _written(value) is None)
    for separator in SEPARATORS:
        texts = {frozenset(_split(text, separator)) for text in plain_texts} - {frozenset()}
        sizes, labels = {len(text) for text in texts}, frozenset().union(*texts)
        if sizes - {1} and ((len(sizes) > 1 and len(labels) < len(texts)) or (asked and separator != ",")):
            return separator
    return ""


def _read(value: Any, separator: str) -> tuple[Any, ...] | None:
    """Return the labels of a cell; None if it is empty."""
    if isinstance(value, str):
        written = _written(value)
        if written is None:
            return _split(value, separator) or None
        value = written
    items = _items(value)
    if items is None:
        one = plain(value)
        return None if one is None else (one,)
    return tuple(item for item in map(plain, items) if item is not None)


def _items(value: Any) -> list[Any] | None:
    """Return the values of a list, tuple, set or array, or the keys with 1 of a dict of several 0 and 1; else None."""
    if isinstance(value, Mapping):
        flags = {label: _flag(has) for label, has in value.items()}
        fits = len(flags) > 1 and _ODD not in flags.values()
        return [label for label, flag in flags.items() if flag == 1] if fits else None
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    return value.tolist() if getattr(value, "ndim", 0) == 1 else None


def _written(text: str) -> list[Any] | None:
    """Return the list that a text is: as JSON or as Python writes it (so do CSV files of pandas); None of another.

    What is written otherwise is not guessed at: NumPy's ``['a' 'b']`` would be the one label ``ab`` to Python.
    """
    text = text.strip()
    if not (text.startswith("[") and text.endswith("]")):
        return None
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        try:
            parsed = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return None
        if repr(parsed) != text:
            return None
    return parsed if isinstance(parsed, list) else None


def _split(text: str, separator: str) -> tuple[str, ...]:
    parts = text.split(separator) if separator else [text]
    return tuple(part.strip() for part in parts if part.strip())


def _flag(value: Any) -> int:
    """Return a cell of a 0/1 column as a number: `_EMPTY` for an empty cell, `_ODD` for any other value."""
    cell = plain(value)
    if cell is None:
        return _EMPTY
    flags: dict[str | int, int] = {"0": 0, "1": 1, 0: 0, 1: 1}
    return flags.get(cell, _ODD) if isinstance(cell, str | int) else _ODD


def _is_plain(value: Any) -> bool:
    return isinstance(plain(value), str | int | None)


def _refuse_vectors(rows: list[tuple[Any, ...] | None], where: str, known: Labels | None) -> None:
    """Raise a `DataError` for lists of 0 and 1: the label of each position is unknown."""
    lengths = {len(row) for row in rows if row is not None}
    if len(lengths) != 1 or any(value not in (0, 1) for row in rows for value in row or ()):
        return
    # Lists of two without repeats have both 0 and 1: as labels, these would be on every row.
    one_hot = known is None and max(lengths) == 2
    if one_hot or any(len(set(row)) < len(row) for row in rows if row):
        raise DataError(
            f"{where} holds lists of {lengths.pop()} numbers that are 0 or 1, and not the names of labels.",
            "Make columns of them, df[names] = df.COLUMN.tolist(), and give label = names.",
        )


def _refuse_odd(rows: list[tuple[Any, ...] | None], column: pd.Series, where: str) -> None:
    for at, row in enumerate(rows):
        odd = [value for value in row or () if not isinstance(value, str | int)]
        if odd:
            raise DataError(
                f"{where} holds a list with {odd[0]!r} ({type(odd[0]).__name__}) in row {column.index[at]}; "
                "labels are text or whole numbers.",
                'Give lists such as ["food", "travel"], or [] where a row has no label.',
            )


def _vocabulary(
    flat: Iterable[Any], rows: list[tuple[Any, ...] | None], column: pd.Series, where: str
) -> tuple[Any, ...]:
    counted = Counter(flat)
    if not counted:
        raise DataError(f"{where} has no label in any row.", "Fill the column in, or name another with label = …")
    if len(counted) == 1 and all(row for row in rows if row is not None):
        raise DataError(
            f"{where} has one label only, {next(iter(counted))!r}, and every row has it.",
            "Give rows of at least two labels, or rows without it ([]).",
        )
    if len(counted) > max(50, counted.total() // 2):
        raise DataError(
            f"{where} has {len(counted):,} distinct labels in {count(len(column), 'row')}: no labels, it seems.",
            "Name the column that holds lists of labels with label = …",
        )
    return ordered(column, set(counted))


def _refuse_unknown(codes: Any, owner: Any, flat: list[Any], column: pd.Series, where: str, labels: Labels) -> None:
    import numpy as np

    unseen = np.flatnonzero(codes < 0)
    if len(unseen):
        rows = np.unique(owner[unseen])
        raise DataError(
            f"{where} has labels that training did not have: {listing(sorted({repr(flat[i]) for i in unseen}))} "
            f"in {count(len(rows), 'row')}, such as row {column.index[rows[0]]}.",
            f"The labels are {listing(labels.names)}. Map or drop those.",
        )


def names_of(targets: npt.NDArray[Any], labels: Labels) -> Iterator[list[Any]]:
    """Yield the labels that each row of ``(rows, labels)`` has, as the user's own values."""
    for row in targets:
        yield [value for value, has in zip(labels.values, row.tolist(), strict=True) if has]


def rarest(targets: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """Return for each row the one of its labels that the fewest rows have, for a split by these. Shape ``(rows,)``.

    A split that leaves a row of each number in train then leaves each label there: one that is nowhere the rarest
    gets a row with a number of its own. Rows without a label share a number too.
    """
    import numpy as np

    having, count = targets.sum(axis=0, dtype=np.int64), targets.shape[1]
    chosen: npt.NDArray[np.int64] = np.where(targets > 0, having, len(targets) + 1).argmin(axis=1)
    chosen[targets.sum(axis=1) == 0] = count
    for label in np.setdiff1d(np.flatnonzero(having), chosen):
        chosen[targets[:, label].argmax()] = count + 1 + label
    return chosen
