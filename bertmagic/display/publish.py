"""Where results and runs are shown: a notebook's outputs, or a terminal's lines. Only this module knows IPython."""

from __future__ import annotations

import logging
import sys
import time
import uuid
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from bertmagic.display import below, bundle, text
from bertmagic.events import Step
from bertmagic.text_safety import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.display.live.run_state import Clock
    from bertmagic.events import Event, Listener

_log = logging.getLogger(__name__)

_FRAMES_A_SECOND = 3
"""One less than the four that are promised, so that the last frame always has its place."""
_COST = 150
"""A frame that took t seconds is followed by none for 150 t, so that drawing stays well below 1 % of the time."""
_WAITING = 1000
"""Steps wait for the next frame, or until there are so many: taken together they cost a tenth of one by one."""


class Watcher(Protocol):
    """What `listener` returns: a listener of events that can be closed."""

    def __call__(self, event: Event) -> None:
        """Take an event in, and show it if it is time to."""

    def close(self, error: BaseException | None = None) -> None:
        """Make what is shown final, if no `Ended` did; ``error`` is why there was none."""

    def below(self, result: object) -> None:
        """Show a result, or an error, after what was shown so far and in the same cell."""


class Screen(Protocol):
    """One place that shows one bundle at a time."""

    def show(self, bundle: dict[str, Any]) -> None:
        """Put a bundle in the place of the one before."""

    def below(self, bundle: dict[str, Any]) -> None:
        """Put a bundle into a place of its own below."""


class Face(Protocol):
    """What is shown of a run: the panel, or the bar of a single piece of work."""

    def take(self, event: Event) -> bool:
        """Take an event in; return whether it should be shown soon."""

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""

    def stop(self, reason: str) -> None:
        """End for a reason that no event told; an empty one if the work is just done."""

    def frame(self) -> dict[str, Any]:
        """Return what is shown now."""

    def final(self) -> list[dict[str, Any]]:
        """Return what stays: first what takes the place of the frames, then what stands below it."""


def show(result: Any) -> None:
    """Show a result: its bundle in a notebook, with a report's figure or a live view below; its text anywhere else."""
    if _kernel() is None:
        from bertmagic.display.live.terminal import write

        write(sys.stdout, text(result) + "\n")
        return
    screen = Handle()
    for part in _parts(result):
        screen.below(part)


def _parts(result: Any) -> Iterator[dict[str, Any]]:
    yield bundle(result)
    yield from below(result)


@contextmanager
def working(show: bool = True) -> Iterator[Listener]:
    """Give a listener that draws a progress bar for work over 2 s, and close it with the error that ends the work."""
    panel = listener(not show, delay=2.0)
    try:
        yield panel
    except BaseException as error:
        panel.close(error)
        raise
    panel.close()


def listener(
    silent: bool = False, *, delay: float | None = None, clock: Clock = time.monotonic, screen: Screen | None = None,
    searches: bool = False,
) -> Watcher:  # fmt: skip
    """Return what shows a run's events here: a live panel in a notebook, lines of text elsewhere.

    Parameters
    ----------
    silent
        Show nothing.
    delay
        Show no panel but a bar for `Phase` events, and that only if the work lasts longer than so many seconds.
    clock
        Seconds since any fixed time.
    screen
        Where frames go instead of a new output of the cell.
    searches
        Whether it is a search with its trials, and not one run.
    """
    if silent:
        return Silent()
    if screen is None and _kernel() is None:
        from bertmagic.display.live.terminal import Lines, TrialLines

        return TrialLines(sys.stderr) if searches else Lines(sys.stderr, clock, delay)
    from bertmagic.display.live.run_panel import Panel
    from bertmagic.display.live.run_state import Run
    from bertmagic.display.live.search_panel import SearchPanel
    from bertmagic.display.live.work_bar import Bar

    face: Face = SearchPanel(clock) if searches else Panel(Run(clock)) if delay is None else Bar(clock)
    return Live(face, screen or Handle(), clock, delay or 0.0)


class Silent:
    """Shows nothing."""

    def __call__(self, event: Event) -> None:
        """Do nothing."""

    def close(self, error: BaseException | None = None) -> None:
        """Do nothing."""

    def below(self, result: object) -> None:
        """Do nothing."""


class Live:
    """Shows a run in one place: at most four frames a second, at most 1 % of the time, and always the last one.

    An error of drawing is logged and never reaches the training that sends the events.
    """

    def __init__(self, face: Face, screen: Screen, clock: Clock, delay: float = 0.0) -> None:
        self._face, self._screen, self._clock = face, screen, clock
        self._from = clock() + delay
        self._recent: deque[float] = deque(maxlen=_FRAMES_A_SECOND)
        self._rest = 1 / _FRAMES_A_SECOND
        self._waiting: list[Event] = []
        self._next = self._from
        self._shown = self._closed = False
        self._delayed = delay > 0
        if not delay:
            self._guarded(self._draw)

    def __call__(self, event: Event) -> None:
        """Take an event in, and draw if it is time to."""
        if self._closed:
            return
        self._waiting.append(event)
        if self._clock() >= self._next or not isinstance(event, Step) or len(self._waiting) >= _WAITING:
            self._guarded(self._take)

    def close(self, error: BaseException | None = None) -> None:
        """Draw the last frame, if no `Ended` came; ``error`` is why there was none."""
        from bertmagic.display.live.run_state import reason

        if not self._closed:
            self._guarded(self._take)
            self._guarded(self._face.stop, reason(error) if error else "")
            self._finish()

    def below(self, result: object) -> None:
        """Show a result, or an error, below the panel."""
        self._guarded(self._below, result)

    def _take(self) -> None:
        waiting, self._waiting = self._waiting, []
        turns = [self._face.take(event) for event in waiting]
        if self._face.over:
            self._finish()
        elif self._due(any(turns)):
            self._draw()

    def _due(self, turn: bool) -> bool:
        now = self._clock()
        if now < self._from:
            return False
        if not self._recent:
            return True
        crowded = len(self._recent) == _FRAMES_A_SECOND and now - self._recent[0] < 1
        return not crowded and (turn or now - self._recent[-1] >= self._rest)

    def _draw(self) -> None:
        begin = self._clock()
        self._recent.append(begin)  # first, so that an error of drawing is not repeated at every step
        self._screen.show(self._face.frame())
        self._shown = True
        self._rest = min(max(1 / _FRAMES_A_SECOND, _COST * (self._clock() - begin)), 10.0)
        self._next = begin + self._rest

    def _finish(self) -> None:
        self._closed = True
        if self._shown or not self._delayed:  # work that no bar was shown for needs no line about its end
            self._guarded(self._stay)

    def _stay(self) -> None:
        last, *rest = self._face.final()
        self._screen.show(last)
        for bundle_ in rest:
            self._screen.below(bundle_)

    def _below(self, result: object) -> None:
        for part in _parts(result):
            self._screen.below(part)

    def _guarded(self, work: Any, *given: object) -> None:
        try:
            work(*given)
        except Exception:  # whatever it is, a picture must not end hours of training
            _log.debug("A frame of the panel could not be drawn.", exc_info=True)


class Handle:
    """One output of the cell that made it, shown by whatever thread: it stays there while other cells run."""

    def __init__(self) -> None:
        from IPython.core.interactiveshell import InteractiveShell

        # Kept: a later cell under %%capture has another publisher, which would take the frames of this one.
        self._publisher = InteractiveShell.instance().display_pub
        self._place: dict[str, Any] = {}

    def show(self, bundle: dict[str, Any]) -> None:
        """Show a bundle in place of the one before."""
        update = bool(self._place)
        self._place = self._place or {"display_id": uuid.uuid4().hex}
        self._publisher.publish(_visible(bundle), transient=self._place, update=update)

    def below(self, bundle: dict[str, Any]) -> None:
        """Show a bundle as the next output."""
        self._publisher.publish(_visible(bundle))


def _visible(bundle: dict[str, Any]) -> dict[str, Any]:
    """Return a bundle whose plain text holds nothing that a terminal obeys; HTML and figures are made so already."""
    return {**bundle, "text/plain": visible(bundle["text/plain"])} if "text/plain" in bundle else bundle


def is_notebook() -> bool:
    """Whether this runs in a Jupyter kernel."""
    return _kernel() is not None


def insert(code: str) -> None:
    """Put code into the next cell of the notebook, or the next line of a terminal; print it where there is neither."""
    if "IPython" in sys.modules:
        from IPython import get_ipython

        if (shell := get_ipython()) is not None:
            shell.set_next_input(code)
            return
    from bertmagic.display.live.terminal import write

    write(sys.stdout, code + "\n")


def _kernel() -> Any:
    """Return the Jupyter kernel that this runs in, or None."""
    if "IPython" not in sys.modules:  # a script that has not imported it is in no kernel, and need not pay for it
        return None
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None)
