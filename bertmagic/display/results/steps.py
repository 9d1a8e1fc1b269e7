"""What to do after a result, as lines to copy into the next cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import NextSteps
from bertmagic.display.results import commands

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bertmagic.evaluation.report import Report

_LONGEST = 50
"""A text with more characters is not repeated in a line to copy."""


def of_report(result: Report) -> Iterator[NextSteps]:
    """Yield the steps after a report, for tasks that predict for rows."""
    if result.errors is None:
        return
    examples = [one.text for one in result.errors.examples if not one.cut]
    yield _steps(result.model, examples)


def of_predictions(model: str, texts: Sequence[str]) -> NextSteps:
    """Return the steps after predictions."""
    return _steps(model, texts, after_predictions=True)


def _steps(model: str, texts: Sequence[str], after_predictions: bool = False) -> NextSteps:
    short = next((text for text in texts if 0 < len(text) <= _LONGEST), "")
    look = [commands.attention(short, model)] if short else []
    predict = [] if after_predictions else [commands.predict("a new text", model)]
    codes = (*predict, commands.evaluate("test_rows", model), *look, commands.save(model))
    return NextSteps(codes, plain=not after_predictions)
