"""Where results and runs are shown: a notebook's outputs, or a terminal's lines. Only this module knows IPython."""

from __future__ import annotations

import sys
import threading
import time
import uuid
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from bertmagic.display import outputs, text
from bertmagic.text_safety import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bertmagic.display.live.live_output import Screen, View, Watcher
    from bertmagic.display.live.run_state import Clock
    from bertmagic.events import Listener


_PATIENCE = 2.0
"""Seconds of work after which a bar shows that something is going on: it takes a place that stays empty later."""
_FIRST_SIGN = 0.1
"""The same for a bar in the place of the result."""


def show(result: Any) -> None:
    """Show a result: its bundle in a notebook, with a report's figure or a live view below; its text anywhere else."""
    if _kernel() is None:
        from bertmagic.display.live.terminal import write

        write(sys.stdout, text(result) + "\n")
        return
    screen = Handle()
    for output in outputs(result):
        screen.below(output)


_bar: ContextVar[Watcher | None] = ContextVar("the progress bar of a cell", default=None)


@contextmanager
def working(show: bool = True, place: Handle | None = None, at_once: bool = False) -> Iterator[Listener]:
    """Give a listener that draws a progress bar for work over 2 s, and takes it away at its end.

    Work within such work has its bar. With a ``place``, which the result will take, the bar is there soon.

    Parameters
    ----------
    at_once
        Whether the work is known to last so long that a notebook needs the bar before anything else.
    """
    outer = _bar.get()
    if show and outer is not None:
        yield outer
        return
    delay = 0.0 if at_once and is_notebook() else _PATIENCE if place is None else _FIRST_SIGN
    bar = listener(not show, delay=delay, screen=place)
    token = _bar.set(bar)
    try:
        yield bar
    except BaseException as error:
        bar.close(error)
        raise
    finally:
        _bar.reset(token)
        bar.close()


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
    from bertmagic.display.live.live_output import LiveOutput, Silent

    if silent:
        return Silent()
    if screen is None and _kernel() is None:
        from bertmagic.display.live.terminal import Lines, TrialLines

        return TrialLines(sys.stderr) if searches else Lines(sys.stderr, clock, delay)
    from bertmagic.display.live import heartbeat
    from bertmagic.display.live.run_panel import RunPanel
    from bertmagic.display.live.run_state import Run
    from bertmagic.display.live.search_panel import SearchPanel
    from bertmagic.display.live.work_bar import WorkBar

    run = delay is None and not searches
    view: View = SearchPanel(clock) if searches else RunPanel(Run(clock), screen is None) if run else WorkBar(clock)
    output = LiveOutput(view, screen or Handle(), clock, delay or 0.0, Handle() if run and screen is None else None)
    if clock is time.monotonic:
        heartbeat.start(output)
    return output


class _Cell:
    """The cell that runs: its number, and how many messages the kernel had sent when it began; None if not known."""

    number = 0
    began: int | None = None


_cell = _Cell()


def cell_begins(*_: object) -> None:
    """Note that a cell begins; IPython calls this before each."""
    _cell.number, _cell.began = _cell.number + 1, _messages()


def _messages() -> int | None:
    """Return how many messages the kernel has sent so far, whatever they were."""
    count = getattr(getattr(_kernel(), "session", None), "message_count", None)
    return count if isinstance(count, int) else None


class Handle:
    """One output of the cell that made it, from any thread: it stays there while other cells run."""

    def __init__(self) -> None:
        from IPython.core.interactiveshell import InteractiveShell

        # Kept: a later cell under %%capture has another publisher, which would take the frames of this one.
        self._publisher = InteractiveShell.instance().display_pub
        self._place: dict[str, Any] = {}
        self._cell, self._frames = _cell.number, 0

    def show(self, bundle: dict[str, Any]) -> None:
        """Show a bundle in place of the one before; an empty one takes it away."""
        if not bundle:
            return self._take_away()
        self._frames += 1
        update = bool(self._place)
        self._place = self._place or {"display_id": uuid.uuid4().hex}
        self._publisher.publish(_visible(bundle), transient=self._place, update=update)

    def _take_away(self) -> None:
        """Take the output away: wholly if the cell has no other, or else it stays as one without content."""
        if not self._place:
            return
        if self._is_alone():
            self._publisher.clear_output()
            self._place = {}
        else:
            self._publisher.publish({"text/plain": "", "text/html": ""}, transient=self._place, update=True)

    def _is_alone(self) -> bool:
        """Whether all that the kernel has sent in this cell are the frames of this output, as far as can be told."""
        if threading.current_thread() is not threading.main_thread() or self._cell != _cell.number:
            return False
        sys.stdout.flush()
        sys.stderr.flush()
        return _cell.began is not None and _messages() == _cell.began + self._frames

    def below(self, bundle: dict[str, Any]) -> None:
        """Show a bundle as the next output."""
        self._publisher.publish(_visible(bundle))


def _visible(bundle: dict[str, Any]) -> dict[str, Any]:
    """Return a bundle whose plain text holds nothing that a terminal obeys; HTML and figures are made so already."""
    return {**bundle, "text/plain": visible(bundle["text/plain"])} if "text/plain" in bundle else bundle


def notes(lines: Sequence[str]) -> None:
    """Show what a user should know of a result that cannot say it, such as an array: a line each."""
    if not lines:
        return
    if _kernel() is None:
        from bertmagic.display.live.terminal import write

        write(sys.stderr, visible("\n".join(lines)) + "\n")
        return
    from bertmagic.display.writers.elements import tag

    html = "".join(str(tag("div", line, style="font-size:13px;opacity:.8")) for line in lines)
    Handle().below({"text/plain": "\n".join(lines), "text/html": html})


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

    write(sys.stdout, visible(code) + "\n")


def _kernel() -> Any:
    """Return the Jupyter kernel that this runs in, or None."""
    if "IPython" not in sys.modules:  # a script that has not imported it is in no kernel, and need not pay for it
        return None
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None)
