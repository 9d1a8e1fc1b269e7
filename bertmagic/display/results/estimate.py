"""How long a run will take, and how much memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Table, columns
from bertmagic.display.cells import Caution
from bertmagic.display.style import duration, share, size
from bertmagic.errors import count

if TYPE_CHECKING:
    from bertmagic.tuning.results import Estimate

_TOO_LARGE = 'It may not fit the memory: lower batch_size or max_length, or set adapt = "lora".'


def blocks(result: Estimate) -> list[Block]:
    """Return the estimate as a small table, and a warning where the memory may not suffice."""
    parts = ", ".join(f"{name} {size(many)}" for name, many in result.memory.items())
    epochs = f"{result.epochs:.3g} epoch{'' if result.epochs == 1 else 's'} of {count(result.rows, 'row')}"
    rows = [
        ["steps", f"{result.steps:,}", epochs],
        ["time", _about(duration(result.seconds)), f"{duration(result.epoch_seconds)} an epoch"],
        ["memory of the run", _about(size(result.bytes)), f"{parts}; {size(result.free)} are free"],
        ["texts cut", share(result.truncated), f"at {result.max_length:,} tokens"],
    ]
    table = Table(columns(("estimate", "", "details"), (0, 2)), rows)
    return [table] if result.fits else [table, Caution(_TOO_LARGE)]


def _about(value: str) -> str:
    """Return a value that stays on one line in a narrow table."""
    return f"about {value}".replace(" ", "\N{NO-BREAK SPACE}")
