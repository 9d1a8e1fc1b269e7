"""Interactive figures, as the JSON that plotly's renderer reads, small enough to stay in a notebook."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from bertmagic.display.charts.curves import Curve, limits
from bertmagic.display.style import BLUE, GREEN, GREY, ORANGE, line, words

if TYPE_CHECKING:
    from bertmagic.display.live.run_state import Run
    from bertmagic.evaluation.report import Report

MIMETYPE = "application/vnd.plotly.v1+json"

GRID = "rgba(128,128,128,.25)"
CONFIG = {"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d"]}
"""Not ``responsive``: JupyterLab follows the window's width by itself, and such a figure has no height of its own, so
that it is gone there once the theme is changed."""


def training(run: Run) -> dict[str, Any]:
    """Return the curves of a run as three plots side by side that are zoomed together."""
    name = words(run.metric_name)
    loss = [
        Curve("each step", run.loss.outline(), BLUE, 1.0, 0.5),
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
    return {"data": [trace for trace in traces if trace["x"]], "layout": layout, "config": CONFIG}


AXIS: dict[str, Any] = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GREY, "nticks": 6}
"""What all axes share."""

PLAIN: dict[str, Any] = {
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"color": GREY, "size": 11, "family": "system-ui, sans-serif"},
    "margin": {"l": 45, "r": 12, "t": 40, "b": 50},
}


def plain_layout(height: int) -> dict[str, Any]:
    """Return the layout of one plot on a page of any colour."""
    axis = {"gridcolor": GRID, "zerolinecolor": GRID, "linecolor": GREY}
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    return {**PLAIN, "margin": dict(PLAIN["margin"]), "height": height, "legend": legend, "xaxis": dict(axis),
            "yaxis": {**axis, "automargin": True}}  # fmt: skip


def _heading(at: int, title: str) -> dict[str, Any]:
    """Return the name of a plot, above its upper left corner: beside a narrow plot there is no room for it."""
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
        y |= {"rangemode": "tozero", "tickformat": "~e"}
    return {f"xaxis{which}": x, f"yaxis{which}": y}


def confusion(report: Report, order: list[int], shares: bool = True) -> dict[str, Any]:
    """Return the confusion matrix of the classes ``order`` as a heat map.

    Parameters
    ----------
    report
        The evaluation; its ``confusion`` has shape ``(true, predicted)``.
    order
        The positions of the classes that are shown.
    shares
        Whether colours are by the share of each true class, else by how many rows; counts stand in the cells.
    """
    assert report.confusion is not None
    totals = [max(1, int(report.confusion[i].sum())) for i in order]
    counts = [[int(report.confusion[i, j]) for j in order] for i in order]
    parts = [[round(n / total, 4) for n in row] for row, total in zip(counts, totals, strict=True)]
    names = [plain(report.labels[i], 80) for i in order]
    heat: dict[str, Any] = {  # opaque, for plotly chooses black or white numbers by the colour of the cell alone
        "type": "heatmap", "z": parts, "zmin": 0, "zmax": 1, "text": counts, "texttemplate": "%{text}",
        "customdata": [[[true, predicted] for predicted in names] for true in names],
        "hovertemplate": "true %{customdata[0]}<br>predicted %{customdata[1]}<br>%{text} rows, %{z:.1%} of the true "
        "class<extra></extra>",
        "colorscale": [[0, "#f1f6fa"], [1, BLUE]], "xgap": 1, "ygap": 1,
        "colorbar": {"title": {"text": "share of true class"}, "tickformat": ".0%", "thickness": 12},
    }  # fmt: skip
    if not shares:
        heat |= {"z": counts, "zmax": max([1, *map(max, counts)]), "customdata": [
            [[true, predicted, f"{100 * part:.1f} %"] for predicted, part in zip(names, row, strict=True)]
            for true, row in zip(names, parts, strict=True)
        ]}  # fmt: skip
        heat["hovertemplate"] = heat["hovertemplate"].replace("%{z:.1%}", "%{customdata[2]}")
        heat["colorbar"] = {"title": {"text": "rows"}, "thickness": 12}
    # Positions, with names as tick texts: names that are numbers, or the same after they were cut, stay apart.
    ticks = {"tickvals": list(range(len(order))), "ticktext": [plain(report.labels[i], 20) for i in order]}
    axis = {**ticks, "automargin": True, "showgrid": False, "zeroline": False}
    layout = {
        **PLAIN, "height": min(720, 190 + 34 * len(order)),
        "xaxis": {**axis, "title": {"text": "predicted"}},
        "yaxis": {**axis, "title": {"text": "true"}, "autorange": "reversed"},
    }  # fmt: skip
    return {"data": [heat], "layout": layout, "config": CONFIG}


def plain(text: str, most: int) -> str:
    """Return a label that plotly shows as it is: it reads tags and entities in texts."""
    return html.escape(line(text, most), quote=False)
