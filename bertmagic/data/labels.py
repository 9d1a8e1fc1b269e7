"""Classes: the values of a label column, in a fixed order, and their numbers."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any

from bertmagic.data import list_forms
from bertmagic.data.texts import cells
from bertmagic.errors import DataError, count, listing
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

Value = str | int | bool

NO_LABEL = "-"
"""What SNLI and MultiNLI write where their annotators did not agree on a label."""


@dataclass(frozen=True)
class Labels:
    """The classes in the order of their numbers, as the user's own values.

    Strings stay strings, whole numbers stay numbers and booleans stay booleans, through saving and loading.
    """

    values: tuple[Value, ...]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def names(self) -> tuple[str, ...]:
        """The classes as text, for headings and for the config of a model; quoted where 1 and "1" are two."""
        texts = tuple(str(value) for value in self.values)
        return texts if len(set(texts)) == len(texts) else tuple(repr(value) for value in self.values)

    def encode(self, column: Iterable[Any]) -> npt.NDArray[np.int64]:
        """Return the number of each value; -1 for a value that is missing or is not a class."""
        import numpy as np

        numbers = {value: i for i, value in enumerate(self.values)}
        by_name = {name: i for i, name in enumerate(self.names)}

        def number(value: Value | None) -> int:
            # A list or an array, which is not a class, has no hash.
            known = isinstance(value, Hashable) and value in numbers
            return -1 if value is None else numbers[value] if known else by_name.get(str(value), -1)

        return np.fromiter((number(plain(value)) for value in column), np.int64)


def missing(value: Any) -> bool:
    """Whether a cell of a table is empty: None, NaN or pandas' own NA and NaT."""
    nan = isinstance(value, Real | Decimal) and value != value
    return value is None or nan or type(value).__name__ in ("NAType", "NaTType")


def plain(value: Any) -> Value | None:
    """Return a label as a plain Python value; None if it is missing or blank."""
    if isinstance(value, str):
        return value.strip() or None
    if hasattr(value, "item") and getattr(value, "ndim", 1) == 0:  # a numpy scalar
        value = value.item()
    if missing(value):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value)
    return value  # type: ignore[no-any-return]


def marks_no_label(values: Collection[Any]) -> bool:
    """Whether `NO_LABEL` is among the values of a label column and is no class: at least two others are all words."""
    others = {value for value in values if value is not None} - {NO_LABEL}
    words = all(isinstance(value, str) and sum(map(str.isalpha, value)) > 1 for value in others)
    return NO_LABEL in values and len(others) > 1 and words


def classes(column: pd.Series, where: str) -> Labels:
    """Return the classes of a label column: categories in their order, numbers ascending, text by alphabet.

    `NO_LABEL` is not a class if the others are words.

    Raises
    ------
    DataError
        If the values cannot be classes, or there is only one.
    """
    values: set[Any] = set()
    for value in map(plain, cells(column)):
        if not isinstance(value, str | int | None):
            raise _no_classes(column, where)
        values.add(value)
    values.discard(None)
    list_forms.refuse(values, where)
    if marks_no_label(values):
        values.discard(NO_LABEL)
    if len(values) == 1:
        raise DataError(
            f"{where} has one class only, {next(iter(values))!r}; there is nothing to learn.",
            "Give rows of at least two classes.",
        )
    if not values:
        raise DataError(f"{where} has no label in any row.", "Fill the column in, or name another with label = …")
    if len(values) > max(50, len(column) // 2):
        raise DataError(
            f"{where} has {len(values):,} different values in {count(len(column), 'row')}; classes are fewer.",
            "Name the column that holds the class with label = …",
        )
    return Labels(ordered(column, values))


def _no_classes(column: pd.Series, where: str) -> DataError:
    example = next(value for value in cells(column) if not isinstance(plain(value), str | int | None))
    if isinstance(example, bytes):
        return DataError(
            f"{where} holds bytes, such as {quoted(example)}; classes are text or numbers.", decoding(column)
        )
    if isinstance(example, float | Decimal):
        return DataError(
            f"{where} holds numbers with fractions, such as {quoted(example)}; classes are text or whole numbers.",
            'task = "regression" predicts the number itself; or bin them, as in pandas.cut(df.score, 3, '
            "labels=['low', 'middle', 'high']).",
        )
    if isinstance(example, list | tuple | set | frozenset) or getattr(example, "ndim", 0) == 1:
        return DataError(
            f"{where} holds lists, such as {quoted(example)} ({type(example).__name__}); classes are one per row.",
            'task = "multi_label" learns several labels per row; else give one class per row.',
        )
    return DataError(
        f"{where} holds values such as {quoted(example)} ({type(example).__name__}); classes are text, numbers or "
        "booleans.",
        "Give one class per row.",
    )


def decoding(column: pd.Series) -> str:
    """Return how a column of bytes becomes one of texts: ``astype(str)`` would give "b'…'"."""
    return f"Decode them, as in df[{column.name!r}].str.decode('utf-8')."


def ordered(column: pd.Series, values: set[Any]) -> tuple[Value, ...]:
    """Return values of a column in the order of its categories, else numbers ascending or text by alphabet.

    Raises
    ------
    DataError
        If they are of several kinds.
    """
    kinds = {type(value) for value in values}
    if len(kinds) > 1:
        raise DataError(
            f"{column.name!r} mixes kinds of labels: {listing(sorted(repr(value) for value in values))}.",
            f"Make them one kind, as in df[{column.name!r}].astype(str).",
        )
    categories = getattr(getattr(column, "cat", None), "categories", None)
    if categories is not None:
        return tuple(dict.fromkeys(value for value in map(plain, categories) if value in values and value is not None))
    return tuple(sorted(values))
