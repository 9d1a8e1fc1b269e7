"""How probable it is that sentences follow others: a table, and the same in ten lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.style import columns, count, duration, line
from bertmagic.display.writers.elements import bar, box, paragraph, table

if TYPE_CHECKING:
    from markupsafe import Markup

    from bertmagic.tasks.masked_language_modeling.result import NextSentences

_PLAIN = 7
_SHOWN = 50


def text(result: NextSentences) -> str:
    """Return the pairs in at most ten lines."""
    rows = [[f"{score:.3f}", line(first, 60), line(second, 60)] for first, second, score in _pairs(result)]
    parts = [_headline(result)]
    parts += columns([["follows", "first", "second"], *rows[:_PLAIN]], left=(1, 2)) if rows else []
    if len(rows) > _PLAIN:
        parts.append(f"… {count(len(rows) - _PLAIN, 'more pair')}; .frame has them all.")
    return "\n".join(parts)


def markup(result: NextSentences) -> Markup:
    """Return the pairs as a table of at most 50 rows."""
    rows: list[list[object]] = [
        [line(first, 300), line(second, 300), bar(score, f"{score:.3f}")] for first, second, score in _pairs(result)
    ]
    rest = len(rows) - _SHOWN
    more: list[list[object]] = (
        [[f"… {count(rest, 'pair')} not shown; .frame has all {len(rows):,} …"]] if rest > 0 else []
    )
    head = ["first sentence", "second sentence", "probability that it follows"]
    return box(paragraph(_headline(result)), table(head, [*rows[:_SHOWN], *more], left=(0, 1)))


def _pairs(result: NextSentences) -> list[tuple[str, str, float]]:
    frame = result.frame
    return list(zip(frame["first"], frame["second"], frame["score"], strict=True))


def _headline(result: NextSentences) -> str:
    took = f", {duration(result.seconds)}" if result.seconds else ""
    pairs = count(len(result), "pair")
    return f"Does the second sentence follow the first? {line(result.model, 40)} on {pairs}{took}."
