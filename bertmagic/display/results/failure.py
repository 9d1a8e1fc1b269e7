"""An error that ended a job: told where the job was started, as no cell is there any more to raise it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.style import ORANGE, clean, line
from bertmagic.display.writers.elements import box, tag
from bertmagic.errors import BertMagicError, Interrupted

if TYPE_CHECKING:
    from markupsafe import Markup

_LINES = 3


def text(error: BaseException) -> str:
    """Return the error as a cell shows it: our own by their message, others by their class and first line."""
    if isinstance(error, BertMagicError | Interrupted):
        said = str(error).splitlines()[:_LINES]
    else:
        said = [line(error, 200), "The job's wait() raises it, with its whole trace."]
    return clean("\n".join([f"{type(error).__name__}: {said[0] if said else ''}", *said[1:]]))


def markup(error: BaseException) -> Markup:
    """Return the same as marked lines, and an alert for who hears the page."""
    style = f"white-space:pre-wrap;border-left:3px solid {ORANGE};padding-left:6px;margin:.4em 0"
    return box(tag("pre", text(error), role="alert", style=style))
