"""The runs of a folder: a table of them, and a figure of how good they are and how they became so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Figure, Headline, Notes, Table, columns
from bertmagic.display.charts.run_history import AGAINST, place, run_history
from bertmagic.display.style import duration, line, score, words
from bertmagic.errors import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.display.cells import Row
    from bertmagic.run.records import Curve, Record, Runs

_ROWS, _LINES = 60, 20
_ERRORS = 5
_POINTS = 500
_EVALUATIONS = 12
_COLUMNS = columns(("name", "task", "encoder", "data", "metric", "steps", "time", "began", "state"), (0, 1, 2, 3, 8))


def blocks(result: Runs) -> list[Block]:
    """Return the runs as a table, and why some of them failed."""
    more = len(result.records) - _LINES
    rows = [_row(record, result.metric) for record in result.records]
    table = Table(_COLUMNS, rows, lines=_LINES, rest=f"… {count(more, 'more run')}" if more > 0 else "", most=_ROWS)
    return [Headline(_headline(result)), table, Notes(_remarks(result))]


def _headline(result: Runs) -> str:
    if not result.records and not result.hidden:
        return f"Nothing has been run in {line(result.home.absolute(), 200)} yet."  # cells may change the folder
    hidden = f"; {result.hidden:,} more do not fit what was asked" if result.hidden else ""
    return f"{count(len(result.records), 'run')} in {line(result.home, 200)}{hidden}."


def _row(record: Record, metric: str) -> Row:
    return [
        line(record.name, 40), line(words(record.task), 26), line(record.encoder, 40), line(record.trained_on, 40),
        _metric(record, metric), _steps(record), duration(record.seconds) if record.seconds is not None else "",
        _date(record), line(record.state, 12),
    ]  # fmt: skip


def _metric(record: Record, metric: str) -> str:
    """Return the metric that the runs are sorted by, or else the run's own."""
    name = metric if record.number(metric) is not None else record.metric
    value = record.number(name)
    return "" if value is None else f"{words(line(name, 30))} {score(value)}"


def _steps(record: Record) -> str:
    if record.step is None:
        return ""
    return f"{record.step:,}" if record.steps in (None, record.step) else f"{record.step:,} of {record.steps:,}"


def _date(record: Record) -> str:
    return record.began.astimezone().strftime("%Y-%m-%d %H:%M")


def _remarks(result: Runs) -> list[str]:
    failed = [record for record in result.records if record.error]
    remarks = [f"{line(record.name, 40)}: {line(record.error, 300)}" for record in failed[:_ERRORS]]
    if len(failed) > _ERRORS:
        remarks.append(f"{count(len(failed) - _ERRORS, 'more run')} failed.")
    said = {curve.damage for curve in result.curves if not any(curve.damage in record.error for record in failed)}
    remarks += [line(damage, 300) for damage in sorted(said - {""})]
    if result.foreign:
        names = ", ".join(line(name, 40) for name in result.foreign[:5])
        what = count(len(result.foreign), "entry there is not a run", "entries there are not runs")
        remarks.append(f"{what}: {names}.")
    return remarks


def further(result: Runs) -> Iterator[list[Block]]:
    """Yield one figure, if any run has its metric: each run's value, and its curve on the validation rows."""
    records = [record for record in result.records if place(record, result) is not None][:_POINTS]
    if records:
        numbers = [_points(result, records), *([_evaluations(result)] if result.curves else [])]
        yield [Figure(_title(result, records), run_history(result, records), numbers)]


def _title(result: Runs, records: list[Record]) -> str:
    values = [value for record in records if (value := record.number(result.metric)) is not None]
    name = words(line(result.metric, 30))
    curves = f"; {count(len(result.curves), 'curve')} on validation rows" if result.curves else ""
    return f"{name} of {count(len(records), 'run')}, from {score(min(values))} to {score(max(values))}{curves}."


def _points(result: Runs, records: list[Record]) -> Table:
    rows = [
        [line(record.name, 40), _across(record, result), score(record.number(result.metric) or 0.0),
         line(record.measured, 60)]
        for record in records[:_ROWS]
    ]  # fmt: skip
    return Table(columns(("run", AGAINST[result.against], words(line(result.metric, 30)), "measured on"), (0, 3)), rows)


def _across(record: Record, result: Runs) -> str:
    return _date(record) if result.against == "date" else f"{record.number(result.against) or 0:,.0f}"


def _evaluations(result: Runs) -> Table:
    """Return the curves as a table: a row a run, its evaluations one after the other."""
    rows = [[line(curve.run, 40), _values(curve)] for curve in result.curves]
    caption = f"{words(line(result.metric, 30))} on the validation rows, as step: value."
    return Table(columns(("run", "evaluations"), (0, 1)), rows, caption)


def _values(curve: Curve) -> str:
    """Return some evaluations at even distances, the last among them."""
    last = len(curve.steps) - 1
    kept = sorted({round(at * last / max(1, _EVALUATIONS - 1)) for at in range(_EVALUATIONS)} if last else {0})
    values = ", ".join(f"{curve.steps[at]:,}: {score(curve.values[at])}" for at in kept)
    return values if len(kept) > last else f"{values} (some of {last + 1:,})"
