"""Cells of a column, read a few at a time without a list of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Self, overload

from bertmagic.data import surrogates
from bertmagic.text_safety import without_surrogates

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

_CHUNK = 1000


def frame(rows: Any) -> pd.DataFrame:
    """Return a dict of columns or a list of dicts as a frame; `surrogates.mended` mends what Arrow cannot hold."""
    import pandas as pd

    try:
        return pd.DataFrame(rows)
    except UnicodeEncodeError:
        return surrogates.of_objects(rows)


def strings(column: pd.Series) -> pd.Series:
    """Return a column of texts as one of pandas' strings, `without_surrogates`."""
    kind: Final = "string[pyarrow]"  # plain "string" keeps surrogates in older versions of pandas
    try:
        return column.astype(kind)
    except UnicodeEncodeError:
        return column.map(lambda cell: without_surrogates(cell) if isinstance(cell, str) else cell).astype(kind)


def cells(column: pd.Series) -> Iterator[Any]:
    """Yield the cells of a column as Python values."""
    for start in range(0, len(column), _CHUNK):
        yield from column.iloc[start : start + _CHUNK].tolist()


class Texts(Sequence[str]):
    """Some texts of a column: a view, which needs eight bytes per text in addition to the column.

    Attributes
    ----------
    column
        The column; its cells at ``positions`` are strings.
    positions
        The positions of the texts in the column, ascending, of shape ``(texts,)``.
    """

    def __init__(self, column: pd.Series, positions: npt.NDArray[np.int64]) -> None:
        self.column, self.positions = column, positions

    def __len__(self) -> int:
        return len(self.positions)

    @overload
    def __getitem__(self, where: int) -> str: ...

    @overload
    def __getitem__(self, where: slice) -> list[str]: ...

    def __getitem__(self, where: int | slice) -> str | list[str]:
        if isinstance(where, slice):
            return self._read(self.positions[where])
        return self._read(self.positions[[where]])[0]

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), _CHUNK):
            yield from self[start : start + _CHUNK]

    def take(self, rows: npt.NDArray[Any]) -> Self:
        """Return some of the texts, by their number here."""
        return type(self)(self.column, self.positions[rows])

    def _read(self, positions: npt.NDArray[np.int64]) -> list[str]:
        return self._cells(positions)

    def _cells(self, positions: npt.NDArray[np.int64]) -> list[Any]:
        if not len(positions):
            return []
        # Only from the part that holds them: Arrow may copy a whole column in chunks to take a few cells.
        first, last = int(positions.min()), int(positions.max())
        part = self.column.iloc[first : last + 1]
        return (part if len(part) == len(positions) else part.iloc[positions - first]).tolist()
