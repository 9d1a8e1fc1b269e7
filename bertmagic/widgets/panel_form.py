"""The form of the panel: a slider or a box for each option, with range and help from the table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import ipywidgets as ipw

from bertmagic.display.style import duration, million, size
from bertmagic.options import Finetune, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from bertmagic.models.status import Entry
    from bertmagic.options import Option
    from bertmagic.tuning.results import Estimate

TABLE = {entry.name: entry for entry in table(Finetune)}
SLIDERS = (
    "lr", "epochs", "batch_size", "max_length", "warmup", "weight_decay", "attention_dropout", "freeze", "seed",
    "adapt",
)  # fmt: skip
"""The options of the form, in their order."""

_POWERS = ("batch_size", "max_length")
_STYLE = {"description_width": "130px"}
_LAYOUT = {"width": "calc(100% - 8px)", "max_width": "520px"}


def control(name: str, value: Any, most: float = math.inf) -> Any:
    """Return the widget of an option.

    Parameters
    ----------
    value
        Where it begins.
    most
        What the chosen model allows, where that is less than the table does.
    """
    entry = TABLE[name]
    known = {"description": name, "tooltip": tooltip(entry), "style": _STYLE, "layout": _LAYOUT}
    low, high = span(entry, most)
    if entry.kind == "choice":
        return ipw.Dropdown(options=entry.choices, value=value, **known)
    if name in _POWERS:
        steps = sorted({*_powers(low, high), int(value)})
        return ipw.SelectionSlider(options=steps, value=int(value), continuous_update=True, **known)
    if entry.log_scale:
        edges = {"min": math.log10(low), "max": math.log10(high), "step": 0.02}
        return ipw.FloatLogSlider(value=value, readout_format=".1e", continuous_update=True, **edges, **known)
    if entry.kind == "freeze":
        return ipw.IntSlider(value=value or 0, min=0, max=int(high), continuous_update=True, **known)
    if name == "seed":
        return ipw.BoundedIntText(value=value, min=0, max=2**31 - 1, **known)
    step = 1 if name == "epochs" else 0.01
    return ipw.FloatSlider(
        value=value, min=low, max=high, step=step, readout_format=".3g", continuous_update=True, **known
    )


def span(entry: Option, most: float = math.inf) -> tuple[float, float]:
    """Return the ends of an option's slider: those of the table, and no more than the model allows."""
    low, high = entry.slider_range or (entry.low, entry.high)
    return low, min(high, most)


def _powers(low: float, high: float) -> list[int]:
    found = [2**power for power in range(1, 14) if low <= 2**power <= high]
    return sorted({*found, int(high)})


def tooltip(entry: Option) -> str:
    """Return what is said of an option where the mouse rests on it."""
    return " ".join(filter(None, (entry.help, entry.reason)))


def put(found: Any, value: Any) -> None:
    """Set a slider, and widen it where it ends before a value that the table allows."""
    if isinstance(found, ipw.SelectionSlider):
        found.options = sorted({*found.options, value})
    elif hasattr(found, "max"):
        reached = math.log10(value) if isinstance(found, ipw.FloatLogSlider) else value
        found.min, found.max = min(found.min, reached), max(found.max, reached)
    found.value = value


def button(words: str, help: str, act: Callable[[], Any], style: str = "") -> Any:
    """Return a button that does something."""
    found = ipw.Button(description=words, tooltip=help, button_style=style, layout={"width": "110px"})
    found.on_click(lambda _: act())
    return found


def read(name: str, value: Any) -> Any:
    """Return the option's value for what its widget shows."""
    if name == "lr":
        return float(f"{value:.2g}")
    if name == "freeze":
        return int(value) or None
    return round(value, 4) if isinstance(value, float) else value


def model_words(entry: Entry, found: Estimate) -> str:
    """Return how a model stands in the list of models."""
    here = "here" if entry.on_disk else "to download"
    return f"{entry.alias}: {million(entry.parameters)}, {duration(found.seconds)}, {size(found.bytes)}, {here}"
