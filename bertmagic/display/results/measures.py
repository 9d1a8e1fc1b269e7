"""The numbers of a report: each with its interval, averages side by side, and what has no value and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Paragraph, Table, columns
from bertmagic.display.cells import Cell, Row, Strong
from bertmagic.display.style import line, score, words

if TYPE_CHECKING:
    from bertmagic.evaluation.report import Interval, Report

_AVERAGES = ("macro", "weighted", "micro", "partial", "strict")
_PARTS = ("precision", "recall", "f1")
_INTERVAL = "The interval is where the number would lie in 95 of 100 data sets like this one."


def blocks(result: Report) -> list[Block]:
    """Return the numbers as tables."""
    if not result.metrics:
        return []
    averages = _averages(result)
    rows = [[average, *(_with_interval(result, name) for name in names)] for average, names in averages.items()]
    grid = Table(columns(("average", "precision", "recall", "F1")), rows)
    undefined = [
        Paragraph(f"{words(line(name, 30))} is not defined: {line(why, 200)}.")
        for name, why in result.undefined.items()
    ]
    return [_numbers(result, averages), grid, *undefined]


def _numbers(result: Report, averages: dict[str, list[str]]) -> Table:
    """Return the numbers that have a row of their own: those in no average, and the F1 of the first average."""
    inside = {name for names in averages.values() for name in names} - {f"{next(iter(averages), '')}_f1"}
    alone = [name for name in result.metrics if name not in inside]
    before = ["before training"] if result.before else []
    head = columns(("", "value", "95 % interval", *before))
    return Table(head, [_number(result, name) for name in alone], explanation=_INTERVAL)


def _number(result: Report, name: str) -> Row:
    shown: list[Cell] = [
        words(line(name, 30)),
        Strong(value(name, result.metrics[name])),
        between(result.intervals.get(name)),
    ]
    if not result.before:
        return shown
    return [*shown, score(result.before[name]) if name in result.before else ""]


def _averages(result: Report) -> dict[str, list[str]]:
    """Return the averages that have precision, recall and F1, with the names of these."""
    names = {average: [f"{average}_{part}" for part in _PARTS] for average in _AVERAGES}
    return {average: parts for average, parts in names.items() if all(name in result.metrics for name in parts)}


def _with_interval(result: Report, name: str) -> str:
    interval = between(result.intervals.get(name))
    return f"{score(result.metrics[name])} ({interval})" if interval else score(result.metrics[name])


def value(name: str, number: float) -> str:
    """Return a number with its unit, where it has one."""
    return f"{score(number)} nats" if name == "loss" else score(number)


def between(interval: Interval | None) -> str:
    """Return an interval in words."""
    return f"{score(interval.low)} to {score(interval.high)}" if interval else ""
