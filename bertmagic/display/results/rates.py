"""The learning-rate finder: the loss over rising rates, and the suggested rate with its rule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from bertmagic.display.blocks import Block, Chart, Figure, Folded, Headline, Notes, Paragraph, Table, columns
from bertmagic.display.charts.curves import BEHIND, Curve
from bertmagic.display.charts.figures import plain_layout
from bertmagic.display.style import BLUE, GREEN, ORANGE, line, score
from bertmagic.errors import count
from bertmagic.options.rates import rate_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.tuning.results import Rates

_SHOWN = 12


def blocks(result: Rates) -> list[Block]:
    """Return the suggestion, the curve, and its numbers."""
    rate = rate_text(result.suggestion)
    return [
        Headline(f"Learning rate for {line(result.model, 60)} on {line(result.data, 60)}: {rate}"),
        Paragraph("Use it:", f"lr = {rate}"),
        _chart(result),
        Paragraph(f"The rule: {line(result.rule, 300)}."),
        Paragraph(_tried(result)),
        Folded("The numbers of the curve", [_numbers(result)]),
        Notes(result.notes, lines=3),
    ]


def _tried(result: Rates) -> str:
    return (
        f"{count(len(result.rates), 'step')} from {rate_text(result.rates[0])} to {rate_text(result.rates[-1])}, until "
        f"{line(result.ended, 120)}; the smoothed loss was lowest at {rate_text(result.lowest)}. "
        "The model was put back to where it was."
    )


def _chart(result: Rates) -> Chart:
    start = math.log10(result.rates[0])
    powers = [math.log10(rate) - start for rate in result.rates]
    chosen = math.log10(result.suggestion) - start
    curves = [
        Curve("each step", list(zip(powers, result.losses, strict=True)), BLUE, 1.0, BEHIND),
        Curve("smoothed", list(zip(powers, result.smoothed, strict=True)), BLUE),
        Curve("suggested", [(chosen, min(result.smoothed)), (chosen, max(result.smoothed))], GREEN),
    ]
    about = f"Loss over learning rate; {rate_text(result.suggestion)} is suggested"
    return Chart(
        "loss", "lr", curves, powers[-1], about, [(power - start, rate_text(10.0**power)) for power in _powers(result)]
    )


def _powers(result: Rates) -> range:
    """Return the whole powers of ten among the rates."""
    low, high = (math.log10(rate) for rate in (result.rates[0], result.rates[-1]))
    return range(math.ceil(low - 1e-6), math.floor(high + 1e-6) + 1)


def _numbers(result: Rates) -> Table:
    every = max(1, len(result.rates) // _SHOWN)
    rows = [
        [rate_text(result.rates[at]), score(result.losses[at]), score(result.smoothed[at])]
        for at in range(0, len(result.rates), every)
    ]
    caption = f"One step of {every}." if every > 1 else "Each step."
    return Table(columns(("learning rate", "loss", "smoothed"), ()), rows, caption)


def further(result: Rates) -> Iterator[list[Block]]:
    """Yield the curve as a figure."""
    title = f"Loss over learning rate; {rate_text(result.suggestion)} is suggested."
    yield [Figure(title, _figure(result), [_numbers(result)])]


def _figure(result: Rates) -> dict[str, Any]:
    low, high = min(result.smoothed), max(result.smoothed)
    suggested = {
        "type": "scatter", "mode": "lines", "name": f"suggested: {rate_text(result.suggestion)}",
        "x": [result.suggestion] * 2, "y": [low, high], "line": {"color": ORANGE, "dash": "dot"},
    }  # fmt: skip
    layout = plain_layout(300)
    powers = [10.0**power for power in _powers(result)]
    layout["xaxis"] |= {"type": "log", "title": {"text": "learning rate"}, "hoverformat": "~e"}
    layout["xaxis"] |= {"tickvals": powers, "ticktext": [rate_text(power) for power in powers]}
    layout["yaxis"] |= {"title": {"text": "loss"}, "range": [low - 0.1 * (high - low), high + 0.15 * (high - low)]}
    steps = _trace(result, "each step", result.losses, 1, 0.5), _trace(result, "smoothed", result.smoothed, 2, 1)
    return {"data": [*steps, suggested], "layout": layout, "config": {"displaylogo": False}}


def _trace(result: Rates, name: str, values: tuple[float, ...], width: float, opacity: float) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": [float(f"{rate:.4g}") for rate in result.rates],
        "y": [float(f"{value:.5g}") for value in values], "line": {"color": BLUE, "width": width}, "opacity": opacity,
    }  # fmt: skip
