"""The first line of a report: what a person would say about the model, from all that the report has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.errors import count
from bertmagic.evaluation import verdict
from bertmagic.options import LOWER_IS_BETTER
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from bertmagic.evaluation.report import Report, Slice

_CERTAIN = 0.05
"""A part of the rows differs from the others if its p is below this."""
_POSSIBLE = 0.25
"""A part of the rows may differ if its p, which is corrected for all parts, is below this."""
_UNCALIBRATED = 0.05
"""A calibration error is named if its interval lies above this."""
_GUESSED = "language (guess)"
_CUT = 40


def summary(report: Report) -> str:
    """Return the number, where the model is weak, whether a baseline is better, and how far it overestimates itself.

    For example: ``sentiment: accuracy 0.94 (0.89 to 0.97) on 160 rows; weak on Chinese (0.62 of 21 rows); TF-IDF is
    better: 0.99.``
    """
    name = main(report)
    if not name:
        return f"{report.model}: {count(report.rows, 'row')}."
    numbers = _number(report, name), _trained_on(report)
    parts = [*numbers, _weakness(report, name), _baseline(report), _calibration(report)]
    return f"{report.model}: {'; '.join(filter(None, parts))}."


def main(report: Report) -> str:
    """Return the metric that stands for all: the main one, else the first that there is; empty if there is none."""
    return report.main if report.main in report.metrics else next(iter(report.metrics), "")


def _number(report: Report, name: str) -> str:
    value, interval = report.metrics[name], report.intervals.get(name)
    between = f" ({short(interval.low)} to {short(interval.high)})" if interval else ""
    return f"{_called(name)} {short(value)}{between} on {count(report.rows, 'row')}"


def _trained_on(report: Report) -> str:
    """Return that the model knows some of the rows, whose numbers are better than those of new ones."""
    if not report.trained_on:
        return ""
    if report.trained_on == report.rows:
        return "these are its training rows: new ones are harder"
    return f"{report.trained_on:,} of them are training rows: new ones are harder"


def _called(name: str) -> str:
    words = name.replace("_", " ").replace("f1", "F1")
    return words.upper() if name in ("mae", "rmse") else words


def short(value: float) -> str:
    """Return a number with two decimals, or with as many as keep it apart from 0 and 1."""
    if abs(value) >= 10:
        return f"{value:,.0f}"
    written = [f"{value:.{digits}f}" for digits in (2, 3, 4)]
    return next((text for text in written if float(text) not in (0.0, 1.0) or float(text) == value), written[0])


def _weakness(report: Report, name: str) -> str:
    """Return the worst of the parts that are certainly worse than the other rows, else the one that may well be."""
    sign = -1 if name in LOWER_IS_BETTER else 1
    whole = sign * report.metrics[name]
    worse = [
        (part.p, sign * part.metrics[name], part)
        for part in (*report.slices, *report.automatic)
        if part.p is not None and part.p < _POSSIBLE and sign * part.metrics.get(name, whole) < whole
    ]
    if not worse:
        return ""
    certain = [one for one in worse if one[0] < _CERTAIN]
    _, value, part = min(certain, key=lambda one: one[1]) if certain else min(worse, key=lambda one: one[0])
    shown = f"{_part(part)} ({short(sign * value)} of {count(part.rows, 'row')})"
    return f"weak on {shown}" if certain else f"perhaps weak on {shown}"


def _part(part: Slice) -> str:
    """Return a part of the rows as one says it: ``Chinese``, ``texts with digits``, ``plan = free``."""
    value = part.value if len(part.value) <= _CUT else f"{part.value[:_CUT]}…"
    if part.column == _GUESSED:
        return value if value[:1].isupper() else f"{value} languages"
    if part.column == "true class":
        return f"the class {quoted(value)}"
    if part.column in ("length", "digits", "negation"):
        return f"texts {'of ' * (part.column == 'length')}{value}"
    if part.column in ("question", "words"):
        return {"a question": "questions", "no question": "texts without a question"}.get(value, value)
    return f"{part.column} = {value}"


def _baseline(report: Report) -> str:
    if not report.baselines:
        return ""
    result = verdict.best(report.baselines)
    name, value = verdict.CALLED.get(result.name, result.name), short(result.metrics[result.metric])
    name = name.removeprefix("the ")
    if result.clear:
        return f"{name} is better: {value}" if result.gain < 0 else f"better than {name} ({value})"
    return f"{name} is {'as good' if result.gain <= 0 else 'not clearly worse'}: {value}"


def _calibration(report: Report) -> str:
    """Return how far the probabilities of the predicted classes are above or below the share that is right."""
    interval, outcomes = report.intervals.get("ece"), report.outcomes
    if interval is None or interval.low < _UNCALIBRATED or outcomes is None or outcomes.probabilities is None:
        return ""
    if outcomes.true.ndim != 1:
        return ""
    above = float(outcomes.probabilities.max(axis=1).mean() - outcomes.credit.mean())
    return f"too {'sure of itself' if above > 0 else 'unsure'} by {100 * abs(above):.0f} points"
