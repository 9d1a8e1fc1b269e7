"""One output of a cell that shows work while it goes on: at most four frames a second, at least one, and the last."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

from bertmagic.display import outputs
from bertmagic.display.live.run_words import reason
from bertmagic.events import Step

if TYPE_CHECKING:
    from bertmagic.display.live.run_state import Clock
    from bertmagic.events import Event

_log = logging.getLogger(__name__)

_FRAMES_A_SECOND = 3
"""One less than the four that are promised, so that the last frame always has its place."""
_COST = 150
"""A frame that took t seconds is followed by none for 150 t, so that drawing stays well below 1 % of the time."""
_TICK = 1.0
"""Seconds without a frame after which the next one is drawn, whether there was an event or not."""
_WAITING = 1000
"""Steps wait for the next frame, or until there are so many: taken together they cost a tenth of one by one."""


_NOTHING: dict[str, Any] = {}
"""What takes an output away."""


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
        """Put a bundle in the place of the one before; an empty one takes it away."""

    def below(self, bundle: dict[str, Any]) -> None:
        """Put a bundle into a place of its own below."""


class View(Protocol):
    """What is shown of a run: the panel, or the bar of a single piece of work."""

    def take(self, event: Event) -> bool:
        """Take an event in; return whether it should be shown soon."""

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""

    def stop(self, reason: str) -> None:
        """End for a reason that no event gave; the reason is empty if the work is simply done."""

    def frame(self) -> dict[str, Any]:
        """Return what is shown now."""

    def aside(self) -> dict[str, Any] | None:
        """Return what seldom changes and stands below the frames, where it stays as the user left it; None for nothing.

        The same bundle is returned until it changes.
        """

    def final(self) -> list[dict[str, Any]]:
        """Return what stays: first what takes the place of the frames, then what stands below it."""


class Silent:
    """Shows nothing."""

    def __call__(self, event: Event) -> None:
        """Do nothing."""

    def close(self, error: BaseException | None = None) -> None:
        """Do nothing."""

    def below(self, result: object) -> None:
        """Do nothing."""


class LiveOutput:
    """Shows a run in one place: at most four frames a second, at most 1 % of the time, and always the last one.

    While nothing happens there is a frame a second, so that it is seen to be alive. Two threads call it: that of the
    work with its events, and the one that lets it `tick`. An error of drawing is logged and never reaches the training.
    """

    def __init__(
        self, view: View, screen: Screen, clock: Clock, delay: float = 0.0, aside: Screen | None = None
    ) -> None:
        self._view, self._screen, self._clock = view, screen, clock
        self._aside = aside
        self._beside: dict[str, Any] | None = None
        self._from = clock() + delay
        self._recent: deque[float] = deque(maxlen=_FRAMES_A_SECOND)
        self._rest = 1 / _FRAMES_A_SECOND
        self._waiting: list[Event] = []
        self._next = self._from
        self._shown = self._closed = False
        self._delayed = delay > 0
        self._turn = threading.RLock()
        if not delay:
            self._guarded(self._draw)

    def __call__(self, event: Event) -> None:
        """Take an event in, and draw if it is time to."""
        with self._turn:
            if self._closed:
                return
            self._waiting.append(event)
            if self._clock() >= self._next or not isinstance(event, Step) or len(self._waiting) >= _WAITING:
                self._guarded(self._take)

    def tick(self) -> float | None:
        """Draw if nothing was drawn for a second; return the seconds until the next tick, None after the last frame."""
        with self._turn:
            if self._closed:
                return None
            self._guarded(self._take)
            if self._clock() >= self._next_tick and not self._closed:
                self._guarded(self._draw)
            return None if self._closed else max(self._next_tick - self._clock(), 0.05)

    @property
    def _next_tick(self) -> float:
        return self._recent[-1] + _TICK if self._recent else self._from

    def close(self, error: BaseException | None = None) -> None:
        """Draw the last frame, if no `Ended` came; ``error`` is why there was none."""
        with self._turn:
            if not self._closed:
                self._guarded(self._take)
                self._guarded(self._view.stop, reason(error) if error else "")
                self._finish()

    def below(self, result: object) -> None:
        """Show a result, or an error, below the panel."""
        with self._turn:
            self._guarded(self._below, result)

    def _take(self) -> None:
        waiting, self._waiting = self._waiting, []
        turns = [self._view.take(event) for event in waiting]
        if self._view.over:
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
        self._screen.show(self._view.frame())
        self._shown = True
        self._show_aside()
        self._rest = min(max(1 / _FRAMES_A_SECOND, _COST * (self._clock() - begin)), 10.0)
        self._next = begin + self._rest

    def _show_aside(self) -> None:
        """Show what stands below the frames, only if it has changed: what a user has opened in it stays open."""
        beside = self._view.aside() if self._aside else None
        if self._aside and beside is not None and beside is not self._beside:
            self._beside = beside
            self._aside.show(beside)

    def _finish(self) -> None:
        self._closed = True
        if self._shown or not self._delayed:  # work that no bar was shown for needs no line about its end
            self._guarded(self._stay)

    def _stay(self) -> None:
        last, *rest = self._view.final()
        self._screen.show(last)
        if self._aside and self._beside is not None:  # so that what follows stays where it was in the frames
            self._aside.show(rest.pop(0) if rest else _NOTHING)
        for bundle_ in rest:
            self._screen.below(bundle_)

    def _below(self, result: object) -> None:
        for output in outputs(result):
            self._screen.below(output)

    def _guarded(self, work: Any, *given: object) -> None:
        try:
            work(*given)
        except Exception:  # no error of drawing may end hours of training
            _log.debug("A frame of the panel could not be drawn.", exc_info=True)
