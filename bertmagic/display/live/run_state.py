"""The state of a run by its events so far, in bounded memory."""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bertmagic.display.charts.trail import Trail
from bertmagic.events import Ended, Evaluated, Event, Note, Phase, Started, Step

Clock = Callable[[], float]

SHOWN_EVALUATIONS = 12
SHOWN_NOTES = 5
"""The newest notes, which are not folded."""
KEPT_NOTES = 100
"""More than a run has; the log of the run has all."""


@dataclass(frozen=True, slots=True)
class Pace:
    """One step's cost: seconds, rows, real tokens and slots (padding included)."""

    seconds: float
    rows: int
    tokens: int
    slots: int


class Smooth:
    """A moving average with exponentially falling weights, without a bias towards its start.

    The correction is the one of Adam (Kingma and Ba 2015, section 3); ``span`` is in points.
    """

    __slots__ = ("_keep", "_mean", "_weight")

    def __init__(self, span: float) -> None:
        self._keep = 1 - 1 / max(1.0, span)
        self._mean = self._weight = 0.0

    def add(self, value: float) -> float:
        """Add a value and return the average; a value that is not finite changes nothing."""
        if math.isfinite(value):
            self._mean = self._keep * self._mean + (1 - self._keep) * value
            self._weight = self._keep * self._weight + (1 - self._keep)
        return self._mean / self._weight if self._weight else math.nan


class Run:
    """The state of a run; `take` costs the same however long the run is."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.born = clock()
        self.started: Started | None = None
        self.ended: Ended | None = None
        self.stopped = ""
        self.phase: Phase | None = None
        self.since = self.born
        self.step: Step | None = None
        self.step_at = self.born
        self.steps_seen = self.not_finite = 0
        self.rows = self.tokens = self.slots = 0
        self.notes: deque[Note] = deque(maxlen=KEPT_NOTES)
        self.notes_seen = 0
        self.recent: deque[Pace] = deque(maxlen=128)
        self.pauses = self._pause = 0.0
        self.evaluations: deque[Evaluated] = deque(maxlen=SHOWN_EVALUATIONS)
        self.evaluations_seen = 0
        self.best: Evaluated | None = None
        self.loss, self.smooth, self.lr = Trail(200), Trail(200), Trail(200)
        self.validation_loss, self.metric = Trail(100), Trail(100)
        self.average = Smooth(8)
        self.smoothed = self.first_smoothed = math.nan

    def take(self, event: Event) -> bool:
        """Take an event in; return whether it is a turn that should be shown soon, such as a new phase."""
        if isinstance(event, Step):
            self._take_step(event)
            return False
        if isinstance(event, Phase):
            return self._take_phase(event)
        if isinstance(event, Evaluated):
            self._take_evaluation(event)
        elif isinstance(event, Note):
            self.notes.append(event)
            self.notes_seen += 1
        elif isinstance(event, Started):
            self.started, self.phase, self.since = event, None, self.clock()
            self.average = Smooth(min(max(8.0, event.steps / 50), 1000.0))
        elif isinstance(event, Ended):
            self.ended, self.phase, self.since = event, None, self.clock()
        return True

    def stop(self, reason: str) -> None:
        """End the run for a reason that no event gave."""
        self.stopped, self.since = reason, self.clock()

    def _take_phase(self, event: Phase) -> bool:
        new = self.phase is None or self.phase.what != event.what
        if new:
            self.since = self.clock()
        self.phase = event
        return new

    def _take_step(self, event: Step) -> None:
        self._measure(event)
        self.step, self.phase, self.since = event, None, self.clock()
        self.step_at = self.since
        self.steps_seen += 1
        self.rows += event.rows
        self.tokens += event.tokens
        self.slots += event.slots
        self.not_finite += not math.isfinite(event.loss)
        self.smoothed = self.average.add(event.loss)
        if self.steps_seen == 1:
            self.first_smoothed = self.smoothed
        self.loss.add(event.step, event.loss)
        self.smooth.add(event.step, self.smoothed)
        self.lr.add(event.step, event.lr)

    def _measure(self, event: Step) -> None:
        """Note what the step took, without the evaluations before it."""
        seconds = event.seconds - (self.step.seconds if self.step else 0.0) - self._pause
        steps = max(1, event.step - self.step.step) if self.step else 1
        self.pauses, self._pause = self.pauses + self._pause, 0.0
        self.recent.append(Pace(max(0.0, seconds) / steps, event.rows, event.tokens, event.slots))

    def _take_evaluation(self, event: Evaluated) -> None:
        self._pause += event.seconds
        self.phase, self.since = None, self.clock()
        self.evaluations.append(event)
        self.evaluations_seen += 1
        if event.best:
            self.best = event
        self.validation_loss.add(event.step, event.loss)
        self.metric.add(event.step, self.value(event))

    @property
    def loss_name(self) -> str:
        """What the loss is, with its unit."""
        return f"loss ({self.started.loss_unit if self.started else 'nats'})"

    def value(self, event: Evaluated) -> float:
        """Return the metric of an evaluation that chooses the best weights."""
        name = self.metric_name
        return event.loss if name == "loss" else event.metrics.get(name, math.nan)

    @property
    def metric_name(self) -> str:
        """The metric that chooses the best weights."""
        return self.started.metric if self.started else "loss"

    @property
    def done(self) -> int:
        """The last step that is done."""
        return max(self.step.step if self.step else 0, self.ended.step if self.ended else 0)

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.ended is not None or bool(self.stopped)

    @property
    def elapsed(self) -> float:
        """Seconds since the steps began, or since the start while there are none; it goes on within a step."""
        if self.ended:
            return self.ended.seconds
        if self.step is None:
            return self.clock() - self.born
        return self.step.seconds + (0.0 if self.over else self.clock() - self.step_at)

    @property
    def seconds_a_step(self) -> float:
        """The recent time of a step: the median of means, which one slow step does not move.

        Means, because a GPU reports several steps at once: only the first of them then takes any time.
        """
        times = [pace.seconds for pace in self.recent]
        part = max(1, len(times) // 8)
        means = [statistics.fmean(times[at : at + part]) for at in range(0, len(times), part)]
        return statistics.median(means) if means else 0.0

    @property
    def left(self) -> float:
        """Seconds until the last step, evaluations at the rate so far included; NaN while there is no telling."""
        if self.started is None or self.step is None or self.steps_seen < 3:
            return math.nan
        stepping = max(self.step.seconds - self.pauses, 0.01 * self.step.seconds, 1e-9)
        whole = (self.started.steps - self.done) * self.seconds_a_step * (1 + self.pauses / stepping)
        return min(whole, max(whole - (self.clock() - self.step_at), 1.0))

    def rate(self) -> tuple[float, float]:
        """Return the recent rows and real tokens a second."""
        seconds = sum(pace.seconds for pace in self.recent) or math.inf
        return sum(pace.rows for pace in self.recent) / seconds, sum(pace.tokens for pace in self.recent) / seconds
