"""Metrics that only the counts of right and wrong rows decide: accuracy, F1 and their kin."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bertmagic.evaluation.bootstrap import Tally, intervals
from bertmagic.evaluation.report import ClassScore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from bertmagic.evaluation.bootstrap import Draws

PARTS = ("f1", "precision", "recall")
"""The metrics of each class."""


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

    cells, kinds = np.unique(true * classes + predicted, return_inverse=True)
    actual, given = np.divmod(cells, classes)
    every = np.arange(classes)
    is_actual, is_predicted = actual[:, None] == every, given[:, None] == every
    values = np.hstack([is_actual & is_predicted, is_predicted, is_actual])
    return Tally(kinds, values.astype(np.float64), metrics)


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
    classes = len(names)

    def each(sums: Draws) -> Mapping[str, Draws]:
        import numpy as np

        counts = np.split(sums, 3, axis=1)
        parts = {**dict(zip(PARTS, _parts(*counts), strict=True)), "support": counts[2]}
        return {f"{name} {at}": tally[:, at] for name, tally in parts.items() for at in range(classes)}

    assert counted.values is not None
    tally = replace(counted, values=counted.values[:, : 3 * classes], metrics=each)
    exact, spread = tally.point_estimates(), intervals(tally)
    return tuple(
        ClassScore(
            label=name,
            precision=exact[f"precision {at}"],
            recall=exact[f"recall {at}"],
            f1=exact[f"f1 {at}"],
            support=int(exact[f"support {at}"]),
            intervals={part: spread[f"{part} {at}"] for part in PARTS if f"{part} {at}" in spread},
        )
        for at, name in enumerate(names)
    )


def confusion(true: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.int64]:
    """Return how many rows of each class were given each class, ``(true, predicted)``."""
    import numpy as np

    return np.bincount(true * classes + predicted, minlength=classes**2).reshape(classes, classes)
