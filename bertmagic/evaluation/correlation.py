"""Correlations of two columns as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def pearson(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """Return the linear correlation of two columns, between -1 and 1; 0 where one is constant and it is not defined."""
    import numpy as np

    if not (len(one) and np.ptp(one) > 0 and np.ptp(other) > 0):
        return 0.0
    # Divided by the largest deviation first: squares of very small or very large ones leave the range of numbers.
    first, second = (_unit(side.astype(np.float64)) for side in (one, other))
    correlation = float(first @ second / np.sqrt((first @ first) * (second @ second)))
    return min(max(correlation, -1.0), 1.0)


def spearman(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    """Return the linear correlation of the ranks; equal values share the mean of theirs."""
    import pandas as pd

    return pearson(pd.Series(one).rank().to_numpy(), pd.Series(other).rank().to_numpy())


def _unit(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    import numpy as np

    around = values - values.mean()
    return around / np.abs(around).max()  # type: ignore[no-any-return]
