"""The baselines of a report: their metrics on the same rows, and the difference of the model to each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Table, columns
from bertmagic.display.cells import Cell, Row, Strong
from bertmagic.display.style import line, score, words

if TYPE_CHECKING:
    from bertmagic.evaluation.report import Report
    from bertmagic.evaluation.verdict import BaselineResult

_METRICS = 3
_OMITTED = ("weighted_", "micro_", "partial_", "strict_", "macro_precision", "macro_recall")
_CAPTION = "Simple models on the same rows, trained on the same training rows."
_EXPLANATION = "The difference is the model's value minus the baseline's, with its paired 95 % interval."


def blocks(result: Report) -> list[Table]:
    """Return a table with a row for the model and one for each baseline; none without baselines."""
    if not result.baselines:
        return []
    names = _metrics(result)
    main = words(line(names[0], 30))
    head = columns(("model", *(words(line(name, 30)) for name in names), f"difference of {main}", "95 % interval", "p"))
    own: Row = [Strong(line(result.model, 60)), *(Strong(score(result.metrics[name])) for name in names), "", "", ""]
    return [Table(head, [own, *(_row(one, names) for one in result.baselines)], _CAPTION, _EXPLANATION)]


def _metrics(result: Report) -> list[str]:
    """Return the metrics to show, the main one first."""
    main = result.baselines[0].metric
    others = [name for name in result.metrics if name != main and not name.startswith(_OMITTED)]
    return [main, *others][:_METRICS]


def _row(one: BaselineResult, names: list[str]) -> Row:
    shown: list[Cell] = [score(one.metrics[name]) if name in one.metrics else "" for name in names]
    interval = f"{one.interval.low:+.4f} to {one.interval.high:+.4f}" if one.interval else "none"
    p = "<0.0001" if one.p < 0.0001 else f"{one.p:.4f}"
    name = f"{words(line(one.name, 60))} ({line(one.method, 60)})" if one.method else words(line(one.name, 60))
    return [name, *shown, f"{one.difference:+.4f}", interval, p]
