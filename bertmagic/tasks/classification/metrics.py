"""The metrics of a classification: those of each evaluation, and those of the report with their intervals."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bertmagic.evaluation import confusion_metrics, ranking_metrics, with_intervals
from bertmagic.evaluation import probabilities as probability_metrics
from bertmagic.evaluation.scores import cross_entropies, cross_entropy

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from bertmagic.evaluation.with_intervals import Estimates


def metrics(logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> dict[str, float]:
    """Return accuracy, macro precision, recall and F1, and the mean cross-entropy in nats as ``loss``.

    Parameters
    ----------
    logits
        Scores before the softmax, of shape ``(rows, classes)``.
    targets
        True class numbers, of shape ``(rows,)``.

    Notes
    -----
    A macro average is over the classes that occur among the true or the predicted labels.
    """
    estimates = confusion_metrics.tally(targets, logits.argmax(axis=1), logits.shape[1]).point_estimates()
    names = ("accuracy", "macro_precision", "macro_recall", "macro_f1")
    return {name: estimates[name] for name in names} | {"loss": cross_entropy(logits, targets)}


def report_metrics(
    logits: npt.NDArray[np.float32],
    probabilities: npt.NDArray[np.float32],
    targets: npt.NDArray[np.int64],
    names: Sequence[str],
) -> Estimates:
    """Return the metrics of a report with their 95 % intervals.

    Parameters
    ----------
    logits, probabilities
        Scores before and after the softmax, each ``(rows, classes)``.
    targets
        True class numbers, ``(rows,)``.
    names
        The names of the classes.

    Notes
    -----
    ROC-AUC and average precision are those of the second of two classes, else the mean over the classes, each against
    all others.
    """
    import numpy as np

    occurring = np.unique(targets)
    tallies = [
        confusion_metrics.tally(targets, probabilities.argmax(axis=1), len(names)),
        probability_metrics.tally(probabilities, targets, cross_entropies(logits, targets)),
    ]
    if len(occurring) == 1:
        why = f"all rows are of one class, {names[occurring[0]]!r}: there is no other class to compare with"
        return replace(with_intervals.estimate(tallies), undefined={"roc_auc": why, "average_precision": why})
    columns = np.array([1]) if len(names) == 2 else occurring
    ranked = ranking_metrics.tally(probabilities, targets, columns)
    return with_intervals.estimate([*tallies, ranked])
