"""A picture of a report as plotly reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.charts.figures import AXIS, CONFIG, PLAIN, plain
from bertmagic.display.style import BLUE, GREEN, GREY, ORANGE

if TYPE_CHECKING:
    from bertmagic.evaluation.figures import Figure, Series

_COLOURS = (BLUE, ORANGE, GREEN, GREY)
_DASHES = ("solid", "dash", "dot", "dashdot")


def report_figure(figure: Figure, title: str) -> dict[str, Any]:
    """Return the curves, points and bars of a picture as plotly reads them."""
    lines = [one for one in figure.series if one.look != "reference"]
    traces = [_trace(one, lines.index(one) if one in lines else -1) for one in figure.series]
    bars = sum(one.look == "bars" for one in figure.series) > 1
    layout: dict[str, Any] = {
        **PLAIN, "height": 400, "title": {"text": title, "x": 0.01, "font": {"size": 13}}, "hovermode": "closest",
        "barmode": "group" if bars else "overlay", "bargap": 0.08, "margin": {**PLAIN["margin"], "b": 80},
        "legend": {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"},
        "xaxis": {**AXIS, "title": {"text": plain(figure.x, 60), "standoff": 6}, "automargin": True},
        "yaxis": {**AXIS, "title": {"text": plain(figure.y, 60)}, "automargin": True, "rangemode": "tozero"},
    }  # fmt: skip
    if figure.unit:
        margin = 0.01 * (1 - figure.start)
        layout["xaxis"]["range"], layout["yaxis"]["range"] = [figure.start - margin, 1 + margin], [-0.01, 1.02]
    return {"data": traces, "layout": layout, "config": CONFIG}


def _trace(one: Series, at: int) -> dict[str, Any]:
    """Return one series; ``at`` is its place among the drawn ones, -1 for a line of reference."""
    colour = _COLOURS[at % len(_COLOURS)] if at >= 0 else GREY
    dash = _DASHES[(at + at // len(_COLOURS)) % len(_DASHES)] if at >= 0 else "dot"  # colours are not needed
    values: dict[str, Any] = {"name": plain(one.name, 50), "x": list(one.x), "y": list(one.y)}
    if one.look == "bars":
        pattern = {"shape": "" if at == 0 else "/", "fgopacity": 0.6, "solidity": 0.3}
        width = {"width": one.width} if one.width else {}
        return {**values, **width, "type": "bar", "marker": {"color": colour, "opacity": 0.55, "pattern": pattern}}
    mode = "lines+markers" if one.look == "points" else "lines"
    line = {"color": colour, "width": 1.5 if at < 0 else 2, "dash": dash}
    trace = {**values, "type": "scatter", "mode": mode, "line": line}
    if one.spread:
        trace["error_y"] = {"type": "data", "array": list(one.spread), "color": colour, "thickness": 1}
    if at < 0:
        trace["hoverinfo"] = "skip"
    return trace
