"""The numbers of a predicted number: how far off it is, and how well it follows the true one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.evaluation import ranking_metrics
from bertmagic.evaluation.bootstrap import Tally
from bertmagic.evaluation.correlation import pearson, spearman
from bertmagic.evaluation.report import RangeScore

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from bertmagic.evaluation.bootstrap import Draws


def metrics(
    predicted: npt.NDArray[np.float64], targets: npt.NDArray[np.float64], scale: float = 1.0
) -> dict[str, float]:
    """Return Pearson's and Spearman's correlation, the root mean squared error, the mean absolute error and the loss.

    Parameters
    ----------
    predicted, targets
        In the user's unit, each of shape ``(rows,)``.
    scale
        The standard deviation of the targets that were learnt: ``loss`` is the mean squared error in its squares, so
        that 1 is what their mean would reach on such rows.
    """
    import numpy as np

    off = predicted.astype(np.float64) - targets
    squared = float(np.mean(off**2))
    return {
        "pearson": pearson(predicted, targets),
        "spearman": spearman(predicted, targets),
        "rmse": squared**0.5,
        "mae": float(np.mean(np.abs(off))),
        "loss": squared / scale**2,
    }


def tallies(predicted: npt.NDArray[np.float64], targets: npt.NDArray[np.float64]) -> tuple[Tally, Tally]:
    """Return Pearson's correlation, RMSE and MAE, and Spearman's correlation, as functions of rows."""
    import numpy as np

    off = predicted - targets
    x, y = (side - side.mean() for side in (predicted, targets))  # else squares of large numbers lose their digits
    values = np.column_stack([np.ones(len(off)), off**2, np.abs(off), x, y, x * x, y * y, x * y])

    return Tally.of_rows(values, _metrics), ranking_metrics.spearman(predicted, targets)


def _metrics(sums: Draws) -> dict[str, Draws]:
    """Return the metrics of the first of the `tallies` from its sums, ``(draws, 8)``."""
    import numpy as np

    rows, squares, absolute, *moments = sums.T
    ex, ey, exx, eyy, exy = (moment / rows for moment in moments)
    below = np.sqrt(np.maximum((exx - ex**2) * (eyy - ey**2), 0))
    pearson = np.where(below > 0, (exy - ex * ey) / np.where(below > 0, below, 1), np.nan)
    return {"pearson": pearson, "rmse": np.sqrt(squares / rows), "mae": absolute / rows}


def by_range(
    predicted: npt.NDArray[np.float64], targets: npt.NDArray[np.float64], most: int = 5
) -> tuple[RangeScore, ...]:
    """Return how far off predictions are for low and for high numbers.

    Parameters
    ----------
    most
        In how many parts the rows are divided by their true number, each of as many rows as equal numbers allow.
    """
    import numpy as np

    edges = np.unique(np.quantile(targets, np.linspace(0, 1, most + 1)[1:-1], method="higher"))
    number = np.searchsorted(edges, targets, side="right")
    ranges = []
    for rows in (np.flatnonzero(number == part) for part in np.unique(number)):
        true, guesses = targets[rows], predicted[rows]
        off = float(np.abs(guesses - true).mean())
        ranges.append(RangeScore(float(true.min()), float(true.max()), len(rows), float(guesses.mean()), off))
    return tuple(ranges)
