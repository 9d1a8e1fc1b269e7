"""Predicted numbers, one a row, and the range they lie in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column
from bertmagic.display.results.predictions import document, table
from bertmagic.display.style import number

if TYPE_CHECKING:
    from bertmagic.tasks.regression.result import NumberPredictions


def blocks(result: NumberPredictions) -> list[Block]:
    """Return the number of each row."""
    rows = table(result, [Column("value")], lambda row: [number(row["value"])])
    return document(result, _summary(result), rows)


def _summary(result: NumberPredictions) -> str:
    values = result.frame["value"].dropna()
    if len(values) < 2:
        return number(values.iloc[0]) if len(values) else ""
    return f"from {number(values.min())} to {number(values.max())}, {number(values.mean())} on average"
