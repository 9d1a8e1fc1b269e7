"""The stop button: an interrupt ends training after the current step, so that no update is half done."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType, TracebackType


class Stop(Exception):
    """Ends an evaluation because the user asked to stop."""


class StopButton:
    """Asks a run to end: by `press`, or as a context manager in the main thread by the first SIGINT.

    A second SIGINT raises KeyboardInterrupt. A run in another thread gets no signals: only `press` ends it.
    """

    def __init__(self) -> None:
        self.pressed = False
        self._before: Any = None

    def __enter__(self) -> StopButton:
        # Python runs signal handlers in the main thread only, and lets only that thread set them.
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._signalled)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.press()

    def press(self) -> None:
        """Ask the run to end after its current step; pressing again has no effect."""
        self.pressed = True

    def check(self) -> None:
        """Raise `Stop` if the button was pressed."""
        if self.pressed:
            raise Stop
