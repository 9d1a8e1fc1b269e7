"""Figures of a report as numbers: curves over thresholds, calibration, and errors by length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.evaluation.calibration import lowest_bin, reliability
from bertmagic.evaluation.figures import Figure, Series
from bertmagic.evaluation.probabilities import confidences

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from bertmagic.evaluation.outcomes import Outcomes
    from bertmagic.evaluation.report import Report

POINTS = 120
"""The most points of a curve."""
CLASSES = 8
"""How many classes are drawn: those with the most rows."""
_BINS = 20
_RELIABILITY_BINS = 10

Side = tuple[str, "npt.NDArray[np.floating]", "npt.NDArray[np.bool_]"]
"""A class: its name, its probability for each row, and whether each row has it."""


def names(report: Report) -> tuple[str, ...]:
    """Return the names of the figures of a report."""
    names_of_figures: tuple[str, ...] = () if report.confusion is None else ("confusion", "confusion_counts")
    if report.outcomes is None:
        return names_of_figures
    if report.outcomes.probabilities is not None:
        names_of_figures += ("roc", "precision_recall", "reliability", "scores", "thresholds")
    return (*names_of_figures, "lengths")


def figure(report: Report, name: str) -> Figure:
    """Return a figure of a report, one of `names`."""
    if name.startswith("confusion"):
        return Figure(name, "true class", "predicted class", report=report)
    assert report.outcomes is not None
    made: dict[str, Callable[[Outcomes, tuple[str, ...]], Figure]] = {
        "roc": roc, "precision_recall": precision_recall, "reliability": reliable, "scores": scores,
        "thresholds": thresholds, "lengths": lengths,
    }  # fmt: skip
    return made[name](report.outcomes, report.labels)


def sides(outcomes: Outcomes, labels: tuple[str, ...]) -> list[Side]:
    """Return the classes that are drawn: of two the second, else the ones with the most rows."""
    import numpy as np

    probabilities = outcomes.probabilities
    assert probabilities is not None
    wanted = outcomes.true > 0 if outcomes.true.ndim == 2 else outcomes.true[:, None] == np.arange(len(labels))
    there = [at for at in np.argsort(-wanted.sum(axis=0), kind="stable") if 0 < wanted[:, at].sum() < len(wanted)]
    if outcomes.true.ndim == 1 and len(labels) == 2:
        there = [at for at in there if at == 1]
    return [(labels[at], probabilities[:, at], wanted[:, at]) for at in there[:CLASSES]]


def _counted(
    probabilities: npt.NDArray[np.floating], wanted: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Return thresholds, highest first, and how many rows at or above each one have the class and do not."""
    import numpy as np

    order = np.argsort(-probabilities, kind="stable")
    falling, right = probabilities[order].astype(float), np.cumsum(wanted[order])
    last = np.flatnonzero(np.append(falling[1:] < falling[:-1], True))
    return falling[last], right[last], last + 1 - right[last]


def _thin(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return at most `POINTS` points, evenly along the curve, with both of its ends."""
    import numpy as np

    if len(x) > POINTS:
        along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
        at = np.unique(np.searchsorted(along, np.linspace(0, along[-1], POINTS)).clip(0, len(x) - 1))
        x, y = x[at], y[at]
    return tuple(np.round(x, 5).tolist()), tuple(np.round(y, 5).tolist())


def roc(outcomes: Outcomes, labels: tuple[str, ...]) -> Figure:
    """Return the true positive rate of each class over its false positive rate: the ROC curve."""
    import numpy as np
    from scipy.integrate import trapezoid

    series = []
    for name, probabilities, wanted in sides(outcomes, labels):
        _, right, wrong = _counted(probabilities, wanted)
        x, y = np.append(0, wrong / wrong[-1]), np.append(0, right / right[-1])
        series.append(Series(f"{name} (area {trapezoid(y, x):.3f})", *_thin(x, y)))
    chance = Series("chance", (0.0, 1.0), (0.0, 1.0), look="reference")
    return Figure("roc", "share of other rows taken for it", "share of its rows found", (*series, chance), unit=True)


def precision_recall(outcomes: Outcomes, labels: tuple[str, ...]) -> Figure:
    """Return the precision of each class over its recall."""
    import numpy as np

    series = []
    for name, probabilities, wanted in sides(outcomes, labels):
        _, right, wrong = _counted(probabilities, wanted)
        precision, recall = right / (right + wrong), right / right[-1]
        area = float((np.diff(recall, prepend=0) * precision).sum())
        x, y = np.append(0, recall), np.append(precision[0], precision)
        series.append(Series(f"{name} (average {area:.3f})", *_thin(x, y)))
    return Figure("precision_recall", "recall", "precision", tuple(series), unit=True)


def reliable(outcomes: Outcomes, labels: tuple[str, ...]) -> Figure:
    """Return the share of right rows over the confidence of the model, with the number of rows of each bin."""
    probabilities = outcomes.probabilities
    assert probabilities is not None
    confidence: npt.NDArray[np.floating]
    if outcomes.true.ndim == 2:
        confidence, is_right = probabilities.ravel(), outcomes.true.ravel() > 0
    else:
        confidence, is_right = confidences(probabilities, outcomes.true)
    start = lowest_bin(confidence)
    bins = reliability(confidence, is_right, _RELIABILITY_BINS, start)
    total = sum(many for _, _, many, _, _ in bins)
    x = tuple(round(confidence, 4) for _, _, _, confidence, _ in bins)
    share = Series("share that is right", x, tuple(round(right, 4) for *_, right in bins), look="points")
    middles = tuple(round((low + high) / 2, 5) for low, high, *_ in bins)
    shares = tuple(round(many / total, 4) for _, _, many, _, _ in bins)
    # Their width is that of a bin: a single bar would else be as wide as the picture.
    rows = Series("share of all rows", middles, shares, look="bars", width=round((1 - start) / _RELIABILITY_BINS, 5))
    perfect = Series("perfectly calibrated", (start, 1.0), (start, 1.0), look="reference")
    title = "probability of the label" if outcomes.true.ndim == 2 else "probability of the predicted class"
    return Figure("reliability", title, "share", (rows, perfect, share), unit=True, start=start)


def scores(outcomes: Outcomes, labels: tuple[str, ...]) -> Figure:
    """Return the histogram of probabilities, for right and wrong rows; with two classes, for each class."""
    import numpy as np

    probabilities = outcomes.probabilities
    assert probabilities is not None
    if outcomes.true.ndim == 1 and len(labels) == 2:
        values, title = probabilities[:, 1], f"probability of {labels[1]}"
        parts = [(f"true {label}", values[outcomes.true == at]) for at, label in enumerate(labels)]
    else:
        values, title = probabilities.max(axis=1), "largest probability"
        parts = [("right", values[~outcomes.wrong]), ("wrong", values[outcomes.wrong])]
    edges = np.linspace(0, 1, _BINS + 1)
    middles = tuple(np.round((edges[1:] + edges[:-1]) / 2, 4).tolist())
    counts = [(name, np.histogram(part.clip(0, 1), edges)[0]) for name, part in parts]
    series = tuple(Series(name, middles, tuple(map(float, heights.tolist())), look="bars") for name, heights in counts)
    return Figure("scores", title, "rows", series)


def thresholds(outcomes: Outcomes, labels: tuple[str, ...]) -> Figure:
    """Return the F1 of each class over its threshold; for a single class precision and recall, too."""
    import numpy as np

    cuts, series = np.linspace(0, 1, 51), []
    there = sides(outcomes, labels)
    for name, probabilities, wanted in there:
        falling, right, wrong = _counted(probabilities, wanted)
        at = np.searchsorted(-falling, -cuts, side="right")  # how many thresholds are at or above each cut
        hits, false = np.append(0, right)[at], np.append(0, wrong)[at]
        f1 = 2 * hits / np.maximum(hits + false + right[-1], 1)
        series.append(Series(f"F1 of {name}", *_thin(cuts, f1)))
        if len(there) == 1:
            precision = np.where(hits + false > 0, hits / np.maximum(hits + false, 1), np.nan)
            known = np.isfinite(precision)
            series.append(Series("precision", *_thin(cuts[known], precision[known])))
            series.append(Series("recall", *_thin(cuts, hits / right[-1])))
    return Figure("thresholds", "threshold", "score", tuple(series), unit=True)


def lengths(outcomes: Outcomes, labels: tuple[str, ...]) -> Figure:
    """Return the mean error of rows by their length, for tenths of the rows."""
    import numpy as np

    edges = np.unique(np.quantile(outcomes.lengths, np.linspace(0, 1, 11)[1:-1], method="higher"))
    number = np.searchsorted(edges, outcomes.lengths, side="right")
    numeric = outcomes.true.dtype.kind == "f"
    error = -outcomes.credit if numeric else 1 - outcomes.credit
    x, y, spread = [], [], []
    for part in np.unique(number):
        rows = number == part
        x.append(float(outcomes.lengths[rows].mean().round(1)))
        y.append(float(error[rows].mean().round(5)))
        spread.append(round(float(1.96 * error[rows].std() / np.sqrt(rows.sum())), 5))
    title = "mean absolute error" if numeric else "share that is wrong"
    return Figure("lengths", "tokens", title, (Series(title, tuple(x), tuple(y), "points", tuple(spread)),))
