"""Parts of the rows and groups of people: slices, gaps, thresholds, counterfactual swaps and labels to look at."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bertmagic.display.blocks import Column, Table, columns
from bertmagic.display.cells import Passage, Row
from bertmagic.display.results.measures import between
from bertmagic.display.style import line, number, score, share, words
from bertmagic.errors import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bertmagic.evaluation.report import Gap, Issue, Point, Probe, Report, Slice

_SLICES = 40
_AUTOMATIC, _AUTOMATIC_LINES = 40, 10
_ROWS = 30
_OTHERS = ("macro_f1", "exact_match", "f1", "rmse", "loss")
"""The metrics that may stand next to the main one."""
_SIGNIFICANT = 0.05
_P = "p is exact where rows are right or wrong (Fisher), and corrected for all parts (Holm)."

_GAPS = columns(("column", "groups", "class", "measure", "gap", "95 % interval"), (0, 1))
_POINTS = columns(
    ("class", "wanted", "given from", "precision", "recall", "rows given", "95 % interval of what was wanted"), (0, 1)
)
_OF_POINTS = (
    "For a precision the lowest threshold that reaches it, for a recall the one with the best precision; on other rows "
    "it will be a little less."
)
_PROBES = columns(
    ("words", "swapped", "texts", "prediction changed", "95 % interval", "moved on average", "at most"), (0, 1)
)
_ISSUES = (*columns(("row", "what", "label", "likelier, or other row", "by"), (0, 1)), Column("text", "prose"))


def blocks(result: Report) -> list[Table]:
    """Return what was asked for as tables, those that have rows."""
    slices = result.slices[:_SLICES]
    tables = [
        _slices(result, slices, "Parts of the rows, the worst first", len(result.slices) - len(slices), "in .slices"),
        _gaps(result.gaps),
        _points(result.points),
        *_probes(result.probes),
        _issues(result.issues),
    ]
    return [table for table in tables if table.rows]


def automatic(result: Report) -> Table:
    """Return the parts of the rows that every report has."""
    shown = result.automatic[:_AUTOMATIC]
    hidden = len(result.automatic) - len(shown)
    table = _slices(result, shown, "What the rows differ in, the worst first", hidden, "in .automatic")
    return replace(table, lines=_AUTOMATIC_LINES)


def _slices(result: Report, shown: Sequence[Slice], what: str, hidden: int, where: str) -> Table:
    names = _metrics(result, shown)
    metrics = (words(line(name, 30)) for name in names)
    head = ("column", "value", "rows", *metrics, "95 % interval", "differs from the rest")
    more = f"; {hidden:,} more {where}" if hidden > 0 else ""
    return Table(columns(head, (0, 1)), [_slice(part, names) for part in shown], f"{what}{more}.", _P)


def _metrics(result: Report, shown: Sequence[Slice]) -> list[str]:
    """Return the metrics of slices to show: the one they are ordered by, and at most two of the others."""
    there = dict.fromkeys(name for part in shown for name in part.metrics)
    if not result.main:
        return list(there)[:6]
    others = [name for name in _OTHERS if name in there and name != result.main]
    return [name for name in (result.main,) if name in there] + others[:2]


def _slice(part: Slice, names: Sequence[str]) -> Row:
    values = [score(part.metrics[name]) if name in part.metrics else "none" for name in names]
    interval = between(part.intervals.get(names[0])) if names else ""
    return [line(part.column, 30), line(part.value, 40), f"{part.rows:,}", *values, interval, _judged(part)]


def _judged(part: Slice) -> str:
    few = "few rows" if part.small else ""
    if part.p is None:
        return few
    p = "p < 0.001" if part.p < 0.001 else f"p = {part.p:.3f}"
    shown = f"yes, {p}" if part.p < _SIGNIFICANT else f"not shown, {p}"
    return f"{shown}; {few}" if few else shown


def _gaps(gaps: Sequence[Gap]) -> Table:
    widest = sorted(gaps, key=lambda gap: -gap.value)[:_ROWS]
    rows = [
        [line(gap.column, 30), f"{line(gap.high, 25)} above {line(gap.low, 25)}", line(gap.label, 25), gap.measure,
         score(gap.value), between(gap.interval)]
        for gap in widest
    ]  # fmt: skip
    return Table(_GAPS, rows, "How differently groups are treated: the two furthest apart; 0 is the same.")


def _points(points: Sequence[Point]) -> Table:
    rows = [
        [line(point.label, 40), point.wanted, "never reached" if point.threshold is None else score(point.threshold),
         score(point.precision), score(point.recall), f"{point.given:,}", between(point.interval)]
        for point in points[:_ROWS]
    ]  # fmt: skip
    return Table(_POINTS, rows, _OF_POINTS)


def _probes(probes: Sequence[Probe]) -> Iterable[Table]:
    rows = [
        [line(probe.kind, 30), f"{line(probe.source, 25)} → {line(probe.target, 25)}", f"{probe.texts:,}",
         share(probe.flipped), _shares(probe), number(probe.moved, 3), f"{probe.furthest:+.3f}"]
        for probe in probes[:_ROWS]
    ]  # fmt: skip
    yield Table(_PROBES, rows, "Words for people swapped for others: how often and how far the prediction moved.")
    if probes and probes[0].example[0]:
        swap = f"{line(probes[0].source, 25)} → {line(probes[0].target, 25)}"
        texts = [Passage(text) for text in probes[0].example]
        head = (Column("before", "prose"), Column("after", "prose"))
        yield Table(head, [texts], f"The text that moved furthest of {swap}.", lines=0)


def _shares(probe: Probe) -> str:
    return f"{share(probe.interval.low)} to {share(probe.interval.high)}" if probe.interval else ""


def _issues(issues: Sequence[Issue]) -> Table:
    rows = [
        [line(issue.row, 25), issue.kind, line(issue.label, 25), line(issue.other, 50), f"{issue.score:.3f}",
         line(issue.text, 80)]
        for issue in issues[:_ROWS]
    ]  # fmt: skip
    rest = len(issues) - len(rows)
    more = f"; {count(rest, 'more row')} in .issues" if rest else ""
    return Table(_ISSUES, rows, f"Rows whose label should be looked at{more}.")
