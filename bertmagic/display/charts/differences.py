"""The figure of differences between models: a point a metric, with a line as long as its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.charts.figures import AXIS, CONFIG, PLAIN, plain
from bertmagic.display.style import BLUE, GREEN, GREY, ORANGE, words

if TYPE_CHECKING:
    from bertmagic.evaluation.comparison import ModelComparison, Versus

_COLOURS = (BLUE, ORANGE, GREEN, GREY)
_MARKS = ("circle", "square", "diamond", "cross")


def differences(result: ModelComparison, names: list[str]) -> dict[str, Any]:
    """Return the differences of some metrics from the first model, as plotly reads them."""
    data = [_trace(versus, at, names, len(result.against)) for at, versus in enumerate(result.against)]
    zero = {"type": "line", "x0": 0, "x1": 0, "y0": 0, "y1": 1, "yref": "paper", "line": {"color": GREY, "width": 1}}
    title = {"text": f"difference from {plain(result.contenders[0].name, 40)}"}
    layout: dict[str, Any] = {
        **PLAIN, "height": 120 + 34 * len(names), "showlegend": True, "shapes": [zero],
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "xaxis": {**AXIS, "title": title, "automargin": True},
        "yaxis": {
            **AXIS, "tickvals": list(range(len(names))), "ticktext": [plain(words(name), 30) for name in names],
            "autorange": "reversed", "automargin": True, "showgrid": False, "zeroline": False,
        },
    }  # fmt: skip
    return {"data": data, "layout": layout, "config": CONFIG}


def _trace(versus: Versus, at: int, names: list[str], many: int) -> dict[str, Any]:
    """Return the points of one model; those of several models lie next to each other."""
    points = [(place, versus.changes[name]) for place, name in enumerate(names) if name in versus.changes]
    intervals = [(change, change.interval) for _, change in points]
    offset = (at - (many - 1) / 2) * 0.5 / max(many, 2)
    return {
        "type": "scatter", "mode": "markers", "name": plain(versus.name, 30),
        "x": [_short(change.value) for _, change in points], "y": [place + offset for place, _ in points],
        "marker": {"color": _COLOURS[at % 4], "symbol": _MARKS[at % 4], "size": 9},
        "error_x": {
            "type": "data", "symmetric": False, "thickness": 1.5, "width": 4,
            "array": [_short(side.high - one.value) if side else 0 for one, side in intervals],
            "arrayminus": [_short(one.value - side.low) if side else 0 for one, side in intervals],
        },
        "customdata": [[plain(words(names[place]), 30)] for place, _ in points],
        "hovertemplate": "%{customdata[0]}: %{x:+.4f}<extra></extra>",
    }  # fmt: skip


def _short(value: float) -> float:
    return float(f"{value:.5g}")
