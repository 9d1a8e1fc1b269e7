"""The run that the panel's controls describe: its options, their defaults, its estimate and its cell."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bertmagic.magic_words import has_magics
from bertmagic.models import catalogue
from bertmagic.options import Finetune
from bertmagic.options.cells import finetuning
from bertmagic.tuning import advice, calibration, estimates
from bertmagic.widgets import panel_form as form
from bertmagic.workflows import resolve as decisions
from bertmagic.workflows.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bertmagic.models.status import Entry
    from bertmagic.tuning.results import Estimate
    from bertmagic.widgets.panel_data import DataChoice

_DATA_OPTIONS = ("train", "text", "label", "question", "context", "answers", "task")
_MOST_PREVIEWED = 512
"""The texts were measured up to so many tokens by an encoder that reads no more."""


class RunOptions:
    """The options of the run, from the chosen data and what the controls hold.

    Parameters
    ----------
    first
        The model that the panel opened with.

    Attributes
    ----------
    problems
        Why the value of a control cannot be used, by the name of the option.
    defaults
        The default of each option, with the chosen model, data, batch size and method.
    """

    def __init__(self, data: DataChoice, first: str) -> None:
        self._data, self._first = data, first
        self._entries: list[Entry] = []
        self.relist()
        self._checked: dict[str, Any] = {}
        self.problems: dict[str, str] = {}
        self.defaults: dict[str, Any] = {}
        self.take({})

    @property
    def model(self) -> str:
        """The chosen model."""
        return str(self._checked.get("model", self._first))

    @property
    def name(self) -> str:
        """The name of the run."""
        return str(self._checked.get("name", self._data.base.name))

    @property
    def values(self) -> dict[str, Any]:
        """The options that differ from the defaults of a run, without the name."""
        held = {name: self._checked[name] for name in form.OPTIONS if name in self._checked}
        changed = {name: value for name, value in held.items() if value != self.defaults[name]}
        return ({"model": self.model} if self.model != Finetune.model else {}) | changed

    def take(self, chosen: Mapping[str, Any]) -> None:
        """Take what the controls hold; values that cannot be used become `problems`."""
        model = chosen.get("model", self._first)
        limit = self._limit(model if isinstance(model, str) else self._first)
        self._checked, self.problems = form.read(chosen, self._names, limit, self._metrics)
        self.defaults = self._resolved()

    def relist(self) -> None:
        """Look again which models there are, and which of them are on disk."""
        self._entries = [entry for entry in catalogue.listed().entries if not entry.tuned]

    def checked(self, name: str, value: Any) -> Any:
        """Return the value of an option as a run takes it.

        Raises
        ------
        OptionError
            If it cannot be used.
        """
        return form.checked(name, value, self._names, self._limit(self.model), self._metrics)

    def options(self) -> dict[str, Any]:
        """Return all options of the run."""
        return {**vars(self._data.base), **self.values}

    @property
    def cell(self) -> str:
        """The cell of the run: ``%%bert_finetune``, or a call of ``bm.finetune`` where there are no magics."""
        data_options = {name: getattr(self._data.base, name) for name in _DATA_OPTIONS}
        given = {name: value for name, value in data_options.items() if value is not None} | self.values
        return finetuning(self.name, given, {"train": self._data.code}, has_magics())

    def timed(self) -> Estimate | None:
        """Return the estimate of the run with the model that was measured; None if the data cannot be used."""
        if self._data.error:
            return None
        wanted = {**self.values, "model": self._data.base.model}
        return estimates.estimate(replace(self._data.base, **wanted), self._about)

    def estimate(self, timed: Estimate) -> Estimate:
        """Return the estimated time and memory of the run, from what `timed` returned."""
        entry = catalogue.ALIASES.get(self.model)
        return advice.in_proportion(timed, entry, self._about) if entry else timed

    @property
    def unmeasured(self) -> list[str]:
        """The options that change the cost of a row, and have other values than where it was measured."""
        return [name for name in calibration.MATTERS if name in self.values]

    def automatic(self) -> dict[str, str]:
        """Return what the run takes by itself where the user leaves an option open, in words, as far as it is known."""
        prepared = self._about.prepared
        chosen, task = replace(self._data.base, **self.values), prepared.task
        rows = len(prepared.train) + (len(prepared.validation) if prepared.validation is not None else 0)
        held_out = decisions.hold_out(chosen, task, rows, False, prepared.test is not None)
        calibrates = decisions.calibrates(chosen, task, held_out.keep, round(held_out.share * rows))
        words = {
            "metric": self._metrics[0], "keep": held_out.keep, "validation": f"{held_out.share:g}",
            "calibrate": "yes" if calibrates else "no", "lora_alpha": f"{2 * chosen.lora_rank}",
        }  # fmt: skip
        return {name: f"by default: {one}" for name, one in words.items() if chosen.__dict__[name] is None}

    def models(self, timed: Estimate | None) -> list[list[str]]:
        """Return the models that can be chosen, as value and line, with the estimate for each."""
        lines = [
            [entry.alias, form.model_line(entry, timed and advice.in_proportion(timed, entry, self._about))]
            for entry in self._entries
        ]
        known = {alias for alias, _ in lines}
        return lines if self._first in known else [[self._first, self._about.encoder.name], *lines]

    def spec(self) -> dict[str, Any]:
        """Return the description of the form."""
        limits = {"max_length": min(self._limit(self.model), _MOST_PREVIEWED), "freeze": self._about.layers}
        return form.spec(self.defaults, limits, self._metrics)

    @property
    def _about(self) -> Any:
        return self._data.about

    @property
    def _names(self) -> list[str]:
        return list(dict.fromkeys([self._first, *(entry.alias for entry in self._entries)]))

    @property
    def _metrics(self) -> tuple[str, ...]:
        return tuple(self._about.prepared.task.validation_metrics)

    def _limit(self, model: str) -> int:
        entry = catalogue.ALIASES.get(model)
        own = self._about.encoder
        return int(entry.max_length if entry and entry.alias != own.name else own.max_tokens)

    def _resolved(self) -> dict[str, Any]:
        """Return the defaults of a run with the chosen model, batch size and method."""
        entry, about = catalogue.ALIASES.get(self.model), self._about
        matter = ("batch_size", "adapt", "gradient_accumulation_steps", "max_steps")
        chosen = {name: self._checked[name] for name in matter if name in self._checked}
        lr = entry.lr if entry else about.encoder.lr
        resolved = resolve(replace(self._data.base, **chosen), about.prepared.task, lr, self._limit(self.model))
        steps = replace(resolved, adapt="full").steps(about.rows)  # a head alone has no epochs
        own = {"lr": resolved.lr, "max_length": resolved.max_length, "epochs": steps.epochs}
        table = {name: getattr(Finetune, name) for name in form.OPTIONS}
        return {"name": self._data.base.name, "model": self._first, **table, **own}
