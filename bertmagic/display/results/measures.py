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
_FIRST = ("macro_f1", "micro_f1", "f1", "rmse", "pearson", "perplexity", "loss", "ece")
"""The metrics that are not folded, behind the main one."""
_SHOWN = 5
_FEW = 30
"""Below so many rows only shares have an interval; see `bertmagic.evaluation.limits`."""
_INTERVAL = "Of 100 intervals made like this, 95 hold the true number, that of all rows there are."


def main(result: Report) -> Table:
    """Return the numbers that are read first."""
    return _numbers(result, _first(result), _INTERVAL if result.intervals else "")


def rest(result: Report) -> list[Block]:
    """Return the other numbers, the averages, and what is not defined."""
    averages, first = _averages(result), _first(result)
    inside = {name for names in averages.values() for name in names}
    alone = [name for name in result.metrics if name not in inside and name not in first]
    rows = [[average, *(_with_interval(result, name) for name in names)] for average, names in averages.items()]
    grid = Table(columns(("average", "precision", "recall", "F1")), rows)
    undefined: list[Block] = [
        Paragraph(f"{words(line(name, 30))} is not defined: {line(why, 200)}.")
        for name, why in result.undefined.items()
    ]
    numbers = _numbers(result, alone, "")
    return [*(block for block in (numbers, grid) if block.rows), *undefined]


def _first(result: Report) -> list[str]:
    names = dict.fromkeys((result.main, *_FIRST) if result.main else (next(iter(result.metrics), ""), *_FIRST))
    same = {"micro_f1"} if "accuracy" in result.metrics else set()  # with one label per row both are the same
    return [name for name in names if name in result.metrics and name not in same][:_SHOWN]


def _numbers(result: Report, names: list[str], explanation: str) -> Table:
    before = ["before training"] if result.before else []
    head = columns(("", "value", "95 % interval", *before))
    return Table(head, [_number(result, name) for name in names], explanation=explanation)


def _number(result: Report, name: str) -> Row:
    shown: list[Cell] = [
        words(line(name, 30)),
        Strong(value(name, result.metrics[name])),
        between(result.intervals.get(name)) or _no_interval(result, name),
    ]
    if not result.before:
        return shown
    return [*shown, score(result.before[name]) if name in result.before else ""]


def _no_interval(result: Report, name: str) -> str:
    """Return why a metric has no interval."""
    if not result.intervals:
        return ""
    return "too few wrong rows" if name in ("loss", "ece") and result.rows >= _FEW else "too few rows"


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
