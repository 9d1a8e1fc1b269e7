"""The result of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bertmagic.errors import OptionError, listing, nearest
from bertmagic.result import ExportableResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.evaluation.errors import Errors
    from bertmagic.evaluation.figures import Figure
    from bertmagic.evaluation.outcomes import Outcomes
    from bertmagic.evaluation.verdict import BaselineResult

FEW = 30
"""Below so many rows only a large difference can show, and only shares have an interval."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % interval: of intervals from 100 data sets like this one, 95 hold the number of all such rows."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ClassScore:
    """Precision, recall and F1 of one class, and how many true rows it has.

    ``threshold`` is the lowest probability at which a label is predicted, if a row may have several labels.
    ``partial_f1`` counts an entity that overlaps a true one as half right. ``intervals`` have the names of the numbers.
    """

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    threshold: float | None = None
    partial_f1: float | None = None
    intervals: Mapping[str, Interval] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RangeScore:
    """The rows whose true number is between ``low`` and ``high``: the mean prediction, and its mean absolute error."""

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
        The p-value of the difference to the other rows, after Holm's correction for all slices of the report; None if
        there are no other rows, or no outcomes of single rows.
    """

    column: str
    value: str
    rows: int
    metrics: Mapping[str, float]
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    p: float | None = None

    @property
    def small(self) -> bool:
        """Whether there are so few rows that only a large difference can show."""
        return self.rows < FEW


@dataclass(frozen=True, slots=True)
class Gap:
    """The difference of a rate between two groups of rows: that of the ``high`` group minus that of the ``low`` group.

    Attributes
    ----------
    column
        The column of the groups.
    label
        The class whose rate it is.
    measure
        ``demographic parity``, ``equal opportunity`` or ``equalised odds``; see `bertmagic.evaluation.fairness`.
    """

    column: str
    label: str
    measure: str
    low: str
    high: str
    value: float
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """A threshold of a class: the lowest probability at which it is predicted.

    Attributes
    ----------
    wanted
        What was asked for, such as ``precision = 0.95``.
    threshold
        None if no threshold reaches it.
    given
        How many rows reach the threshold.
    """

    label: str
    wanted: str
    threshold: float | None
    precision: float
    recall: float
    given: int
    interval: Interval | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """How predictions changed when words for one group of people were swapped for those of another group.

    Attributes
    ----------
    kind, source, target
        The list of words, and its two groups.
    texts
        How many texts have such words.
    flipped
        The share of these texts whose predicted class changed, with its interval.
    moved
        How far the probability of the class that was predicted first moved: the mean, and the largest with its sign.
    example
        The text with the largest change, before and after the swap.
    """

    kind: str
    source: str
    target: str
    texts: int
    flipped: float
    interval: Interval | None
    moved: float
    furthest: float
    example: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Issue:
    """A row whose label should be looked at.

    Attributes
    ----------
    kind
        ``likely wrong label``, ``contradicts``, ``in train`` or ``nearly in train``.
    row, text, label
        The row.
    other
        The more probable label, or the row that it contradicts or repeats.
    score
        The probability of that label, or the similarity of the two texts.
    """

    kind: str
    row: str
    text: str
    label: str
    other: str
    score: float


@dataclass(frozen=True, repr=False)
class Report(ExportableResult):
    """The performance of a model on rows whose labels are known.

    Attributes
    ----------
    model, task, data
        What was measured, and on which rows.
    rows, skipped, trained_on
        How many rows were measured, how many were left out (no text, no label, or an unknown label), and how many of
        those measured the model was trained on, as far as that is known.
    metrics
        Named numbers between 0 and 1, and ``loss``, the mean cross-entropy in nats. For predicted numbers, ``rmse``
        and ``mae`` are in their unit, and correlations are between -1 and 1.
    before
        The same metrics before training, if they were measured.
    classes
        One `ClassScore` per class, in the order of ``labels``; empty for tasks without classes.
    labels, confusion
        The classes, and counts of shape ``(true, predicted)``; None if a row may have several classes, or no class.
    ranges
        For predicted numbers, one `RangeScore` per range of true numbers, the lowest first.
    slices
        The same metrics for parts of the rows.
    intervals
        The 95 % interval of each metric that has enough rows for one.
    undefined
        Metrics that are not defined on these rows, and why.
    main
        The metric that slices are ordered by.
    class_noun, support_noun
        What one of ``classes`` is called, and what its support counts.
    automatic
        Slices that are always computed: by length, class, language and other traits of the texts.
    gaps
        How differently groups of rows are treated, for the columns that were named.
    errors
        The rows to read first.
    unseen
        Labels that the model has never seen, and how many rows have them; ``rows`` does not include them.
    points
        The thresholds that reach a wanted precision or recall.
    probes
        How far predictions move when words for people are swapped.
    issues
        Rows whose label may be wrong, that contradict each other, or that are in the training rows.
    outcomes
        The true and the predicted value of each row, if kept; never written to a notebook or a card as a whole.
    baselines, verdict
        The baselines of a training run on the same rows, and whether the model is better than the best of them.
    seconds, tokens
        Time and real tokens of the prediction; ``train_seconds``, ``train_tokens`` and ``best_step`` for the
        report of a training run.
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
    confusion: npt.NDArray[np.int32] | None = None
    ranges: tuple[RangeScore, ...] = ()
    skipped: int = 0
    trained_on: int = 0
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
    main: str = ""
    class_noun: str = "class"
    support_noun: str = "rows"
    automatic: tuple[Slice, ...] = ()
    gaps: tuple[Gap, ...] = ()
    errors: Errors | None = field(default=None, compare=False)
    unseen: Mapping[str, int] = field(default_factory=dict)
    points: tuple[Point, ...] = ()
    probes: tuple[Probe, ...] = ()
    issues: tuple[Issue, ...] = ()
    outcomes: Outcomes | None = field(default=None, compare=False)
    baselines: tuple[BaselineResult, ...] = ()
    verdict: str = ""

    @property
    def summary(self) -> str:
        """What a person would say about the model in one sentence."""
        from bertmagic.evaluation.summary import summary

        return summary(self)

    @property
    def frame(self) -> pd.DataFrame:
        """Every number of the report, one a row: ``of, name, metric, value, low, high, rows``.

        ``of`` is ``all``, ``before``, ``baseline``, ``class``, ``gap``, ``threshold``, ``probe``, or the column of a
        slice, and ``name`` the baseline, the class, the groups, or the value.
        """
        import pandas as pd

        rows: list[tuple[Any, ...]] = [("all", "", *one, self.rows) for one in _numbers(self.metrics, self.intervals)]
        rows += [("before", "", *one, self.rows) for one in _numbers(self.before, {})]
        for result in self.baselines:
            gain = (f"model minus baseline: {result.metric}", result.difference, *_ends(result.interval))
            numbers = [*_numbers(result.metrics, {}), gain, ("p", result.p, *_ends(None))]
            rows += [("baseline", result.name, *one, self.rows) for one in numbers]
        for one in self.classes:
            parts = {"precision": one.precision, "recall": one.recall, "f1": one.f1}
            more = {"partial_f1": one.partial_f1, "threshold": one.threshold}
            parts |= {name: value for name, value in more.items() if value is not None}
            rows += [("class", one.label, *part, one.support) for part in _numbers(parts, one.intervals)]
        for subset in (*self.slices, *self.automatic):
            values = _numbers(subset.metrics, subset.intervals)
            rows += [(subset.column, subset.value, *part, subset.rows) for part in values]
        for gap in self.gaps:
            groups = f"{gap.column}: {gap.high} above {gap.low}"
            rows.append(("gap", groups, f"{gap.measure} of {gap.label}", gap.value, *_ends(gap.interval), self.rows))
        for at in self.points:
            rows.append(("threshold", at.label, at.wanted, at.threshold, *_ends(None), at.given))
            rows += [("threshold", at.label, f"{at.wanted}: {part}", getattr(at, part), *_ends(None), at.given)
                     for part in ("precision", "recall")]  # fmt: skip
        for swap in self.probes:
            words = f"{swap.kind}: {swap.source} → {swap.target}"
            rows.append(("probe", words, "flipped", swap.flipped, *_ends(swap.interval), swap.texts))
            rows.append(("probe", words, "moved", swap.moved, *_ends(None), swap.texts))
        return pd.DataFrame(rows, columns=["of", "name", "metric", "value", "low", "high", "rows"])

    def figure(self, name: str) -> Figure:
        """Return a picture of the rows: it shows itself, and `Figure.plotly` is its JSON.

        Parameters
        ----------
        name
            ``confusion``, ``confusion_counts``, ``roc``, ``precision_recall``, ``reliability``, ``scores``,
            ``thresholds`` or ``lengths``; which there are depends on the task.

        Raises
        ------
        OptionError
            If there is no such picture of these rows.
        """
        from bertmagic.evaluation import curves

        known = curves.names(self)
        if name not in known:
            raise OptionError(
                f"there is no picture {name!r} of this report.{nearest(name, known)}", f"There are: {listing(known)}."
            )
        return curves.figure(self, name)

    @property
    def pictures(self) -> tuple[str, ...]:
        """The names of the pictures that `figure` has."""
        from bertmagic.evaluation import curves

        return curves.names(self)


def _numbers(
    metrics: Mapping[str, float], intervals: Mapping[str, Interval]
) -> list[tuple[str, float, float | None, float | None]]:
    """Return each metric with its value and the ends of its interval."""
    return [(name, value, *_ends(intervals.get(name))) for name, value in metrics.items()]


def _ends(interval: Interval | None) -> tuple[float | None, float | None]:
    return (None, None) if interval is None else (interval.low, interval.high)
