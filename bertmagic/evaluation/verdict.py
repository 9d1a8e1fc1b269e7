"""Whether a model is better than the baselines of its run, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertmagic.errors import count
from bertmagic.evaluation import comparison
from bertmagic.evaluation.report import FEW, Interval
from bertmagic.options import LOWER_IS_BETTER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bertmagic.evaluation.report import Report

CALLED = {
    "majority": "the most frequent tag of each word",
    "tfidf": "TF-IDF",
    "linear_probe": "the linear probe",
    "cosine": "the cosine",
}
"""The baselines in a sentence."""

_CLEAR = 0.05
"""A difference is clear if its p is below this, too: of a few rows a bootstrap interval is too narrow."""

_SHARES = frozenset(["accuracy", "exact_match", "f1", "macro_f1", "micro_f1"])
"""Metrics between 0 and 1 whose differences are given in points, hundredths of them."""


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """A baseline on the rows of a report.

    Attributes
    ----------
    name
        One of `bertmagic.evaluation.baselines.BASELINES`.
    metrics
        As in a report.
    metric
        The main metric, by which the model is compared with it.
    difference
        That metric of the model minus that of the baseline.
    interval
        The paired 95 % bootstrap interval of the difference; None if there are too few rows.
    p
        The p-value of McNemar's test, or of the paired randomization test for numbers.
    method
        As in `bertmagic.evaluation.baselines.Baseline`.
    """

    name: str
    metrics: Mapping[str, float]
    metric: str
    difference: float
    interval: Interval | None
    p: float
    method: str = ""

    @property
    def gain(self) -> float:
        """By how much the model is better: negative if it is worse."""
        return -self.difference if self.metric in LOWER_IS_BETTER else self.difference

    @property
    def gain_interval(self) -> Interval | None:
        """The interval of `gain`."""
        if self.interval is None or self.metric not in LOWER_IS_BETTER:
            return self.interval
        return Interval(-self.interval.high, -self.interval.low)

    @property
    def clear(self) -> bool:
        """Whether the interval leaves 0 out and the test agrees."""
        interval = self.interval
        return interval is not None and not interval.low <= 0 <= interval.high and self.p < _CLEAR


def against(model: Report, baseline: Report, metric: str) -> BaselineResult:
    """Return the result of a baseline, with the difference of the model's main metric to it.

    Parameters
    ----------
    model, baseline
        Their reports on the same rows.
    metric
        The main metric.
    """
    change, p = comparison.on_metric(baseline, model, metric)
    return BaselineResult(baseline.model, baseline.metrics, metric, change.value, change.interval, p)


def best(results: Sequence[BaselineResult]) -> BaselineResult:
    """Return the baseline that the model gains least on."""
    return min(results, key=lambda result: result.gain)


def sentence(results: Sequence[BaselineResult], rows: int, advice: str, keep: Mapping[str, str]) -> str:
    """Say whether the model is better than the best baseline, and what to do if it is not.

    Parameters
    ----------
    results
        One or more baselines.
    rows
        How many rows were measured.
    advice
        How the model may become better.
    keep
        For each baseline, how it can be used instead of the model.
    """
    result = best(results)
    name = f"the best baseline, {CALLED[result.name]}"
    if result.clear and result.gain > 0:
        return f"Better than {name}, by {_size(result)}."
    if result.clear:
        return f"Worse than {name}, by {_size(result)}. {advice} {keep[result.name]}"
    if result.metric in _SHARES and result.metrics[result.metric] == 1 and result.gain == 0:
        return f"As good as {name}: both are right everywhere. {keep[result.name]}"
    few = f" {count(rows, 'row')} can show large differences only: give more test rows." if rows < FEW else ""
    return f"No clear difference from {name}: {_size(result, signed=True)}.{few} {advice} {keep[result.name]}"


def _size(result: BaselineResult, signed: bool = False) -> str:
    """Return the gain with its unit and interval, such as ``4.2 points of accuracy (95 % interval 1.0 to 7.4)``."""
    gain, interval = result.gain, result.gain_interval
    if not signed and gain < 0:
        gain, interval = -gain, interval and Interval(-interval.high, -interval.low)
    scale = 100 if result.metric in _SHARES else 1

    def text(value: float) -> str:
        return f"{value * scale:.1f}" if scale == 100 else f"{value:.3g}"

    between = f" (95 % interval {text(interval.low)} to {text(interval.high)})" if interval else ""
    name = result.metric.replace("_", " ").replace("f1", "F1")
    of = f"points of {name}" if scale == 100 else f"of {name.upper() if len(name) < 5 else name}"
    return f"{'+' if signed and gain > 0 else ''}{text(gain)} {of}{between}"
