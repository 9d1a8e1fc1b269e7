"""The events of a run: the panel, the log file and a user's own callback all read these."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

Reason = Literal["finished", "stopped early", "interrupted", "failed"]


@dataclass(frozen=True, slots=True)
class Phase:
    """Work before or after the steps, such as reading, tokenizing, downloading or evaluating.

    ``total`` is None where it is not known; ``done`` and ``total`` are in ``unit``.
    """

    what: str
    done: int = 0
    total: int | None = None
    unit: str = "rows"


@dataclass(frozen=True, slots=True)
class Note:
    """One line that the user should know: what was inferred, dropped or chosen. ``warning`` asks for attention."""

    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Started:
    """The steps begin. ``options`` are all options of the run as they were resolved."""

    name: str
    task: str
    model: str
    rows: int
    validation_rows: int
    steps: int
    epochs: float
    device: str
    precision: str
    metric: str
    higher_is_better: bool
    options: Mapping[str, object] = field(default_factory=dict)
    loss_unit: str = "nats"


@dataclass(frozen=True, slots=True)
class Step:
    """Optimizer step ``step`` (the first is 1) is done.

    ``loss`` is the mean over the step's rows; ``tokens`` counts real tokens and ``slots`` what was computed, padding
    included; ``seconds`` counts from `Started`; ``memory`` is in bytes: of the device on a GPU, else of the process.
    """

    step: int
    epoch: float
    loss: float
    lr: float
    grad_norm: float
    rows: int
    tokens: int
    slots: int
    seconds: float
    memory: int


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The validation rows were measured after step ``step``.

    ``best`` says that its weights are the best so far and are kept; it is never true where a run keeps its last ones.
    """

    step: int
    epoch: float
    loss: float
    metrics: Mapping[str, float]
    best: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The steps are over; totals are over the whole run, ``best_step`` is the step whose weights the model has."""

    reason: Reason
    step: int
    best_step: int
    seconds: float
    rows: int
    tokens: int
    slots: int
    detail: str = ""


Event = Phase | Note | Started | Step | Evaluated | Ended
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """A listener that does nothing."""


def counting(emit: Listener, what: str) -> Callable[[int, int], None]:
    """Return a function that reports progress to a listener: called with how much is done, and how much there is."""
    return lambda done, total: emit(Phase(what, done, total))


def downloading(emit: Listener) -> Callable[[str, int, int | None], None]:
    """Return a function that reports a download to a listener: called with its name, bytes so far, and all bytes."""
    return lambda what, done, total: emit(Phase(what, done, total, "bytes"))


@contextmanager
def waiting_for(lock: threading.Lock | threading.RLock, holder: str, emit: Listener) -> Iterator[None]:
    """Hold a lock within a block; while another thread has it, report what is waited for."""
    if not lock.acquire(blocking=False):
        emit(Phase(f"waiting for {holder}"))
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
