"""Pictures of a report: plotly with a table of the same numbers, in colours and dashes that all readers tell apart."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from bertmagic.display.charts.figures import AXIS, CONFIG, MIMETYPE, PLAIN, confusion, plain
from bertmagic.display.style import BLUE, GREEN, GREY, ORANGE, columns, line, number
from bertmagic.display.writers.elements import box, heading, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from bertmagic.evaluation.report import Figure, Series

_COLOURS = (BLUE, ORANGE, GREEN, GREY)
_DASHES = ("solid", "dash", "dot", "dashdot")
_TITLES = {
    "confusion": "Confusion matrix: shares of each true class",
    "confusion_counts": "Confusion matrix: rows",
    "roc": "ROC: what is found, and what is taken for it wrongly",
    "precision_recall": "Precision against recall",
    "reliability": "Reliability: how often the model is right when it is so sure",
    "scores": "How probabilities are spread",
    "thresholds": "F1 against the threshold",
    "lengths": "Error against length",
}
_GRID = 11
_SHOWN = 25


def text(figure: Figure) -> str:
    """Return its numbers as a table in words."""
    head, rows = _twin(figure)
    return "\n".join([_TITLES[figure.name] + ".", "", *columns([head, *rows])])


def markup(figure: Figure) -> Markup:
    """Return its numbers as a table."""
    if figure.report is not None:
        from bertmagic.display.results.report import matrix

        return box(heading(_TITLES[figure.name]), matrix(figure.report))
    head, rows = _twin(figure)
    return box(heading(_TITLES[figure.name]), table(head, rows))


def interactive(figure: Figure) -> dict[str, Any]:
    """Return the figure under plotly's MIME type."""
    return {MIMETYPE: drawn(figure)}


def drawn(figure: Figure) -> dict[str, Any]:
    """Return a figure as plotly reads it."""
    if figure.report is not None:
        from bertmagic.display.results.report import shown_classes

        return confusion(figure.report, shown_classes(figure.report), shares=figure.name == "confusion")
    lines = [one for one in figure.series if one.look != "reference"]
    traces = [_trace(one, lines.index(one) if one in lines else -1) for one in figure.series]
    bars = sum(one.look == "bars" for one in figure.series) > 1
    layout: dict[str, Any] = {
        **PLAIN,
        "height": 400,
        "title": {"text": _TITLES[figure.name], "x": 0.01, "font": {"size": 13}},
        "hovermode": "closest",
        "barmode": "group" if bars else "overlay",
        "bargap": 0.08,
        "margin": {**PLAIN["margin"], "b": 80},
        "legend": {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"},
        "xaxis": {**AXIS, "title": {"text": plain(figure.x, 60), "standoff": 6}, "automargin": True},
        "yaxis": {**AXIS, "title": {"text": plain(figure.y, 60)}, "automargin": True, "rangemode": "tozero"},
    }
    if figure.unit:
        layout["xaxis"]["range"], layout["yaxis"]["range"] = [-0.01, 1.01], [-0.01, 1.02]
    return {"data": traces, "layout": layout, "config": CONFIG}


def _trace(one: Series, at: int) -> dict[str, Any]:
    colour = _COLOURS[at % len(_COLOURS)] if at >= 0 else GREY
    dash = _DASHES[(at + at // len(_COLOURS)) % len(_DASHES)] if at >= 0 else "dot"  # no colour is needed to tell them
    known: dict[str, Any] = {"name": plain(one.name, 50), "x": list(one.x), "y": list(one.y)}
    if one.look == "bars":
        pattern = {"shape": "" if at == 0 else "/", "fgopacity": 0.6, "solidity": 0.3}
        return {**known, "type": "bar", "marker": {"color": colour, "opacity": 0.55, "pattern": pattern}}
    found = {
        **known, "type": "scatter", "mode": "lines+markers" if one.look == "points" else "lines",
        "line": {"color": colour, "width": 1.5 if at < 0 else 2, "dash": dash},
    }  # fmt: skip
    if one.spread:
        found["error_y"] = {"type": "data", "array": list(one.spread), "color": colour, "thickness": 1}
    if at < 0:
        found["hoverinfo"] = "skip"
    return found


def _twin(figure: Figure) -> tuple[list[str], list[list[str]]]:
    """Return the heads and rows of a table with the numbers of a figure."""
    if figure.report is not None:
        labels = [line(label, 20) for label in figure.report.labels[:_SHOWN]]
        counts: Any = figure.report.confusion
        rows = [[label, *(f"{int(many):,}" for many in counts[at][:_SHOWN])] for at, label in enumerate(labels)]
        return ["true \\ predicted", *labels], rows
    told = [one for one in figure.series if one.look != "reference"]
    heads = [line(figure.x, 40), *(line(one.name, 40) for one in told)]
    if len({one.x for one in told}) == 1 and told[0].look != "line":
        spread = told[0].spread
        heads += ["±"] if spread else []
        rows = [
            [number(x, 3), *(number(one.y[at], 3) for one in told), *([number(spread[at], 2)] if spread else [])]
            for at, x in enumerate(told[0].x)
        ]
        return heads, rows
    if figure.name == "reliability":
        bars, points = told
        return ["probability", "share that is right", "share of all rows"], [
            [number(x, 3), number(right, 3), number(many, 3)]
            for x, right, many in zip(points.x, points.y, bars.y, strict=True)
        ]
    grid = [at / (_GRID - 1) for at in range(_GRID)]
    return heads, [[number(x, 2), *(_at(one, x) for one in told)] for x in grid]


def _at(one: Series, x: float) -> str:
    """Return the height of a curve at a place, between the two points beside it."""
    xs: Sequence[float] = one.x
    after = bisect_left(xs, x)
    if after == 0 or after == len(xs):
        edge = min(after, len(xs) - 1)
        return number(one.y[edge], 3) if xs and abs(xs[edge] - x) < 0.02 else ""
    (left, low), (right, high) = (xs[after - 1], one.y[after - 1]), (xs[after], one.y[after])
    return number(high if right == left else low + (high - low) * (x - left) / (right - left), 3)
