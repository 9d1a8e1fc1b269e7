"""The bar of a single piece of work, such as a prediction: a line while it lasts, a line when it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.live.run_words import phase_line
from bertmagic.display.style import duration
from bertmagic.display.writers.elements import progress, tag
from bertmagic.events import Event, Phase

if TYPE_CHECKING:
    from bertmagic.display.live.run_state import Clock


class WorkBar:
    """Shows `Phase` events; all others pass by."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._born = self._since = clock()
        self._phase = Phase("working")
        self._reason = ""

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
        """End the work; ``reason`` is empty where it is done."""
        self._reason = reason

    def frame(self) -> dict[str, Any]:
        """Return the bar."""
        phase = self._phase
        words = phase_line(phase, self._clock() - self._since)
        drawn = progress(phase.done, phase.total or 0, phase.what)
        return {"text/plain": words, "text/html": str(tag("div", words, drawn, style="font-size:13px;max-width:40em"))}

    def final(self) -> list[dict[str, Any]]:
        """Return one line that says what was done, or why not."""
        words = f"{phase_line(self._phase, 0.0)}; {duration(self._clock() - self._born)} in all."
        if self._reason:
            words = f"Stopped ({self._reason}). {words}"
        return [{"text/plain": words, "text/html": str(tag("div", words, style="font-size:13px;opacity:.8"))}]
