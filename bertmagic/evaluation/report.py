"""The result of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bertmagic.shown import Shown

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class ClassScore:
    """Precision, recall and F1 of one class, and how many true rows it has.

    ``threshold`` is the probability from which on a label is given, where a row may have any number of them.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class RangeScore:
    """The rows whose true number is between ``low`` and ``high``: what is predicted on average, and how far off."""

    low: float
    high: float
    rows: int
    predicted: float
    mae: float


@dataclass(frozen=True, slots=True)
class Slice:
    """The metrics of the rows that have ``value`` in ``column``."""

    column: str
    value: str
    rows: int
    metrics: Mapping[str, float]


@dataclass(frozen=True, repr=False)
class Report(Shown):
    """How well a model does on rows whose labels are known.

    Attributes
    ----------
    model, task, data
        What was measured, and on which rows.
    rows, skipped
        How many rows were measured, and how many were left out (no text, no label, or a label the model lacks).
    metrics
        Named numbers between 0 and 1, and ``loss``, the mean cross-entropy in nats. Of predicted numbers ``rmse`` and
        ``mae`` are in their unit, and correlations are between -1 and 1.
    before
        The same metrics before training, where they were measured.
    classes
        One `ClassScore` a class, in the order of ``labels``; none where nothing is told apart.
    labels, confusion
        The classes, and counts of shape ``(true, predicted)``; None where a row may have several classes, or none.
    ranges
        Of predicted numbers, one `RangeScore` for each part of the rows, from the lowest true numbers to the highest.
    slices
        The same metrics for parts of the rows.
    seconds, tokens
        Time and real tokens of the prediction; ``train_seconds``, ``train_tokens`` and ``best_step`` where the report
        closes a training run.
    notes
        What the user should know.
    """

    model: str
    task: str
    data: str
    rows: int
    metrics: Mapping[str, float]
    labels: tuple[str, ...] = ()
    classes: tuple[ClassScore, ...] = ()
    confusion: npt.NDArray[np.int64] | None = None
    ranges: tuple[RangeScore, ...] = ()
    skipped: int = 0
    slices: tuple[Slice, ...] = ()
    seconds: float = 0.0
    tokens: int = 0
    train_seconds: float = 0.0
    train_tokens: int = 0
    best_step: int = 0
    notes: tuple[str, ...] = ()
    before: Mapping[str, float] = field(default_factory=dict)

    def _ipython_display_(self) -> None:
        """Show the report, and the confusion matrix as a figure of its own below it."""
        from bertmagic.display.publish import show

        show(self)
