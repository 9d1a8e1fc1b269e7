"""The controls of the panel: a slider or a box for each option, with range and help from the table of options."""

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
"""The options with a control, in the order of the panel."""

_POWERS = ("batch_size", "max_length")
_STYLE = {"description_width": "130px"}
_LAYOUT = {"width": "calc(100% - 8px)", "max_width": "520px"}


def control(name: str, value: Any, most: float = math.inf) -> Any:
    """Return the control of an option.

    Parameters
    ----------
    value
        The initial value.
    most
        The maximum that the chosen model allows, if it is below that of the table.
    """
    entry = TABLE[name]
    shared = {"description": name, "tooltip": tooltip(entry), "style": _STYLE, "layout": _LAYOUT}
    low, high = span(entry, most)
    if entry.kind == "choice":
        return ipw.Dropdown(options=entry.choices, value=value, **shared)
    if name in _POWERS:
        steps = sorted({*_powers(low, high), int(value)})
        return ipw.SelectionSlider(options=steps, value=int(value), continuous_update=True, **shared)
    if entry.log_scale:
        edges = {"min": math.log10(low), "max": math.log10(high), "step": 0.02}
        return ipw.FloatLogSlider(value=value, readout_format=".1e", continuous_update=True, **edges, **shared)
    if entry.kind == "freeze":
        return ipw.IntSlider(value=value or 0, min=0, max=int(high), continuous_update=True, **shared)
    if name == "seed":
        return ipw.BoundedIntText(value=value, min=0, max=2**31 - 1, **shared)
    step = 1 if name == "epochs" else 0.01
    return ipw.FloatSlider(
        value=value, min=low, max=high, step=step, readout_format=".3g", continuous_update=True, **shared
    )


def span(entry: Option, most: float = math.inf) -> tuple[float, float]:
    """Return minimum and maximum of an option's slider, with ``most`` as the model's limit."""
    low, high = entry.slider_range or (entry.low, entry.high)
    return low, min(high, most)


def _powers(low: float, high: float) -> list[int]:
    powers = [2**power for power in range(1, 14) if low <= 2**power <= high]
    return sorted({*powers, int(high)})


def tooltip(entry: Option) -> str:
    """Return the help of an option with the reason of its default."""
    return " ".join(filter(None, (entry.help, entry.reason)))


def set_value(control: Any, value: Any) -> None:
    """Set a control; widen the range of a slider if the value is outside of it."""
    if isinstance(control, ipw.SelectionSlider):
        control.options = sorted({*control.options, value})
    elif hasattr(control, "max"):
        position = math.log10(value) if isinstance(control, ipw.FloatLogSlider) else value
        control.min, control.max = min(control.min, position), max(control.max, position)
    control.value = value


def button(words: str, help: str, act: Callable[[], Any], style: str = "") -> Any:
    """Return a button that calls ``act``."""
    widget = ipw.Button(description=words, tooltip=help, button_style=style, layout={"width": "110px"})
    widget.on_click(lambda _: act())
    return widget


def read(name: str, value: Any) -> Any:
    """Return the value of an option from the value of its control."""
    if name == "lr":
        return float(f"{value:.2g}")
    if name == "freeze":
        return int(value) or None
    return round(value, 4) if isinstance(value, float) else value


def model_line(entry: Entry, estimate: Estimate) -> str:
    """Return the line of a model in the list: parameters, estimated time and memory, and whether it is on disk."""
    place = "on disk" if entry.on_disk else "to download"
    return f"{entry.alias}: {million(entry.parameters)}, {duration(estimate.seconds)}, {size(estimate.bytes)}, {place}"
