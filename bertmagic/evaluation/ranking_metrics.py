"""Metrics of rankings by a probability: the areas below the ROC and the precision-recall curve."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from bertmagic.evaluation.blocks import blocks
from bertmagic.evaluation.bootstrap import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

    from bertmagic.evaluation.bootstrap import Draws

_KEPT = 10_000_000
"""Rows times classes up to which their rankings are kept: those of more are computed each time they are needed."""


def tally(
    probabilities: npt.NDArray[np.floating], true: npt.NDArray[Any], classes: npt.NDArray[np.int64] | None = None
) -> Tally:
    """Return ROC-AUC and average precision, the mean over classes, as a function of how often each row counts.

    Parameters
    ----------
    probabilities
        Of each class against all others, ``(rows, classes)``.
    true
        The class of each row, ``(rows,)``; or whether each row is of each class, ``(rows, classes)``.
    classes
        The classes of the mean; by default all.

    Notes
    -----
    A class that has no row, or all rows, is left out of the mean.
    """
    import numpy as np

    classes = np.arange(probabilities.shape[1]) if classes is None else classes
    rankings = _Rankings(probabilities, true, classes)
    ranked = list(rankings) if len(true) * len(classes) <= _KEPT else rankings
    return Tally(
        np.arange(len(true)), None, partial(_mean_areas, ranked), cost=4 * len(classes), again=rankings.tally_of,
        units=rankings.deciding_rows,
    )  # fmt: skip


@dataclass(frozen=True)
class _Rankings:
    """The rows ranked by the probability of each class, one class after the other; see `tally`."""

    probabilities: npt.NDArray[np.floating]
    true: npt.NDArray[Any]
    classes: npt.NDArray[np.int64]

    def __iter__(self) -> Iterator[_Ranked]:
        for one in self.classes:
            wanted = self.true == one if self.true.ndim == 1 else self.true[:, one] > 0
            yield _ranked(self.probabilities[:, one], wanted)

    def tally_of(self, rows: npt.NDArray[Any]) -> Tally:
        """Return the tally of some rows."""
        return tally(self.probabilities[rows], self.true[rows], self.classes)

    def deciding_rows(self, counts: npt.NDArray[Any]) -> dict[str, Draws]:
        """Return how many rows decide the areas: of a class the smaller side, twice; of several as many as their mean.

        ``counts`` has how often each row counts, ``(draws, rows)``.
        """
        import numpy as np

        wanted = self._counted(counts)  # (draws, classes)
        sides = np.minimum(wanted, counts.sum(axis=1, keepdims=True) - wanted)
        inverse = np.where(sides > 0, 1 / np.maximum(2 * sides, 1), 0).sum(axis=1)
        rows = np.minimum((sides > 0).sum(axis=1) ** 2 / np.maximum(inverse, 1e-9), counts.sum(axis=1))
        return {"roc_auc": rows, "average_precision": rows}

    def _counted(self, counts: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return how often the rows of each class count, ``(draws, classes)``."""
        import numpy as np

        if self.true.ndim == 1:
            classes = self.probabilities.shape[1]
            every = [np.bincount(self.true, weights=each, minlength=classes)[self.classes] for each in counts]
            return np.asarray(every)
        total = np.zeros((len(counts), len(self.classes)), np.int64)
        for part in blocks(*self.true.shape):
            total += counts[:, part] @ (self.true[part][:, self.classes] > 0)
        return total


def _mean_areas(ranked: Iterable[_Ranked], counts: npt.NDArray[Any]) -> dict[str, Draws]:
    """Return the mean over classes of both `_areas` of each draw."""
    import numpy as np

    areas = np.array([_areas(counts, one) for one in ranked])  # (classes, 2, draws)
    known = np.isfinite(areas)
    means = np.where(known, areas, 0).sum(axis=0) / np.where(known.any(axis=0), known.sum(axis=0), np.nan)
    return {"roc_auc": means[0], "average_precision": means[1]}


@dataclass(frozen=True)
class _Ranked:
    """Rows from the highest score down to the last wanted one.

    Attributes
    ----------
    order
        The rows, ``(ranked,)``.
    wanted
        The wanted ones of them, in that order, ``(wanted,)``.
    first
        Of each score that a wanted row has, the place in ``wanted`` of its first one, ``(scores,)``.
    begin, end
        Where rows of that score begin in ``order``, and behind which place they end, ``(scores,)``.
    """

    order: npt.NDArray[np.int32]
    wanted: npt.NDArray[np.int32]
    first: npt.NDArray[np.int64]
    begin: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]


def _ranked(scores: npt.NDArray[np.floating], wanted: npt.NDArray[np.bool_]) -> _Ranked:
    import numpy as np

    falling = -scores
    order = np.argsort(falling).astype(np.int32)
    places, rising = np.flatnonzero(wanted[order]), falling[order]
    begin, first = np.unique(np.searchsorted(rising, rising[places], side="left"), return_index=True)
    end = np.searchsorted(rising, rising[begin], side="right")
    upto = order[: end[-1] if len(end) else 0].copy()  # a view would keep all rows for each of many classes
    return _Ranked(upto, order[places], first, begin, end)


def _areas(counts: npt.NDArray[Any], ranked: _Ranked) -> tuple[Draws, Draws]:
    """Return the area below the ROC curve and the average precision of each draw; NaN if all or no rows have it.

    The first is by the trapezoidal rule, so that ties count half (Fawcett 2006); the second is the mean precision at
    each wanted row, without interpolation (Manning et al. 2008, section 8.4). Both need the sums at wanted rows only.
    """
    import numpy as np

    if not len(ranked.wanted):
        return np.full(len(counts), np.nan), np.full(len(counts), np.nan)
    wanted_counts = counts[:, ranked.wanted].astype(np.float64)
    if len(ranked.first) < len(ranked.wanted):
        wanted_counts = np.add.reduceat(wanted_counts, ranked.first, axis=1)  # (draws, scores)
    every = np.zeros((len(counts), len(ranked.order) + 1), np.int32)
    np.cumsum(counts[:, ranked.order], axis=1, out=every[:, 1:])
    above, upto = every[:, ranked.begin], every[:, ranked.end]
    right = np.cumsum(wanted_counts, axis=1)
    total = right[:, -1]
    others = counts.sum(axis=1) - total
    wrong = (above + upto - 2 * right + wanted_counts) / 2  # those above, and half of those of the same score
    with np.errstate(invalid="ignore", divide="ignore"):
        under = 1 - (wanted_counts * wrong).sum(axis=1) / (total * others)
        precision = (wanted_counts * right / np.maximum(upto, 1)).sum(axis=1) / total
    return under, np.where(others > 0, precision, np.nan)


def spearman(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> Tally:
    """Return Spearman's correlation of two columns as a function of how often each row counts."""
    import numpy as np

    metrics = partial(_correlation, [_ordered(side) for side in (one, other)])
    return Tally(np.arange(len(one)), None, metrics, cost=10, again=partial(_spearman_of, one, other))


def _spearman_of(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64], rows: npt.NDArray[Any]) -> Tally:
    return spearman(one[rows], other[rows])


def _correlation(
    orders: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]], counts: npt.NDArray[Any]
) -> dict[str, Draws]:
    """Return the linear correlation of the ranks of two columns in each draw."""
    import numpy as np

    ranks = [_middles(counts, *order) for order in orders]
    rows = counts.sum(axis=1, keepdims=True)
    first, second = (rank - (counts * rank).sum(axis=1, keepdims=True) / rows for rank in ranks)
    above = (counts * first * second).sum(axis=1)
    below = np.sqrt((counts * first**2).sum(axis=1) * (counts * second**2).sum(axis=1))
    return {"spearman": np.where(below > 0, above / np.where(below > 0, below, 1), np.nan)}


def _ordered(values: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows sorted by value, and where each run of equal values begins."""
    import numpy as np

    order = np.argsort(values, kind="stable")
    return order, np.flatnonzero(np.append(True, np.diff(values[order]) > 0))


def _middles(counts: npt.NDArray[Any], order: npt.NDArray[np.int64], first: npt.NDArray[np.int64]) -> Draws:
    """Return the rank of each row in each draw: equal values share the mean of their ranks."""
    import numpy as np

    many = np.add.reduceat(counts[:, order], first, axis=1)  # rows of each value
    middle = np.cumsum(many, axis=1) - (many - 1) / 2
    ranks = np.empty(counts.shape)
    ranks[:, order] = np.repeat(middle, np.diff(np.append(first, counts.shape[1])), axis=1)
    return ranks
