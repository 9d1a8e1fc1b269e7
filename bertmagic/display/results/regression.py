"""Predicted numbers: one a row, and between which they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.results.predictions import framed, plain
from bertmagic.display.style import number

if TYPE_CHECKING:
    from markupsafe import Markup

    from bertmagic.tasks.regression.result import NumberPredictions


def text(result: NumberPredictions) -> str:
    """Return the predictions in at most ten lines."""
    return plain(result, _found(result), [("value", 0)], lambda row: [number(row["value"])])


def markup(result: NumberPredictions) -> Markup:
    """Return the predictions as a table of at most 50 rows."""
    return framed(result, _found(result), [("value", 0)], lambda row: [number(row["value"])])


def _found(result: NumberPredictions) -> str:
    values = result.frame["value"].dropna()
    if len(values) < 2:
        return number(values.iloc[0]) if len(values) else ""
    return f"from {number(values.min())} to {number(values.max())}, {number(values.mean())} on average"
