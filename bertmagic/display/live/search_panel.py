"""A search while it goes on: its trials so far, and how far the running one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.live.run_state import Run
from bertmagic.display.live.run_words import losses, phase_line, position
from bertmagic.display.results.search import blocks, headline
from bertmagic.display.style import duration
from bertmagic.display.writers.elements import progress, tag
from bertmagic.display.writers.html import html
from bertmagic.display.writers.text import text
from bertmagic.errors import count

if TYPE_CHECKING:
    from markupsafe import Markup

    from bertmagic.display.live.run_state import Clock
    from bertmagic.tuning.results import Search

_PAGE = "font-size:13px;line-height:1.45;max-width:1040px"


class SearchPanel:
    """A search as something to look at while it goes on: its trials, and how far the running one is."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._born = clock()
        self._search: Search | None = None
        self._run = Run(clock)
        self._reason = ""

    def take(self, event: Any) -> bool:
        """Take the search as it stands, or an event of the running trial; return whether to show it soon."""
        if type(event).__name__ != "Search":
            return self._run.take(event)
        if self._search is None or len(event.trials) > len(self._search.trials):
            self._run = Run(self._clock)
        self._search = event
        return True

    @property
    def over(self) -> bool:
        """Whether the search has ended."""
        return self._search is not None and bool(self._search.ended)

    def stop(self, reason: str) -> None:
        """End it for a reason that no event gave."""
        self._reason = reason

    def frame(self) -> dict[str, Any]:
        """Return the search as it stands."""
        now = self._now()
        if self._search is None:
            return {"text/plain": now, "text/html": str(tag("div", now, style=_PAGE))}
        return {
            "text/plain": f"{text(blocks(self._search))}\n{now}",
            "text/html": str(
                tag("div", _bar(self._search), tag("div", now, role="status"), html(blocks(self._search)))
            ),
        }

    def aside(self) -> None:
        """Return None: a search shows its notes in its blocks."""

    def final(self) -> list[dict[str, Any]]:
        """Return a line: the result stands below, with its figure. After an error the last frame stays."""
        search = self._search
        if search is None or self._reason:
            return [self.frame()]
        summary = f"{headline(search)}; {count(len(search.trials), 'trial')} in {duration(self._clock() - self._born)}."
        return [{"text/plain": summary, "text/html": str(tag("div", summary, style=_PAGE + ";opacity:.8"))}]

    def _now(self) -> str:
        if self._reason:
            return f"Stopped {self._reason}."
        run = self._run
        if run.phase:
            return phase_line(run.phase, self._clock() - run.since)
        return f"{position(run)}; {losses(run)}" if run.step else "starting"


def _bar(search: Search) -> Markup:
    over = sum(trial.state != "running" for trial in search.trials)
    return progress(over, search.wanted, "trials")
