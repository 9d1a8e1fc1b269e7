"""A label column of numbers: whether they are to be predicted as such or stand for classes, and what they are."""

from __future__ import annotations

import math
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from numbers import Real
from typing import TYPE_CHECKING, Any

from bertmagic.data.labels import missing
from bertmagic.data.texts import cells
from bertmagic.errors import DataError, count

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

_FEW = 20
"""So many different whole numbers are classes, whatever they are."""

_A_CLASS = 5
"""How many rows each value has on average, where more than a few different whole numbers are classes."""


def of_column(column: pd.Series, where: str) -> npt.NDArray[np.float64]:
    """Return the numbers of a column, NaN where one is missing. Shape ``(rows,)``.

    Raises
    ------
    DataError
        If a cell is no number, if all are the same, or if there is none.
    """
    import numpy as np

    found = np.fromiter(map(_number, cells(column)), np.float64, len(column))
    odd = np.flatnonzero(np.isinf(found))
    if len(odd):
        example = column.iloc[odd[:1]].tolist()[0]
        raise DataError(
            f"{where} holds {count(len(odd), 'value')} that {'is' if len(odd) == 1 else 'are'} not a finite number, "
            f"such as {example!r} "
            f"({type(example).__name__}) in row {column.index[odd[0]]}.",
            'Make them numbers, as in pandas.to_numeric; task = "classification" takes text as classes.',
        )
    known = found[~np.isnan(found)]
    if not len(known):
        raise DataError(f"{where} has no number in any row.", "Fill the column in, or name another with label = …")
    return found


def refuse_constant(numbers: npt.NDArray[np.float64], where: str) -> None:
    """Raise a `DataError` if all numbers are the same."""
    if len(numbers) and numbers.min() == numbers.max():
        raise DataError(
            f"{where} is {numbers[0]:g} in every row; there is nothing to predict.", "Give rows that differ in it."
        )


def are_quantities(column: pd.Series) -> bool:
    """Whether a column holds numbers that are to be predicted as such, and are no classes.

    That is so where one has a fraction, and where whole numbers are many and either have few rows each, or have gaps
    as no numbering of classes has.
    """
    counted = _counted(column)
    if counted is None:
        return False
    if any(value != int(value) for value in counted):
        return True
    many = len(counted)
    gaps = max(counted) - min(counted) + 1 > many or min(counted) not in (0, 1)
    return many > _FEW and (counted.total() < _A_CLASS * many or gaps)


def said(column: pd.Series, regression: bool) -> str:
    """Return how the numbers of a column are taken, and how to have them taken otherwise; empty where it is plain.

    It is plain for texts, booleans and categories, and for whole numbers from 0 on without a gap, as classes are
    numbered.
    """
    counted = _counted(column)
    if counted is None:
        return ""
    many, whole = f"{len(counted):,} different", all(value == int(value) for value in counted)
    if regression:
        fix = '; task = "classification" takes each as a class' if whole else ""
        return f"{column.name!r} holds {many} {'whole ' * whole}numbers, which are predicted as numbers{fix}."
    if column.dtype.kind != "f" and set(counted) == set(range(len(counted))):
        return ""
    written = " as floats" if column.dtype.kind == "f" else ""
    fix = 'task = "regression" predicts the number itself'
    return f"{column.name!r} holds {many} whole numbers{written}, which are taken as classes; {fix}."


def _counted(column: pd.Series) -> Counter[float] | None:
    """Return how often each number occurs; None where the column holds, or is meant for, something else."""
    if hasattr(column, "cat"):
        return None
    found: Counter[float] = Counter()
    for value in cells(column):
        if missing(value):
            continue
        if isinstance(value, float) and math.isinf(value):
            continue  # a number that went wrong: `of_column` says where it is
        number = float("inf") if isinstance(value, str) else _number(value)
        if math.isinf(number):
            return None
        found[number] += 1
    return found or None


def _number(value: Any) -> float:
    """Return a cell as a number: NaN where it is missing or blank, infinite where it is none."""
    if missing(value) or (isinstance(value, str) and not value.strip()):
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, str | Real | Decimal):
        return float("inf")
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return float("inf")
    return float("inf") if math.isnan(found) else found


def spread(numbers: npt.NDArray[np.float64], bins: int = 10) -> dict[str, int]:
    """Return how many numbers are in each of some ranges of equal width, or of each number where they are few."""
    import numpy as np

    values, counts = np.unique(numbers, return_counts=True)
    if len(values) <= bins:
        return {f"{value:.6g}": int(count) for value, count in zip(values, counts, strict=True)}
    counts, edges = np.histogram(numbers, bins)
    names = (f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges))
    return {name: int(count) for name, count in zip(names, counts, strict=True)}
