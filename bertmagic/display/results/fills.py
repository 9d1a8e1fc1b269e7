"""Words for masks, with the texts that they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.blocks import Block, Column, Headline, Notes, Table
from bertmagic.display.cells import Absent, Ranking, Row, Share
from bertmagic.display.results.predictions import lacking
from bertmagic.display.style import duration, line
from bertmagic.errors import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from bertmagic.tasks.masked_language_modeling.result import Fills

_LINES = 5
_WORDS = 5
_SHOWN = 100
_EXPLANATION = "A word's probability is its share among all pieces of the vocabulary."


def blocks(result: Fills) -> list[Block]:
    """Return the words of a single mask one a row; of several masks one row a mask, with its words in it."""
    table = _words(result) if result.masks == 1 and not result.missing else _masks(result)
    return [Headline(_headline(result)), table, Notes(result.notes, lines=1)]


def _headline(result: Fills) -> str:
    took = f", {duration(result.seconds)}" if result.seconds else ""
    missing = f"; {count(result.missing, 'row')} had no text" if result.missing else ""
    masks, texts = count(result.masks, "mask"), count(result.texts, "text")
    return f"Words of {line(result.model, 40)} for {masks} in {texts}{took}{missing}."


def _words(result: Fills) -> Table:
    """Return a row for each word, at most 100."""
    columns = (Column("word", "word", 24), Column("probability"), Column("filled", "prose", 80))
    frame = result.frame
    cells = zip(frame["word"], frame["score"], frame["filled"], strict=True)
    rows: list[Row] = [
        [line(word, 40), Share(float(score), f"{score:.3f}"), line(filled, 200)] for word, score, filled in cells
    ]
    return _table(columns, rows, "word")


def _masks(result: Fills) -> Table:
    """Return a row for each mask, with its most probable words and the text with the first of them."""
    columns = (Column("row", "word", 20), Column("mask"), Column("words", "word", 120), Column("filled", "prose", 60))
    groups = result.frame.groupby(["row", "mask"], sort=False, dropna=False)
    return _table(columns, [_mask(row, mask, part) for (row, mask), part in groups], "mask")


def _mask(row: object, mask: Any, part: pd.DataFrame) -> Row:
    if lacking(mask):
        return [line(row, 40), "", Absent(), ""]
    words = zip(part["word"].head(_WORDS), part["score"], strict=False)
    ranking = Ranking(tuple((line(word, 40), float(score)) for word, score in words))
    return [line(row, 40), str(mask), ranking, line(part["filled"].iloc[0], 200)]


def _table(columns: Sequence[Column], rows: list[Row], what: str) -> Table:
    total = len(rows)
    gap: list[Row] = [[f"… {count(total - _SHOWN, f'more {what}')} not shown; .frame has them all …"]] * (
        total > _SHOWN
    )
    rest = f"… {count(total - _LINES, f'more {what}')}; .frame has them all." if total > _LINES else ""
    return Table(columns, [*rows[:_SHOWN], *gap], "", _EXPLANATION, _LINES, rest)
