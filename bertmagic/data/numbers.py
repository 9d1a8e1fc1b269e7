"""A label column of numbers: whether they are predicted as numbers or stand for classes, and their values."""

from __future__ import annotations

import math
import re
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from numbers import Real
from typing import TYPE_CHECKING, Any

from bertmagic.data.labels import missing
from bertmagic.data.texts import cells
from bertmagic.errors import DataError, count
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

_FEW = 20
"""Up to so many different whole numbers are always taken as classes."""

_A_CLASS = 5
"""More different whole numbers are classes if each has at least so many rows on average."""

_WRITTEN = re.compile(r"[+-]?\d+(?:[.,]\d+)?")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def of_column(column: pd.Series, where: str) -> npt.NDArray[np.float64]:
    """Return the numbers of a column, NaN where one is missing. Shape ``(rows,)``.

    Raises
    ------
    DataError
        If a cell is not a number, if all are the same, or if there is none.
    """
    import numpy as np

    read = _number
    if has_decimal_commas(column):
        _refuse_thousands(column, where)
        read = _comma_number
    numbers = np.fromiter(map(read, cells(column)), np.float64, len(column))
    infinite = np.flatnonzero(np.isinf(numbers))
    if len(infinite):
        example = column.iloc[infinite[:1]].tolist()[0]
        raise DataError(
            f"{where} holds {count(len(infinite), 'value')} that {'is' if len(infinite) == 1 else 'are'} not a finite "
            f"number, such as {quoted(example)} ({type(example).__name__}) in row {column.index[infinite[0]]}.",
            'Make them numbers, as in pandas.to_numeric; task = "classification" takes text as classes.',
        )
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        raise DataError(f"{where} has no number in any row.", "Fill the column in, or name another with label = …")
    return numbers


def refuse_constant(numbers: npt.NDArray[np.float64], where: str) -> None:
    """Raise a `DataError` if all numbers are the same."""
    if len(numbers) and numbers.min() == numbers.max():
        raise DataError(
            f"{where} is {numbers[0]:g} in every row; there is nothing to predict.", "Give rows that differ in it."
        )


def are_quantities(column: pd.Series) -> bool:
    """Whether a column holds numbers that are predicted as numbers, and not classes.

    That is so if one of them has a fraction, or if there are many different whole numbers with few rows each or with
    gaps, which numbers of classes do not have. Texts of numbers are so if a comma or point is in one of them; if it is
    a point, only with many different texts, or more than a few with few rows each, as versions such as ``1.10`` are
    classes.
    """
    counts = _counted(column)
    if counts is None:
        texts = _written_fractions(column)
        few = texts.total() < _A_CLASS * len(texts) and len(texts) > _A_CLASS
        few = few or len(set(map(float, texts if "," not in "".join(texts) else ()))) > _FEW
        return bool(texts) and (few or any("," in text for text in texts))
    if any(value != int(value) for value in counts):
        return True
    different = len(counts)
    gaps = max(counts) - min(counts) + 1 > different or min(counts) not in (0, 1)
    return different > _FEW and (counts.total() < _A_CLASS * different or gaps)


def reading_note(column: pd.Series, regression: bool) -> str:
    """Return whether the numbers of a column are read as classes or as numbers, and how to change that.

    Empty where only one reading is likely: for texts, booleans and categories, and for whole numbers from 0 on without
    a gap, as classes are numbered.
    """
    counts = _counted(column)
    if counts is None:
        return _note_on_texts(column) if regression else ""
    different, whole = f"{len(counts):,} different", all(value == int(value) for value in counts)
    if regression:
        fix = '; task = "classification" takes each as a class' if whole else ""
        return f"{column.name!r} holds {different} {'whole ' * whole}numbers, which are predicted as numbers{fix}."
    if column.dtype.kind != "f" and set(counts) == set(range(len(counts))):
        return ""
    written = " as floats" if column.dtype.kind == "f" else ""
    fix = 'task = "regression" predicts the number itself'
    unlabelled = f" If -1 stands for no label, drop these rows: df[df[{column.name!r}] >= 0]."
    note = f"{column.name!r} holds {different} whole numbers{written}, which are taken as classes; {fix}."
    return note + unlabelled * (min(counts) == -1 and max(counts) > 1)


def _note_on_texts(column: pd.Series) -> str:
    """Return how texts of numbers are read, if they are."""
    texts = _written_fractions(column)
    if not texts:
        return ""
    comma = " with a decimal comma" if any("," in text for text in texts) else ""
    fix = 'task = "classification" takes each as a class'
    return (
        f"{column.name!r} holds {len(texts):,} different numbers{comma} as text, which are predicted as numbers; {fix}."
    )


def has_decimal_commas(column: pd.Series) -> bool:
    """Whether the cells of a column are texts of numbers, and some have a comma: ``0,5``."""
    return any("," in text for text in _written_fractions(column))


def _written_fractions(column: pd.Series) -> Counter[str]:
    """Return how often each text occurs if all cells are texts of numbers, some with a comma or point; else nothing.

    A comma and a point do not come together: one of them would separate thousands.
    """
    texts: Counter[str] = Counter()
    for value in () if hasattr(column, "cat") else cells(column):
        if missing(value) or (isinstance(value, str) and not value.strip()):
            continue
        if not isinstance(value, str) or not _WRITTEN.fullmatch(value.strip()):
            return Counter()
        texts[value.strip()] += 1
    signs = {sign for text in texts for sign in ",." if sign in text}
    return texts if len(signs) == 1 else Counter()


_PAIRS, _FIRSTS = 8, 3
"""So many different texts such as ``3,10``, and different numbers before their commas, are no chance."""


def refuse_lists(column: pd.Series, where: str) -> None:
    """Raise a `DataError` if texts with a comma are numbers or the sorted numbers of two labels.

    They may be labels if the part behind the comma is always higher. Prices have two digits there in every cell.
    """
    pairs = [text.split(",") for text in _written_fractions(column) if "," in text]
    firsts, widths = {first for first, _ in pairs}, {len(second) for _, second in pairs}
    ascending = all(int(first) < int(second) for first, second in pairs)
    if len(pairs) >= _PAIRS and len(firsts) >= _FIRSTS and ascending and 1 in widths:
        raise DataError(
            f"{where} holds texts such as {','.join(pairs[0])!r}: numbers with a decimal comma, or two labels each.",
            'task = "regression" reads numbers, task = "multi_label" lists of labels.',
        )


def _refuse_thousands(column: pd.Series, where: str) -> None:
    """Raise a `DataError` if each comma can be one of thousands as well."""
    texts = [text for text in _written_fractions(column) if "," in text]
    if all(map(_THOUSANDS.fullmatch, texts)):
        name = f"df[{column.name!r}]"
        raise DataError(
            f"{where} holds numbers such as {texts[0]!r}, whose comma can separate thousands or decimals.",
            f"For decimals: {name} = {name}.str.replace(',', '.').astype(float); "
            f"for thousands: {name} = {name}.str.replace(',', '').astype(float).",
        )


def _counted(column: pd.Series) -> Counter[float] | None:
    """Return how often each number occurs; None if the column holds something else, or is categorical."""
    if hasattr(column, "cat"):
        return None
    counts: Counter[float] = Counter()
    for value in cells(column):
        if missing(value):
            continue
        if isinstance(value, float) and math.isinf(value):
            continue  # a number that went wrong: `of_column` says where it is
        number = float("inf") if isinstance(value, str) else _number(value)
        if math.isinf(number):
            return None
        counts[number] += 1
    return counts or None


def _number(value: Any) -> float:
    """Return a cell as a number: NaN if it is missing or blank, infinite if it is not a number."""
    if missing(value) or (isinstance(value, str) and not value.strip()):
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, str | Real | Decimal):
        return float("inf")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return float("inf")
    return float("inf") if math.isnan(number) else number


def _comma_number(value: Any) -> float:
    """Return a cell of a column with decimal commas as a number."""
    return _number(value.replace(",", ".") if isinstance(value, str) else value)


def spread(numbers: npt.NDArray[np.float64], bins: int = 10) -> dict[str, int]:
    """Return how many numbers are in each of ``bins`` ranges of equal width; of each number if they are few."""
    import numpy as np

    values, counts = np.unique(numbers, return_counts=True)
    if len(values) <= bins:
        return {f"{value:.6g}": int(count) for value, count in zip(values, counts, strict=True)}
    counts, edges = np.histogram(numbers, bins)
    digits = next((n for n in range(4, 17) if len({f"{edge:.{n}g}" for edge in edges}) == len(edges)), 17)
    names = (f"{low:.{digits}g} to {high:.{digits}g}" for low, high in pairwise(edges))
    return {name: int(count) for name, count in zip(names, counts, strict=True)}
