"""Any number of labels a row, and the probability of each label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.blocks import Block, Column
from bertmagic.display.results.predictions import (
    WIDE,
    about_columns,
    document,
    lacking,
    most_frequent,
    probabilities,
    probability_columns,
    table,
)
from bertmagic.display.style import line

if TYPE_CHECKING:
    from bertmagic.display.cells import Cell
    from bertmagic.tasks.multi_label.result import MultiLabelPredictions

_NONE = "none"


def blocks(result: MultiLabelPredictions) -> list[Block]:
    """Return the labels of each row, and the probability of each label."""

    def cells(row: Any) -> list[Cell]:
        return [line(", ".join(map(str, row["labels"])) or _NONE, 200), *probabilities(row, result.labels)]

    columns = [Column("labels", "word", 60), *probability_columns(result.labels)]
    return document(result, _summary(result), table(result, columns, cells, _explanation(result)))


def _summary(result: MultiLabelPredictions) -> str:
    given = [labels for labels in result.frame["labels"] if not lacking(labels)]
    return most_frequent((label for labels in given for label in labels or [_NONE]), ("label", "labels"))


def _explanation(result: MultiLabelPredictions) -> str:
    if len(result.labels) > WIDE:
        return "Each label is given where its probability reaches its own threshold."
    pairs = zip(result.labels, result.thresholds, strict=True)
    thresholds = ", ".join(f"{line(label, 30)} from {threshold:.3f}" for label, threshold in pairs)
    return f"{about_columns(result.labels, 'label')} Given are: {thresholds} on."
