"""Models side by side: numbers, differences from the first, the rows on which they differ, speed and size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.charts.figures import AXIS, CONFIG, MIMETYPE, PLAIN, plain
from bertmagic.display.grid import Grid
from bertmagic.display.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    columns,
    count,
    duration,
    line,
    number,
    score,
    size,
    words,
)
from bertmagic.display.writers.elements import box, collapsed, heading, notes, paragraph, table, tag
from bertmagic.options import LOWER_IS_BETTER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markupsafe import Markup

    from bertmagic.evaluation.comparison import Change, Contender, ModelComparison, Versus
    from bertmagic.evaluation.report import Interval

_METRICS = 14
_DRAWN = 8
_ROWS = 50
_PLAIN_ROWS = 5
_COLOURS = (BLUE, ORANGE, GREEN, GREY)
_MARKS = ("circle", "square", "diamond", "cross")


def text(result: ModelComparison) -> str:
    """Return the comparison in words."""
    parts = [_headline(result)]
    for grid in grids(result):
        parts += ["", grid.caption, *columns([grid.head, *grid.rows], left=grid.left)]
    parts += ["", *_tests(result), "", _apart(result), *_plain_rows(result)]
    return "\n".join([*parts, *(f"Note: {line(note, 200)}" for note in result.notes[:10])])


def _headline(result: ModelComparison) -> str:
    names = ", ".join(line(one.name, 40) for one in result.contenders)
    return f"{names} on {line(result.data, 60)}: {count(result.rows, 'row')}, {words(line(result.task, 40))}."


def grids(result: ModelComparison) -> Iterator[Grid]:
    """Yield the tables: metrics, differences, cost."""
    names = [line(one.name, 40) for one in result.contenders]
    metrics = _metrics(result)
    rows = [[_metric(name), *(_with(one.metrics.get(name), one.intervals.get(name)) for one in result.contenders)]
            for name in metrics]  # fmt: skip
    yield Grid("Metrics on the same rows, with 95 % intervals.", ["metric", *names], rows)
    rows = [[_metric(name), *(_changed(name, versus) for versus in result.against)] for name in metrics]
    caption = f"Less {names[0]}, with paired 95 % intervals; * where the interval leaves 0 out."
    yield Grid(caption, ["metric", *names[1:]], rows)
    yield Grid("Speed and size.", _cost_head(result), [_cost(one, result) for one in result.contenders], left=(0, 1))


def _metrics(result: ModelComparison) -> list[str]:
    """Return the metrics that are shown: of averages the one that counts classes alike; all are in the frame."""
    found = dict.fromkeys(name for one in result.contenders for name in one.metrics)
    averages = ("weighted_", "micro_", "macro_precision", "macro_recall") if "accuracy" in found else ("weighted_",)
    return [name for name in found if not name.startswith(averages)][:_METRICS]


def _metric(name: str) -> str:
    return words(line(name, 30)) + (" (lower is better)" if name in LOWER_IS_BETTER else "")


def _with(value: float | None, interval: Interval | None) -> str:
    if value is None:
        return "none"
    return score(value) + (f" [{score(interval.low)}, {score(interval.high)}]" if interval else "")


def _changed(name: str, versus: Versus) -> str:
    change = versus.changes.get(name)
    if change is None:
        return "none"
    shown = f"{change.value:+.4f}"
    if change.interval:
        shown += f" [{change.interval.low:+.4f}, {change.interval.high:+.4f}]"
    return shown + (f" * {_verdict(name, change)}" if change.clear else "")


def _verdict(name: str, change: Change) -> str:
    return "better" if (change.value > 0) != (name in LOWER_IS_BETTER) else "worse"


def _cost_head(result: ModelComparison) -> list[str]:
    money = [] if result.price is None else ["money for 1,000"]
    return ["model", "made from", "texts a second", "time for 1,000", *money, "on disk", "in memory"]


def _cost(one: Contender, result: ModelComparison) -> list[str]:
    seconds = one.seconds
    money = [] if result.price is None else [number(one.cost or 0.0, 3)]
    return [
        line(one.name, 40), line(one.encoder, 70), number(one.speed or 0.0, 3),
        "" if seconds is None else duration(seconds), *money,
        "none" if one.disk is None else size(one.disk), "none" if one.memory is None else size(one.memory),
    ]  # fmt: skip


def _tests(result: ModelComparison) -> list[str]:
    """Say for each model how its rows compare with those of the first, and whether that may be chance."""
    return [_test(result.contenders[0].name, versus, len(result.against)) for versus in result.against]


def _test(first: str, versus: Versus, many: int) -> str:
    one, two = line(first, 40), line(versus.name, 40)
    corrected = f", {_chance(versus.adjusted)} after Holm's correction for {many} models" if many > 1 else ""
    if versus.test == "randomization":
        rows = f"{one} is nearer on {count(versus.only_first, 'row')}, {two} on {versus.only_this:,}"
        return f"{rows}; paired randomization test of the absolute error: {_chance(versus.p)}{corrected}."
    rows = f"only {one} is right on {count(versus.only_first, 'row')}, only {two} on {versus.only_this:,}"
    both = f"both on {versus.both:,}, none on {versus.neither:,}"
    return f"{rows[0].upper()}{rows[1:]}; {both}. McNemar's test: {_chance(versus.p)}{corrected}."


def _chance(p: float) -> str:
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.4f}"


def _apart(result: ModelComparison) -> str:
    many = result.apart
    if not many:
        return "The predictions are the same on every row."
    return f"Predictions differ on {count(many, 'row')}; first those on which one is right and another is not."


def _plain_rows(result: ModelComparison) -> list[str]:
    frame = result.differing.head(_PLAIN_ROWS)
    head = ["row", *(line(name, 24) for name in frame.columns)]
    rows = [[line(index, 20), *(_said(value, 44) for value in row)] for index, row in _rows(result, _PLAIN_ROWS)]
    return columns([head, *rows], left=tuple(range(len(head)))) if rows else []


def _rows(result: ModelComparison, most: int) -> list[tuple[Any, list[Any]]]:
    frame = result.differing.head(most)
    return list(zip(frame.index.tolist(), frame.to_numpy(dtype=object).tolist(), strict=True))


def _said(value: Any, most: int) -> str:
    return number(value) if isinstance(value, float) else line(value, most)


def markup(result: ModelComparison) -> Markup:
    """Return the comparison as tables."""
    parts = [paragraph(tag("b", _headline(result)))]
    parts += [table(grid.head, grid.rows, grid.caption, left=grid.left) for grid in grids(result)]
    parts += [paragraph(told) for told in _tests(result)]
    return box(*parts, _differing(result), notes(result.notes[:20]))


def _differing(result: ModelComparison) -> Markup:
    shown = _rows(result, _ROWS)
    if not shown:
        return paragraph(_apart(result))
    head = ["row", *(line(name, 40) for name in result.differing.columns)]
    rows = [[line(index, 30), collapsed(row[0]), *(_cell(row[1], value) for value in row[1:])] for index, row in shown]
    some = f" {_ROWS} are shown; .differing has more." if result.apart > _ROWS else ""
    return table(head, rows, _apart(result) + some, left=range(len(head)))


def _cell(true: Any, value: Any) -> object:
    """Return what was said, in bold where it is true."""
    shown = _said(value, 80)
    return tag("b", shown) if value == true else shown


def below(result: ModelComparison) -> Iterator[dict[str, Any]]:
    """Yield a figure of the differences from the first model, with their intervals."""
    names = [name for name in _metrics(result) if any(name in versus.changes for versus in result.against)]
    names = [name for name in names if name not in LOWER_IS_BETTER][:_DRAWN]
    if not names:
        return
    first = line(result.contenders[0].name, 40)
    shown = f"Differences from {first}, with paired 95 % intervals; right of 0 is better than {first}."
    grid = list(grids(result))[1]
    yield {
        MIMETYPE: _figure(result, names),
        "text/html": str(box(heading(shown), table(grid.head, grid.rows, grid.caption, left=grid.left))),
        "text/plain": shown,
    }


def _figure(result: ModelComparison, names: list[str]) -> dict[str, Any]:
    data = [_trace(versus, at, names, len(result.against)) for at, versus in enumerate(result.against)]
    layout: dict[str, Any] = {
        **PLAIN,
        "height": 120 + 34 * len(names),
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "xaxis": {**AXIS, "title": {"text": f"less {plain(result.contenders[0].name, 40)}"}, "automargin": True},
        "yaxis": {
            **AXIS, "tickvals": list(range(len(names))), "ticktext": [plain(words(name), 30) for name in names],
            "autorange": "reversed", "automargin": True, "showgrid": False, "zeroline": False,
        },
        "shapes": [
            {"type": "line", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "paper", "line": {"color": GREY, "width": 1}}
        ],
    }  # fmt: skip
    return {"data": data, "layout": layout, "config": CONFIG}


def _trace(versus: Versus, at: int, names: list[str], many: int) -> dict[str, Any]:
    """Return a point a metric, with a line as long as its interval; those of several models beside each other."""
    kept = [(place, versus.changes[name]) for place, name in enumerate(names) if name in versus.changes]
    sides = [change.interval for _, change in kept]
    beside = (at - (many - 1) / 2) * 0.5 / max(many, 2)
    return {
        "type": "scatter", "mode": "markers", "name": plain(versus.name, 30),
        "x": [float(f"{change.value:.5g}") for _, change in kept], "y": [place + beside for place, _ in kept],
        "marker": {"color": _COLOURS[at % 4], "symbol": _MARKS[at % 4], "size": 9},
        "error_x": {
            "type": "data", "symmetric": False, "thickness": 1.5, "width": 4,
            "array": [float(f"{side.high - one.value:.5g}") if side else 0 for (_, one), side in
                      zip(kept, sides, strict=True)],
            "arrayminus": [float(f"{one.value - side.low:.5g}") if side else 0 for (_, one), side in
                           zip(kept, sides, strict=True)],
        },
        "customdata": [[plain(words(names[place]), 30)] for place, _ in kept],
        "hovertemplate": "%{customdata[0]}: %{x:+.4f}<extra></extra>",
    }  # fmt: skip
