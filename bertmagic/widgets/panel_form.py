"""The form of the panel: what its controls are, as one description made of the table of options, and what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic import options
from bertmagic.display.style import duration, million, size
from bertmagic.errors import OptionError, count
from bertmagic.options import Finetune, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bertmagic.models.status import Entry
    from bertmagic.options import Option
    from bertmagic.tuning.results import Estimate

TABLE = {entry.name: entry for entry in table(Finetune)}
SLIDERS = (
    "lr", "epochs", "batch_size", "max_length", "warmup", "weight_decay", "attention_dropout", "freeze", "seed",
    "adapt",
)  # fmt: skip
"""The options that are always in sight, in the order of the panel."""
MORE = {
    "Long texts": ("long_text", "stride", "pooling"),
    "Validation": ("validation", "metric", "keep", "eval_every", "patience", "calibrate", "baselines"),
    "Classes": ("class_weights", "label_smoothing"),
    "LoRA": ("lora_rank", "lora_alpha", "lora_save"),
    "Steps": (
        "schedule", "max_steps", "gradient_accumulation_steps", "gradient_checkpointing", "max_grad_norm",
        "layerwise_lr_decay", "ema_decay", "precision",
    ),
}  # fmt: skip
"""The options that are folded, by the name of their group."""
OPTIONS = (*SLIDERS, *(name for group in MORE.values() for name in group))
FIELDS = ("name", "model", *OPTIONS)
"""All that has a control."""

_NEEDS = {
    "stride": ["long_text", "window"], "lora_rank": ["adapt", "lora"], "lora_alpha": ["adapt", "lora"],
    "lora_save": ["adapt", "lora"],
}  # fmt: skip
"""Options that have an effect only if another one has a certain value."""
_STEPS = {
    "epochs": 1.0, "warmup": 0.01, "weight_decay": 0.01, "attention_dropout": 0.05, "validation": 0.05,
    "label_smoothing": 0.05, "layerwise_lr_decay": 0.05, "max_grad_norm": 0.5, "ema_decay": 0.001, "lora_alpha": 1.0,
    "eval_every": 10, "max_steps": 50,
}  # fmt: skip
"""How far a key moves a control; by default by 1."""
_LONGEST = 200
"""Characters of a value: the browser may send anything."""


def spec(defaults: Mapping[str, Any], limits: Mapping[str, int], metrics: Sequence[str]) -> dict[str, Any]:
    """Return the description of the form, which holds nothing but JSON's types.

    Parameters
    ----------
    defaults
        The default of each option; a slider never stands at its end by default.
    limits
        The maximum of ``max_length`` and ``freeze`` for the model.
    metrics
        The validation metrics of the task.
    """

    def group(title: str, names: Sequence[str]) -> dict[str, Any]:
        return {"title": title, "controls": [control(name, defaults.get(name), limits, metrics) for name in names]}

    return {
        "first": group("", ("name", "model", *SLIDERS)),
        "more": [group(title, names) for title, names in MORE.items()],
    }


def control(name: str, default: Any, limits: Mapping[str, int], metrics: Sequence[str] = ()) -> dict[str, Any]:
    """Return the description of the control of an option."""
    entry = TABLE[name]
    words = {"help": entry.help, "reason": entry.reason, "change": entry.when_to_change}
    described = {"name": name, **words, "step": _STEPS.get(name, 1), "needs": _NEEDS.get(name)}
    if name in ("name", "model"):
        return {**described, "kind": {"name": "text", "model": "models"}[name]}
    choices = _choices(entry, limits, metrics)
    if choices:
        return {**described, "kind": "choice", "choices": choices}
    return {**described, **_slider(entry, default, limits)}


def _choices(entry: Option, limits: Mapping[str, int], metrics: Sequence[str]) -> list[list[Any]]:
    """Return the values of a list with their words, none for what is left open; no values if the option is a number."""
    none = [[None, ""]] if entry.default is None else []
    if entry.kind == "flag":
        return [*none, [True, "yes"], [False, "no"]]
    if entry.kind == "choice":
        return [*none, *([one, one] for one in (metrics if entry.name == "metric" else entry.choices))]
    if entry.kind == "freeze":
        layers = [[many, f"the lowest {count(many, 'layer')}"] for many in range(1, limits["freeze"] + 1)]
        return [[None, "nothing"], ["embeddings", "embeddings"], *layers, ["encoder", "encoder"]]
    return []


def _slider(entry: Option, default: Any, limits: Mapping[str, int]) -> dict[str, Any]:
    """Return the range of a number: of a slider if its default is well inside of it, else of a field."""
    low, high = entry.slider_range or (entry.low, entry.high)
    if entry.name == "max_length":  # one stop beyond the model's limit, so that the limit is not the end
        high = limits["max_length"] if default < limits["max_length"] else 2 * limits["max_length"]
    if default is None or not (entry.slider_range or entry.log_scale) or not low < default < high:
        ends = {"low": entry.low, "high": entry.high}
        return {"kind": "number", **{name: end for name, end in ends.items() if abs(end) < 1e300}}
    if entry.kind == "int" and entry.log_scale:
        stops = [2**power for power in range(14) if low <= 2**power <= high]
        limit = limits.get(entry.name)
        return {"kind": "stops", "stops": sorted({*stops, *filter(None, [limit])}), "limit": limit}
    ends = {"low": low, "high": high}
    return {"kind": "log" if entry.log_scale else "linear", **ends, "ticks": _ticks(entry, low, high)}


def _ticks(entry: Option, low: float, high: float) -> list[float]:
    """Return the values with a mark: powers of ten on a logarithmic scale, else five that are round."""
    if entry.log_scale:
        powers = [10.0**power for power in range(-12, 12)]
        return [float(f"{power:.0e}") for power in powers if low * 0.999 <= power <= high * 1.001]
    marks = {low, *(round(high * part / 4, 3) for part in range(1, 5))}
    return sorted(marks)


def read(chosen: Mapping[str, Any], models: Sequence[str], limit: int, metrics: Sequence[str]) -> tuple[
    dict[str, Any], dict[str, str]
]:  # fmt: skip
    """Return what the controls hold as checked values, and for each one that cannot be used the reason.

    Parameters
    ----------
    chosen
        What the browser has sent: values of any kind, under any names.
    models
        The models that can be chosen.
    limit
        How many tokens the model reads.
    metrics
        The validation metrics of the task.
    """
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name in FIELDS:
        if chosen.get(name) is None:
            continue
        try:
            values[name] = checked(name, chosen[name], models, limit, metrics)
        except OptionError as error:
            problems[name] = error.what
    return values, problems


def checked(name: str, value: Any, models: Sequence[str], limit: int, metrics: Sequence[str]) -> Any:
    """Return the value of an option as a run takes it; the parameters are those of `read`.

    Raises
    ------
    OptionError
        If it cannot be used.
    """
    from bertmagic.workflows.resolve import max_length

    if not (value is None or isinstance(value, bool | int | float | str)) or len(str(value)) > _LONGEST:
        raise OptionError(f"{name} is not a short text or a number.", TABLE[name].help)
    if name == "model":
        if value not in models:
            raise OptionError(f"model = {value!r} is not in the list.", f"Choose one of {len(models)} models.")
        return value
    if name == "freeze" and value == 0:
        return None
    if name == "validation" and isinstance(value, str):  # no file is opened for a text from the browser
        value = _number(name, value)
    checked = options.check(TABLE[name], value)
    if name == "max_length":
        max_length(checked, Finetune.longest, limit)
    if name == "metric" and checked is not None and checked not in metrics:
        raise OptionError(f"metric = {checked!r} is not a metric of this task.", f"It has {', '.join(metrics)}.")
    return checked


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise OptionError(f"{name} = {text!r} is not a number.", TABLE[name].help) from None


def model_line(entry: Entry, estimate: Estimate | None) -> str:
    """Return the line of a model in the list: parameters, estimated time and memory, and whether it is on disk."""
    place = "on disk" if entry.on_disk else "to download"
    cost = [duration(estimate.seconds), size(estimate.bytes)] if estimate else []
    return f"{entry.alias}: {', '.join([million(entry.parameters), *cost, place])}"
