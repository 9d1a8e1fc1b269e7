"""Entities, marked in their texts: each with its label behind it, so that colours only help."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column, Headline, Notes, Paragraph, Table
from bertmagic.display.cells import Absent, Cell, Mark, Passage, Row
from bertmagic.display.results.predictions import FIRST, LAST, shown_rows
from bertmagic.display.results.steps import of_predictions
from bertmagic.display.style import line, speed
from bertmagic.errors import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.tasks.token_classification.result import Entities

_LINES = 5
_BYTES = 100_000
"""How large the texts of a result may be in HTML, together."""
_PASSAGE = 3_000
"""How large one text may be."""


def blocks(result: Entities) -> list[Block]:
    """Return at most 50 texts with their entities marked."""
    total = len(result.given)
    columns = (Column("row", "word", 20), Column("text", "prose"))
    explanation = "Behind each entity stand its label and its score." if len(result.frame) else ""
    lines = min(_LINES, total) if len(result.frame) else 0
    rest = f"… {count(total - lines, 'more text')}; .frame has the entities of all." if total > lines else ""
    rows = Table(columns, list(_rows(result)), "", explanation, lines, rest)
    steps = of_predictions(result.model, [text for text in result.given.head(_LINES) if isinstance(text, str)])
    return [Headline(_headline(result)), rows, Paragraph(_remarks(result)), Notes(result.notes, lines=1), steps]


def _headline(result: Entities) -> str:
    counted = Counter(result.frame["label"].tolist()).most_common()
    each = ", ".join(f"{line(label, 24)} ({many:,})" for label, many in counted[:6])
    rest = len(counted) - 6
    more = f" and {count(rest, 'more type')}" if rest > 0 else ""
    total = f"{count(len(result.frame), 'entity', 'entities')} in {count(len(result.given), 'text')}"
    what = f"{total} by {line(result.model, 40)} ({line(result.task, 30)})"
    return f"{what}: {each}{more}." if counted else f"{what}."


def _remarks(result: Entities) -> str:
    missing = f"{count(result.missing, 'row')} had no text." if result.missing else ""
    cost = speed(len(result.given), result.tokens, result.seconds) if result.seconds > 0 else ""
    return " ".join(filter(None, (missing, cost)))


def _rows(result: Entities) -> Iterator[Row]:
    total = len(result.given)
    shown = shown_rows(total)
    bytes_ = min(_PASSAGE, _BYTES // max(1, len(shown)))
    for at in shown:
        if at is None:
            yield [f"… {count(total - FIRST - LAST, 'text')} not shown; .frame has the entities of all {total:,} …"]
        else:
            yield [line(result.given.index[at], 40), _text(result, at, bytes_)]


def _text(result: Entities, at: int, bytes_: int) -> Cell:
    whole = result.text(at)
    if whole is None:
        return Absent()
    looks = {label: look for look, label in enumerate(result.labels)}
    columns = result.of(at)[["start", "end", "label", "score"]]
    marks = tuple(
        Mark(int(start), int(end), str(label), float(score), looks.get(label, len(looks)))
        for start, end, label, score in columns.itertuples(index=False, name=None)
    )
    return Passage(whole, marks, bytes_, folded=bytes_)
