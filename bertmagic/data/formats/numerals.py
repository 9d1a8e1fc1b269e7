"""Columns of text that hold numbers only: which of them become numbers, and which keep their writing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.data.texts import cells

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

_WHOLE = "^(0|-?[1-9][0-9]*)$"
_EXACT_NUMBER = r"^(0|-?[1-9][0-9]{0,14}|-?(0|[1-9][0-9]{0,8})\.([0-9]{0,5}[1-9]|0))$"
"""Numbers of up to 15 digits, which Python writes as they were read."""
_DECIMAL_COMMA = r"^-?([0-9]+|[0-9]{1,3}(\.[0-9]{3})+)(,[0-9]+)?$"
_TRUTH = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}
DIGITS = 18
"""Digits of the longest number that counts or places something; Python itself reads no number of 4,300 digits."""
_EXACT = 2**53
"""Up to here every whole number is a float, too."""


_MOST = len(str(-(2**63)))
"""Characters of the longest whole number of 64 bits."""


def typed(column: pd.Series, decimal_comma: bool = False) -> pd.Series:
    """Return a column of text as numbers or booleans if every cell is written as programs write these; else as it is.

    Codes such as ``007``, ``1E2``, ``1.10`` and ``+1`` are no numbers: as labels they are given back as they are
    written.

    Parameters
    ----------
    decimal_comma
        Whether ``0,5`` is a number.
    """
    known = column.dropna()
    if not len(known):
        return column.astype("float64")
    if known.isin(list(_TRUTH)).all():
        return column.map(_TRUTH).astype(bool if len(known) == len(column) else object)
    if _match(known, _WHOLE):
        return _whole(column, len(known) < len(column))
    if _are_canonical(known):
        return column.astype("float64")
    if decimal_comma and has_decimal_commas(known):
        return column.str.replace(".", "", regex=False).str.replace(",", ".", regex=False).astype("float64")
    return column


def is_position(text: str) -> bool:
    """Whether a text is a whole number from 0 on that can be a place in a text or in a list."""
    return text.isdecimal() and len(text) <= DIGITS


def has_decimal_commas(column: pd.Series) -> bool:
    """Whether every cell is a number, and some have a decimal comma."""
    known = column.dropna()
    return len(known) > 0 and _match(known, _DECIMAL_COMMA) and bool(known.str.contains(",", regex=False).any())


def _match(column: pd.Series, pattern: str) -> bool:
    """Whether every cell matches a pattern; quick where the first one does not."""
    return _matching(column.iloc[:1], pattern).all() and bool(_matching(column, pattern).all())


def _matching(column: pd.Series, pattern: str) -> Any:
    """Return which cells match a pattern. Shape ``(rows,)``."""
    import pyarrow as pa
    from pyarrow import compute

    matched = compute.match_substring_regex(pa.array(column, pa.large_string()), pattern)
    return matched.to_numpy(zero_copy_only=False)


def _are_canonical(column: pd.Series) -> bool:
    if not _is_canonical(column.iloc[0]):
        return False
    return _all(column[~_matching(column, _EXACT_NUMBER)], _is_canonical)


def _all(column: pd.Series, test: Callable[[str], Any]) -> bool:
    return all(test(cell) for cell in cells(column))


def _is_canonical(cell: str) -> bool:
    try:
        number = float(cell)
    except ValueError:
        return False
    return abs(number) < float("inf") and (repr(number) == cell or (f"{number:.0f}" == cell and abs(number) <= _EXACT))


def _whole(column: pd.Series, has_gaps: bool) -> pd.Series:
    """Return whole numbers; as they are if a number cannot hold them."""
    limit = _EXACT if has_gaps else 2**63 - 1
    if not _all(column.dropna(), lambda cell: len(cell) < 16 or (len(cell) <= _MOST and -limit <= int(cell) <= limit)):
        return column
    return column.astype("float64" if has_gaps else "int64")
