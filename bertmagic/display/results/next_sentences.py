"""How probable it is that one sentence follows another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column, Headline, Table
from bertmagic.display.cells import Row, Share
from bertmagic.display.style import duration, line
from bertmagic.errors import count

if TYPE_CHECKING:
    from bertmagic.tasks.masked_language_modeling.result import NextSentences

_LINES = 7
_SHOWN = 50
_COLUMNS = (Column("first sentence", "word", 60), Column("second sentence", "word", 60),
            Column("probability that it follows"))  # fmt: skip


def blocks(result: NextSentences) -> list[Block]:
    """Return at most 50 pairs."""
    frame, total = result.frame.head(_SHOWN), len(result)
    rows: list[Row] = [
        [line(first, 300), line(second, 300), Share(float(score), f"{score:.3f}")]
        for first, second, score in zip(frame["first"], frame["second"], frame["score"], strict=True)
    ]
    if total > _SHOWN:
        rows.append([f"… {count(total - _SHOWN, 'pair')} not shown; .frame has all {total:,} …"])
    rest = f"… {count(total - _LINES, 'more pair')}; .frame has them all." if total > _LINES else ""
    return [Headline(_headline(result)), Table(_COLUMNS, rows, lines=_LINES, rest=rest)]


def _headline(result: NextSentences) -> str:
    took = f", {duration(result.seconds)}" if result.seconds else ""
    pairs = count(len(result), "pair")
    return f"Does the second sentence follow the first? {line(result.model, 40)} on {pairs}{took}."
