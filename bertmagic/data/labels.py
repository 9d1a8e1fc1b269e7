"""Classes: the values of a label column, in a fixed order, and their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.errors import DataError, listing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

Value = str | int | bool


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
        """The classes as text, for headings and for the config of a model."""
        return tuple(str(value) for value in self.values)

    def encode(self, column: Sequence[Any]) -> npt.NDArray[np.int64]:
        """Return the number of each value; -1 where a value is missing or is no class of these."""
        import numpy as np

        numbers = {value: i for i, value in enumerate(self.values)}
        by_name = {name: i for i, name in enumerate(self.names)}
        found = (plain(value) for value in column)
        return np.asarray([numbers.get(v, by_name.get(str(v), -1)) if v is not None else -1 for v in found], np.int64)


def plain(value: Any) -> Value | None:
    """Return a label as a plain Python value; None where it is missing or blank."""
    if hasattr(value, "item"):  # a numpy scalar
        value = value.item()
    if value is None or value != value or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return value.strip() or None
    return value  # type: ignore[no-any-return]


def classes(column: pd.Series, where: str) -> Labels:
    """Return the classes of a label column: categories in their order, numbers ascending, text by alphabet.

    Raises
    ------
    DataError
        If the values cannot be classes, or there is only one.
    """
    found = {value for value in (plain(v) for v in column.tolist()) if value is not None} if _hashable(column) else None
    if found is None or any(not isinstance(value, str | int) for value in found):
        raise _no_classes(column, where)
    if len(found) == 1:
        raise DataError(
            f"{where} has one class only, {next(iter(found))!r}; there is nothing to tell apart.",
            "Give rows of at least two classes.",
        )
    if not found:
        raise DataError(f"{where} has no label in any row.", "Fill the column in, or name another with label = …")
    if len(found) > max(50, len(column) // 2):
        raise DataError(
            f"{where} has {len(found):,} different values in {len(column):,} rows; they look like no classes.",
            "Name the column that holds the class with label = …",
        )
    return Labels(_ordered(column, found))


def _hashable(column: pd.Series) -> bool:
    return not any(isinstance(value, list | dict | set) or (hasattr(value, "tolist") and getattr(value, "ndim", 0))
                   for value in column.head(1000).tolist())  # fmt: skip


def _no_classes(column: pd.Series, where: str) -> DataError:
    example = next(value for value in column.tolist() if not isinstance(plain(value), str | int | None))
    if isinstance(example, float):
        return DataError(
            f"{where} holds numbers with fractions, such as {example!r}; classes are text or whole numbers.",
            "Round or bin them, as in pandas.cut(df.score, 3, labels=['low', 'middle', 'high']).",
        )
    return DataError(
        f"{where} holds values such as {example!r} ({type(example).__name__}); classes are text, numbers or booleans.",
        "Give one class a row.",
    )


def _ordered(column: pd.Series, found: set[Any]) -> tuple[Value, ...]:
    categories = getattr(getattr(column, "cat", None), "categories", None)
    if categories is not None:
        return tuple(value for v in categories if (value := plain(v)) is not None and value in found)
    kinds = {type(value) for value in found}
    if len(kinds) > 1:
        raise DataError(
            f"{column.name!r} mixes kinds of labels: {listing(sorted(repr(value) for value in found))}.",
            f"Make them one kind, as in df[{column.name!r}].astype(str).",
        )
    return tuple(sorted(found))
