"""Metrics of parts of the rows: those with each value of a column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bertmagic.evaluation.report import Slice

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd


def by_value(
    columns: pd.DataFrame, metrics: Callable[[npt.NDArray[np.bool_]], Mapping[str, float]]
) -> tuple[Slice, ...]:
    """Return the metrics of each value of each column, the most frequent value first.

    Parameters
    ----------
    columns
        The columns to slice by, with the measured rows.
    metrics
        From which rows belong to a slice, ``(rows,)``, to their metrics.
    """
    found = []
    for name in columns.columns:
        values = columns[name].astype("string").fillna("<NA>").reset_index(drop=True)
        for value in values.value_counts().index:
            rows = (values == value).to_numpy(dtype=bool)
            found.append(Slice(str(name), str(value), int(rows.sum()), metrics(rows)))
    return tuple(found)
