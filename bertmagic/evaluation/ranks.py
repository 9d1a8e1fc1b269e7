"""Metrics of how rows are ranked by a probability: the areas below the ROC and the precision-recall curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.evaluation.bootstrap import Tally

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from bertmagic.evaluation.bootstrap import Draws


def tally(probabilities: npt.NDArray[np.floating], wanted: npt.NDArray[np.bool_]) -> Tally:
    """Return ROC-AUC and average precision, the mean over classes, as a function of how often each row counts.

    Parameters
    ----------
    probabilities
        Of each class against all others, ``(rows, classes)``.
    wanted
        Whether each row is of each class, ``(rows, classes)``.

    Notes
    -----
    A class that has no row, or all rows, is left out of the mean.
    """
    import numpy as np

    ranked = [_ranked(probabilities[:, at], wanted[:, at]) for at in range(probabilities.shape[1])]

    def metrics(counts: Draws) -> dict[str, Draws]:
        areas = np.array([of for one in ranked for of in _areas(counts, *one)]).reshape(len(ranked), 2, -1)
        known = np.isfinite(areas)
        means = np.where(known, areas, 0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
        return {"roc_auc": means[0], "average_precision": means[1]}

    return Tally(np.arange(len(wanted)), None, metrics, cost=4 * len(ranked))


def _ranked(
    scores: npt.NDArray[np.floating], wanted: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Return the rows from the highest score down, whether each is wanted, and the last place of each run of equals."""
    import numpy as np

    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    return order, wanted[order], np.flatnonzero(np.append(falling[1:] < falling[:-1], True))


def _areas(
    counts: Draws, order: npt.NDArray[np.int64], wanted: npt.NDArray[np.bool_], last: npt.NDArray[np.int64]
) -> tuple[Draws, Draws]:
    """Return the area below the ROC curve and the average precision of each draw, NaN where a side has no row.

    The first is by the trapezoidal rule, so that ties count half (Fawcett 2006); the second is the mean precision at
    each wanted row, without interpolation (Manning et al. 2008, section 8.4).
    """
    import numpy as np

    ordered = counts[:, order]
    right = np.cumsum(ordered * wanted, axis=1)[:, last]
    every = np.cumsum(ordered, axis=1)[:, last]
    wrong = every - right
    found, missed = np.diff(right, axis=1, prepend=0), np.diff(wrong, axis=1, prepend=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        under = (missed * (right - found / 2)).sum(axis=1) / (right[:, -1] * wrong[:, -1])
        precision = (found * right / np.maximum(every, 1)).sum(axis=1) / right[:, -1]
    return under, np.where(wrong[:, -1] > 0, precision, np.nan)


def spearman(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> Tally:
    """Return Spearman's correlation of two columns as a function of how often each row counts."""
    import numpy as np

    orders = [_ordered(side) for side in (one, other)]

    def metrics(counts: Draws) -> dict[str, Draws]:
        ranks = [_middles(counts, *order) for order in orders]
        rows = counts.sum(axis=1, keepdims=True)
        first, second = (of - (counts * of).sum(axis=1, keepdims=True) / rows for of in ranks)
        above = (counts * first * second).sum(axis=1)
        below = np.sqrt((counts * first**2).sum(axis=1) * (counts * second**2).sum(axis=1))
        return {"spearman": np.where(below > 0, above / np.where(below > 0, below, 1), np.nan)}

    return Tally(np.arange(len(one)), None, metrics, cost=10)


def _ordered(values: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows from the lowest value up, where each run of equal values begins among them."""
    import numpy as np

    order = np.argsort(values, kind="stable")
    return order, np.flatnonzero(np.append(True, np.diff(values[order]) > 0))


def _middles(counts: Draws, order: npt.NDArray[np.int64], first: npt.NDArray[np.int64]) -> Draws:
    """Return the rank of each row in each draw: equal values share the mean of theirs."""
    import numpy as np

    many = np.add.reduceat(counts[:, order], first, axis=1)  # rows of each value
    middle = np.cumsum(many, axis=1) - (many - 1) / 2
    ranks = np.empty_like(counts)
    ranks[:, order] = np.repeat(middle, np.diff(np.append(first, counts.shape[1])), axis=1)
    return ranks
