"""Any number of labels a row: those that were given in words, and the probability of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.results.predictions import WIDE, chances, chances_head, counted, framed, lacking, plain
from bertmagic.display.style import line
from bertmagic.display.writers.elements import Cell

if TYPE_CHECKING:
    from markupsafe import Markup

    from bertmagic.tasks.multi_label.result import MultiLabelPredictions

_NONE = "none"


def text(result: MultiLabelPredictions) -> str:
    """Return the predictions in at most ten lines."""
    return plain(result, _found(result), [("labels", 60)], lambda row: [_labels(row)])


def markup(result: MultiLabelPredictions) -> Markup:
    """Return the predictions as a table of at most 50 rows."""

    def cells(row: Any) -> list[object]:
        return [Cell(line(_labels(row), 200), "min-width:8em"), *chances(row, result.labels)]

    head = [("labels", 200), *chances_head(result.labels)]
    return framed(result, _found(result), head, cells, _explained(result))


def _found(result: MultiLabelPredictions) -> str:
    lists = [found for found in result.frame["labels"] if not lacking(found)]
    return counted((label for found in lists for label in found or [_NONE]), ("label", "labels"))


def _labels(row: Any) -> str:
    return ", ".join(map(str, row["labels"])) or _NONE


def _explained(result: MultiLabelPredictions) -> str:
    pairs = list(zip(result.labels, result.thresholds, strict=True))
    if len(pairs) > WIDE:
        return "Each label is given where its probability reaches its own threshold."
    from_on = ", ".join(f"{line(label, 30)} from {threshold:.3f}" for label, threshold in pairs)
    return f"A column named after a label holds its probability. Given are: {from_on} on."
