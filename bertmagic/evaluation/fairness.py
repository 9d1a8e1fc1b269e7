"""How differently a model treats groups of rows: demographic parity, equal opportunity and equalised odds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.errors import listing
from bertmagic.evaluation.limits import of_difference
from bertmagic.evaluation.report import FEW, Gap

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Counts = tuple[int, int]
    """How many rows are counted, and of how many."""

_GROUPS = 20
"""How many groups of a column are compared: the largest ones."""


def gaps(
    given: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_], names: Sequence[str], groups: pd.Series
) -> tuple[Gap, ...]:
    """Return, for each class, the largest difference between the rates of two groups.

    Parameters
    ----------
    given, wanted
        Whether each row was given, and has, each class: ``(rows, classes)``.
    names
        Of the classes.
    groups
        The group of each row, as text; those of fewer than 30 rows are left out.

    Notes
    -----
    Demographic parity compares how often a class is predicted; equal opportunity how often it is predicted for rows
    that have it; equalised odds compares that and how often it is predicted for rows that do not have it, and takes the
    larger gap (Hardt, Price & Srebro 2016). A gap is the difference of the two groups that are furthest apart. Its
    interval is that of two independent shares; it includes values below 0 if chance can explain
    the gap. With many groups gaps look larger than they are, as the two are chosen by their difference.
    """
    parts = _groups(groups)
    if len(parts) < 2:
        return ()
    all_gaps = []
    for at, name in enumerate(names):
        cells = {group: _cells(given[rows, at], wanted[rows, at]) for group, rows in parts.items()}
        kept = [_gap(str(groups.name), name, measure, kinds, cells) for measure, kinds in _MEASURES.items()]
        all_gaps += [gap for gap in kept if gap is not None]
    return tuple(all_gaps)


_MEASURES = {"demographic parity": ("given",), "equal opportunity": ("right",), "equalised odds": ("right", "wrong")}
"""Which rates each measure compares."""


def _groups(groups: pd.Series) -> dict[str, npt.NDArray[np.bool_]]:
    counts = groups.value_counts()
    return {str(name): (groups == name).to_numpy(dtype=bool) for name in counts.index[:_GROUPS] if counts[name] >= FEW}


def lacking(wanted: npt.NDArray[np.bool_], names: Sequence[str], groups: pd.Series) -> str:
    """Return which groups lack rows of which classes and are left out of equal opportunity; empty if none."""
    parts = _groups(groups)
    missing = [
        f"no row of group {group!r} is {name!r}"
        for group, rows in parts.items() for at, name in enumerate(names) if not wanted[rows, at].any()
    ]  # fmt: skip
    if len(parts) < 2 or not missing:
        return ""
    return f"Column {str(groups.name)!r}: {listing(missing, 3)}; there equal opportunity is not defined."


def _cells(given: npt.NDArray[np.bool_], wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return how many rows have a class and got it, only have it, only got it, and neither."""
    import numpy as np

    return np.bincount(2 * (~wanted) + (~given), minlength=4)


def _counts(cells: npt.NDArray[np.int64], kind: str) -> Counts:
    """Return the numerator and the denominator of a rate."""
    both, missed, false, neither = map(int, cells)
    return {
        "given": (both + false, both + missed + false + neither),
        "right": (both, both + missed),
        "wrong": (false, false + neither),
    }[kind]


def _gap(
    column: str, label: str, measure: str, kinds: Sequence[str], cells: dict[str, npt.NDArray[np.int64]]
) -> Gap | None:
    widest = None
    for kind in kinds:
        counts = {group: _counts(own, kind) for group, own in cells.items()}
        rates = {group: many / total for group, (many, total) in counts.items() if total}
        if len(rates) > 1:
            low, *_, high = sorted(rates, key=rates.__getitem__)
            widest = max(widest or (-1.0, "", "", ""), (rates[high] - rates[low], kind, low, high))
    if widest is None:
        return None
    value, kind, low, high = widest
    interval = of_difference(_counts(cells[low], kind), _counts(cells[high], kind))
    return Gap(column, label, measure, low, high, float(value), interval)
