"""A thread that lets what is shown of a run tick while no event comes: in a long step, or while a file is read."""

from __future__ import annotations

import contextvars
import threading
import time
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bertmagic.display.live.live_output import LiveOutput


def start(output: LiveOutput) -> None:
    """Let an output tick until its last frame, or until nobody has it any more."""
    # ipykernel keeps the cell that an output belongs to in a context variable.
    context = contextvars.copy_context()
    arguments = (_beat, weakref.ref(output))
    threading.Thread(target=context.run, args=arguments, name="bertmagic ticks", daemon=True).start()


def _beat(output: weakref.ref[LiveOutput]) -> None:
    pause: float | None = 0.05
    while pause is not None:
        time.sleep(pause)
        shown = output()
        pause = None if shown is None else shown.tick()
        del shown  # else this thread would keep it alive
