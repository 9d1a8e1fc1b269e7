"""Runs in a background thread: start, watch, stop and wait for them."""

from __future__ import annotations

import atexit
import contextvars
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Never

from bertmagic.errors import Interrupted, TrainingError
from bertmagic.events import Ended, Evaluated, Event, Listener, Phase, Started, Step
from bertmagic.result import Result
from bertmagic.run.stopping import StopButton

if TYPE_CHECKING:
    from bertmagic.text_model import TextModel

_POLL = 0.1
"""Seconds between looks at the clock while waiting: Windows delivers an interrupt only between two of them."""
_SECONDS_AT_EXIT = 3.0
"""How long the end of the process waits for jobs: a Jupyter server kills a kernel after five seconds."""

Work = Callable[[StopButton, Listener], "TextModel | None"]
"""A run, or other work without a model: it emits events to the listener, and ends soon after the button is pressed."""

_running: dict[str, Job] = {}
_register = threading.Lock()


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a run.

    Attributes
    ----------
    step, steps
        Optimizer steps taken, and in all; ``steps`` is None until it is known.
    epoch
        Passes through the training rows, with a fraction.
    loss
        The loss of the last step; None before the first.
    seconds
        Seconds of the steps and evaluations so far, as the panel has them; of the preparation before the first step.
    eta
        Estimated seconds of the steps that are left, with the evaluations between them; None before it is known.
    phase
        What it is doing: ``training``, or the work before or after; at the end ``finished``, ``interrupted`` or
        ``failed``.
    """

    step: int
    steps: int | None
    epoch: float
    loss: float | None
    seconds: float
    eta: float | None
    phase: str


class Job(Result):
    """A run in a background thread; `start` makes one.

    Attributes
    ----------
    name
        The name of the run.
    model
        The model once the run is done, with the best weights; if it was stopped, the best so far; if it diverged, the
        last good ones.
    error
        Why it failed; None while it runs, and if it did not fail.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.model: TextModel | None = None
        self.error: BaseException | None = None
        self._button = StopButton()
        self._over = threading.Event()
        self._callbacks: list[Callable[[Job], None]] = []
        self._settled = threading.Lock()
        self._began, self._ended = time.monotonic(), 0.0
        self._phase = "starting"
        self._ending: Ended | None = None
        self._started: Started | None = None
        self._first: Step | None = None
        self._last: Step | None = None
        self._stepped = 0.0

    def __reduce__(self) -> Never:
        what = "a job cannot be pickled or copied: it is a thread of this process."
        raise TypeError(what + f" Its model can: {self.name}.wait() returns it, and its method save writes it.")

    @property
    def done(self) -> bool:
        """Whether it has ended: finished, stopped or failed."""
        return self._over.is_set()

    @property
    def ending(self) -> bool:
        """Whether the run has emitted `Ended`: its model comes at any moment, and its checkpoints are removed."""
        return self._ending is not None

    @property
    def started(self) -> Started | None:
        """The event of the first step; None before it."""
        return self._started

    @property
    def progress(self) -> Progress:
        """How far it is."""
        started, last = self._started, self._last
        return Progress(
            step=last.step if last else 0,
            steps=started.steps if started else None,
            epoch=last.epoch if last else 0.0,
            loss=last.loss if last else None,
            seconds=self._seconds(),
            eta=self._eta(),
            phase=self._phase,
        )

    def stop(self) -> None:
        """Press the stop button: the run ends after the step it is in and keeps its best weights so far."""
        self._button.press()

    def wait(self, timeout: float | None = None) -> TextModel | None:
        """Wait until it is done. An interrupt ends the waiting, not the job.

        Parameters
        ----------
        timeout
            The seconds to wait at most.

        Returns
        -------
        TextModel
            The model, also of a job that was stopped; None if it was not done in time.

        Raises
        ------
        BaseException
            The error of the job, if it failed.
        """
        if not self.join(timeout):
            return None
        if self.error is not None:
            raise self.error
        return self.model

    def join(self, timeout: float | None = None) -> bool:
        """Wait as `wait` does, and return whether it is done."""
        until = math.inf if timeout is None else time.monotonic() + timeout
        while not self._over.wait(min(_POLL, max(0.0, until - time.monotonic()))):
            if time.monotonic() >= until:
                return False
        return True

    def when_done(self, callback: Callable[[Job], None]) -> None:
        """Call ``callback`` once it has ended, before `wait` returns; at once if it has ended already."""
        with self._settled:
            if not self.done:
                self._callbacks.append(callback)
                return
        callback(self)

    def _seconds(self) -> float:
        if self._ending is not None:
            return self._ending.seconds
        now = self._ended or time.monotonic()
        return now - self._began if self._last is None else self._last.seconds + now - self._stepped

    def _eta(self) -> float | None:
        started, first, last = self._started, self._first, self._last
        if started is None or first is None or last is None or last.step - first.step < 2 or self._ended:
            return None
        return (last.seconds - first.seconds) / (last.step - first.step) * (started.steps - last.step)

    def _listen(self, event: Event) -> None:
        if isinstance(event, Step):
            self._first, self._last, self._phase = self._first or event, event, "training"
            self._stepped = time.monotonic()
        elif isinstance(event, Started):
            self._started, self._phase = event, "training"
        elif isinstance(event, Evaluated):
            self._phase = "training"
        elif isinstance(event, Ended):
            self._ending = event
        elif isinstance(event, Phase):
            self._phase = event.what
            if self._button.pressed and self._started is None:  # the loop looks at the button only once it runs
                raise KeyboardInterrupt

    def _run(self, work: Work) -> None:
        phase = "finished"
        try:
            self.model = work(self._button, self._listen)
        except Interrupted as stop:
            phase, self.model = "interrupted", stop.model
            self.error = stop if stop.model is None else None
        except BaseException as error:  # kept in `error`: no caller can catch it in this thread
            phase, self.error = "failed", error
            self.model = getattr(error, "model", None)  # if it diverged
        del work  # an error's traceback holds this frame, and with it the user's data
        self._phase, self._ended = phase, time.monotonic()
        with _register:
            del _running[self.name]
        self._settle()

    def _settle(self) -> None:
        with self._settled:
            callbacks, self._callbacks = self._callbacks, []
            try:
                for callback in callbacks:
                    callback(self)
            finally:
                self._over.set()


def start(name: str, work: Work) -> Job:
    """Run work in a thread and return its job at once.

    The output of the thread goes to the caller's cell: ipykernel keeps the cell in a context variable.

    Raises
    ------
    TrainingError
        If a job of that name is running.
    """
    job = Job(name)
    with _register:
        _refuse(name)
        _running[name] = job
    atexit.unregister(_stop_all)
    atexit.register(_stop_all)  # handlers run in reverse order: first this one, while the front end still listens
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(job._run, work), name=f"bertmagic {name}", daemon=True).start()
    return job


def running() -> dict[str, Job]:
    """Return the jobs that are not done, by the names of their runs."""
    with _register:
        return dict(_running)


def refuse(name: str) -> None:
    """Raise a `TrainingError` if a job of that name is running, since two runs would write to one folder."""
    with _register:
        _refuse(name)


def _refuse(name: str) -> None:
    if name in _running:
        raise TrainingError(
            f"a job named {name!r} is running ({place(_running[name])}).",
            "Stop it with its .stop(), wait for it with its .wait(), or take another name.",
        )


def place(job: Job) -> str:
    """Return how far a job is, as in "step 412 of 900"."""
    known = job.progress
    return f"step {known.step:,} of {known.steps:,}" if known.steps else known.phase


def first_evaluation(job: Job) -> str:
    """Return a sentence that says when a running job will have its first evaluated weights."""
    started = job.started
    if started is None:
        return "Its steps have not begun."
    if not started.validation_rows:
        return "It holds out no validation rows, so there is no model before its end."
    every: Any = started.options.get("eval_every") or math.ceil(started.steps / started.epochs)
    return f"The first evaluation comes at step {min(every, started.steps):,}; from then on its best weights are used."


def _stop_all() -> None:
    """Stop all jobs at the end of the process, and give them a moment to save their weights."""
    jobs = running().values()
    for job in jobs:
        job.stop()
    until = time.monotonic() + _SECONDS_AT_EXIT
    for job in jobs:
        job.join(max(0.0, until - time.monotonic()))
