"""Metrics of a classification that only the counts of right and wrong rows decide: accuracy, F1 and their kin."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bertmagic.evaluation.bootstrap import Tally, intervals

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from bertmagic.evaluation.bootstrap import Draws
    from bertmagic.evaluation.report import Interval

PARTS = ("precision", "recall", "f1")
"""What is told of each class."""


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
    wanted, found = np.divmod(cells, classes)
    every = np.arange(classes)
    values = np.hstack([(wanted == found)[:, None] & (found[:, None] == every), found[:, None] == every,
                        wanted[:, None] == every])  # fmt: skip
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
    Macro averages are over the classes that are true or were predicted, balanced accuracy over those that are true,
    weighted averages weigh by true rows, and a micro average counts all rows alike; each as scikit-learn has it.
    Matthews' correlation of many classes is that of Gorodkin 2004, 0 where it is not defined.
    """
    import numpy as np

    right, found, wanted = np.split(sums, 3, axis=1)
    rows = np.maximum(wanted.sum(axis=1), 1)
    each = dict(zip(PARTS, _parts(right, found, wanted), strict=True))
    some, known = found + wanted > 0, wanted > 0
    accuracy = right.sum(axis=1) / rows
    named = {
        "accuracy": accuracy,
        "balanced_accuracy": (each["recall"] * known).sum(axis=1) / np.maximum(known.sum(axis=1), 1),
    }
    for part in ("f1", "precision", "recall"):
        named[f"macro_{part}"] = (each[part] * some).sum(axis=1) / np.maximum(some.sum(axis=1), 1)
    for part in ("f1", "precision", "recall"):
        named[f"weighted_{part}"] = (each[part] * wanted).sum(axis=1) / rows
    named |= {f"micro_{part}": accuracy for part in ("f1", "precision", "recall")}
    return named | {"mcc": _matthews(right.sum(axis=1), found, wanted, rows)}


def _parts(right: Draws, found: Draws, wanted: Draws) -> tuple[Draws, Draws, Draws]:
    """Return precision, recall and F1 of each class, 0 where they are not defined: ``(draws, classes)`` each."""
    import numpy as np

    both = found + wanted
    return right / np.maximum(found, 1), right / np.maximum(wanted, 1), 2 * right / np.maximum(both, 1)


def _matthews(right: Draws, found: Draws, wanted: Draws, rows: Draws) -> Draws:
    import numpy as np

    above = right * rows - (found * wanted).sum(axis=1)
    below = (rows**2 - (found**2).sum(axis=1)) * (rows**2 - (wanted**2).sum(axis=1))
    return np.where(below > 0, above / np.sqrt(np.maximum(below, 1)), 0.0)


def by_class(counted: Tally, classes: int) -> list[dict[str, Interval]]:
    """Return the intervals of precision, recall and F1 of each class."""

    def each(sums: Draws) -> Mapping[str, Draws]:
        import numpy as np

        parts = zip(PARTS, _parts(*np.split(sums, 3, axis=1)), strict=True)
        return {f"{name} {at}": of[:, at] for name, of in parts for at in range(classes)}

    found = intervals(replace(counted, metrics=each))
    return [{name: found[f"{name} {at}"] for name in PARTS if f"{name} {at}" in found} for at in range(classes)]
