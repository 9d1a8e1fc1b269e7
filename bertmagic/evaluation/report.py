"""The result of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bertmagic.shown import Shown

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from bertmagic.evaluation.outcomes import Outcomes

FEW = 30
"""Of fewer rows than these no slice is judged."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a number would lie in 95 of 100 data sets like this one."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ClassScore:
    """Precision, recall and F1 of one class, and how many true rows it has.

    ``threshold`` is the probability from which on a label is given, where a row may have any number of them;
    ``intervals`` are those of ``precision``, ``recall`` and ``f1``.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    threshold: float | None = None
    intervals: Mapping[str, Interval] = field(default_factory=dict)


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
    """The metrics of the rows that have ``value`` in ``column``.

    Attributes
    ----------
    intervals
        The 95 % interval of each metric that has one.
    p
        How probable a difference to the other rows as large as this is by chance, after Holm's correction for all
        slices of the report; None where that was not tested.
    automatic
        Whether the slice was not asked for.
    """

    column: str
    value: str
    rows: int
    metrics: Mapping[str, float]
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    p: float | None = None
    automatic: bool = False

    @property
    def small(self) -> bool:
        """Whether there are too few rows to judge."""
        return self.rows < FEW


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
    intervals
        The 95 % bootstrap interval of each metric that has one.
    undefined
        Metrics that have no value on these rows, and why.
    outcomes
        What is true and what was said of each row, where it was kept; never written to a notebook or a card as a whole.
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
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    undefined: Mapping[str, str] = field(default_factory=dict)
    outcomes: Outcomes | None = field(default=None, compare=False)

    def _ipython_display_(self) -> None:
        """Show the report, and the confusion matrix as a figure of its own below it."""
        from bertmagic.display.publish import show

        show(self)
