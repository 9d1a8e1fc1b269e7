"""Columns of text that hold numbers only: which of them become numbers, and which keep their writing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bertmagic.data.texts import cells

if TYPE_CHECKING:
    import pandas as pd

_WHOLE = re.compile(r"0|-?[1-9]\d*")
_DECIMAL_COMMA = re.compile(r"-?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?")
_EXACT = 2**53
"""Up to here every whole number is a float, too."""


def typed(column: pd.Series, decimal_comma: bool = False) -> pd.Series:
    """Return a column of text as numbers or booleans if every cell is written as Python writes these; else as it is.

    Codes such as ``007``, ``1E2``, ``1.10`` and ``+1`` are no numbers: as labels they are given back as they are
    written.

    Parameters
    ----------
    decimal_comma
        Whether ``0,5`` is a number.
    """
    import pandas as pd

    known = column.dropna()
    if not len(known):
        return column.astype("float64")
    if _all(known, {"True", "False"}.__contains__):
        values = [None if pd.isna(cell) else cell == "True" for cell in cells(column)]
        return pd.Series(values, column.index, dtype=bool if len(known) == len(column) else object, name=column.name)
    if _all(known, _is_whole):
        return _whole(column, len(known) < len(column))
    if _all(known, _is_canonical):
        return column.astype("float64")
    if decimal_comma and has_decimal_commas(known):
        return column.str.replace(".", "", regex=False).str.replace(",", ".", regex=False).astype("float64")
    return column


def has_decimal_commas(column: pd.Series) -> bool:
    """Whether every cell is a number, and some have a decimal comma."""
    known = column.dropna()
    return _all(known, _DECIMAL_COMMA.fullmatch) and any("," in cell for cell in cells(known))


def _all(column: pd.Series, test: Callable[[str], Any]) -> bool:
    return all(test(cell) for cell in cells(column))


def _is_whole(cell: str) -> bool:
    return bool(_WHOLE.fullmatch(cell))


def _is_canonical(cell: str) -> bool:
    try:
        number = float(cell)
    except ValueError:
        return False
    return abs(number) < float("inf") and (repr(number) == cell or (_is_whole(cell) and abs(number) <= _EXACT))


def _whole(column: pd.Series, has_gaps: bool) -> pd.Series:
    """Return whole numbers; as they are if a number cannot hold them."""
    limit = _EXACT if has_gaps else 2**63 - 1
    if not _all(column.dropna(), lambda cell: -limit <= int(cell) <= limit):
        return column
    return column.astype("float64" if has_gaps else "int64")
