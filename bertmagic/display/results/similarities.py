"""The texts that are most similar to a query, with their cosines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column, Headline, Notes, Table
from bertmagic.display.cells import Row, Share
from bertmagic.display.style import duration, line
from bertmagic.errors import count

if TYPE_CHECKING:
    from bertmagic.inference.similarities import Similarities

_LINES = 7
_SHOWN = 100
_EXPLANATION = "The cosine of two vectors is 1 for the same text; it has no unit, and its range differs between models."


def blocks(result: Similarities) -> list[Block]:
    """Return the rows of all queries, at most 100; the query is a column where there are several."""
    several = result.queries > 1
    columns = [
        *([Column("query", "word", 40)] if several else []), Column("row", "word", 12), Column("text", "prose", 80),
        Column("cosine"),
    ]  # fmt: skip
    frame, total = result.frame.head(_SHOWN), len(result)
    cells = zip(frame["query"], frame["row"], frame["text"], frame["score"], strict=True)
    rows: list[Row] = [
        [
            *([line(query, 120)] if several else []), line(row, 40), line(text, 300),
            Share(max(0.0, float(score)), f"{score:.3f}"),
        ]
        for query, row, text, score in cells
    ]  # fmt: skip
    if total > _SHOWN:
        rows.append([f"… {count(total - _SHOWN, 'more text')} not shown; .frame has them all …"])
    rest = f"… {count(total - _LINES, 'more text')}; .frame has them all." if total > _LINES else ""
    table = Table(columns, rows, "", _EXPLANATION, _LINES, rest)
    return [Headline(_headline(result)), table, Notes(result.notes, lines=2)]


def _headline(result: Similarities) -> str:
    """Return the cosine of two texts, or how many were compared; a single query is named."""
    query = f"“{line(result.frame['query'].iloc[0], 60)}”"
    took = f", {duration(result.seconds)}" if result.seconds else ""
    missing = f"; {count(result.missing, 'row')} had no text" if result.missing else ""
    where = f"{line(result.model, 40)}{missing}{took}"
    if (result.queries, result.texts) == (1, 1):
        return f"{query} and another text have a cosine of {result.score:.3f} in {where}."
    queries = query if result.queries == 1 else count(result.queries, "query", "queries")
    return f"Nearest of {count(result.texts, 'text')} to {queries}, by cosine in {where}."
