"""The loggers of a run: each in a thread of its own, so that a tracker that fails or hangs never stops a run."""

from __future__ import annotations

import importlib.util
import math
import queue
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from bertmagic.errors import OptionError
from bertmagic.events import Ended, Evaluated, Event, Listener, Note, Started, Step
from bertmagic.loggers.logger import Point, RunFacts, Summary
from bertmagic.text_safety import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from bertmagic.evaluation.report import Report
    from bertmagic.loggers.logger import Logger, Outcome

PATIENCE = 120.0
"""Seconds that a run waits at its end for what its loggers still have to send."""


def require_loggers(names: Sequence[str]) -> None:
    """Raise an `OptionError` with what to install if the package of a logger is missing."""
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise OptionError(
                f'log_to = "{name}" needs the package {name}, which is not installed.',
                f'pip install "bertmagic[{name}]" installs it.',
            )


class RunLoggers:
    """Passes the events of a run on to its loggers.

    Parameters
    ----------
    names
        The loggers.
    folder
        The folder of the run.

    Notes
    -----
    Made in the thread of the user's cell: only there it is known which run of a tracker is active.
    """

    def __init__(self, names: Sequence[str], folder: Path) -> None:
        self._folder = folder.absolute()
        self._step = self._tokens = 0
        self._workers = [_Worker(name) for name in dict.fromkeys(names)]

    def listen(self, event: Event, emit: Listener) -> None:
        """Pass on what a logger shows of an event; ``emit`` gets one warning for each logger that fails."""
        match event:
            case Started():
                facts = _facts(event, self._folder)
                for worker in self._workers:
                    worker.begin(facts)
            case Step():
                self._tokens += event.tokens
                known = {name: getattr(event, name) for name in ("loss", "lr", "grad_norm", "epoch")}
                self._put(event.step, "train", known | {"tokens": self._tokens})
            case Evaluated():
                self._put(event.step, "validation", {"loss": event.loss, **event.metrics})
            case Ended():
                self._step = event.best_step
        for failure in self._failures():
            emit(Note(f"{failure} Training goes on.", warning=True))

    def _put(self, step: int, part: str, values: Mapping[str, float]) -> None:
        point = Point(step, {f"{part}/{name}": float(value) for name, value in values.items()}, time.time())
        for worker in self._workers:
            worker.put(point)

    def finish(self, outcome: Outcome, report: Report | None = None, model: Path | None = None) -> list[str]:
        """Send what the run left, and wait for it, but not for ever; return what failed since the last event."""
        summary = partial(_summary, outcome, self._step, report, model)
        for worker in self._workers:
            worker.put(summary)
        until = time.monotonic() + PATIENCE
        for worker in self._workers:
            worker.wait(max(0.0, until - time.monotonic()))
        return self._failures()

    def _failures(self) -> list[str]:
        """Return a sentence on each logger that has failed, once."""
        failed = [worker for worker in self._workers if worker.failure and not worker.is_reported]
        for worker in failed:
            worker.is_reported = True
        return [f"{worker.name} got only a part of this run: {worker.failure}" for worker in failed]


class _Worker:
    """One logger in a thread. What it raises is kept, and it gets nothing more."""

    def __init__(self, name: str) -> None:
        self.name, self.failure, self.is_reported = name, "", False
        try:
            self._make: Callable[[RunFacts], Logger] | None = _maker(name)
        except Exception as error:  # a package that is there and cannot be imported
            self._make = None
            self._keep(error)
        self._queue: queue.SimpleQueue[Point | Callable[[], Summary]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def begin(self, facts: RunFacts) -> None:
        if self._make is not None:
            work = partial(self._work, self._make, facts)
            self._thread = threading.Thread(target=work, name=f"log_to {self.name}", daemon=True)
            self._thread.start()

    def put(self, item: Point | Callable[[], Summary]) -> None:
        if self._thread is not None and not self.failure:
            self._queue.put(item)

    def wait(self, seconds: float) -> None:
        if self._thread is None:
            return
        self._thread.join(seconds)
        if self._thread.is_alive() and not self.failure:
            self.failure = f"it still had not answered {PATIENCE:.0f} seconds after the end."

    def _work(self, make: Callable[[RunFacts], Logger], facts: RunFacts) -> None:
        try:
            logger = make(facts)
            while True:
                points, end = self._next()
                if points:
                    logger.log(points)
                if end is not None:
                    logger.finish(end())
                    return
        except BaseException as error:  # a package of others may raise anything, SystemExit included
            self._keep(error)

    def _keep(self, error: BaseException) -> None:
        words = (str(error).strip() or type(error).__name__).splitlines()
        self.failure = f"{shortened(' '.join(words[:2]), 300).rstrip('.')}."

    def _next(self) -> tuple[list[Point], Callable[[], Summary] | None]:
        """Wait for points, and return all that are there; and what makes the summary, if it is there."""
        points: list[Point] = []
        item = self._queue.get()
        while isinstance(item, Point):
            points.append(item)
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return points, None
        return points, item


def _maker(name: str) -> Callable[[RunFacts], Logger]:
    """Return what makes a logger in its thread; which run is the user's active one is known only here."""
    if name == "tensorboard":
        from bertmagic.loggers.tensorboard import TensorBoardLogger

        return TensorBoardLogger
    if name == "mlflow":
        from bertmagic.loggers import mlflow

        return partial(mlflow.MLflowLogger, joined=mlflow.active())
    from bertmagic.loggers import wandb

    return partial(wandb.WandbLogger, joined=wandb.active())


def _facts(event: Started, folder: Path) -> RunFacts:
    known: dict[str, Any] = {
        **event.options, "task": event.task, "encoder": event.model, "rows": event.rows,
        "validation_rows": event.validation_rows, "steps": event.steps, "device": event.device,
        "precision": event.precision,
    }  # fmt: skip
    plain = {
        name: value if isinstance(value, str | int | float | bool) else ", ".join(map(str, value))
        for name, value in known.items()
        if value is not None and value != []
    }
    return RunFacts(event.name, folder, plain)


def _summary(outcome: Outcome, step: int, report: Report | None, model: Path | None) -> Summary:
    if report is None:
        return Summary(outcome, step, model=model)
    from bertmagic.display import page

    pages = {"report": page(report)}
    pages |= {f"figures/{name}": page(report.figure(name)) for name in report.pictures}
    metrics = {name: float(value) for name, value in report.metrics.items() if math.isfinite(value)}
    return Summary(outcome, step, metrics, report.to_markdown(), pages, model)
