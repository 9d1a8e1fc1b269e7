"""How differently a model treats groups of rows: demographic parity, equal opportunity and equalised odds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.errors import listing
from bertmagic.evaluation.bootstrap import percentiles
from bertmagic.evaluation.report import FEW, Gap

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.evaluation.bootstrap import Draws

_DRAWS = 2_000
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
    interval comes from draws of rows within each of the two groups; it includes values below 0 if chance can explain
    the gap. With many groups gaps look larger than they are, as the two are chosen by their difference.
    """
    parts = _groups(groups)
    if len(parts) < 2:
        return ()
    all_gaps = []
    for at, name in enumerate(names):
        cells = {group: _cells(given[rows, at], wanted[rows, at]) for group, rows in parts.items()}
        rates = {group: _rates(many[None]) for group, many in cells.items()}
        kept = [_gap(str(groups.name), name, measure, kinds, rates, cells) for measure, kinds in _MEASURES.items()]
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


def _rates(cells: Draws | npt.NDArray[np.int64]) -> dict[str, Draws]:
    import numpy as np

    both, missed, false, neither = cells.T.astype(np.float64)
    with np.errstate(invalid="ignore"):
        return {
            "given": (both + false) / (both + missed + false + neither),
            "right": both / (both + missed),
            "wrong": false / (false + neither),
        }


def _gap(
    column: str, label: str, measure: str, kinds: Sequence[str], rates: dict[str, dict[str, Draws]],
    cells: dict[str, npt.NDArray[np.int64]],
) -> Gap | None:  # fmt: skip
    import numpy as np

    widest = None
    for kind in kinds:
        known = {group: own[kind][0] for group, own in rates.items() if np.isfinite(own[kind][0])}
        if len(known) > 1:
            low, *_, high = sorted(known, key=known.__getitem__)
            widest = max(widest or (-1.0, "", "", ""), (known[high] - known[low], kind, low, high))
    if widest is None:
        return None
    value, kind, low, high = widest
    generator = np.random.default_rng(0)
    drawn = [
        _rates(generator.multinomial(cells[group].sum(), cells[group] / cells[group].sum(), _DRAWS))[kind]
        for group in (low, high)
    ]
    return Gap(column, label, measure, low, high, float(value), percentiles(drawn[1] - drawn[0]))
