"""The panel as an object: what is chosen, the buttons, the run, and the static state above the widget."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import traitlets
from markupsafe import Markup

from bertmagic import api, launch, options
from bertmagic import display as drawing
from bertmagic.data import variables
from bertmagic.display import publish
from bertmagic.display.writers.elements import paragraph, tag, warned
from bertmagic.errors import BertMagicError, OptionError, count, listing
from bertmagic.events import Event, Listener, Started
from bertmagic.options import Finetune, files
from bertmagic.options.names import variable_name
from bertmagic.registry import encoder_reference
from bertmagic.run import folders, jobs
from bertmagic.widgets import panel_form as form
from bertmagic.widgets.panel_data import DataChoice
from bertmagic.widgets.panel_run import RunOptions
from bertmagic.widgets.panel_state import PanelState
from bertmagic.widgets.panel_tryout import Tryout
from bertmagic.widgets.panel_view import PanelView

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bertmagic.display.live.live_output import Watcher
    from bertmagic.run.stopping import StopButton
    from bertmagic.tuning.results import Estimate, Rates
    from bertmagic.widgets.attention import HostedView

_FINDER = "the learning-rate finder"
_OF_A_MODEL = ("predict", "attend", "evaluate", "save")
_LONGEST = 100_000
"""Characters of a text from the browser."""


class _Frames:
    """Shows the live output of a run in the panel."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        panel._frames = []

    def show(self, bundle: dict[str, Any]) -> None:
        frame = [bundle["text/html"]] if bundle else []  # a bar that is over leaves nothing
        self._panel._frames = [*frame, *self._panel._frames[1:]]

    def below(self, bundle: dict[str, Any]) -> None:
        self._panel._frames = [*self._panel._frames, bundle["text/html"]]


class Panel(PanelView):
    """A form for a fine-tuning run, with buttons to start it: one widget, drawn by plain JavaScript.

    Attributes
    ----------
    job
        The job of the last run; None before the first.
    data, run, tryout
        The chosen rows, the run that the controls describe, and the trained model.
    """

    def __init__(
        self, given: options.commands.Panel, code: str | None, names: Mapping[str, Any],
        guard: Callable[[str], None], started: Callable[[Any], None], place: publish.Handle | None = None,
    ) -> None:  # fmt: skip
        self._guard, self._started, self._place = guard, started, place
        self.job: Any = None
        self._rate_search: Any = None
        self._handle: publish.Handle | None = None
        base = Finetune(
            train=given.data, text=given.text, label=given.label, task=given.task, name=given.name,
            model=encoder_reference(given.model), **files.as_keywords(given),
        )  # fmt: skip
        first = str(given.model) if isinstance(given.model, str) else base.model
        self._first, self._given = first, given.model
        with publish.working() as emit:
            self.data = DataChoice(base, code, names, emit)
        self.run = RunOptions(self.data, first)
        self.tryout = Tryout(names)
        self._view: HostedView | None = None
        self._views = 0
        super().__init__(
            _face=uuid.uuid4().hex, _run=_idle(), _trial=self.tryout.spec(), _data=self.data.spec(),
            _spec=self.run.spec(), **self._shown(),
        )  # fmt: skip
        self.on_msg(self._asked)

    @property
    def model(self) -> Any:
        """The model of the last successful run."""
        return self.tryout.model

    # Options and the equivalent cell

    @property
    def values(self) -> dict[str, Any]:
        """The options that differ from the defaults of a run."""
        return self.run.values

    @property
    def cell(self) -> str:
        """The cell that does the same as the panel: ``%%bert_finetune``, or a call where there are no magics."""
        return self.run.cell

    @property
    def estimate(self) -> Estimate | None:
        """Estimated time and memory of the run; None if the data cannot be used."""
        timed = self.run.timed()
        return timed and self.run.estimate(timed)

    def set(self, **values: Any) -> None:
        """Set options, as the controls do; None sets an option to its default.

        Raises
        ------
        OptionError
            If the panel has no such option, or its value is out of range.
        """
        for name, value in values.items():
            if name not in form.FIELDS:
                raise OptionError(f"the panel has no option {name!r}.", f"It has {', '.join(form.FIELDS)}.")
            checked = self.run.checked(name, value)
            others = {other: one for other, one in self.chosen.items() if other != name}
            self.chosen = others if checked is None else {**others, name: checked}

    def choose(self, **columns: Any) -> None:
        """Choose columns by role: ``text``, ``second_text``, ``label``, or ``question``, ``context``, ``answers``.

        Raises
        ------
        OptionError
            If there is no such role.
        """
        for role in columns:
            if role.replace("_", " ") not in self.data.columns:
                raise OptionError(f"the data have no role {role!r}.", f"They have {', '.join(self.data.columns)}.")
        self.data.choose(**columns)
        self._show_data()

    def insert_cell(self) -> None:
        """Insert the cell below the current one. Call this in a cell: a click on a button cannot insert everywhere."""
        publish.insert(self.cell)

    # Buttons

    def start(self, resume: bool = False) -> None:
        """Start the run in a background thread; the panel shows errors."""
        if (reason := self._blocked()) is not None:
            return self._say(reason)
        watcher = publish.listener(screen=_Frames(self))
        try:
            self._guard(name := variable_name(self.run.name))
            given = {**self._options, "name": name, "resume": resume, "background": True}
            with variables.called([(self.data.base.train, self.data.code)]):
                self.job = api.finetune(show=False, on_event=launch.tee(watcher, self._receive), **given)
        except BertMagicError as error:
            self._frames = []
            return self._say(warned(str(error)))
        self._run = {**_idle(), "state": "run"}
        self._started(self.job)
        self.job.when_done(lambda job: self._ended(job, watcher))
        self._show_state()

    def find_rate(self) -> None:
        """Search a learning rate in a background thread and offer it for the slider; no weights are kept."""
        if (reason := self._blocked()) is not None:
            return self._say(reason)
        watcher = publish.listener(delay=0.0, screen=_Frames(self))
        chosen = Finetune(**self._options)
        chosen = replace(chosen, model=encoder_reference(chosen.model))
        rates: list[Rates] = []

        def find(button: StopButton, listener: Listener) -> None:
            folders.pin()
            rates.append(launch.rates(chosen, launch.tee(listener, watcher), button))

        self._rate_search = jobs.start(_FINDER, find)
        self._run = {**_idle(), "state": "search"}
        self._rate_search.when_done(lambda job: self._rate_found(job, watcher, rates))

    @property
    def _options(self) -> dict[str, Any]:
        """All options of the run. A model in a variable is that object: its folder may hold another one by now."""
        given = self.run.options()
        return {**given, "model": self._given if self.run.model == self._first else self.run.model}

    def _blocked(self) -> Markup | None:
        """Return why nothing can be started now; None if it can."""
        if self._run["state"] != "idle":
            return warned("A run is running already. Press Stop first.")
        for job in filter(None, (self.job, self._rate_search)):
            job.join()  # the buttons are enabled by its last callback, shortly before it is done
        if self.run.problems:
            return warned(" ".join(self.run.problems.values()))
        return warned(self.data.error) if self.data.error else None

    def stop(self) -> None:
        """Stop the run or the search after the current step; the best weights of a run are kept."""
        for job in (self.job, self._rate_search):
            if job is not None and not job.done:
                job.stop()
                self._run = {**self._run, "stopping": True, "message": str(paragraph("Stopping after this step."))}

    def _say(self, message: Markup) -> None:
        self._run = {**self._run, "message": str(message)}

    def _receive(self, event: Event) -> None:
        if isinstance(event, Started):
            self._show_state()

    def _ended(self, job: Any, watcher: Watcher) -> None:
        if job.error is not None:
            watcher.close(job.error)
        if job.model is not None:
            self.tryout.offer(job.model)
            self._show_answer()
        self._run = _idle(warned(str(job.error)) if job.error is not None else "")
        self._refresh()

    def _rate_found(self, job: Any, watcher: Watcher, rates: list[Rates]) -> None:
        watcher.close(job.error)
        if rates:
            self._frames = [drawing.bundle(rates[0])["text/html"]]
            self._run = {**_idle(), "rate": rates[0].suggestion}
        else:
            self._run = _idle(warned(str(job.error)))

    # What the browser sends

    @traitlets.observe("chosen")
    def _chosen_changed(self, _: Any) -> None:
        before = self.run.model
        self.run.take(self.chosen)
        if self.run.model != before:
            self._spec = self.run.spec()
        self._refresh()

    def _act(self, press: Mapping[str, Any]) -> None:
        """Do what a button stands for; its words come from the browser and may be anything."""
        name, role = (str(press.get(key, ""))[:_LONGEST] for key in ("text", "role"))
        acts: dict[str, Callable[[], Any]] = {
            "start": self.start, "resume": lambda: self.start(resume=True), "stop": self.stop, "find": self.find_rate,
            "data": lambda: self.data.take(name), "column": lambda: self.data.take_column(role, name),
            "predict": lambda: self.tryout.predict(name), "attend": lambda: self.tryout.attend(name),
            "evaluate": lambda: self.tryout.evaluate(name), "save": lambda: self.tryout.save(name),
        }  # fmt: skip
        action = str(press.get("action"))
        if action not in acts or (action in _OF_A_MODEL and self.model is None):
            return
        try:
            acts[action]()
        except Exception as error:  # there is no cell that could show it
            self._say(warned(f"{type(error).__name__}: {error}"))
        if action in ("data", "column"):
            self._show_data()
        if action in _OF_A_MODEL:
            self._show_answer()

    # What the browser shows

    def _show_data(self) -> None:
        self.run.relist()
        self.run.take(self.chosen)
        self._data, self._spec = self.data.spec(), self.run.spec()
        self._refresh()

    def _show_answer(self) -> None:
        self._trial, self._answer, self._saved = self.tryout.spec(), self.tryout.shown, self.tryout.saved
        view = self.tryout.view
        if view is not self._view:
            self._view, self._views = view, self._views + 1
            self._attention = {"number": self._views, **view.spec()} if view else {}

    @traitlets.observe("viewed")
    def _view_changed(self, _: Any) -> None:
        """Keep the settings of the attention view that is shown, if they fit its maps."""
        is_shown = self._view is not None and self.viewed.get("number") == self._views
        kept = self._view.kept(self.viewed) if self._view and is_shown else {}
        self.viewed = {"number": self._views, **kept} if kept else {}

    def _asked(self, _: Any, request: Any, __: Any) -> None:
        """Answer a request of the attention view; one of a view that is no longer shown gets no answer."""
        if self._view is not None and isinstance(request, dict) and request.get("view") == self._views:
            for header, buffers in self._view.answers(request):
                self.send({"id": request.get("id")} | header, buffers)

    def _shown(self) -> dict[str, Any]:
        """Return the traits that follow the controls, and remember the state."""
        timed, run = self.run.timed(), self.run
        estimate = run.estimate(timed) if timed else None
        self._state = PanelState(self.data.report.data, run.values, estimate, run.cell, self._run_words())
        shown = drawing.bundle(estimate)["text/html"] if estimate else ""
        if estimate and run.unmeasured:
            shown += paragraph(f"Time and memory were measured with the defaults of {listing(run.unmeasured)}.")
        code = self.data.code
        deleted = f"The variable {code} was deleted. The panel still has its rows; the cell needs the variable."
        return {
            "_defaults": run.defaults, "_automatic": {} if self.data.error else run.automatic(),
            "_problems": run.problems, "_models": run.models(timed), "_cell": run.cell,
            "_estimate": f"{shown}{warned(deleted) if self.data.is_deleted else ''}",
        }  # fmt: skip

    def _refresh(self) -> None:
        with self.hold_sync():
            for name, value in self._shown().items():
                setattr(self, name, value)
        self._show_state()

    @property
    def state(self) -> PanelState:
        """The current state, as plain values."""
        return replace(self._state, run=self._run_words())

    def _run_words(self) -> str:
        now = f"{datetime.now().astimezone():%Y-%m-%d %H:%M}"  # a page that was loaded again hears no more of it
        if self.job is None:
            return f"No run was started yet, as of {now}."
        progress = self.job.progress
        if progress.phase not in ("finished", "interrupted", "failed"):  # no step: the words stay until the run ends
            planned = f": {count(progress.steps, 'step')}" if progress.steps else ""
            return f"The run {self.job.name!r} was started{planned}, as of {now}."
        step = f" at step {progress.step:,} of {progress.steps:,}" if progress.steps else ""
        return f"The run {self.job.name!r}: {progress.phase}{step}, as of {now}."

    def _show_state(self) -> None:
        if self._handle is not None:
            self._handle.show(self._static())

    def _static(self) -> dict[str, Any]:
        """Return the state as an output that the live panel hides."""
        bundle = drawing.bundle(self.state)
        return {**bundle, "text/html": str(tag("div", Markup(bundle["text/html"]), data_bm_panel=self._face))}

    def __repr__(self) -> str:
        return drawing.text(self.state)

    def _ipython_display_(self) -> None:
        """Show the state as static text, and the live form below it."""
        if not publish.is_notebook():
            return publish.show(self.state)
        self._handle, self._place = self._place or publish.Handle(), None  # a second output has a place of its own
        self._handle.show(self._static())
        self._handle.below(self._repr_mimebundle_()[0])


def _idle(message: str = "") -> dict[str, Any]:
    return {"state": "idle", "stopping": False, "rate": None, "message": str(message)}
