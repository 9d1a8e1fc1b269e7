"""Models side by side: numbers, differences from the first, the rows on which they differ, speed and size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.blocks import Block, Column, Figure, Headline, Notes, Paragraph, Table, columns
from bertmagic.display.cells import Cell, Passage, Row, Strong
from bertmagic.display.charts.differences import differences
from bertmagic.display.style import duration, line, number, score, size, words
from bertmagic.errors import count
from bertmagic.options import LOWER_IS_BETTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.evaluation.comparison import Change, Contender, ModelComparison, Versus
    from bertmagic.evaluation.report import Interval

_METRICS = 14
_DRAWN = 8
_ROWS, _LINES = 50, 5


def blocks(result: ModelComparison) -> list[Block]:
    """Return the comparison as tables and sentences."""
    tests = [Paragraph(_test(result.contenders[0].name, versus, len(result.against))) for versus in result.against]
    tables = [_metrics_table(result), _changes_table(result), _cost_table(result)]
    return [Headline(_headline(result)), *tables, *tests, *_differing(result), Notes(result.notes)]


def _headline(result: ModelComparison) -> str:
    names = ", ".join(line(one.name, 40) for one in result.contenders)
    return f"{names} on {line(result.data, 60)}: {count(result.rows, 'row')}, {words(line(result.task, 40))}."


def _metrics_table(result: ModelComparison) -> Table:
    names = _metrics(result)
    rows = [
        [_metric(name), *(_value(one.metrics.get(name), one.intervals.get(name)) for one in result.contenders)]
        for name in names
    ]
    head = columns(("metric", *(line(one.name, 40) for one in result.contenders)))
    return Table(head, rows, "Metrics on the same rows, with 95 % intervals.")


def _changes_table(result: ModelComparison) -> Table:
    rows = [[_metric(name), *(_change(name, versus) for versus in result.against)] for name in _metrics(result)]
    caption = (
        f"Differences from {line(result.contenders[0].name, 40)}, with paired 95 % intervals; * where the interval "
        "leaves 0 out."
    )
    return Table(columns(("metric", *(line(versus.name, 40) for versus in result.against))), rows, caption)


def _cost_table(result: ModelComparison) -> Table:
    money = [] if result.price is None else ["money for 1,000"]
    head = ("model", "made from", "texts a second", "time for 1,000", *money, "on disk", "in memory")
    return Table(columns(head, (0, 1)), [_cost(one, result) for one in result.contenders], "Speed and size.")


def _metrics(result: ModelComparison) -> list[str]:
    """Return the metrics that are shown: of averages the one that counts classes alike; all are in the frame."""
    names = dict.fromkeys(name for one in result.contenders for name in one.metrics)
    averages = ("weighted_", "micro_", "macro_precision", "macro_recall") if "accuracy" in names else ("weighted_",)
    return [name for name in names if not name.startswith(averages)][:_METRICS]


def _metric(name: str) -> str:
    return words(line(name, 30)) + (" (lower is better)" if name in LOWER_IS_BETTER else "")


def _value(value: float | None, interval: Interval | None) -> str:
    if value is None:
        return "none"
    return score(value) + (f" [{score(interval.low)}, {score(interval.high)}]" if interval else "")


def _change(name: str, versus: Versus) -> str:
    change = versus.changes.get(name)
    if change is None:
        return "none"
    interval = f" [{change.interval.low:+.4f}, {change.interval.high:+.4f}]" if change.interval else ""
    return f"{change.value:+.4f}{interval}" + (f" * {_verdict(name, change)}" if change.clear else "")


def _verdict(name: str, change: Change) -> str:
    return "better" if (change.value > 0) != (name in LOWER_IS_BETTER) else "worse"


def _cost(one: Contender, result: ModelComparison) -> Row:
    money = [] if result.price is None else [number(one.cost or 0.0, 3)]
    return [
        line(one.name, 40), line(one.encoder, 70), number(one.speed or 0.0, 3),
        "" if one.seconds is None else duration(one.seconds), *money,
        "none" if one.disk is None else size(one.disk), "none" if one.memory is None else size(one.memory),
    ]  # fmt: skip


def _test(first_name: str, versus: Versus, many: int) -> str:
    """Say how the rows of a model compare with those of the first, and whether that may be chance."""
    first, other = line(first_name, 40), line(versus.name, 40)
    corrected = f", {_p(versus.adjusted)} after Holm's correction for {many} models" if many > 1 else ""
    if versus.test == "randomization":
        rows = f"{first} is nearer on {count(versus.only_first, 'row')}, {other} on {versus.only_this:,}"
        return f"{rows}; paired randomization test of the absolute error: {_p(versus.p)}{corrected}."
    rows = f"Only {first} is right on {count(versus.only_first, 'row')}, only {other} on {versus.only_this:,}"
    both = f"both on {versus.both:,}, none on {versus.neither:,}"
    return f"{rows}; {both}. McNemar's test: {_p(versus.p)}{corrected}."


def _p(p: float) -> str:
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.4f}"


def _differing(result: ModelComparison) -> list[Block]:
    """Return the rows on which the models differ."""
    if not result.apart:
        return [Paragraph("The predictions are the same on every row.")]
    about = f"Predictions differ on {count(result.apart, 'row')}; first those on which one is right and another is not."
    frame = result.differing.head(_ROWS)
    if frame.empty:
        return [Paragraph(about)]
    text, *others = frame.columns
    head = (
        Column("row", "word", 20),
        Column(line(text, 40), "prose", 44),
        *(Column(line(name, 40), "word", 44) for name in others),
    )
    rows = [
        _row(index, *values) for index, values in zip(frame.index, frame.to_numpy(dtype=object).tolist(), strict=True)
    ]
    some = f" {_ROWS} are shown; .differing has more." if result.apart > _ROWS else ""
    return [Table(head, rows, f"{about}{some}", lines=_LINES)]


def _row(index: Any, text: Any, true: Any, *predicted: Any) -> Row:
    cells: list[Cell] = [_cell(value, value == true) for value in predicted]
    return [line(index, 30), Passage(str(text)), Strong(_shown(true)), *cells]


def _cell(value: Any, right: bool) -> Cell:
    """Return what was predicted, in bold where it is right."""
    return Strong(_shown(value)) if right else _shown(value)


def _shown(value: Any) -> str:
    return number(value) if isinstance(value, float) else line(value, 80)


def further(result: ModelComparison) -> Iterator[list[Block]]:
    """Yield a figure of the differences from the first model, with their intervals."""
    names = [name for name in _metrics(result) if any(name in versus.changes for versus in result.against)]
    names = [name for name in names if name not in LOWER_IS_BETTER][:_DRAWN]
    if names:
        first = line(result.contenders[0].name, 40)
        title = f"Differences from {first}, with paired 95 % intervals; right of 0 is better than {first}."
        yield [Figure(title, differences(result, names), [_changes_table(result)])]
