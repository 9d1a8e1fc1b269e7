"""The bar of a single piece of work, such as a prediction: a line while it lasts, nothing when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.live.run_words import phase_line, since
from bertmagic.display.writers.elements import progress, tag
from bertmagic.events import Event, Phase

if TYPE_CHECKING:
    from bertmagic.display.live.run_state import Clock


class WorkBar:
    """Shows `Phase` events; all others pass by."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock()
        self._phase = Phase("working")

    def take(self, event: Event) -> bool:
        """Take a phase in; return whether it is a new one."""
        if not isinstance(event, Phase):
            return False
        new = event.what != self._phase.what
        if new:
            self._since = self._clock()
        self._phase = event
        return new

    @property
    def over(self) -> bool:
        """No event ends the work: closing does."""
        return False

    def stop(self, reason: str) -> None:
        """Do nothing: the result or the error says how it ended."""

    def frame(self) -> dict[str, Any]:
        """Return the bar."""
        phase, seconds = self._phase, self._clock() - self._since
        words = f"{phase_line(phase, seconds if phase.total else 0.0)}, {since(seconds)}"
        drawn = progress(phase.done, phase.total or 0, phase.what)
        return {"text/plain": words, "text/html": str(tag("div", words, drawn, style="font-size:13px;max-width:40em"))}

    def aside(self) -> None:
        """Return None: a bar has nothing below it."""

    def final(self) -> list[dict[str, Any]]:
        """Return an empty bundle: nothing that is over stays above the result, not even an empty line."""
        return [{}]
