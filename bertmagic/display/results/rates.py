"""What the learning-rate finder found: the curve over rates, and the suggestion with its rule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bertmagic.display.charts.curves import Curve, chart
from bertmagic.display.charts.figures import MIMETYPE, plain_layout
from bertmagic.display.style import BLUE, GREEN, ORANGE, count, line, number, score
from bertmagic.display.writers.elements import box, heading, paragraph, table, tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markupsafe import Markup

    from bertmagic.tuning.results import Rates

_SHOWN = 12


def text(result: Rates) -> str:
    """Return what was found in words."""
    return "\n".join(
        [_headline(result), f"The rule: {result.rule}.", _tried(result), f"Use it: lr = {number(result.suggestion, 2)}"]
    )


def _headline(result: Rates) -> str:
    return f"Learning rate for {line(result.model, 60)} on {line(result.data, 60)}: {number(result.suggestion, 2)}"


def _tried(result: Rates) -> str:
    return (
        f"{count(len(result.rates), 'step')} from {number(result.rates[0], 2)} to {number(result.rates[-1], 2)}, until "
        f"{line(result.ended, 120)}; the smoothed loss was lowest at {number(result.lowest, 2)}. "
        "The model was put back to where it was."
    )


def markup(result: Rates) -> Markup:
    """Return the curve, its numbers, and the suggestion."""
    curve = tag("div", _curve(result), style="max-width:420px")
    numbers = tag("details", tag("summary", "The numbers of the curve"), _numbers(result))
    use = paragraph("Use it: ", tag("code", f"lr = {number(result.suggestion, 2)}"))
    return box(
        heading(_headline(result)),
        use,
        curve,
        paragraph(f"The rule: {result.rule}."),
        paragraph(_tried(result)),
        numbers,
    )


def _curve(result: Rates) -> Markup:
    start = math.log10(result.rates[0])
    at = [math.log10(rate) - start for rate in result.rates]
    marks = [
        (power - start, f"1e{power}") for power in range(math.ceil(start - 1e-6), math.floor(start + at[-1] + 1e-6) + 1)
    ]
    chosen = math.log10(result.suggestion) - start
    curves = [
        Curve("each step", list(zip(at, result.losses, strict=True)), BLUE, 1.0, 0.5),
        Curve("smoothed", list(zip(at, result.smoothed, strict=True)), BLUE),
        Curve("suggested", [(chosen, min(result.smoothed)), (chosen, max(result.smoothed))], GREEN),
    ]
    aria = f"Loss over learning rate; {number(result.suggestion, 2)} is suggested"
    return chart("loss", curves, at[-1], aria=aria, along="lr", marks=marks)


def _numbers(result: Rates) -> Markup:
    every = max(1, len(result.rates) // _SHOWN)
    rows = [
        [number(result.rates[at], 2), score(result.losses[at]), score(result.smoothed[at])]
        for at in range(0, len(result.rates), every)
    ]
    caption = f"Every {every}. step" if every > 1 else "Each step"
    return table(["learning rate", "loss", "smoothed"], rows, caption, left=())


def below(result: Rates) -> Iterator[dict[str, Any]]:
    """Yield the figure of the curve."""
    yield figure(result)


def figure(result: Rates) -> dict[str, Any]:
    """Return the curve as an interactive figure, with its numbers as the static twin."""
    rates = [float(f"{rate:.4g}") for rate in result.rates]

    def trace(name: str, values: tuple[float, ...], width: float, opacity: float) -> dict[str, Any]:
        return {
            "type": "scatter", "mode": "lines", "name": name, "x": rates, "y": [float(f"{y:.5g}") for y in values],
            "line": {"color": BLUE, "width": width}, "opacity": opacity,
        }  # fmt: skip

    low, high = min(result.smoothed), max(result.smoothed)
    mark = {
        "type": "scatter", "mode": "lines", "name": f"suggested: {number(result.suggestion, 2)}",
        "x": [result.suggestion] * 2, "y": [low, high], "line": {"color": ORANGE, "dash": "dot"},
    }  # fmt: skip
    layout = plain_layout(300)
    layout["xaxis"] |= {"type": "log", "title": {"text": "learning rate"}, "exponentformat": "power"}
    layout["yaxis"] |= {"title": {"text": "loss"}, "range": [low - 0.1 * (high - low), high + 0.15 * (high - low)]}
    drawn = [trace("each step", result.losses, 1, 0.5), trace("smoothed", result.smoothed, 2, 1), mark]
    return {
        MIMETYPE: {"data": drawn, "layout": layout, "config": {"displaylogo": False}},
        "text/html": str(box(_numbers(result))),
        "text/plain": f"Loss over learning rate: {_tried(result)}",
    }
