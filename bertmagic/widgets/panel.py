"""The panel: sliders for a run of fine-tuning, what it will take, the run itself, and the model to try afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets as ipw
import traitlets

from bertmagic import api, options
from bertmagic import display as drawing
from bertmagic.display import publish
from bertmagic.display.html import Safe, paragraph, warned
from bertmagic.errors import BertMagicError, OptionError
from bertmagic.models import catalogue
from bertmagic.options import Finetune
from bertmagic.options.cells import cell
from bertmagic.references import start_from
from bertmagic.training.plan import default_epochs, steps_an_epoch
from bertmagic.tuning import advice, estimates
from bertmagic.widgets import panel_form as form
from bertmagic.widgets.panel_state import PanelState

if TYPE_CHECKING:
    from bertmagic.tuning.results import Estimate

_HERE = Path(__file__).parent
_MOST_PREVIEWED = 512


class CopyCell(anywidget.AnyWidget):
    """The text of a cell with a button that copies it."""

    _esm = (_HERE / "panel_copy.js").read_text(encoding="utf-8")
    _css = (_HERE / "panel.css").read_text(encoding="utf-8")

    text = traitlets.Unicode("").tag(sync=True)


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
    data: Any, *, text: options.Columns = None, label: options.Columns = None, task: str | None = None,
    model: Any = "minilm", name: str = "tuned", sources: Mapping[str, str] | None = None,
    names: Mapping[str, Any] | None = None, guard: Callable[[str], None] | None = None,
    started: Callable[[Any], None] | None = None,
) -> Panel:  # fmt: skip
    """Open a panel for a run of fine-tuning.

    Parameters
    ----------
    data, text, label, task, model, name
        As in `finetune`, where ``data`` is ``train``.
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
    given = {"data": data, "text": text, "label": label, "task": task, "model": model, "name": name}
    chosen = options.read(options.Panel, given)
    return Panel(chosen, sources or {}, names or {}, guard or (lambda name: None), started or (lambda job: None))


class Panel:
    """What `panel` opens.

    Attributes
    ----------
    job
        The run that was started last; None before.
    model
        The model of the last run that left one.
    """

    def __init__(
        self, chosen: options.Panel, sources: Mapping[str, str], names: Mapping[str, Any],
        guard: Callable[[str], None], started: Callable[[Any], None],
    ) -> None:  # fmt: skip
        self._sources, self._names, self._guard, self._started = dict(sources), names, guard, started
        self.job: Any = None
        self.model: Any = None
        self._handle: publish.Handle | None = None
        self._base = Finetune(
            train=chosen.data, text=chosen.text, label=chosen.label, task=chosen.task, name=chosen.name,
            model=start_from(chosen.model),
        )  # fmt: skip
        self._first = str(chosen.model) if isinstance(chosen.model, str) else self._base.model
        with publish.working() as emit:
            self._about = estimates.subject(self._base, emit)
        self._report = api.check(
            chosen.data, text=chosen.text, label=chosen.label, task=chosen.task, model=self._base.model
        )
        self._touched: set[str] = set()
        self._quiet = False
        self._build()
        self._refresh()

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
        known = {"train": self._base.train, "text": self._base.text, "label": self._base.label, "task": self._base.task}
        given = {name: value for name, value in known.items() if value is not None} | self.values
        return cell("bert_finetune", self._name.value, given, self._sources)

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
            if name == "max_length" and checked > self._limit():
                raise OptionError(
                    f"max_length = {checked} is more than the model reads: {self._limit()} tokens.", "Take less."
                )
            if isinstance(control, ipw.SelectionSlider) and checked not in control.options:
                control.options = sorted({*control.options, checked})
            control.value = 0 if checked is None else checked

    def insert_cell(self) -> None:
        """Put the cell into the next one of the notebook; a click cannot, so run this in a cell."""
        publish.insert(self.cell)

    # What its buttons do

    def start(self, resume: bool = False) -> None:
        """Begin the run beside the notebook; what is wrong is said in the panel."""
        if self.job is not None and not self.job.done:
            return self._say(warned("It is running already. Press Stop first."))
        name = self._name.value
        watcher = publish.listener(screen=_Frames(self._frames))
        try:
            if not name.isidentifier():
                raise OptionError(f"name = {name!r} is not a Python name.", "Give letters, digits and _.")
            self._guard(name)
            given = {**vars(self._base), **self.values, "name": name, "resume": resume, "background": True}
            self.job = api.finetune(show=False, on_event=watcher, **given)
        except BertMagicError as error:
            return self._say(warned(str(error)))
        self._say(Safe(""))
        self._started(self.job)
        self._buttons(running=True)
        self.job.when_done(lambda job: self._ended(job, watcher))
        self._tell()

    def stop(self) -> None:
        """End the run after the step it is in; its best weights are kept."""
        if self.job is not None:
            self.job.stop()
            self._say(paragraph("Stopping after this step."))

    def _ended(self, job: Any, watcher: publish.Watcher) -> None:
        if job.error is not None:
            watcher.close(job.error)
            self._say(warned(str(job.error)))
        else:
            self._say(Safe(""))
        if job.model is not None:
            self.model = job.model
            self._after.layout.display = ""
            if job.model.report is not None:
                self._shown.children = [ipw.HTML(drawing.bundle(job.model.report)["text/html"])]
        self._buttons(running=False)
        self._tell()

    def _try(self, _: Any = None) -> None:
        self._answer(lambda: self.model.predict([self._text.value], show=False))

    def _evaluate(self, _: Any = None) -> None:
        given = self._rows.value.strip()
        if not given:
            return self._answer(lambda: self.model.report)
        self._answer(lambda: self.model.evaluate(self._names.get(given, given), show=False))

    def _attention(self, _: Any = None) -> None:
        try:
            self._shown.children = [self.model.attention(self._text.value, show=False).view()]
        except BertMagicError as error:
            self._shown.children = [ipw.HTML(str(warned(str(error))))]

    def _answer(self, ask: Callable[[], Any]) -> None:
        try:
            shown = drawing.bundle(ask())["text/html"]
        except BertMagicError as error:
            shown = str(warned(str(error)))
        self._shown.children = [ipw.HTML(shown)]

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
        self._frames, self._shown = ipw.VBox(), ipw.VBox()
        self._start = _button("Start", "Begin the run beside the notebook", self.start, "success")
        self._stop = _button("Stop", "End it after the step it is in; the best weights are kept", self.stop, "warning")
        self._resume = _button("Resume", "Go on from the newest checkpoint", lambda: self.start(resume=True), "")
        self._text = ipw.Text(description="try a text", placeholder="I would buy it again", layout={"width": "60%"})
        self._rows = ipw.Text(
            description="rows", placeholder="a variable, or sample:reviews@test", layout={"width": "60%"}
        )
        self._after = ipw.VBox([
            ipw.HBox([self._text, _button("Predict", "Predict for the text", self._try, ""),
                      _button("Attention", "What the heads attend to in the text", self._attention, "")]),
            ipw.HBox([self._rows, _button("Evaluate", "Measure on these rows; none: the report", self._evaluate, "")]),
        ])  # fmt: skip
        self._after.layout.display = "none"
        data = ipw.Accordion(
            [ipw.HTML(drawing.bundle(self._report)["text/html"])], titles=["The data, and what was found in it"]
        )
        left = ipw.VBox(
            [self._name, self._model, *self._controls.values()], layout={"flex": "1 1 350px", "min_width": "0"}
        )
        right = ipw.VBox([self._told, self._copy], layout={"flex": "1 1 320px", "min_width": "0"})
        wide = ipw.Box([left, right], layout={"flex_flow": "row wrap", "display": "flex"})
        run = ipw.HBox([self._start, self._stop, self._resume])
        self.widget = ipw.VBox([data, wide, run, self._message, self._frames, self._after, self._shown])
        self.widget.add_class("bm-panel")
        self._model.observe(self._other_model, "value")
        self._name.observe(lambda change: self._refresh(), "value")
        for name, control in self._controls.items():
            control.observe(lambda change, name=name: self._moved(name), "value")
        self._buttons(running=False)

    def _models(self) -> list[tuple[str, str]]:
        found = [entry for entry in catalogue.listed().entries if not entry.tuned]
        timed = estimates.estimate(self._base, self._about)
        told = [(_model_words(entry, advice.in_proportion(timed, entry, self._about)), entry.alias) for entry in found]
        known = {alias for _, alias in told}
        return told if self._first in known else [(self._about.name, self._first), *told]

    def _defaults(self) -> dict[str, Any]:
        """Return what a run would take of itself."""
        base = {name: getattr(Finetune, name) for name in form.SLIDERS}
        entry = catalogue.ALIASES.get(str(self._model.value))
        controls = getattr(self, "_controls", {})
        batch = controls["batch_size"].value if controls else base["batch_size"]
        lora = bool(controls) and controls["adapt"].value == "lora"
        from bertmagic.models.adapters import LR

        base["lr"] = LR if lora else (entry.lr if entry else self._about.lr)
        base["epochs"] = default_epochs(steps_an_epoch(self._about.rows, batch), None)
        base["max_length"] = min(self._limit(), Finetune.longest)
        return base

    def _limit(self) -> int:
        entry = catalogue.ALIASES.get(str(self._model.value))
        return entry.max_length if entry and entry.alias != self._about.name else self._about.limit

    def _moved(self, name: str) -> None:
        if self._quiet:
            return
        self._touched.add(name)
        self._follow()
        self._refresh()

    def _other_model(self, _: Any) -> None:
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
        self._told.value = drawing.bundle(self.estimate)["text/html"]
        self._copy.text = self.cell
        self._tell()

    def _buttons(self, running: bool) -> None:
        self._start.disabled, self._stop.disabled, self._resume.disabled = running, not running, running

    def _say(self, message: Safe) -> None:
        self._message.value = f'<div role="alert">{message}</div>' if message else ""

    @property
    def state(self) -> PanelState:
        """What it shows now, as plain values."""
        return PanelState(self._report.data, self.values, self.estimate, self.cell, self._run_words())

    def _run_words(self) -> str:
        if self.job is None:
            return "No run was started yet."
        known = self.job.progress
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


def _button(words: str, tooltip: str, act: Callable[..., Any], style: str) -> Any:
    found = ipw.Button(description=words, tooltip=tooltip, button_style=style, layout={"width": "110px"})
    found.on_click(lambda _: act())
    return found


def _model_words(entry: Any, found: Estimate) -> str:
    from bertmagic.display.style import duration, million, size

    here = "here" if entry.on_disk else "to download"
    return f"{entry.alias}: {million(entry.parameters)}, {duration(found.seconds)}, {size(found.bytes)}, {here}"
