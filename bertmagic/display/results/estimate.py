"""What a run will take, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.style import count, duration, share, size
from bertmagic.display.writers.elements import box, paragraph, table, warned

if TYPE_CHECKING:
    from markupsafe import Markup

    from bertmagic.tuning.results import Estimate


def text(result: Estimate) -> str:
    """Return the estimate in a few lines."""
    return "\n".join([*_lines(result), *_warnings(result)])


def _lines(result: Estimate) -> list[str]:
    parts = ", ".join(f"{name} {size(many)}" for name, many in result.memory.items())
    return [
        f"{count(result.steps, 'step')} ({_epochs(result)}), about "
        f"{duration(result.seconds)}; {duration(result.epoch_seconds)} an epoch",
        f"about {size(result.bytes)} of memory ({parts}); {size(result.free)} are free",
        f"{share(result.truncated)} of the texts are cut at {result.max_length:,} tokens",
    ]


def _epochs(result: Estimate) -> str:
    return f"{result.epochs:.3g} epoch{'' if result.epochs == 1 else 's'} of {result.rows:,} rows"


def _about(what: str) -> str:
    """Return a value that stays on one line in a narrow table."""
    return f"about {what}".replace(" ", "\N{NO-BREAK SPACE}")


def _warnings(result: Estimate) -> list[str]:
    return [] if result.fits else ['It may not fit the memory: lower batch_size or max_length, or adapt = "lora".']


def markup(result: Estimate) -> Markup:
    """Return the estimate as a small table."""
    parts = ", ".join(f"{name} {size(many)}" for name, many in result.memory.items())
    rows = [
        ["steps", f"{result.steps:,}", _epochs(result)],
        ["time", _about(duration(result.seconds)), f"{duration(result.epoch_seconds)} an epoch"],
        ["memory", _about(size(result.bytes)), f"{parts}; {size(result.free)} are free"],
        ["texts cut", share(result.truncated), f"at {result.max_length:,} tokens"],
    ]
    return box(
        table(["estimate", "", "of which"], rows, left=(0, 2)), *(paragraph(warned(w)) for w in _warnings(result))
    )
