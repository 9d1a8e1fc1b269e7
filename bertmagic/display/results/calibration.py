"""What calibrating a model changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Headline, Paragraph, Table, columns
from bertmagic.display.style import line, score, words
from bertmagic.errors import count
from bertmagic.evaluation.calibration import UNFIT

if TYPE_CHECKING:
    from bertmagic.evaluation.calibration import Calibration

_NAMES = {"ece": "expected calibration error", "loss": "loss (nats)"}


def blocks(result: Calibration) -> list[Block]:
    """Return the temperature, the numbers before and after, and where the temperature is kept."""
    rows = [
        [_NAMES.get(name, words(name)), score(before), score(result.after[name])]
        for name, before in result.before.items()
    ]
    table = Table(columns(("", "before", "after")), rows, explanation="On the rows that it was chosen on.")
    notes = [_effect(result), *([line(result.kept, 400)] if result.kept else [])]
    return [Headline(_headline(result)), table, *map(Paragraph, notes)]


def _headline(result: Calibration) -> str:
    if not result.changed:
        return f"{line(result.model, 60)} was not calibrated on {_rows(result)}."
    sure = "too sure of itself" if result.temperature > 1 else "not sure enough"
    return f"{line(result.model, 60)} was {sure}: temperature {result.temperature:.3f}, from {_rows(result)}."


def _rows(result: Calibration) -> str:
    return count(result.rows, "row") + (f" of {line(result.data, 60)}" if result.data else "")


def _effect(result: Calibration) -> str:
    if not result.changed:
        return f"{UNFIT[0].upper()}{UNFIT[1:]}"
    if result.thresholds:
        return "The thresholds of the labels were chosen anew on the same rows."
    return "The probabilities of each prediction are scaled anew; which class is first stays the same."
