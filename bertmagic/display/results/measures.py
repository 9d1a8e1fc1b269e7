"""The numbers of a report: each with its interval, averages side by side, and what has no value and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from bertmagic.display.style import columns, line, score, words
from bertmagic.display.writers.elements import join, paragraph, table, tag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bertmagic.evaluation.report import Interval, Report

_AVERAGES = ("macro", "weighted", "micro", "partial", "strict")
_PARTS = ("precision", "recall", "f1")
_HEAD = ["", "value", "95 % interval"]


def plain(result: Report) -> list[str]:
    """Return the numbers as lines."""
    lines = columns([_HEAD, *rows]) if (rows := _rows(result)) else []
    if grid := _grid(result):
        lines += ["", *columns([["average", "precision", "recall", "F1"], *grid])]
    lines += [f"{words(line(name, 30))}: not defined, as {line(why, 160)}." for name, why in result.undefined.items()]
    return lines + ([f"Before training: {listed(result.before)}"] if result.before else [])


def listed(metrics: Mapping[str, float]) -> str:
    """Return numbers in one line."""
    return ", ".join(f"{words(line(name, 30))} {value(name, of)}" for name, of in metrics.items())


def value(name: str, of: float) -> str:
    """Return a number with its unit, where it has one."""
    return f"{score(of)} nats" if name == "loss" else score(of)


def between(interval: Interval | None) -> str:
    """Return an interval in words."""
    return f"{score(interval.low)} to {score(interval.high)}" if interval else ""


def markup(result: Report) -> Markup:
    """Return the numbers as tables."""
    if not result.metrics:
        return Markup("")
    before = ["before training"] if result.before else []
    first = [[score(result.before[name]) if name in result.before else ""] * len(before) for name in _alone(result)]
    rows = [[name, tag("b", of), spread, *more] for (name, of, spread), more in zip(_rows(result), first, strict=True)]
    said = "The interval is where the number would lie in 95 of 100 data sets like this one."
    shown = table([*_HEAD, *before], rows, said)
    grid = _grid(result)
    averages = table(["average", "precision", "recall", "F1"], grid) if grid else ""
    missing = [
        paragraph(f"{words(line(name, 30))} is not defined: {line(why, 200)}.")
        for name, why in result.undefined.items()
    ]
    return join(shown, averages, *missing)


def _grid_of(result: Report) -> dict[str, list[str]]:
    """Return the averages that have precision, recall and F1, with the names of these."""
    names = {average: [f"{average}_{part}" for part in _PARTS] for average in _AVERAGES}
    return {average: of for average, of in names.items() if all(name in result.metrics for name in of)}


def _alone(result: Report) -> list[str]:
    """Return the numbers with a row of their own: those in no average, and the F1 of the first average."""
    grid = _grid_of(result)
    inside = {name for of in grid.values() for name in of} - {f"{next(iter(grid), '')}_f1"}
    return [name for name in result.metrics if name not in inside]


def _rows(result: Report) -> list[list[str]]:
    return [
        [words(line(name, 30)), value(name, result.metrics[name]), between(result.intervals.get(name))]
        for name in _alone(result)
    ]


def _grid(result: Report) -> list[list[str]]:
    return [[average, *(_spread(result, name) for name in of)] for average, of in _grid_of(result).items()]


def _spread(result: Report, name: str) -> str:
    """Return a number with its interval behind it, where it has one."""
    interval = between(result.intervals.get(name))
    return f"{score(result.metrics[name])} ({interval})" if interval else score(result.metrics[name])
