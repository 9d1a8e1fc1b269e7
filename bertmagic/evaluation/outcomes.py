"""The true and the predicted value of each row that was measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bertmagic.data import pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.evaluation.bootstrap import Tally


@dataclass(frozen=True)
class Outcomes:
    """The true and the predicted value of each row; errors, pictures, slices and comparisons are computed from them.

    Attributes
    ----------
    index
        The user's index of the rows, ``(rows,)``.
    texts, second
        The texts of the rows; ``second`` for pairs. Views of the user's columns, not copies.
    lengths
        How many tokens the model read of each row, ``(rows,)``.
    true, predicted
        By task: numbers of classes, ``(rows,)``; 0 or 1 for each label, ``(rows, labels)``; numbers, ``(rows,)``; else
        text in an array of objects, ``(rows,)``.
    probabilities
        The probability of each class or label, ``(rows, labels)``; None for tasks without probabilities.
    credit
        How right each row is: 1 if it is right, 0 if it is wrong; for numbers, minus the absolute error. ``(rows,)``.
    tallies
        The metrics, as functions of rows: for intervals, slices and paired comparisons.
    """

    index: pd.Index
    texts: Sequence[str]
    lengths: npt.NDArray[np.int64]
    true: npt.NDArray[Any]
    predicted: npt.NDArray[Any]
    credit: npt.NDArray[np.float64]
    tallies: tuple[Tally, ...] = ()
    probabilities: npt.NDArray[np.float32] | None = None
    second: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.index)

    def text(self, at: int) -> str:
        """Return what was read of a row, the two texts of a pair with `` ||| `` between them."""
        return self.texts[at] if self.second is None else pairs.joined(self.texts[at], self.second[at])

    @property
    def numeric(self) -> bool:
        """Whether numbers are predicted: these are near or far off instead of right or wrong."""
        return self.true.ndim == 1 and self.true.dtype.kind == "f"

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """Whether each row is not fully right, ``(rows,)``."""
        return self.credit < 1

    def with_tallies(self, *tallies: Tally) -> Outcomes:
        """Return these with tallies."""
        return replace(self, tallies=tallies)
