"""Metrics of slices of the rows, and on which slices a model is worse."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bertmagic.data.labels import missing
from bertmagic.evaluation.bootstrap import FEWEST, Tally, intervals
from bertmagic.evaluation.report import Slice

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.evaluation.outcomes import Outcomes
    from bertmagic.evaluation.report import Interval

MOST = 50
"""How many values of a column are measured: the most frequent ones."""
_BINNED = 20
"""A column of numbers with more different values is divided into fifths."""


def measured(tallies: Sequence[Tally], column: pd.Series) -> tuple[Slice, ...]:
    """Return the metrics of each value of a column with their intervals, the most frequent value first.

    Parameters
    ----------
    tallies
        Those of all measured rows.
    column
        The value of each, by position.
    """
    slices = []
    for value, rows in _parts(column):
        metrics: dict[str, float] = {}
        spread: dict[str, Interval] = {}
        for tally in tallies:
            part = tally.take(rows)
            metrics |= (here := part.point_estimates())
            spread |= intervals(part, here, most=FEWEST)
        slices.append(Slice(str(column.name), value, int(rows.sum()), metrics, spread))
    return tuple(slices)


def _parts(column: pd.Series) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Yield the values of a column and which rows have them, the most frequent first, at most `MOST`."""
    values = named(column)
    for value in values.value_counts().index[:MOST]:
        yield str(value), (values == value).to_numpy(dtype=bool)


def named(column: pd.Series) -> pd.Series:
    """Return the values of a column of any type as text, by position; numbers as in `binned`."""
    import pandas as pd

    values = binned(column)
    return pd.Series(
        ["<NA>" if missing(one) else str(one) for one in values.tolist()], name=column.name, dtype="string"
    )


def binned(column: pd.Series) -> pd.Series:
    """Return a column of many numbers as ranges with about the same number of rows; any other column unchanged."""
    import pandas as pd

    numbers = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if not numbers or column.nunique() <= _BINNED:
        return column
    fifths = pd.qcut(column.astype(float), 5, duplicates="drop")
    inside = {interval: column[fifths == interval] for interval in fifths.cat.categories}
    names: dict[Any, str] = {interval: _span(values.min(), values.max()) for interval, values in inside.items()}
    return pd.Series(fifths.astype(object).map(names), name=column.name)


def _span(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def left_out(column: pd.Series) -> int:
    """Return how many values of a column have no slice of their own."""
    return max(0, int(named(column).nunique()) - MOST)


def tested(outcomes: Outcomes, columns: pd.DataFrame, slices: Sequence[Slice]) -> tuple[Slice, ...]:
    """Return slices with the p-value of their difference to the other rows, corrected for their number.

    Where rows are right or wrong it is Fisher's exact test, which holds for a single row, too; else Welch's t-test of
    what each row is worth. The correction is that of Holm 1979, which holds for slices that overlap too.

    Parameters
    ----------
    columns
        A column of values for each column of the slices.
    """
    import numpy as np

    where = {(str(name), value): rows for name in columns for value, rows in _parts(columns[name])}
    p_values: dict[bytes, float] = {}  # of each division of the rows, as both of its sides have the same p
    keys = []
    for one in slices:
        rows = where.get((one.column, one.value))
        if rows is None or rows.all():
            keys.append(b"")
            continue
        keys.append((rows ^ rows[0]).tobytes())
        if keys[-1] not in p_values:
            p_values[keys[-1]] = _by_chance(outcomes.credit[rows], outcomes.credit[~rows])
    adjusted = dict(zip(p_values, holm(np.array([*p_values.values()])).tolist(), strict=True))
    pairs = ((one, adjusted.get(key, np.nan)) for one, key in zip(slices, keys, strict=True))
    return tuple(one if np.isnan(p) else replace(one, p=p) for one, p in pairs)


def _by_chance(inside: npt.NDArray[np.float64], outside: npt.NDArray[np.float64]) -> float:
    import numpy as np
    from scipy.stats import fisher_exact, ttest_ind

    if np.isin(inside, (0, 1)).all() and np.isin(outside, (0, 1)).all():
        table = [[int(part.sum()), len(part) - int(part.sum())] for part in (inside, outside)]
        return float(fisher_exact(table)[1])
    if np.ptp(inside) == 0 and np.ptp(outside) == 0:
        return float(inside[0] == outside[0])
    enough = min(len(inside), len(outside)) > 1
    return float(ttest_ind(inside, outside, equal_var=False).pvalue) if enough else np.nan


def holm(p_values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return p-values corrected for their number; NaN stays and does not count.

    The k-th smallest of m is multiplied by ``m - k + 1``, and none is below the one before (Holm 1979).
    """
    import numpy as np

    adjusted = np.full(len(p_values), np.nan)
    order = np.argsort(p_values)[: int(np.isfinite(p_values).sum())]
    stepped = p_values[order] * (len(order) - np.arange(len(order)))
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return adjusted


def worst_first(slices: Sequence[Slice], metric: str, higher_is_better: bool = True) -> tuple[Slice, ...]:
    """Return slices sorted by a metric, the worst first; of equal ones that with more rows."""
    sign = 1 if higher_is_better else -1

    def place(one: Slice) -> tuple[bool, float, int]:
        return metric not in one.metrics, sign * one.metrics.get(metric, 0.0), -one.rows

    return tuple(sorted(slices, key=place))
