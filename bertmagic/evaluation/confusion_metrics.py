"""Metrics that only the counts of right and wrong rows decide: accuracy, F1 and their kin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.evaluation import limits
from bertmagic.evaluation.bootstrap import Tally
from bertmagic.evaluation.report import ClassScore, Interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from bertmagic.evaluation.bootstrap import Draws

PARTS = ("f1", "precision", "recall")
"""The metrics of each class."""
SHARES = frozenset(["accuracy", "micro_f1", "micro_precision", "micro_recall", "weighted_recall"])
"""All of these are the accuracy if each row has one class and is given one."""


def tally(true: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], classes: int) -> Tally:
    """Return `metrics` as a function of rows; their kinds are the cells of the confusion matrix that are not empty.

    Parameters
    ----------
    true, predicted
        Numbers of classes, ``(rows,)``.
    classes
        How many there are.
    """
    import numpy as np
    from scipy.sparse import csr_array

    cells, kinds = np.unique(true * classes + predicted, return_inverse=True)
    actual, given = np.divmod(cells, classes)
    sums = np.stack([actual, given + classes, actual + 2 * classes], axis=1)  # right, predicted, actual
    ones = np.stack([actual == given, np.ones(len(cells)), np.ones(len(cells))], axis=1)
    first = np.arange(len(cells) + 1) * 3
    values = csr_array((ones.ravel(), sums.ravel(), first), shape=(len(cells), 3 * classes))
    return Tally(kinds, values, metrics, shares=SHARES, units=deciding_rows)


def deciding_rows(sums: Draws) -> dict[str, Draws]:
    """Return how many rows decide `metrics` that are means over classes: classes with few rows count as much as others.

    With ``n`` rows in each of ``K`` classes the variance of the mean is that of ``K n`` rows, and else that of
    ``K² / Σ 1/n``.
    """
    import numpy as np

    right, predicted, actual = np.split(sums, 3, axis=1)
    some = predicted + actual > 0

    def together(rows: Draws, kept: npt.NDArray[np.bool_]) -> Draws:
        inverse = np.where(kept, 1 / np.maximum(rows, 1), 0).sum(axis=1)
        return np.asarray(kept.sum(axis=1) ** 2 / np.maximum(inverse, 1e-9))

    recall = together(actual, actual > 0)
    return {
        "balanced_accuracy": recall, "mcc": recall, "macro_recall": together(actual, some),
        "macro_precision": together(predicted, some), "macro_f1": together(predicted + actual - right, some),
    }  # fmt: skip


def metrics(sums: Draws) -> dict[str, Draws]:
    """Return accuracy, balanced accuracy, averages of precision, recall and F1, and Matthews' correlation.

    Parameters
    ----------
    sums
        How many rows of each class are right, were predicted, and are true, behind each other: ``(draws, 3 x
        classes)``.

    Notes
    -----
    Balanced accuracy is the mean over the classes that are true. Matthews' correlation of many classes is that of
    Gorodkin 2004, 0 where it is not defined.
    """
    import numpy as np

    right, predicted, actual = np.split(sums, 3, axis=1)
    rows = np.maximum(actual.sum(axis=1), 1)
    known = actual > 0
    return {
        "accuracy": right.sum(axis=1) / rows,
        "balanced_accuracy": (right / np.maximum(actual, 1)).sum(axis=1) / np.maximum(known.sum(axis=1), 1),
        **averages(right, predicted, actual),
        "mcc": _matthews(right.sum(axis=1), predicted, actual, rows),
    }


def averages(right: Draws, predicted: Draws, actual: Draws) -> dict[str, Draws]:
    """Return macro, weighted and micro averages of F1, precision and recall, as scikit-learn has them.

    A macro average is over the classes that are true or were predicted, a weighted one weighs by true rows, and a micro
    average counts all rows together. Each count has shape ``(draws, classes)``.
    """
    import numpy as np

    some, all_actual = predicted + actual > 0, np.maximum(actual.sum(axis=1), 1)
    together = _parts(*(counts.sum(axis=1) for counts in (right, predicted, actual)))
    macro, weighted, micro = {}, {}, {}
    for part, each, whole in zip(PARTS, _parts(right, predicted, actual), together, strict=True):
        macro[f"macro_{part}"] = (each * some).sum(axis=1) / np.maximum(some.sum(axis=1), 1)
        weighted[f"weighted_{part}"] = (each * actual).sum(axis=1) / all_actual
        micro[f"micro_{part}"] = whole
    return macro | weighted | micro


def _parts(right: Draws, predicted: Draws, actual: Draws) -> tuple[Draws, Draws, Draws]:
    """Return F1, precision and recall of each class, 0 where they are not defined: ``(draws, classes)`` each."""
    import numpy as np

    both = predicted + actual
    return 2 * right / np.maximum(both, 1), right / np.maximum(predicted, 1), right / np.maximum(actual, 1)


def _matthews(right: Draws, predicted: Draws, actual: Draws, rows: Draws) -> Draws:
    import numpy as np

    above = right * rows - (predicted * actual).sum(axis=1)
    below = (rows**2 - (predicted**2).sum(axis=1)) * (rows**2 - (actual**2).sum(axis=1))
    return np.where(below > 0, above / np.sqrt(np.maximum(below, 1)), 0.0)


def by_class(counted: Tally, names: Sequence[str]) -> tuple[ClassScore, ...]:
    """Return precision, recall and F1 of each class with their intervals, and how many rows have it.

    Parameters
    ----------
    counted
        A tally whose first sums are those of `metrics`.
    """
    sums = counted.all_rows()[0]
    right, predicted, actual = (sums[len(names) * at : len(names) * (at + 1)] for at in range(3))
    f1, precision, recall = _parts(right, predicted, actual)
    return tuple(
        ClassScore(
            label=name,
            precision=float(precision[at]),
            recall=float(recall[at]),
            f1=float(f1[at]),
            support=int(actual[at]),
            intervals=_of_class(float(right[at]), float(predicted[at]), float(actual[at])),
        )
        for at, name in enumerate(names)
    )


def _of_class(right: float, predicted: float, actual: float) -> dict[str, Interval]:
    """Return the intervals of F1, precision and recall of a class that are defined."""
    ends = {
        "f1": limits.of_f1(right, predicted + actual - right),
        "precision": limits.of_share(right, predicted),
        "recall": limits.of_share(right, actual),
    }
    return {name: interval for name, interval in ends.items() if interval}


def confusion(true: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.int64]:
    """Return how many rows of each class were given each class, ``(true, predicted)``."""
    import numpy as np

    return np.bincount(true * classes + predicted, minlength=classes**2).reshape(classes, classes)
