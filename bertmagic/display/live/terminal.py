"""A run as lines of text: one that is rewritten in a terminal, a few in a log."""

from __future__ import annotations

import contextlib
import shutil
import sys
from typing import IO, TYPE_CHECKING, Any

from bertmagic.display import text
from bertmagic.display.live.run_state import Run
from bertmagic.display.live.run_words import (
    WHOLE_NOTE,
    evaluation_line,
    losses,
    note_lines,
    phase_line,
    position,
    reason,
    state,
    summary_lines,
    title,
)
from bertmagic.events import Ended, Evaluated, Event, Note, Phase, Started
from bertmagic.text_safety import visible

if TYPE_CHECKING:
    from bertmagic.display.live.run_state import Clock

_REWRITE = 0.25
_TENTHS = 10
_SPACING = 1.0


class Lines:
    """Writes a run to a stream.

    Parameters
    ----------
    stream
        Where to; on a terminal the progress is one line that is rewritten, else a line every tenth of the way.
    clock
        Seconds since any fixed time.
    delay
        Write about `Phase` events alone, and that only after so many seconds.
    """

    def __init__(self, stream: IO[str], clock: Clock, delay: float | None = None) -> None:
        self._stream, self._clock = stream, clock
        self._terminal = stream.isatty()
        self._run = Run(clock)
        self._brief = delay is not None
        self._next = clock() + (delay or 0.0)
        self._tenth: tuple[str, int] = ("", -1)
        self._open = self._closed = False

    def __call__(self, event: Event) -> None:
        """Take an event in, and write if it is time to."""
        if self._closed or (self._brief and not isinstance(event, Phase)):
            return
        with contextlib.suppress(Exception):  # a closed pipe must not end a training
            self._run.take(event)
            self._tell(event)

    def close(self, error: BaseException | None = None) -> None:
        """Write how it ended, if no `Ended` did."""
        if self._closed:
            return
        self._closed = True
        self._run.stop(reason(error) if error else "before the end")
        with contextlib.suppress(Exception):
            if self._brief:
                self._clear()
            else:
                self._say(*summary_lines(self._run))

    def below(self, result: object) -> None:
        """Write a result to stdout, an error to stderr."""
        write(self._stream if isinstance(result, BaseException) else sys.stdout, text(result) + "\n")

    def _tell(self, event: Event) -> None:
        if isinstance(event, Ended):
            self._closed = True
            self._say(*summary_lines(self._run))
        elif isinstance(event, Started):
            self._say(title(self._run))
        elif isinstance(event, Evaluated):
            self._say(evaluation_line(self._run, event))
        elif isinstance(event, Note):
            self._say(*note_lines([event], WHOLE_NOTE))
        elif self._terminal:
            self._rewrite()
        else:
            self._every_tenth()

    def _words(self) -> str:
        run = self._run
        if run.phase:
            return phase_line(run.phase, self._clock() - run.since)
        return f"{position(run)}; {losses(run)}" if run.step else state(run)

    def _rewrite(self) -> None:
        if self._clock() < self._next:
            return
        self._next = self._clock() + _REWRITE
        across = shutil.get_terminal_size().columns - 1
        write(self._stream, "\r" + visible(self._words())[:across].ljust(across))
        self._open = True

    def _every_tenth(self) -> None:
        run = self._run
        what, done, total = ("", run.done, run.started.steps if run.started else 0)
        if run.phase:
            what, done, total = run.phase.what, run.phase.done, run.phase.total or 0
        tenth = (what, _TENTHS * done // total if total else 0)
        turn = what != self._tenth[0] and not self._brief
        if turn or (tenth != self._tenth and self._clock() >= self._next):
            self._tenth, self._next = tenth, self._clock() + _SPACING
            self._say(self._words())

    def _clear(self) -> None:
        if self._open:
            write(self._stream, "\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
            self._open = False

    def _say(self, *words: str) -> None:
        self._clear()
        write(self._stream, "".join(visible(line) + "\n" for line in words))


class TrialLines:
    """Writes a line for each trial of a search."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream, self._shown = stream, 0

    def __call__(self, event: Any) -> None:
        """Take an event in; a search has its trials so far."""
        from bertmagic.display.results.search import trial_line

        if type(event).__name__ != "Search":
            return
        with contextlib.suppress(Exception):  # a closed pipe must not end a search
            over = [trial for trial in event.trials if trial.state != "running"]
            for trial in over[self._shown :]:
                write(self._stream, visible(trial_line(event, trial)) + "\n")
            self._shown = len(over)

    def close(self, error: BaseException | None = None) -> None:
        """Do nothing: the caller reports what ended the search."""

    def below(self, result: object) -> None:
        """Write a result to stdout, an error to stderr."""
        write(self._stream if isinstance(result, BaseException) else sys.stdout, text(result) + "\n")


def write(stream: IO[str], words: str) -> None:
    """Write to a stream, with ``?`` for what its encoding lacks."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(words.encode(encoding, "replace").decode(encoding))
    stream.flush()
