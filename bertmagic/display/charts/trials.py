"""The figure of a search: each trial a line over its options, coloured by its score."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bertmagic.display.charts.curves import ticks
from bertmagic.display.charts.figures import plain, plain_layout
from bertmagic.display.style import BLUE, GREY, words
from bertmagic.options.rates import rate_text

if TYPE_CHECKING:
    from bertmagic.tuning.results import Search, Trial


def trials_figure(result: Search, scored: list[Trial]) -> dict[str, Any]:
    """Return all trials as parallel lines and what the scores depend on, as plotly reads them."""
    scores = [trial.score or 0.0 for trial in scored]
    lines = {
        "type": "parcoords", "domain": {"x": [0, 0.72 if result.importance else 1], "y": [0, 1]},
        "line": {
            "color": scores, "colorscale": [[0, "#9ec8e6"], [1, BLUE]], "reversescale": not result.higher_is_better,
        },
        "labelfont": {"color": GREY, "size": 12, "shadow": "none"},
        "tickfont": {"color": GREY, "size": 11, "shadow": "none"},
        "rangefont": {"color": "rgba(0,0,0,0)", "size": 1},
        "dimensions": [
            *(_dimension(name, code, [one.values.get(name) for one in scored]) for name, code in result.space.items()),
            {"label": words(result.metric), "values": scores},
        ],
    }  # fmt: skip
    layout = plain_layout(320)
    layout["margin"] |= {"l": 70, "r": 40, "t": 60}
    drawn: list[dict[str, Any]] = [lines]
    if result.importance:
        pairs = sorted(result.importance.items(), key=lambda pair: pair[1])
        drawn.append({
            "type": "bar", "orientation": "h", "x": [round(part, 3) for _, part in pairs], "y": [n for n, _ in pairs],
            "marker": {"color": BLUE}, "showlegend": False,
        })  # fmt: skip
        layout["xaxis"] |= {
            "domain": [0.84, 1],
            "tickformat": ".0%",
            "title": {"text": "what it depends on"},
            "nticks": 3,
        }
    return {"data": drawn, "layout": layout, "config": {"displaylogo": False}}


def _dimension(name: str, space: str, values: list[Any]) -> dict[str, Any]:
    """Return one axis of the parallel lines: numbers, their logarithms for a log range, or names.

    The ticks of a choice are its values.
    """
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        known = list(dict.fromkeys(map(str, values)))
        places = [known.index(str(value)) for value in values]
        names = {"tickvals": list(range(len(known))), "ticktext": [plain(one, 40) for one in known]}
        return {"label": name, "values": places, **names}
    if space.startswith("choice"):
        return {"label": name, **_ticks(sorted(set(values)), values, _spans_much(values))}
    if space.startswith("log") or _spans_much(values):
        return {"label": name, **_ticks(_round_numbers(min(values), max(values)), values, log=True)}
    if name == "lr" and min(values) < max(values):
        return {"label": name, **_ticks(ticks(min(values), max(values)), values, log=False)}
    return {"label": name, "values": values}


def _round_numbers(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times the powers of ten from ``low`` to ``high``; of a wide range the powers alone."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    inside = [float(f"{by}e{power}") for power in powers for by in (1, 2, 5) if low <= float(f"{by}e{power}") <= high]
    whole = [value for value in inside if rate_text(value).startswith("1")] if high / low > 100 else inside
    return whole if len(whole) > 1 else [low, high]


def _spans_much(values: list[Any]) -> bool:
    return bool(values) and min(values) > 0 and max(values) / min(values) > 3


def _ticks(at: list[Any], values: list[Any], log: bool) -> dict[str, Any]:
    """Return values with the ticks of their axis, which has a linear or a logarithmic scale."""

    def place(value: float) -> float:
        return round(math.log10(value), 4) if log else value

    named = [rate_text(value) if isinstance(value, float) else str(value) for value in at]
    return {"values": [place(value) for value in values], "tickvals": [place(value) for value in at], "ticktext": named}
