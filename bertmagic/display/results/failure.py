"""An error that ended a job: shown where the job was started, since no cell is left that could raise it."""

from __future__ import annotations

from bertmagic.display.blocks import Alert, Block
from bertmagic.display.style import line
from bertmagic.errors import BertMagicError, Interrupted
from bertmagic.text_safety import visible

_LINES = 3


def blocks(error: BaseException) -> list[Block]:
    """Return the error as a cell shows it: our own by their message, others by their class and first line."""
    if isinstance(error, BertMagicError | Interrupted):
        lines = str(error).splitlines()[:_LINES]
    else:
        lines = [line(error, 200), "The job's wait() raises it, with its whole trace."]
    return [Alert(visible("\n".join([f"{type(error).__name__}: {lines[0] if lines else ''}", *lines[1:]])))]
