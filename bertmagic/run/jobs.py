"""Runs in a background thread: start, watch, stop and wait for them."""

from __future__ import annotations

import atexit
import contextvars
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.errors import Interrupted, TrainingError
from bertmagic.events import Ended, Event, Listener, Phase, Started, Step
from bertmagic.result import Result
from bertmagic.run.stopping import StopButton

if TYPE_CHECKING:
    from bertmagic.text_model import TextModel

_TURN = 0.1
"""Seconds between looks at the clock while waiting: Windows delivers an interrupt only between two of them."""
_PARTING = 3.0
"""Seconds that the end of the process waits for jobs: a Jupyter server kills a kernel after five."""

Work = Callable[[StopButton, Listener], "TextModel | None"]
"""A run, or other work that leaves no model: it ends soon after the button is pressed, and tells the listener of its
events."""

_running: dict[str, Job] = {}
_register = threading.Lock()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come.

    Attributes
    ----------
    step, steps
        Optimizer steps done, and all of them; ``steps`` is None until they are known.
    epoch
        How many times it went through the training rows.
    loss
        The loss of the last step; None before the first.
    seconds
        Since the start of the job, until its end.
    eta
        Seconds that the steps left will take, evaluations between them included; None while there is no telling.
    phase
        What goes on: ``training``, a piece of work before or after, or at the end ``finished``, ``interrupted`` or
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
    """A run of fine-tuning in a thread of its own; `start` makes one.

    Attributes
    ----------
    name
        The name of the run.
    model
        The model once it is done: with the best weights; those so far if it was stopped, the last good ones if it
        diverged.
    error
        Why it failed; None while it runs, and where it did not.
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
        self._phase, self._ending = "starting", False
        self._started: Started | None = None
        self._first: Step | None = None
        self._last: Step | None = None

    @property
    def done(self) -> bool:
        """Whether it has ended, for any reason."""
        return self._over.is_set()

    @property
    def ending(self) -> bool:
        """Whether the end of the run was reported: its model follows, and its checkpoints are removed."""
        return self._ending

    @property
    def started(self) -> Started | None:
        """The event of the start of the steps; None before it."""
        return self._started

    @property
    def progress(self) -> Progress:
        """How far it has come."""
        started, last = self._started, self._last
        return Progress(
            step=last.step if last else 0,
            steps=started.steps if started else None,
            epoch=last.epoch if last else 0.0,
            loss=last.loss if last else None,
            seconds=(self._ended or time.monotonic()) - self._began,
            eta=self._left(),
            phase=self._phase,
        )

    def stop(self) -> None:
        """Press the stop button: the run ends after the step it is in and keeps its best weights so far."""
        self._button.press()

    def wait(self, timeout: float | None = None) -> TextModel | None:
        """Wait until it is done; an interrupt ends the waiting, not the job.

        Parameters
        ----------
        timeout
            The seconds to wait at most.

        Returns
        -------
        TextModel
            The model, also that of a job that was stopped; None if the time was up before it was done.

        Raises
        ------
        BaseException
            What ended the job, if it failed.
        """
        if not self.join(timeout):
            return None
        if self.error is not None:
            raise self.error
        return self.model

    def join(self, timeout: float | None = None) -> bool:
        """Wait as `wait` does, and return whether it is done."""
        until = math.inf if timeout is None else time.monotonic() + timeout
        while not self._over.wait(min(_TURN, max(0.0, until - time.monotonic()))):
            if time.monotonic() >= until:
                return False
        return True

    def when_done(self, callback: Callable[[Job], None]) -> None:
        """Call back once it has ended, before anybody who waits goes on; at once if that is past."""
        with self._settled:
            if not self.done:
                self._callbacks.append(callback)
                return
        callback(self)

    def _left(self) -> float | None:
        started, first, last = self._started, self._first, self._last
        if started is None or first is None or last is None or last.step - first.step < 2 or self._ended:
            return None
        return (last.seconds - first.seconds) / (last.step - first.step) * (started.steps - last.step)

    def _listen(self, event: Event) -> None:
        if isinstance(event, Step):
            self._first, self._last, self._phase = self._first or event, event, "training"
        elif isinstance(event, Started):
            self._started, self._phase = event, "training"
        elif isinstance(event, Ended):
            self._ending = True
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
        except BaseException as error:  # kept for who asks: nobody is above this thread to catch it
            phase, self.error = "failed", error
            self.model = getattr(error, "model", None)  # of a run that diverged
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

    What the thread prints and shows goes where the caller's would: ipykernel keeps the cell in a context variable.

    Raises
    ------
    TrainingError
        If a job of that name is running.
    """
    job = Job(name)
    with _register:
        _refuse(name)
        _running[name] = job
    atexit.unregister(_part)
    atexit.register(_part)  # the last to register is the first to be called: while there is a front end to tell
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(job._run, work), name=f"bertmagic {name}", daemon=True).start()
    return job


def running() -> dict[str, Job]:
    """Return the jobs that are not done, by the names of their runs."""
    with _register:
        return dict(_running)


def refuse(name: str) -> None:
    """Raise a `TrainingError` if a job of that name is running: two runs would write to one folder."""
    with _register:
        _refuse(name)


def _refuse(name: str) -> None:
    if name in _running:
        raise TrainingError(
            f"a job named {name!r} is running ({place(_running[name])}).",
            f"Stop it with {name}.stop(), wait for it with {name}.wait(), or take another name.",
        )


def place(job: Job) -> str:
    """Return in a few words how far a job is."""
    known = job.progress
    return f"step {known.step:,} of {known.steps:,}" if known.steps else known.phase


def first_evaluation(job: Job) -> str:
    """Return in a sentence when a running job will have weights that were evaluated."""
    started = job.started
    if started is None:
        return "Its steps have not begun."
    if not started.validation_rows:
        return "It holds out no validation rows, so there is no model before its end."
    every: Any = started.options.get("eval_every") or math.ceil(started.steps / started.epochs)
    return f"The first evaluation comes at step {min(every, started.steps):,}; from then on its best weights are used."


def _part() -> None:
    """Stop all jobs at the end of the process, and give them a moment to keep what they have."""
    left = running().values()
    for job in left:
        job.stop()
    until = time.monotonic() + _PARTING
    for job in left:
        job.join(max(0.0, until - time.monotonic()))
