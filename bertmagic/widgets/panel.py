"""The panel: controls of a fine-tuning run, its estimate, the run itself, and the trained model to try out."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import ipywidgets as ipw
from markupsafe import Markup

from bertmagic import api, launch, options
from bertmagic import display as drawing
from bertmagic.data import variables
from bertmagic.display import publish
from bertmagic.display.writers.elements import paragraph, warned
from bertmagic.errors import BertMagicError, DataError, OptionError, count
from bertmagic.events import Event, Listener, Started
from bertmagic.models import catalogue
from bertmagic.options import Finetune, files
from bertmagic.options.cells import cell
from bertmagic.options.names import variable_name
from bertmagic.registry import encoder_reference
from bertmagic.run import folders, jobs
from bertmagic.tuning import advice, estimates
from bertmagic.widgets import panel_form as form
from bertmagic.widgets.panel_copy import CopyCell
from bertmagic.widgets.panel_data import DataForm, default_data
from bertmagic.widgets.panel_state import PanelState
from bertmagic.widgets.panel_tryout import Tryout
from bertmagic.workflows.resolve import max_length, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bertmagic.display.live.live_output import Watcher
    from bertmagic.options.files import FileOptions
    from bertmagic.run.stopping import StopButton
    from bertmagic.tuning.estimates import Subject
    from bertmagic.tuning.results import Estimate, Rates

_MOST_PREVIEWED = 512
_FINDER = "the learning-rate finder"
_DATA_OPTIONS = ("train", "text", "label", "question", "context", "answers", "task")


class _Frames:
    """Shows the live output of a run in the panel."""

    def __init__(self, box: Any) -> None:
        self._box = box
        box.children = [ipw.HTML()]

    def show(self, bundle: dict[str, Any]) -> None:
        self._box.children[0].value = bundle["text/html"]

    def below(self, bundle: dict[str, Any]) -> None:
        self._box.children = [*self._box.children, ipw.HTML(bundle["text/html"])]


def panel(
    data: Any = None, *, text: options.Columns = None, label: options.Columns = None, task: str | None = None,
    model: Any = "minilm", name: str = "tuned", sources: Mapping[str, str] | None = None,
    names: Mapping[str, Any] | None = None, guard: Callable[[str], None] | None = None,
    started: Callable[[Any], None] | None = None, **reading: Unpack[FileOptions],
) -> Panel:  # fmt: skip
    """Open a panel for a fine-tuning run.

    Parameters
    ----------
    data, text, label, task, model, name
        As in `finetune`, with ``data`` as its ``train``; by default the first table of ``names``, or a sample.
    sources
        Python expressions of options whose value is not a literal, for the cell.
    names
        The user's variables, which the panel offers as data.
    guard, started
        Called with the name of a run before it starts, and with its job afterwards.
    reading
        How a file is to be read, as in `finetune`: ``format``, ``header``, ``columns``, ``encoding``, ``sep``.

    Raises
    ------
    BertMagicError
        If the data or the model cannot be used.
    """
    given = {"text": text, "label": label, "task": task, "model": model, "name": name, **reading}

    def opened(code: str | None, rows: Any) -> Panel:
        chosen = options.read(options.commands.Panel, {"data": rows, **given})
        return Panel(chosen, code, names or {}, guard or (lambda name: None), started or (lambda job: None))

    if data is not None:
        return opened((sources or {}).get("train"), data)
    *mine, sample = default_data(names or {})
    for code, rows in mine:
        with suppress(DataError, OptionError):  # a table that cannot be trained on is no reason to open nothing
            return opened(code, rows)
    return opened(*sample)


class Panel:
    """A form for a fine-tuning run, with buttons to start it.

    Attributes
    ----------
    job
        The job of the last run; None before the first.
    """

    def __init__(
        self, chosen: options.commands.Panel, code: str | None, names: Mapping[str, Any],
        guard: Callable[[str], None], started: Callable[[Any], None],
    ) -> None:  # fmt: skip
        self._guard, self._started = guard, started
        self.job: Any = None
        self._rate_search: Any = None
        self._handle: publish.Handle | None = None
        base = Finetune(
            train=chosen.data, text=chosen.text, label=chosen.label, task=chosen.task, name=chosen.name,
            model=encoder_reference(chosen.model), **files.as_keywords(chosen),
        )  # fmt: skip
        self._first = str(chosen.model) if isinstance(chosen.model, str) else base.model
        self._given = chosen.model
        with publish.working() as emit:
            self._data = DataForm(base, code, names, emit, self._data_chosen)
        self._tryout = Tryout(names)
        self._touched: set[str] = set()
        self._quiet = False
        self._build()
        self._refresh()

    @property
    def model(self) -> Any:
        """The model of the last successful run."""
        return self._tryout.model

    @property
    def _base(self) -> Finetune:
        return self._data.base

    @property
    def _about(self) -> Subject:
        return self._data.about

    # Options and the equivalent cell

    @property
    def values(self) -> dict[str, Any]:
        """The options that differ from the defaults of a run."""
        defaults = self._defaults()
        shown = {name: form.read(name, control.value) for name, control in self._controls.items()}
        changed = {name: value for name, value in shown.items() if value != defaults[name]}
        model = self._model.value
        return ({"model": model} if model != options.Finetune.model else {}) | changed

    @property
    def _chosen(self) -> dict[str, Any]:
        """All options of the run. A model in a variable is that object: its folder may hold another one by now."""
        model = self._given if self._model.value == self._first else self._model.value
        return {**vars(self._base), **self.values, "model": model}

    @property
    def cell(self) -> str:
        """The ``%%bert_finetune`` cell that does the same as the panel."""
        data_options = {name: getattr(self._base, name) for name in _DATA_OPTIONS}
        given = {name: value for name, value in data_options.items() if value is not None} | self.values
        return cell("bert_finetune", self._name.value, given, {"train": self._data.code})

    @property
    def estimate(self) -> Estimate:
        """Estimated time and memory of the run."""
        estimate = estimates.estimate(replace(self._base, **self.values), self._about)
        entry = catalogue.ALIASES.get(str(self._model.value))
        return advice.in_proportion(estimate, entry, self._about) if entry else estimate

    def set(self, **values: Any) -> None:
        """Set options, as the sliders do.

        Raises
        ------
        OptionError
            If the panel has no such option, or its value is out of range.
        """
        for name, value in values.items():
            if name not in self._controls:
                raise OptionError(f"the panel has no option {name!r}.", f"It has {', '.join(self._controls)}.")
            checked = options.check(form.TABLE[name], value)
            control = self._controls[name]
            if name == "max_length":
                max_length(checked, Finetune.longest, self._limit())
            self._touched.add(name)  # also if the slider has this value already
            form.set_value(control, 0 if checked is None else checked)

    def insert_cell(self) -> None:
        """Insert the cell below the current one. Call this in a cell: a click on a button cannot insert."""
        publish.insert(self.cell)

    # Buttons

    def start(self, resume: bool = False) -> None:
        """Start the run in a background thread; the panel shows errors."""
        name = self._name.value
        if (reason := self._blocked()) is not None:
            return self._show_message(reason)
        watcher = publish.listener(screen=_Frames(self._frames))
        try:
            self._guard(name := variable_name(name))
            given = {**self._chosen, "name": name, "resume": resume, "background": True}
            with variables.called([(self._base.train, self._data.code)]):
                self.job = api.finetune(show=False, on_event=launch.tee(watcher, self._receive), **given)
        except BertMagicError as error:
            return self._show_message(warned(str(error)))
        self._show_message(Markup(""))
        self._started(self.job)
        self._buttons(running=True)
        self.job.when_done(lambda job: self._ended(job, watcher))
        self._show_state()

    def find_rate(self) -> None:
        """Search a learning rate in a background thread and offer it for the slider; no weights are kept."""
        if (reason := self._blocked()) is not None:
            return self._show_message(reason)
        watcher = publish.listener(delay=0.0, screen=_Frames(self._frames))
        chosen = Finetune(**self._chosen)
        chosen = replace(chosen, model=encoder_reference(chosen.model))
        rates: list[Rates] = []

        def find(button: StopButton, listener: Listener) -> None:
            folders.pin()
            rates.append(launch.rates(chosen, launch.tee(listener, watcher), button))

        self._rate_search = jobs.start(_FINDER, find)
        self._show_message(Markup(""))
        self._buttons(running=True)
        self._rate_search.when_done(lambda job: self._rate_found(job, watcher, rates))

    def _blocked(self) -> Markup | None:
        """Return why nothing can be started now; None if it can."""
        if self._start.disabled:
            return warned("A run is running already. Press Stop first.")
        for job in filter(None, (self.job, self._rate_search)):
            job.join()  # the buttons are enabled by its last callback, shortly before it is done
        return warned(self._data.error) if self._data.error else None

    def stop(self) -> None:
        """Stop the run or the search after the current step; the best weights of a run are kept."""
        for job in (self.job, self._rate_search):
            if job is not None and not job.done:
                job.stop()
                self._show_message(paragraph("Stopping after this step."))

    def _receive(self, event: Event) -> None:
        if isinstance(event, Started):
            self._show_state()

    def _ended(self, job: Any, watcher: Watcher) -> None:
        if job.error is not None:
            watcher.close(job.error)
        self._show_message(warned(str(job.error)) if job.error is not None else Markup(""))
        if job.model is not None:
            self._tryout.offer(job.model)
        self._buttons(running=False)
        self._refresh()

    def _rate_found(self, job: Any, watcher: Watcher, rates: list[Rates]) -> None:
        watcher.close(job.error)
        self._buttons(running=False)
        if not rates:
            return self._show_message(warned(str(job.error)))
        rate = rates[0].suggestion
        use = form.button("Use it", "Set the slider lr to the suggested rate", lambda: self.set(lr=rate), "info")
        self._frames.children = [ipw.HTML(drawing.bundle(rates[0])["text/html"]), use]

    # Layout

    def _build(self) -> None:
        self._model = ipw.Dropdown(
            options=self._models(), value=self._first, description="model",
            tooltip=form.TABLE["model"].help, style={"description_width": "130px"},
            layout={"width": "calc(100% - 8px)", "max_width": "520px"},
        )  # fmt: skip
        self._name = ipw.Text(
            value=self._base.name, description="name", tooltip=form.TABLE["name"].help, continuous_update=True,
            style={"description_width": "130px"}, layout={"width": "calc(100% - 8px)", "max_width": "520px"},
        )  # fmt: skip
        defaults = self._defaults()
        most = {"max_length": min(self._limit(), _MOST_PREVIEWED), "freeze": self._about.layers}
        self._controls = {
            name: form.control(name, defaults[name], most.get(name, float("inf"))) for name in form.SLIDERS
        }
        self._estimate_html, self._message = ipw.HTML(), ipw.HTML()
        self._copy = CopyCell()
        self._frames = ipw.VBox()
        self._start = form.button("Start", "Start the run in the background", self.start, "success")
        self._stop = form.button("Stop", "Stop after the current step; the best weights are kept", self.stop, "warning")
        self._resume = form.button("Resume", "Continue from the newest checkpoint", lambda: self.start(resume=True))
        self._find = form.button("Find lr", "Increase the learning rate over 100 steps and suggest one", self.find_rate)
        left = ipw.VBox(
            [self._name, self._model, *self._controls.values()], layout={"flex": "1 1 350px", "min_width": "0"}
        )
        right = ipw.VBox([self._estimate_html, self._copy], layout={"flex": "1 1 320px", "min_width": "0"})
        wide = ipw.Box([left, right], layout={"flex_flow": "row wrap", "display": "flex"})
        run = ipw.HBox([self._start, self._stop, self._resume, self._find])
        self.widget = ipw.VBox([self._data.widget, wide, run, self._message, self._frames, self._tryout.widget])
        self.widget.add_class("bm-panel")
        self._model.observe(self._model_chosen, "value")
        self._name.observe(lambda change: self._refresh(), "value")
        for name, control in self._controls.items():
            control.observe(lambda change, name=name: self._slider_moved(name), "value")
        self._buttons(running=False)

    def _models(self) -> list[tuple[str, str]]:
        """Return the choices of the list of models, as label and value."""
        encoders = [entry for entry in catalogue.listed().entries if not entry.tuned]
        base = estimates.estimate(self._base, self._about)
        choices = [
            (form.model_line(entry, advice.in_proportion(base, entry, self._about)), entry.alias) for entry in encoders
        ]
        if self._first in {alias for _, alias in choices}:
            return choices
        return [(self._about.encoder.name, self._first), *choices]

    def _defaults(self) -> dict[str, Any]:
        """Return the defaults of a run with the chosen model and batch size."""
        base = {name: getattr(Finetune, name) for name in form.SLIDERS}
        entry = catalogue.ALIASES.get(str(self._model.value))
        controls = getattr(self, "_controls", {})
        chosen = {name: controls[name].value for name in ("batch_size", "adapt") if controls}
        lr = entry.lr if entry else self._about.encoder.lr
        resolved = resolve(replace(self._base, **chosen), self._about.prepared.task, lr, self._limit())
        base["lr"], base["max_length"] = resolved.lr, resolved.max_length
        base["epochs"] = resolved.steps(self._about.rows).epochs
        return base

    def _limit(self) -> int:
        entry = catalogue.ALIASES.get(str(self._model.value))
        return entry.max_length if entry and entry.alias != self._about.encoder.name else self._about.encoder.max_tokens

    def _data_chosen(self) -> None:
        self._quiet, chosen = True, self._model.value
        self._model.options = self._models()
        self._model.value, self._quiet = chosen, False
        self._update_defaults()
        self._refresh()

    def _slider_moved(self, name: str) -> None:
        if self._quiet:
            return
        self._touched.add(name)
        self._update_defaults()
        self._refresh()

    def _model_chosen(self, _: Any) -> None:
        if self._quiet:
            return
        slider, most = self._controls["max_length"], min(self._limit(), _MOST_PREVIEWED)
        self._quiet = True
        keep = min(slider.value, most)
        low, _high = form.span(form.TABLE["max_length"])
        slider.options = sorted({*(v for v in slider.options if low <= v <= most), most, keep})
        slider.value = keep
        self._quiet = False
        self._update_defaults()
        self._refresh()

    def _update_defaults(self) -> None:
        """Set the options that the user has not touched to the defaults for the current choices."""
        self._quiet = True
        for name in {"lr", "epochs"} - self._touched:
            self._controls[name].value = self._defaults()[name]
        self._quiet = False

    def _refresh(self) -> None:
        estimate = "" if self._data.error else drawing.bundle(self.estimate)["text/html"]
        deleted = (
            f"The variable {self._data.code} was deleted. The panel still has its rows; the cell needs the variable."
        )
        self._estimate_html.value = f"{estimate}{warned(deleted) if self._data.is_deleted else ''}"
        self._copy.text = self.cell
        self._show_state()

    def _buttons(self, running: bool) -> None:
        for idle in (self._start, self._resume, self._find):
            idle.disabled = running
        self._stop.disabled = not running

    def _show_message(self, message: Markup) -> None:
        self._message.value = f'<div role="alert">{message}</div>' if message else ""

    @property
    def state(self) -> PanelState:
        """The current state, as plain values."""
        estimate = None if self._data.error else self.estimate
        return PanelState(self._data.report.data, self.values, estimate, self.cell, self._run_words())

    def _run_words(self) -> str:
        if self.job is None:
            return "No run was started yet."
        progress = self.job.progress
        if progress.phase not in ("finished", "interrupted", "failed"):  # no step: the words stay until the run ends
            planned = f": {count(progress.steps, 'step')}" if progress.steps else ""
            return f"The run {self.job.name!r} was started{planned}."
        step = f" at step {progress.step:,} of {progress.steps:,}" if progress.steps else ""
        return f"The run {self.job.name!r}: {progress.phase}{step}."

    def _show_state(self) -> None:
        if self._handle is not None:
            self._handle.show(drawing.bundle(self.state))

    def __repr__(self) -> str:
        return drawing.text(self.state)

    def _ipython_display_(self) -> None:
        """Show the state as static text, and the live form below it."""
        if not publish.is_notebook():
            return publish.show(self.state)
        self._handle = publish.Handle()
        self._handle.show(drawing.bundle(self.state))
        self._handle.below(self.widget._repr_mimebundle_())
