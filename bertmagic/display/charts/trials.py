"""The figure of a search: each trial a line over its options, coloured by its score."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bertmagic.display.charts.figures import plain, plain_layout
from bertmagic.display.style import BLUE, GREY, words

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
            *(_dimension(name, [trial.values.get(name) for trial in scored]) for name in result.space),
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


def _dimension(name: str, values: list[Any]) -> dict[str, Any]:
    """Return one axis of the parallel lines: numbers, their logarithms if they span much, or names."""
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        known = list(dict.fromkeys(map(str, values)))
        places = [known.index(str(value)) for value in values]
        ticks = {"tickvals": list(range(len(known))), "ticktext": [plain(one, 40) for one in known]}
        return {"label": name, "values": places, **ticks}
    if values and min(values) > 0 and max(values) / min(values) > 10:
        powers = range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)
        return {
            "label": name, "values": [round(math.log10(value), 4) for value in values],
            "tickvals": list(powers), "ticktext": [f"1e{power}" for power in powers],
        }  # fmt: skip
    return {"label": name, "values": values}
