"""Thresholds that reach a wanted precision or recall."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bertmagic.errors import OptionError
from bertmagic.evaluation.limits import of_share
from bertmagic.evaluation.report import Point

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

_WANTED = re.compile(r"\s*(precision|recall)\s*=\s*(\d*\.?\d+)\s*(%?)\s*")


def read(wanted: str) -> tuple[str, float]:
    """Return the metric and the value of a text such as ``precision=0.95``.

    Raises
    ------
    OptionError
        If it is neither a precision nor a recall between 0 and 1.
    """
    match = _WANTED.fullmatch(wanted)
    share = float(match[2]) / (100 if match[3] else 1) if match else 0.0
    if match is None or not 0 < share <= 1:
        raise OptionError(
            f"at = {wanted!r} is neither a precision nor a recall.", 'Give it as at = "precision=0.95" or "recall=0.9".'
        )
    return match[1], share


def points(
    probabilities: npt.NDArray[np.floating], wanted: npt.NDArray[np.bool_], names: Sequence[str], at: str
) -> tuple[Point, ...]:
    """Return for each class the lowest threshold that reaches a precision, or the one that reaches a recall with the
    most precision.

    Parameters
    ----------
    probabilities
        The probability of each class, ``(rows, classes)``.
    wanted
        Whether a row has it, ``(rows, classes)``.
    at
        What is asked for; see `read`.
    """
    measure, share = read(at)
    target = f"{measure} = {share:g}"
    return tuple(
        _point(probabilities[:, i], wanted[:, i], name, measure, share, target) for i, name in enumerate(names)
    )


def _point(
    probabilities: npt.NDArray[np.floating],
    wanted: npt.NDArray[np.bool_],
    label: str,
    measure: str,
    share: float,
    target: str,
) -> Point:
    import numpy as np

    order = np.argsort(-probabilities, kind="stable")
    falling, right = probabilities[order], np.cumsum(wanted[order])
    last = np.flatnonzero(np.append(falling[1:] < falling[:-1], True))
    if not len(order) or not right[-1]:
        return Point(label, target, None, 0.0, 0.0, 0)
    precision, recall = right[last] / (last + 1), right[last] / right[-1]
    reached, other = (precision, recall) if measure == "precision" else (recall, precision)
    good = np.flatnonzero(reached >= share)
    if not len(good):
        return Point(label, target, None, float(precision.max()), 0.0, 0)
    best = good[other[good] == other[good].max()][-1]  # of equal ones the lowest threshold
    given = int(last[best] + 1)
    return Point(
        label, target, float(falling[last[best]]), float(precision[best]), float(recall[best]), given,
        of_share(int(right[last[best]]), given if measure == "precision" else int(right[-1])),
    )  # fmt: skip
