"""The result of a comparison: several models on the same rows, each against the first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from bertmagic.evaluation import bootstrap, significance
from bertmagic.evaluation.slices import holm
from bertmagic.result import ExportableResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    import pandas as pd

    from bertmagic.evaluation.report import Interval, Report

Test = Literal["McNemar", "randomization"]


@dataclass(frozen=True, slots=True)
class Contender:
    """One of the models.

    Attributes
    ----------
    name, encoder
        Its name, and its encoder; for a baseline, what it does.
    baseline
        Whether it is one of `bertmagic.evaluation.baselines`.
    metrics, intervals
        As in a report.
    speed
        Texts per second, from texts to predictions: the median of several rounds.
    rounds
        Texts per second of each round; the models took turns.
    disk, memory
        Bytes of its folder, and of its parameters; None if it has none.
    cost
        What 1,000 texts cost, in the currency of the price per hour; None without a price.
    """

    name: str
    encoder: str
    baseline: bool
    metrics: Mapping[str, float]
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    speed: float | None = None
    rounds: tuple[float, ...] = ()
    disk: int | None = None
    memory: int | None = None
    cost: float | None = None

    @property
    def seconds(self) -> float | None:
        """How many seconds 1,000 texts take."""
        return 1000 / self.speed if self.speed else None


@dataclass(frozen=True, slots=True)
class Change:
    """The difference of a metric of a model to that of the first model, with its 95 % interval."""

    value: float
    interval: Interval | None = None

    @property
    def clear(self) -> bool:
        """Whether the interval excludes 0."""
        return self.interval is not None and not self.interval.low <= 0 <= self.interval.high


@dataclass(frozen=True, slots=True)
class Versus:
    """A model against the first one.

    Attributes
    ----------
    name
        The model.
    changes
        Its metrics minus those of the first model.
    only_first, only_this, both, neither
        Number of rows that only the first has right, only this model, both, and neither. For predicted numbers: on how
        many the first is nearer, this one, and both are equally near.
    test, p, adjusted
        The test, its p, and p after Holm's correction for all models that are compared with the first.
    """

    name: str
    changes: Mapping[str, Change]
    only_first: int
    only_this: int
    both: int
    neither: int
    test: Test
    p: float
    adjusted: float


@dataclass(frozen=True, repr=False)
class ModelComparison(ExportableResult):
    """Several models on the same rows.

    Attributes
    ----------
    task, data, rows
        What is compared, and on which rows.
    contenders
        The models, in the order given.
    against
        Each model except the first, against the first.
    differing
        The rows on which predictions differ, with the user's index: ``text, true``, and a column for each model; rows
        that only some models have right come first.
    apart
        On how many rows predictions differ; ``differing`` may have fewer.
    price
        What an hour costs, if that was given.
    notes
        What the user should know.
    """

    task: str
    data: str
    rows: int
    contenders: tuple[Contender, ...]
    against: tuple[Versus, ...]
    differing: pd.DataFrame
    apart: int
    price: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """One row per model: its metrics with ``low_`` and ``high_``, changes as ``d_``, speed, size, cost and p."""
        import pandas as pd

        rows = [_row(one, self) for one in self.contenders]
        return pd.DataFrame(rows, index=pd.Index([one.name for one in self.contenders], name="model", dtype=object))


def _row(one: Contender, comparison: ModelComparison) -> dict[str, Any]:
    row: dict[str, Any] = {}
    versus = next((versus for versus in comparison.against if versus.name == one.name), None)
    for name, value in one.metrics.items():
        row[name] = value
        if name in one.intervals:
            row |= {f"low_{name}": one.intervals[name].low, f"high_{name}": one.intervals[name].high}
        if versus and name in versus.changes:
            row |= _change(name, versus.changes[name])
    row |= {"texts_per_second": one.speed, "seconds_per_1000": one.seconds, "cost_per_1000": one.cost}
    row |= {"disk": one.disk, "memory": one.memory}
    return row | ({"p": versus.p, "p_adjusted": versus.adjusted} if versus else {})


def _change(name: str, change: Change) -> dict[str, float]:
    row = {f"d_{name}": change.value}
    if change.interval:
        row |= {f"d_low_{name}": change.interval.low, f"d_high_{name}": change.interval.high}
    return row


def against(reports: Sequence[Report], names: Sequence[str]) -> tuple[Versus, ...]:
    """Return every model against the first, from their reports on the same rows.

    The p of each comparison is multiplied as Holm 1979 has it, so that of several models none looks better by luck.
    """
    import numpy as np

    first, *others = reports
    comparisons = [_versus(first, other, name) for other, name in zip(others, names[1:], strict=True)]
    adjusted = holm(np.asarray([versus["p"] for versus in comparisons]))
    return tuple(Versus(**versus, adjusted=float(p)) for versus, p in zip(comparisons, adjusted, strict=True))


def on_metric(first: Report, other: Report, metric: str) -> tuple[Change, float]:
    """Return the difference of one metric of the second report to that of the first, and the p of the two models."""
    return _changes(first, other, metric)[metric], float(_tested(first, other)["p"])


def _versus(first: Report, other: Report, name: str) -> dict[str, Any]:
    return {"name": name, "changes": _changes(first, other), **_tested(first, other)}


def _tested(first: Report, other: Report) -> dict[str, Any]:
    """Return the test of two models on the same rows, its p, and the numbers of rows that it compares."""
    import numpy as np

    one, two = first.outcomes, other.outcomes
    assert one is not None
    assert two is not None
    ahead = two.credit - one.credit
    if one.numeric:
        counts = {
            "only_first": ahead < 0,
            "only_this": ahead > 0,
            "both": ahead == 0,
            "neither": np.zeros(len(ahead), bool),
        }
        p, test = significance.randomization_test(ahead), "randomization"
    else:
        counts = {
            "only_first": ~one.wrong & two.wrong,
            "only_this": one.wrong & ~two.wrong,
            "both": ~one.wrong & ~two.wrong,
            "neither": one.wrong & two.wrong,
        }
        test = "McNemar"
    numbers = {which: int(rows.sum()) for which, rows in counts.items()}
    if test == "McNemar":
        p = significance.mcnemar(numbers["only_first"], numbers["only_this"])
    return {"test": test, "p": p, **numbers}


def _changes(first: Report, other: Report, only: str | None = None) -> dict[str, Change]:
    """Return the difference of each metric, or of one, of the second report to that of the first, with intervals."""
    names = first.metrics.keys() & other.metrics.keys() if only is None else {only}
    values = {name: other.metrics[name] - before for name, before in first.metrics.items() if name in names}
    spread: dict[str, Interval] = {}
    assert first.outcomes is not None
    assert other.outcomes is not None
    for one, two in zip(first.outcomes.tallies, other.outcomes.tallies, strict=False):
        if len(one) == len(two) and (only is None or only in one.point_estimates()):
            spread |= bootstrap.differences(one, two, values)
    return {name: Change(value, spread.get(name)) for name, value in values.items()}


def differing(reports: Sequence[Report], names: Sequence[str], most: int) -> tuple[pd.DataFrame, int]:
    """Return rows on which models differ, first those that only some have right, and the number of all such rows."""
    import numpy as np
    import pandas as pd

    kept = [report.outcomes for report in reports if report.outcomes is not None]
    predictions = [_words(report.labels, outcomes.predicted) for outcomes, report in zip(kept, reports, strict=True)]
    first, credit = kept[0], np.asarray([outcomes.credit for outcomes in kept])
    apart = np.asarray(
        [[one != other for one, other in zip(predictions[0], others, strict=True)] for others in predictions[1:]]
    ).any(axis=0)
    gap = credit.max(axis=0) - credit.min(axis=0)
    rows = np.flatnonzero(apart)
    many, rows = len(rows), rows[np.argsort(-gap[rows], kind="stable")][:most]
    true = _words(reports[0].labels, first.true)
    frame = {"text": [first.text(int(at)) for at in rows], "true": [true[at] for at in rows]}
    frame |= {name: [values[at] for at in rows] for name, values in zip(names, predictions, strict=True)}
    return pd.DataFrame(frame, index=first.index[rows], dtype=object), many


def _words(labels: tuple[str, ...], values: npt.NDArray[Any]) -> list[Any]:
    """Return the true or the predicted value of each row as text, or as a number."""
    if values.ndim == 2:
        return [", ".join(name for name, given in zip(labels, row, strict=True) if given) for row in values]
    if labels and values.dtype.kind in "iu":
        return [labels[at] for at in values]
    return list(values.tolist())
