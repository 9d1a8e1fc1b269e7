"""Interrupts at the right moment: never within an import, and in training after the current step."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from contextlib import ContextDecorator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType

    Handler = Callable[[int, FrameType | None], None]

_LATER = 0.02
"""Seconds until an interrupt that waits for an import looks again."""

_IMPORTING = "<frozen importlib._bootstrap>"
"""The file of the frames that import a module."""


class WholeImports(ContextDecorator):
    """Lets an interrupt wait while a module is imported, and answers it as soon as that is done.

    PyTorch and others register operators while they are imported, which they can do once in a process: an import that
    was cut off cannot be repeated, and every later one fails until the kernel is started anew. Only the imports that
    begin within the block count, not one that the block itself is a part of.
    """

    def __init__(self) -> None:
        self._before: Any = None
        self._outer: FrameType | None = None
        self._timer: threading.Timer | None = None

    def _recreate_cm(self) -> WholeImports:
        return WholeImports()

    def __enter__(self) -> WholeImports:
        self._outer = sys._getframe(1)
        self._before = _handle(self._signalled)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._outer = None
        if self._before is None:
            return
        signal.signal(signal.SIGINT, self._before)
        if self._forget() and error is None:
            raise KeyboardInterrupt

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self._forget()
        if not _is_importing(frame, self._outer):
            self._before(number, frame)
        else:
            self._timer = threading.Timer(_LATER, self._again)
            self._timer.daemon = True
            self._timer.start()

    def _again(self) -> None:
        self._timer = None
        _thread.interrupt_main()

    def _forget(self) -> bool:
        """Cancel the interrupt that waits; return whether there was one."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        return timer is not None


class Uninterrupted(ContextDecorator):
    """Lets an interrupt wait until a block has ended, which must be a short one, such as a step of a database."""

    def __init__(self) -> None:
        self._before: Any = None
        self._waits = False

    def _recreate_cm(self) -> Uninterrupted:
        return Uninterrupted()

    def __enter__(self) -> Uninterrupted:
        self._before = _handle(self._signalled)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            if self._waits:
                self._before(signal.SIGINT, None)

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self._waits = True


def _handle(handler: Handler) -> Any:
    """Let a function handle interrupts, and return the one before; None, and nothing is set, where no function does.

    Python runs signal handlers in the main thread only, and lets only that thread set them.
    """
    if threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT)):
        return signal.signal(signal.SIGINT, handler)
    return None


def _is_importing(frame: FrameType | None, outer: FrameType | None) -> bool:
    """Whether a module is being imported in a frame or its callers up to ``outer``."""
    while frame is not None and frame is not outer:
        if frame.f_code.co_filename == _IMPORTING:
            return True
        frame = frame.f_back
    return False


class Stop(Exception):
    """Ends an evaluation because the user asked to stop."""


class StopButton:
    """Asks a run to end: by `press`, or as a context manager in the main thread by the first SIGINT.

    A second SIGINT goes to the handler of before, which raises KeyboardInterrupt. A run in another thread gets no
    signals: only `press` ends it.
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
            again = self._before if callable(self._before) else signal.default_int_handler
            again(number, frame)
        self.press()

    def press(self) -> None:
        """Ask the run to end after its current step; pressing again has no effect."""
        self.pressed = True

    def check(self) -> None:
        """Raise `Stop` if the button was pressed."""
        if self.pressed:
            raise Stop
