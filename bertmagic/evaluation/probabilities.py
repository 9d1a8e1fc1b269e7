"""Metrics of probabilities: loss, Brier score and calibration error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.evaluation.blocks import blocks
from bertmagic.evaluation.bootstrap import Tally

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from bertmagic.evaluation.bootstrap import Draws

    Probabilities = npt.NDArray[np.floating]

BINS = 15
"""Number of bins of equal width for the calibration error (Guo et al. 2017, section 4.1)."""


def tally(
    probabilities: Probabilities, true: npt.NDArray[np.int64], losses: npt.NDArray[np.float64], bins: int = BINS
) -> Tally:
    """Return loss, Brier score and expected calibration error as a function of rows.

    Parameters
    ----------
    probabilities
        Of each class, ``(rows, classes)``.
    true
        Numbers of classes, ``(rows,)``.
    losses
        The cross-entropy of each row in nats, ``(rows,)``.
    """
    import numpy as np

    confidence, right = confidences(probabilities, true)
    gaps = np.zeros((len(true), bins))
    gaps[np.arange(len(true)), bin_of(confidence, bins)] = right - confidence
    values = np.column_stack([np.ones(len(true)), right, losses, briers(probabilities, true), gaps])

    return Tally.of_rows(values, _metrics, units=_units)


def _units(sums: Draws) -> dict[str, Draws]:
    """Return how many rows are wrong, or right if these are fewer: a few such rows decide a loss."""
    import numpy as np

    rarer = np.minimum(sums[:, 1], sums[:, 0] - sums[:, 1])
    return {"loss": rarer, "ece": rarer}


def _metrics(sums: Draws) -> dict[str, Draws]:
    """Return the metrics of `tally` from its sums, ``(draws, 4 + bins)``."""
    import numpy as np

    rows = np.maximum(sums[:, 0], 1)
    return {
        "loss": sums[:, 2] / rows,
        "brier": sums[:, 3] / rows,
        "ece": np.abs(sums[:, 4:]).sum(axis=1) / rows,
    }


def confidences(
    probabilities: Probabilities, true: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return the probability of the predicted class of each row, and whether this class is right."""
    predicted = probabilities.argmax(axis=1)
    return probabilities.max(axis=1).astype(float), predicted == true


def bin_of(confidence: npt.NDArray[np.float64], bins: int = BINS) -> npt.NDArray[np.int64]:
    """Return the bin of each confidence; the upper edge belongs to a bin, as in Guo et al. 2017."""
    import numpy as np

    return np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)


def briers(probabilities: Probabilities, true: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the squared distance of each row's probabilities from 1 for the true class and 0 for the others.

    With two classes it is half of that, which is the squared error of one of them: as Brier's score is usually given
    there, between 0 and 1. With more it lies between 0 and 2 (Brier 1950).
    """
    import numpy as np

    squares = np.empty(len(true))
    for part in blocks(*probabilities.shape):
        exact = probabilities[part].astype(np.float64)
        squares[part] = (exact**2).sum(axis=1) + 1 - 2 * exact[np.arange(len(exact)), true[part]]
    return squares / 2 if probabilities.shape[1] == 2 else squares


def log_odds(chances: npt.NDArray[np.floating], least: float = 1e-6) -> npt.NDArray[np.float64]:
    """Return the log-odds of probabilities, which are moved to ``least`` from 0 and 1 first."""
    import numpy as np

    inside = chances.astype(np.float64).clip(least, 1 - least)
    return np.log(inside) - np.log1p(-inside)  # type: ignore[no-any-return]
