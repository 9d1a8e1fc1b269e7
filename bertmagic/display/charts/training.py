"""The curves of a run: three plots side by side that are zoomed together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.charts.curves import BEHIND, Curve, limits, ticks
from bertmagic.display.charts.figures import AXIS, CONFIG, PLAIN
from bertmagic.display.style import BLUE, GREEN, ORANGE, words
from bertmagic.options.rates import rate_text

if TYPE_CHECKING:
    from bertmagic.display.live.run_state import Run


def training(run: Run) -> dict[str, Any]:
    """Return the curves of a run as three plots side by side that are zoomed together."""
    name = words(run.metric_name)
    loss = [
        Curve("each step", run.loss.outline(), BLUE, 1.0, BEHIND),
        Curve("smoothed", run.smooth.last, BLUE, 2.0),
        Curve("validation", run.validation_loss.outline(), ORANGE, dots=True),
    ]
    others = [Curve(name, run.metric.outline(), GREEN, dots=True), Curve("learning rate", run.lr.outline(), BLUE)]
    traces = [*(_trace(curve, 1) for curve in loss), *(_trace(curve, at) for at, curve in enumerate(others, start=2))]
    titles = (run.loss_name, f"validation<br>{name}", "learning rate")
    layout: dict[str, Any] = {**PLAIN, "height": 330, "margin": {**PLAIN["margin"], "b": 66}, "hovermode": "x"}
    layout["legend"] = {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"}
    layout["annotations"] = [_heading(at, title) for at, title in enumerate(titles, start=1)]
    for at in range(1, len(titles) + 1):
        layout |= _axes(at)
    for axis, drawn in (("yaxis", loss), ("yaxis2", others[:1])):
        layout[axis]["range"] = [float(f"{edge:.5g}") for edge in limits(drawn)]
    heights = ticks(*limits(others[1:], zero=True))
    layout["yaxis3"] |= {"tickvals": heights, "ticktext": [rate_text(height) for height in heights]}
    return {"data": [trace for trace in traces if trace["x"]], "layout": layout, "config": CONFIG}


def _heading(at: int, title: str) -> dict[str, Any]:
    """Return the name of a plot, above its upper left corner: a narrow plot has no room for it at its side."""
    place = {"xref": "paper", "x": _left(at), "xanchor": "left", "xshift": -30 if at > 1 else -43}
    return {"text": f"<b>{title}</b>", "showarrow": False, "align": "left", "yref": "paper", "y": 1, "yshift": 6,
            "yanchor": "bottom", **place}  # fmt: skip


def _left(at: int) -> float:
    return round((at - 1) * 0.37, 2)


def _trace(curve: Curve, axis: int) -> dict[str, Any]:
    which = str(axis) if axis > 1 else ""
    return {
        "type": "scatter", "name": curve.name, "mode": "lines+markers" if curve.dots else "lines",
        "x": [x for x, _ in curve.points], "y": [float(f"{y:.5g}") for _, y in curve.points],
        "line": {"color": curve.colour, "width": curve.width, "dash": "dot" if curve.dots else "solid"},
        "opacity": curve.opacity, "xaxis": f"x{which}", "yaxis": f"y{which}", "showlegend": axis == 1,
    }  # fmt: skip


def _axes(at: int) -> dict[str, Any]:
    which = str(at) if at > 1 else ""
    x = {
        **AXIS, "domain": [_left(at), _left(at) + 0.26], "anchor": f"y{which}",
        "title": {"text": "step", "standoff": 4},
        "nticks": 4, "tickangle": 0,  # else plotly turns numbers on end where a plot is narrow
    }  # fmt: skip
    y = {"anchor": f"x{which}", "automargin": at == 1, **AXIS}
    if at > 1:
        x["matches"] = "x"
    if at == 3:
        y |= {"rangemode": "tozero", "hoverformat": "~e"}
    return {f"xaxis{which}": x, f"yaxis{which}": y}
