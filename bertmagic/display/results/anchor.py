"""The words that keep a prediction, marked in the text, with how often they do."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column, Headline, Notes, Paragraph, Table
from bertmagic.display.cells import Mark, Passage, Row
from bertmagic.display.style import duration, line
from bertmagic.errors import count

if TYPE_CHECKING:
    from bertmagic.explain.anchors import AnchorWords


def blocks(result: AnchorWords) -> list[Block]:
    """Return what the words do, the text with the words marked, and the cost."""
    rows: list[Row] = [
        [Passage(text, tuple(Mark(start, end) for part, start, end in result.spans if part == at))]
        for at, text in enumerate(result.parts)
    ]
    table = Table([Column("text", "prose", 100)], rows)
    return [Headline(_headline(result)), table, Paragraph(_measured(result)), Notes(result.notes, lines=2)]


def _headline(result: AnchorWords) -> str:
    label, model = line(result.label, 40), line(result.model, 40)
    if not result.spans:
        return f"No word is needed for {label} by {model}: it stays with most words hidden."
    words = ", ".join(f"“{line(word, 30)}”" for word in result.words[:12])
    rest = f" and {count(len(result.words) - 12, 'more word')}" if len(result.words) > 12 else ""
    return f"{words}{rest}: {label} by {model}, whichever other words are hidden."


def _measured(result: AnchorWords) -> str:
    found = result.anchor
    cost = f"The model read {count(found.passes, 'text')} in {duration(result.seconds)}."
    if math.isnan(found.precision):
        return cost
    reached = "" if found.precision >= result.wanted else f", below the {result.wanted:.2f} asked for"
    alone = "" if math.isnan(found.alone) else f" With none of them kept it stays in {found.alone:.2f}."
    return (
        f"With half of the other words hidden at random the prediction stays in {found.precision:.3f} of "
        f"{count(found.samples, 'sample')} (95 % interval {found.low:.3f} to {found.high:.3f}){reached}.{alone} {cost}"
    )
