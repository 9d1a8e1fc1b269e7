"""The figure of runs: each run's number over time or cost, and how it went on the validation rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bertmagic.display.charts.figures import CONFIG, GRID, PLAIN, plain
from bertmagic.display.style import BLUE, GREEN, GREY, ORANGE, words

if TYPE_CHECKING:
    from bertmagic.run.records import Curve, Record, Runs

_LOOKS = [(colour, dash) for dash in ("solid", "dot", "dash") for colour in (BLUE, ORANGE, GREEN)]
_MARKS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "pentagon")
"""Eight curves differ by colour, dashes and marks, so that one of the three is enough to distinguish them."""
AGAINST = {"date": "began", "seconds": "seconds", "steps": "steps"}
"""What the figure has on its horizontal axis, and how that is called."""


def run_history(result: Runs, records: list[Record]) -> dict[str, Any]:
    """Return the figure of those records that have a `place`, as plotly reads it."""
    return {"data": _traces(result, records), "layout": _layout(result), "config": CONFIG}


def place(record: Record, result: Runs) -> tuple[str | float, float] | None:
    """Return where a run stands in the figure; None if it has no such number."""
    value = record.number(result.metric)
    across: str | float | None = record.number(result.against)
    if result.against == "date":
        across = record.began.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if value is None or across is None or not math.isfinite(value):
        return None
    return across, float(f"{value:.5g}")


def _traces(result: Runs, records: list[Record]) -> list[dict[str, Any]]:
    """Return two traces for each run with a curve, its point and its curve, and one trace of all the others."""
    curves = {curve.run: curve for curve in result.curves}
    traces: list[dict[str, Any]] = []
    looks = {name: (*look, mark) for name, look, mark in zip(curves, _LOOKS, _MARKS, strict=False)}
    for record in records:
        if record.name in looks:
            traces += [_point([record], result, *looks[record.name]), _curve(curves[record.name], *looks[record.name])]
    others = [record for record in records if record.name not in looks]
    name = "others" if looks else "runs"
    return [*([_point(others, result, GREY, "solid", "circle-open", name)] if others else []), *traces]


def _point(records: list[Record], result: Runs, colour: str, dash: str, mark: str, name: str = "") -> dict[str, Any]:
    places = [at for record in records if (at := place(record, result)) is not None]
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
        unit = AGAINST[result.against] if at == 1 else "step"
        title = {"text": unit, "standoff": 4}
        layout[f"xaxis{which}"] = {**grid, "domain": place, "anchor": f"y{which}", "title": title, "nticks": 4}
        layout[f"xaxis{which}"]["tickangle"] = 0
        layout[f"yaxis{which}"] = {**grid, "anchor": f"x{which}", "automargin": True}
    return layout


def _title(words_: str, x: float) -> dict[str, Any]:
    return {"text": f"<b>{words_}</b>", "showarrow": False, "xref": "paper", "x": x, "xanchor": "left", "yref": "paper",
            "y": 1, "yshift": 6, "yanchor": "bottom"}  # fmt: skip
