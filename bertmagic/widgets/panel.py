"""The panel: sliders for a run of fine-tuning, what it will take, the run itself, and the model to try afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import ipywidgets as ipw
from markupsafe import Markup

from bertmagic import api, launch, options
from bertmagic import display as drawing
from bertmagic.display import publish
from bertmagic.display.writers.elements import paragraph, warned
from bertmagic.errors import BertMagicError, OptionError
from bertmagic.events import Event, Listener, Started
from bertmagic.models import catalogue
from bertmagic.options import Finetune
from bertmagic.options.cells import cell
from bertmagic.options.names import variable_name
from bertmagic.registry import encoder_reference
from bertmagic.run import folders, jobs
from bertmagic.tuning import advice, estimates
from bertmagic.widgets import panel_form as form
from bertmagic.widgets.panel_copy import CopyCell
from bertmagic.widgets.panel_data import DataForm, chosen_first
from bertmagic.widgets.panel_state import PanelState
from bertmagic.widgets.panel_tryout import Tryout
from bertmagic.workflows.resolve import max_length, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bertmagic.display.live.live_output import Watcher
    from bertmagic.run.stopping import StopButton
    from bertmagic.tuning.estimates import Subject
    from bertmagic.tuning.results import Estimate, Rates

_MOST_PREVIEWED = 512
_FINDER = "the learning-rate finder"
_GONE = "The variable {} is gone. The panel still has its rows; the cell needs the variable."
_OF_DATA = ("train", "text", "label", "question", "context", "answers", "task")


class _Frames:
    """Shows a run's frames inside of the panel."""

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
    started: Callable[[Any], None] | None = None,
) -> Panel:  # fmt: skip
    """Open a panel for a run of fine-tuning.

    Parameters
    ----------
    data, text, label, task, model, name
        As in `finetune`, where ``data`` is ``train``; without it the first table of ``names``, or a sample.
    sources
        How options are written in the cell, where their value is no literal.
    names
        Variables that may be named in the panel.
    guard, started
        Called with the name before a run begins, and with its job then.

    Raises
    ------
    BertMagicError
        If the data or the model cannot be used.
    """
    code = (sources or {}).get("train")
    if data is None:
        code, data = chosen_first(names or {})
    given = {"data": data, "text": text, "label": label, "task": task, "model": model, "name": name}
    chosen = options.read(options.commands.Panel, given)
    return Panel(chosen, code, names or {}, guard or (lambda name: None), started or (lambda job: None))


class Panel:
    """What `panel` opens.

    Attributes
    ----------
    job
        The run that was started last; None before.
    """

    def __init__(
        self, chosen: options.commands.Panel, code: str | None, names: Mapping[str, Any],
        guard: Callable[[str], None], started: Callable[[Any], None],
    ) -> None:  # fmt: skip
        self._guard, self._started = guard, started
        self.job: Any = None
        self._finding: Any = None
        self._handle: publish.Handle | None = None
        base = Finetune(
            train=chosen.data, text=chosen.text, label=chosen.label, task=chosen.task, name=chosen.name,
            model=encoder_reference(chosen.model),
        )  # fmt: skip
        self._first = str(chosen.model) if isinstance(chosen.model, str) else base.model
        with publish.working() as emit:
            self._data = DataForm(base, code, names, emit, self._other_data)
        self._tryout = Tryout(names)
        self._touched: set[str] = set()
        self._quiet = False
        self._build()
        self._refresh()

    @property
    def model(self) -> Any:
        """The model of the last run that left one."""
        return self._tryout.model

    @property
    def _base(self) -> Finetune:
        return self._data.base

    @property
    def _about(self) -> Subject:
        return self._data.about

    # What it stands for

    @property
    def values(self) -> dict[str, Any]:
        """The options that differ from what a run would take by itself."""
        defaults = self._defaults()
        shown = {name: form.read(name, control.value) for name, control in self._controls.items()}
        found = {name: value for name, value in shown.items() if value != defaults[name]}
        chosen = self._model.value
        return ({"model": chosen} if chosen != options.Finetune.model else {}) | found

    @property
    def cell(self) -> str:
        """The cell of ``%%bert_finetune`` that the panel stands for."""
        known = {name: getattr(self._base, name) for name in _OF_DATA}
        given = {name: value for name, value in known.items() if value is not None} | self.values
        return cell("bert_finetune", self._name.value, given, {"train": self._data.code})

    @property
    def estimate(self) -> Estimate:
        """What the run will take."""
        wanted = replace(self._base, **self.values)
        found = estimates.estimate(wanted, self._about)
        entry = catalogue.ALIASES.get(str(self._model.value))
        return advice.in_proportion(found, entry, self._about) if entry else found

    def set(self, **values: Any) -> None:
        """Set options as the sliders would.

        Raises
        ------
        OptionError
            If it is no option of the panel, or beyond what the table or the model takes.
        """
        for name, value in values.items():
            if name not in self._controls:
                raise OptionError(f"the panel has no option {name!r}.", f"It has {', '.join(self._controls)}.")
            checked = options.check(form.TABLE[name], value)
            control = self._controls[name]
            if name == "max_length":
                max_length(checked, Finetune.longest, self._limit())
            self._touched.add(name)  # also where the slider stands there already
            form.put(control, 0 if checked is None else checked)

    def insert_cell(self) -> None:
        """Put the cell into the next one of the notebook; a click cannot, so run this in a cell."""
        publish.insert(self.cell)

    # What its buttons do

    def start(self, resume: bool = False) -> None:
        """Begin the run beside the notebook; what is wrong is said in the panel."""
        name = self._name.value
        if (why := self._prevented()) is not None:
            return self._say(why)
        watcher = publish.listener(screen=_Frames(self._frames))
        try:
            self._guard(name := variable_name(name))
            given = {**vars(self._base), **self.values, "name": name, "resume": resume, "background": True}
            self.job = api.finetune(show=False, on_event=launch.tee(watcher, self._heard), **given)
        except BertMagicError as error:
            return self._say(warned(str(error)))
        self._say(Markup(""))
        self._started(self.job)
        self._buttons(running=True)
        self.job.when_done(lambda job: self._ended(job, watcher))
        self._tell()

    def find_rate(self) -> None:
        """Look for a learning rate beside the notebook, and offer it to the slider; no weights are kept."""
        if (why := self._prevented()) is not None:
            return self._say(why)
        watcher = publish.listener(delay=0.0, screen=_Frames(self._frames))
        wanted = replace(self._base, **self.values)
        wanted = replace(wanted, model=encoder_reference(wanted.model))
        found: list[Rates] = []

        def find(button: StopButton, heard: Listener) -> None:
            folders.pin()
            found.append(launch.rates(wanted, launch.tee(heard, watcher), button))

        self._finding = jobs.start(_FINDER, find)
        self._say(Markup(""))
        self._buttons(running=True)
        self._finding.when_done(lambda job: self._found(job, watcher, found))

    def _prevented(self) -> Markup | None:
        """Return why nothing can be started now, if it cannot."""
        if any(job is not None and not job.done for job in (self.job, self._finding)):
            return warned("It is running already. Press Stop first.")
        return warned(self._data.wrong) if self._data.wrong else None

    def stop(self) -> None:
        """End what runs after the step it is in; the best weights of a run are kept."""
        for job in (self.job, self._finding):
            if job is not None and not job.done:
                job.stop()
                self._say(paragraph("Stopping after this step."))

    def _heard(self, event: Event) -> None:
        if isinstance(event, Started):
            self._tell()

    def _ended(self, job: Any, watcher: Watcher) -> None:
        if job.error is not None:
            watcher.close(job.error)
        self._say(warned(str(job.error)) if job.error is not None else Markup(""))
        if job.model is not None:
            self._tryout.offer(job.model)
        self._buttons(running=False)
        self._refresh()

    def _found(self, job: Any, watcher: Watcher, found: list[Rates]) -> None:
        watcher.close(job.error)
        self._buttons(running=False)
        if not found:
            return self._say(warned(str(job.error)))
        rate = found[0].suggestion
        take = form.button("Take it", "Set the slider lr to the suggested rate", lambda: self.set(lr=rate), "info")
        self._frames.children = [ipw.HTML(drawing.bundle(found[0])["text/html"]), take]

    # How it looks

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
        self._told, self._message = ipw.HTML(), ipw.HTML()
        self._copy = CopyCell()
        self._frames = ipw.VBox()
        self._start = form.button("Start", "Begin the run beside the notebook", self.start, "success")
        self._stop = form.button(
            "Stop", "End it after the step it is in; the best weights are kept", self.stop, "warning"
        )
        self._resume = form.button("Resume", "Go on from the newest checkpoint", lambda: self.start(resume=True))
        self._find = form.button("Find lr", "Raise the learning rate over 100 steps and suggest one", self.find_rate)
        left = ipw.VBox(
            [self._name, self._model, *self._controls.values()], layout={"flex": "1 1 350px", "min_width": "0"}
        )
        right = ipw.VBox([self._told, self._copy], layout={"flex": "1 1 320px", "min_width": "0"})
        wide = ipw.Box([left, right], layout={"flex_flow": "row wrap", "display": "flex"})
        run = ipw.HBox([self._start, self._stop, self._resume, self._find])
        self.widget = ipw.VBox([self._data.widget, wide, run, self._message, self._frames, self._tryout.widget])
        self.widget.add_class("bm-panel")
        self._model.observe(self._other_model, "value")
        self._name.observe(lambda change: self._refresh(), "value")
        for name, control in self._controls.items():
            control.observe(lambda change, name=name: self._moved(name), "value")
        self._buttons(running=False)

    def _models(self) -> list[tuple[str, str]]:
        found = [entry for entry in catalogue.listed().entries if not entry.tuned]
        timed = estimates.estimate(self._base, self._about)
        told = [
            (form.model_words(entry, advice.in_proportion(timed, entry, self._about)), entry.alias) for entry in found
        ]
        known = {alias for _, alias in told}
        return told if self._first in known else [(self._about.encoder.name, self._first), *told]

    def _defaults(self) -> dict[str, Any]:
        """Return what a run would take of itself."""
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

    def _other_data(self) -> None:
        self._quiet, chosen = True, self._model.value
        self._model.options = self._models()
        self._model.value, self._quiet = chosen, False
        self._follow()
        self._refresh()

    def _moved(self, name: str) -> None:
        if self._quiet:
            return
        self._touched.add(name)
        self._follow()
        self._refresh()

    def _other_model(self, _: Any) -> None:
        if self._quiet:
            return
        slider, most = self._controls["max_length"], min(self._limit(), _MOST_PREVIEWED)
        self._quiet = True
        keep = min(slider.value, most)
        low, _high = form.span(form.TABLE["max_length"])
        slider.options = sorted({*(v for v in slider.options if low <= v <= most), most, keep})
        slider.value = keep
        self._quiet = False
        self._follow()
        self._refresh()

    def _follow(self) -> None:
        """Let what the user has not touched follow the defaults of what he has chosen."""
        self._quiet = True
        for name in {"lr", "epochs"} - self._touched:
            self._controls[name].value = self._defaults()[name]
        self._quiet = False

    def _refresh(self) -> None:
        told = "" if self._data.wrong else drawing.bundle(self.estimate)["text/html"]
        self._told.value = f"{told}{warned(_GONE.format(self._data.code)) if self._data.gone else ''}"
        self._copy.text = self.cell
        self._tell()

    def _buttons(self, running: bool) -> None:
        for idle in (self._start, self._resume, self._find):
            idle.disabled = running
        self._stop.disabled = not running

    def _say(self, message: Markup) -> None:
        self._message.value = f'<div role="alert">{message}</div>' if message else ""

    @property
    def state(self) -> PanelState:
        """What it shows now, as plain values."""
        estimate = None if self._data.wrong else self.estimate
        return PanelState(self._data.report.data, self.values, estimate, self.cell, self._run_words())

    def _run_words(self) -> str:
        if self.job is None:
            return "No run was started yet."
        known = self.job.progress
        if known.phase not in ("finished", "interrupted", "failed"):  # no step: these words stand until it ends
            return f"The run {self.job.name!r} was started{f': {known.steps:,} steps' if known.steps else ''}."
        step = f" at step {known.step:,} of {known.steps:,}" if known.steps else ""
        return f"The run {self.job.name!r}: {known.phase}{step}."

    def _tell(self) -> None:
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
