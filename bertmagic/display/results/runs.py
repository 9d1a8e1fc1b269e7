"""The runs of a folder: a table of them, and one figure of how good they are and how they became so."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bertmagic.display.charts.figures import CONFIG, GRID, MIMETYPE, PLAIN, plain
from bertmagic.display.grid import Grid
from bertmagic.display.style import BLUE, GREEN, GREY, ORANGE, columns, count, duration, line, score, words
from bertmagic.display.writers.elements import box, heading, notes, paragraph, table, tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.run.records import Curve, Record, Runs

_ROWS = 60
_PLAIN_ROWS = 20
_ERRORS = 5
_POINTS = 500
_EVALUATIONS = 12

_HEAD = ["name", "task", "encoder", "data", "metric", "steps", "time", "began", "state"]
_LEFT = (0, 1, 2, 3, 8)
_LOOKS = [(colour, dash) for dash in ("solid", "dot", "dash") for colour in (BLUE, ORANGE, GREEN)]
"""Eight curves are told apart by colour, dashes and marks, so that no one has to see all three."""
_MARKS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "pentagon")


def text(result: Runs) -> str:
    """Return the runs in words."""
    if not result.records:
        return "\n".join([_headline(result), *_remarks(result)])
    rows = [_row(record, result.metric) for record in result.records[:_PLAIN_ROWS]]
    more = len(result.records) - _PLAIN_ROWS
    rest = [f"… {count(more, 'more run')}"] if more > 0 else []
    return "\n".join(
        [_headline(result), "", *columns([_HEAD, *rows], left=_LEFT), *rest, "", *_remarks(result)]
    ).strip()


def _headline(result: Runs) -> str:
    if not result.records and not result.hidden:
        return f"Nothing has been run in {line(result.home, 200)} yet."
    hidden = f"; {result.hidden:,} more do not fit what was asked" if result.hidden else ""
    return f"{count(len(result.records), 'run')} in {line(result.home, 200)}{hidden}."


def _row(record: Record, metric: str) -> list[str]:
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
    wrong = [record for record in result.records if record.error]
    said = [f"{line(record.name, 40)}: {line(record.error, 300)}" for record in wrong[:_ERRORS]]
    if len(wrong) > _ERRORS:
        said.append(f"{count(len(wrong) - _ERRORS, 'more run')} failed.")
    if result.foreign:
        names = ", ".join(line(name, 40) for name in result.foreign[:5])
        said.append(f"{count(len(result.foreign), 'entry', 'entries')} there that tell of no run: {names}.")
    return said


def grids(result: Runs) -> Iterator[Grid]:
    """Yield the table of all runs."""
    rows = [_row(record, result.metric) for record in result.records]
    yield Grid(_headline(result), _HEAD, rows, _LEFT)


def markup(result: Runs) -> Markup:
    """Return the runs as a table."""
    if not result.records:
        return box(paragraph(_headline(result)), notes(_remarks(result)))
    more = len(result.records) - _ROWS
    caption = f"The first {_ROWS} are shown; .frame has all." if more > 0 else ""
    rows = [_row(record, result.metric) for record in result.records[:_ROWS]]
    head = paragraph(tag("b", _headline(result)))
    return box(head, table(_HEAD, rows, caption, left=_LEFT), notes(_remarks(result)))


def below(result: Runs) -> Iterator[dict[str, Any]]:
    """Yield one figure, if any run has its metric: each run's value, and its curve on the validation rows."""
    found = [record for record in result.records if _place(record, result) is not None][:_POINTS]
    if not found:
        return
    shown = plain_words(result, found)
    yield {
        MIMETYPE: {"data": _traces(result, found), "layout": _layout(result), "config": CONFIG},
        "text/html": str(box(heading(shown), _points(result, found), _evaluations(result))),
        "text/plain": shown,
    }


def plain_words(result: Runs, found: list[Record]) -> str:
    """Return what the figure shows, as a sentence."""
    values = [value for record in found if (value := record.number(result.metric)) is not None]
    name = words(line(result.metric, 30))
    curves = f"; {count(len(result.curves), 'curve')} on validation rows" if result.curves else ""
    return f"{name} of {count(len(found), 'run')}, from {score(min(values))} to {score(max(values))}{curves}."


def _place(record: Record, result: Runs) -> tuple[str | float, float] | None:
    """Return where a run stands in the figure; None if it has no such number."""
    value = record.number(result.metric)
    across: str | float | None = record.number(result.against)
    if result.against == "date":
        across = record.began.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if value is None or across is None or not math.isfinite(value):
        return None
    return across, float(f"{value:.5g}")


def _traces(result: Runs, found: list[Record]) -> list[dict[str, Any]]:
    """Return a trace a run that has a curve, beside its curve, and one of all the others."""
    curves = {curve.run: curve for curve in result.curves}
    traces: list[dict[str, Any]] = []
    looks = {name: (*look, mark) for name, look, mark in zip(curves, _LOOKS, _MARKS, strict=False)}
    for record in found:
        if record.name in looks:
            traces += [_point([record], result, *looks[record.name]), _curve(curves[record.name], *looks[record.name])]
    others = [record for record in found if record.name not in looks]
    name = "others" if looks else "runs"
    return [*([_point(others, result, GREY, "solid", "circle-open", name)] if others else []), *traces]


def _point(records: list[Record], result: Runs, colour: str, dash: str, mark: str, name: str = "") -> dict[str, Any]:
    places = [place for record in records if (place := _place(record, result)) is not None]
    about = [[plain(record.name, 60), plain(record.encoder, 60), plain(record.measured, 60)] for record in records]
    label = name or plain(records[0].name, 30)
    return {
        "type": "scatter", "mode": "markers", "name": label, "legendgroup": label, "showlegend": True,
        "x": [across for across, _ in places], "y": [value for _, value in places], "customdata": about,
        "marker": {"color": colour, "symbol": mark, "size": 10}, "xaxis": "x", "yaxis": "y",
        "hovertemplate": "%{customdata[0]}: %{y}<br>%{customdata[1]}<br>on %{customdata[2]}<br>%{x}<extra></extra>",
    }  # fmt: skip


def _curve(curve: Curve, colour: str, dash: str, mark: str) -> dict[str, Any]:
    label = plain(curve.run, 30)
    kept = slice(None, None, max(1, len(curve.steps) // 200))
    return {
        "type": "scatter", "mode": "lines+markers", "name": label, "legendgroup": label, "showlegend": False,
        "x": list(curve.steps[kept]), "y": [float(f"{value:.5g}") for value in curve.values[kept]],
        "line": {"color": colour, "dash": dash, "width": 1.8}, "marker": {"symbol": mark, "size": 7},
        "xaxis": "x2", "yaxis": "y2", "meta": label,
        "hovertemplate": "%{meta}: %{y} at step %{x}<extra></extra>",
    }  # fmt: skip


_AGAINST = {"date": "began", "seconds": "seconds", "steps": "steps"}


def _layout(result: Runs) -> dict[str, Any]:
    name = plain(words(result.metric), 30)
    across: list[list[float]] = [[0, 0.44], [0.56, 1]] if result.curves else [[0, 1]]
    titles = [f"{name} in the report", f"{name} on validation rows"][: len(across)]
    margin: dict[str, Any] = PLAIN["margin"]
    layout: dict[str, Any] = {
        **PLAIN, "height": 360, "margin": {**margin, "l": 60, "b": 90},
        "legend": {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"},
        "annotations": [_title(title, place[0]) for title, place in zip(titles, across, strict=True)],
    }  # fmt: skip
    for at, place in enumerate(across, start=1):
        which = "" if at == 1 else str(at)
        grid: dict[str, Any] = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GREY, "nticks": 6}
        unit = _AGAINST[result.against] if at == 1 else "step"
        title = {"text": unit, "standoff": 4}
        layout[f"xaxis{which}"] = {**grid, "domain": place, "anchor": f"y{which}", "title": title, "nticks": 4}
        layout[f"xaxis{which}"]["tickangle"] = 0
        layout[f"yaxis{which}"] = {**grid, "anchor": f"x{which}", "automargin": True}
    return layout


def _title(words_: str, x: float) -> dict[str, Any]:
    return {"text": f"<b>{words_}</b>", "showarrow": False, "xref": "paper", "x": x, "xanchor": "left", "yref": "paper",
            "y": 1, "yshift": 6, "yanchor": "bottom"}  # fmt: skip


def _points(result: Runs, found: list[Record]) -> Markup:
    name = words(line(result.metric, 30))
    rows = [
        [line(record.name, 40), _across(record, result), score(record.number(result.metric) or 0.0),
         line(record.measured, 60)]
        for record in found[:_ROWS]
    ]  # fmt: skip
    return table(["run", _AGAINST[result.against], name, "measured on"], rows, "", left=(0, 3))


def _across(record: Record, result: Runs) -> str:
    if result.against == "date":
        return _date(record)
    return f"{record.number(result.against) or 0:,.0f}"


def _evaluations(result: Runs) -> Markup:
    """Return the curves as a table: a row a run, its evaluations one after the other."""
    if not result.curves:
        return Markup("")
    rows = [[line(curve.run, 40), _went(curve)] for curve in result.curves]
    caption = f"{words(line(result.metric, 30))} on the validation rows, as step: value."
    return table(["run", "evaluations"], rows, caption, left=(0, 1))


def _went(curve: Curve) -> str:
    """Return some evaluations that lie evenly, the last among them."""
    last = len(curve.steps) - 1
    kept = sorted({round(at * last / max(1, _EVALUATIONS - 1)) for at in range(_EVALUATIONS)} if last else {0})
    told = ", ".join(f"{curve.steps[at]:,}: {score(curve.values[at])}" for at in kept)
    return told if len(kept) > last else f"{told} (some of {last + 1:,})"
