"""Parts of the rows and groups of people: slices, gaps, thresholds, probes and labels to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.results.measures import between
from bertmagic.display.style import columns, line, number, score, share, words
from bertmagic.display.writers.elements import collapsed, paragraph, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from markupsafe import Markup

    from bertmagic.evaluation.report import Gap, Issue, Point, Probe, Report, Slice

_SLICES = 40
_AUTOMATIC = 10
_ROWS = 30
_BESIDE = ("macro_f1", "exact_match", "f1", "rmse", "loss")
_SURE = 0.05

Table = tuple[list[str], list[list[str]], str]
"""Heads, rows, and what the table shows."""


def plain(result: Report) -> list[str]:
    """Return all of it as lines."""
    return [line_ for head, rows, _ in tables(result) for line_ in ("", *columns([head, *rows], left=(0, 1)))]


def markup(result: Report) -> Iterable[Markup]:
    """Return all of it as tables."""
    for head, rows, caption in tables(result):
        yield table(head, rows, caption, left=(0, 1))
    if result.probes and result.probes[0].example[0]:
        first, (before, after) = result.probes[0], result.probes[0].example
        said = f"The text that moved furthest of {first.source} → {first.target}: "
        yield paragraph(said, collapsed(before), " → ", collapsed(after))


def tables(result: Report) -> list[Table]:
    """Return the tables that have rows."""
    found = [
        _sliced(result, result.slices[:_SLICES], _caption(result)),
        _sliced(result, result.automatic[:_AUTOMATIC], _unasked(result)),
        _gaps(result.gaps),
        _points(result.points),
        _probes(result.probes),
        _issues(result.issues),
    ]
    return [one for one in found if one[1]]


def _caption(result: Report) -> str:
    rest = len(result.slices) - _SLICES
    more = f"; {rest:,} more are not shown" if rest > 0 else ""
    return f"Parts of the rows, the worst first{more}."


def _unasked(result: Report) -> str:
    rest = len(result.automatic) - _AUTOMATIC
    more = f"; {rest:,} more in .automatic" if rest > 0 else ""
    return f"What else the rows differ in, the worst first{more}."


def _main(result: Report, shown: Sequence[Slice]) -> list[str]:
    """Return the metrics of slices to show: the one they are ordered by, and at most two of the others."""
    there = dict.fromkeys(name for part in shown for name in part.metrics)
    if not result.main:
        return list(there)[:6]
    beside = [name for name in _BESIDE if name in there and name != result.main]
    return [name for name in (result.main,) if name in there] + beside[:2]


def _sliced(result: Report, shown: Sequence[Slice], caption: str) -> Table:
    names = _main(result, shown)
    told = [words(line(name, 30)) for name in names]
    head = ["column", "value", "rows", *told, "95 % interval", "differs from the rest"]
    rows = []
    for part in shown:
        values = [score(part.metrics[name]) if name in part.metrics else "none" for name in names]
        spread = between(part.intervals.get(names[0])) if names else ""
        rows.append([line(part.column, 30), line(part.value, 40), f"{part.rows:,}", *values, spread, _judged(part)])
    return head, rows, f"{caption} p is corrected for all parts (Holm); of fewer than 30 rows none is judged."


def _judged(part: Slice) -> str:
    if part.small:
        return "too few rows to judge"
    if part.p is None:
        return ""
    said = "p < 0.001" if part.p < 0.001 else f"p = {part.p:.3f}"
    return f"yes, {said}" if part.p < _SURE else f"not shown, {said}"


def _gaps(gaps: Sequence[Gap]) -> Table:
    head = ["column", "groups", "class", "measure", "gap", "95 % interval"]
    widest = sorted(gaps, key=lambda gap: -gap.value)[:_ROWS]
    rows = [
        [line(gap.column, 30), f"{line(gap.high, 25)} above {line(gap.low, 25)}", line(gap.label, 25), gap.measure,
         score(gap.value), between(gap.interval)]
        for gap in widest
    ]  # fmt: skip
    return head, rows, "How differently groups are treated, the two that lie furthest apart; 0 is the same."


def _points(points: Sequence[Point]) -> Table:
    head = ["class", "wanted", "given from", "precision", "recall", "rows given", "95 % interval of what was wanted"]
    rows = [
        [line(one.label, 40), one.wanted, "never reached" if one.threshold is None else score(one.threshold),
         score(one.precision), score(one.recall), f"{one.given:,}", between(one.interval)]
        for one in points[:_ROWS]
    ]  # fmt: skip
    return head, rows, "The lowest threshold that reaches it on these rows; on others it will be a little less."


def _probes(probes: Sequence[Probe]) -> Table:
    head = ["words", "swapped", "texts", "prediction changed", "95 % interval", "moved on average", "at most"]
    rows = [
        [line(one.kind, 30), f"{line(one.source, 25)} → {line(one.target, 25)}", f"{one.texts:,}", share(one.flipped),
         f"{share(one.interval.low)} to {share(one.interval.high)}" if one.interval else "", number(one.moved, 3),
         f"{one.furthest:+.3f}"]
        for one in probes[:_ROWS]
    ]  # fmt: skip
    return head, rows, "Words for people swapped for others: how often and how far the prediction moved."


def _issues(issues: Sequence[Issue]) -> Table:
    head = ["row", "what", "label", "likelier, or other row", "by", "text"]
    rows = [
        [line(one.row, 25), one.kind, line(one.label, 25), line(one.other, 50), f"{one.score:.3f}", line(one.text, 80)]
        for one in issues[:_ROWS]
    ]
    rest = len(issues) - len(rows)
    more = f"; {rest:,} more in .issues" if rest > 0 else ""
    return head, rows, f"Rows whose label should be looked at{more}."
