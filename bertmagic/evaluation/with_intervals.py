"""The numbers of a report with their intervals, from the tallies of its rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bertmagic.evaluation import confusion_metrics, multi_label, probabilities, ranking_metrics
from bertmagic.evaluation.bootstrap import FEWEST, Tally, intervals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from bertmagic.evaluation.report import Interval


@dataclass(frozen=True)
class Numbers:
    """Metrics, their 95 % intervals, those that have no value with the reason why, and what they were found by."""

    metrics: Mapping[str, float]
    intervals: Mapping[str, Interval]
    tallies: tuple[Tally, ...] = ()
    undefined: Mapping[str, str] = field(default_factory=dict)


def of(tallies: Sequence[Tally], exact: Mapping[str, float] | None = None) -> Numbers:
    """Return the numbers of tallies.

    Parameters
    ----------
    exact
        Metrics that are told first, and others that have no tally.
    """
    exact = dict(exact or {})
    found = exact | {name: of for tally in tallies for name, of in tally.found().items() if name not in exact}
    spread: dict[str, Interval] = {}
    for tally in tallies:
        spread |= intervals(tally, found, most=FEWEST if tally.values is None else None)
    return Numbers(found, {name: spread[name] for name in found if name in spread}, tuple(tallies))


def of_classes(
    chances: npt.NDArray[np.float32],
    true: npt.NDArray[np.int64],
    losses: npt.NDArray[np.float64],
    names: Sequence[str],
) -> Numbers:
    """Return the numbers of a classification.

    Parameters
    ----------
    chances
        The probability of each class, ``(rows, classes)``.
    true
        Numbers of classes, ``(rows,)``.
    losses
        The cross-entropy of each row in nats, ``(rows,)``.
    names
        The names of the classes.

    Notes
    -----
    ROC-AUC and average precision are of the second of two classes, else the mean of each class against the others.
    """
    import numpy as np

    there = np.unique(true)
    tallies = [
        confusion_metrics.tally(true, chances.argmax(axis=1), len(names)),
        probabilities.tally(chances, true, losses),
    ]
    if len(there) == 1:
        why = f"all rows are of one class, {names[there[0]]!r}: there is no other to tell it from"
        return replace(of(tallies), undefined={"roc_auc": why, "average_precision": why})
    columns = np.array([1]) if len(names) == 2 else there
    return of([*tallies, ranking_metrics.tally(chances[:, columns], true[:, None] == columns)])


def of_labels(
    logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int8], thresholds: npt.NDArray[np.float64]
) -> Numbers:
    """Return the numbers of texts with any number of labels each; for the arguments see `multi_label.metrics`."""
    ranked = ranking_metrics.tally(multi_label.sigmoid(logits), targets > 0)
    found = of([multi_label.tally(logits, targets, thresholds), ranked])
    if "roc_auc" in found.metrics:
        return found
    why = "no label is on some of the rows and missing from others"
    return replace(found, undefined={"roc_auc": why, "average_precision": why})
