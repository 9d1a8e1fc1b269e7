"""Calibration: whether probabilities are shares of right rows, and the temperature that makes them so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertmagic.errors import count
from bertmagic.evaluation.blocks import blocks
from bertmagic.evaluation.probabilities import BINS, bin_of, confidences
from bertmagic.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

_BOUNDS = (0.02, 50.0)
"""The temperatures between which the best is searched."""
_END = 1e-3
"""A logarithm of a temperature that is nearer to an end of the range is at that end."""
UNFIT = (
    f"no temperature between {_BOUNDS[0]:g} and {_BOUNDS[1]:g} fits these rows and lowers their loss. They are too "
    "few, the probabilities say nothing about them, or they are good as they are."
)


@dataclass(frozen=True, repr=False)
class Calibration(Result):
    """The effect of calibrating a model, measured on the rows it was calibrated on.

    Attributes
    ----------
    temperature
        What logits are divided by; above 1 the model was too sure of itself. 1 if no temperature fits these rows and
        lowers their loss.
    before, after
        ``ece`` and ``loss`` without and with it.
    thresholds
        The thresholds of labels, if new ones were chosen.
    kept
        Where the temperature was written, or how to keep it, in one sentence.
    """

    rows: int
    temperature: float
    before: Mapping[str, float]
    after: Mapping[str, float]
    model: str = ""
    data: str = ""
    thresholds: tuple[float, ...] = ()
    kept: str = ""

    @property
    def changed(self) -> bool:
        """Whether a temperature was found."""
        return self.temperature != 1

    @property
    def sentence(self) -> str:
        """The effect in one sentence."""
        if not self.changed:
            return f"Not calibrated: {UNFIT}"
        return (
            f"Calibrated at temperature {self.temperature:.3f}: expected calibration error "
            f"{self.before['ece']:.4f} → {self.after['ece']:.4f}, loss {self.before['loss']:.4f} → "
            f"{self.after['loss']:.4f} on the {count(self.rows, 'row')} it was fitted on."
        )


def temperature(logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> float:
    """Return the temperature at which the mean cross-entropy is lowest (Guo et al. 2017, section 4.2).

    It is 1, which changes nothing, if the loss still falls at an end of the range: the rows do not say where it is
    lowest. It is 1, too, if the loss at the temperature is no lower than without one, as smoothing can bring about.

    Targets are smoothed by ``1 / (rows + 2)``, as few rows may all be right by chance, which would ask for certainty
    (Platt 1999, "Probabilistic Outputs for Support Vector Machines", section 2.2).

    Parameters
    ----------
    logits
        ``(rows, classes)``.
    targets
        Numbers of classes, ``(rows,)``; or 0 and 1 for each label, ``(rows, labels)``, for a sigmoid of each.
    """
    import numpy as np
    from scipy.optimize import minimize_scalar

    losses = np.empty(len(targets))

    def of_rows(
        scaled: npt.NDArray[np.float64], true: npt.NDArray[np.int64], smoothing: float
    ) -> npt.NDArray[np.float64]:
        if true.ndim == 2:
            each: npt.NDArray[np.float64] = np.logaddexp(0, scaled)
            each -= ((1 - smoothing) * true + smoothing / 2) * scaled
            return np.asarray(each.mean(axis=1))
        scaled -= scaled.max(axis=1, keepdims=True)
        of_true = (1 - smoothing) * scaled[np.arange(len(true)), true] + smoothing * scaled.mean(axis=1)
        return np.asarray(np.log(np.exp(scaled).sum(axis=1)) - of_true)

    def loss(log: float, smoothing: float = 1 / (len(targets) + 2)) -> float:
        for part in blocks(*logits.shape):
            losses[part] = of_rows(logits[part].astype(np.float64) * np.exp(-log), targets[part], smoothing)
        return float(losses.mean())

    low, high = np.log(_BOUNDS)
    minimum = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-5})
    at_end = min(minimum.x - low, high - minimum.x) < _END
    if at_end or loss(minimum.x, smoothing=0) >= loss(0, smoothing=0):
        return 1.0
    return float(np.exp(minimum.x))


def numbers(probabilities: npt.NDArray[np.floating], targets: npt.NDArray[np.int64]) -> dict[str, float]:
    """Return the calibration error and the loss.

    Parameters
    ----------
    probabilities
        ``(rows, classes)``.
    targets
        Numbers of classes, ``(rows,)``; or 0 and 1 for each label, whose probabilities are then taken one by one.
    """
    import numpy as np

    if targets.ndim == 1:
        confidence, right = confidences(probabilities, targets)
        of_true = _inside(probabilities[np.arange(len(targets)), targets])
        return {"ece": ece(confidence, right), "loss": float(-np.log(of_true).mean())}
    gaps, losses = np.zeros(BINS), np.empty(len(targets))
    for part in blocks(*probabilities.shape):
        exact, wanted = _inside(probabilities[part]), targets[part] > 0
        gaps += _gaps(exact.ravel(), wanted.ravel(), BINS)
        losses[part] = -np.log(np.where(wanted, exact, 1 - exact)).sum(axis=1)
    return {"ece": float(np.abs(gaps).sum() / max(targets.size, 1)), "loss": float(losses.mean())}


def _inside(probabilities: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Return probabilities in double precision, a little above 0 and below 1."""
    import numpy as np

    return np.asarray(np.clip(probabilities.astype(float), 1e-12, 1 - 1e-12))


def _gaps(confidence: npt.NDArray[np.float64], right: npt.NDArray[np.bool_], bins: int) -> npt.NDArray[np.float64]:
    """Return the number of right rows minus the sum of the confidences, for each bin."""
    import numpy as np

    return np.asarray(np.bincount(bin_of(confidence, bins), right - confidence, bins), float)


def ece(confidence: npt.NDArray[np.floating], right: npt.NDArray[np.bool_], bins: int = BINS) -> float:
    """Return the expected calibration error: the mean distance of confidence and share of right rows, over bins."""
    import numpy as np

    return float(np.abs(_gaps(confidence.astype(float), right, bins)).sum() / max(len(confidence), 1))


def reliability(
    confidence: npt.NDArray[np.floating], right: npt.NDArray[np.bool_], bins: int = 10, start: float = 0.0
) -> list[tuple[float, float, int, float, float]]:
    """Return for each bin with rows its edges, its size, the mean confidence and the share of right rows.

    The bins have equal widths from ``start`` to 1.
    """
    import numpy as np

    number = bin_of((confidence.astype(float) - start) / (1 - start), bins)
    edges = start + (1 - start) * np.arange(bins + 1) / bins
    bins_with_rows = []
    for at in np.unique(number).tolist():
        rows = number == at
        means = float(confidence[rows].mean()), float(np.mean(right[rows]))
        bins_with_rows.append((float(edges[at]), float(edges[at + 1]), int(rows.sum()), *means))
    return bins_with_rows


def lowest_bin(confidence: npt.NDArray[np.floating]) -> float:
    """Return where bins should begin: above 0 where all rows are sure, as they would all be in one bin."""
    lowest = float(confidence.min())
    return max(start for start in (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99) if start <= lowest or not start)
