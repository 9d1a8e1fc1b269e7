"""Rows to read: twenty of them as a table, most of them folded, and all as a page of its own that needs no kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column, Folded, Heading, Table
from bertmagic.display.cells import Passage, Row
from bertmagic.display.results import commands, explorer
from bertmagic.display.style import line, number, share
from bertmagic.errors import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.evaluation.errors import Errors, Example
    from bertmagic.evaluation.report import Report

_ROWS, _FIRST, _LINES = 20, 5, 3
_BYTES = 60_000
"""How large the texts of the table may be, together."""
_CHARACTERS = 240


def blocks(result: Errors) -> list[Block]:
    """Return at most twenty rows as a table: mistakes first, then those least certain; all but five are folded."""
    rows = list(_rows(result))
    score = "probability" if has_probabilities(result) else "off by"
    columns = (Column("row", "word", 20), Column("text", "prose", 70), Column("true", "word", 40),
               Column("predicted", "word", 40), Column(score))  # fmt: skip
    first, others = rows[:_FIRST], rows[_FIRST:]
    rest = [Folded(_rest(result, len(others)), [Table(columns, others)])] if others else []
    return [Heading(_headline(result)), Table(columns, first, lines=_LINES), *rest]


def _rest(result: Errors, many: int) -> str:
    unsure = any(not one.wrong for one in result.examples)
    return count(many, "more row") + (": mistakes, then those least certain" if unsure else "")


def page(result: Report) -> Iterator[list[Block]]:
    """Yield the page of all rows, where the table does not have them all."""
    assert result.errors is not None
    total = len(result.errors.examples)
    if total > _FIRST:
        title = f"All {count(total, 'row')} to read: filter, sort, search"
        yield [Folded(title, [explorer.frame(result, has_probabilities(result.errors))])]


def has_probabilities(result: Errors) -> bool:
    """Whether the rows have the probabilities of classes."""
    return any(one.probabilities for one in result.examples)


def _headline(result: Errors) -> str:
    wrong = result.wrong
    if result.numeric:
        return "The rows that are furthest off:"
    if not wrong:
        return f"All {count(result.rows, 'row')} are right."
    first = "the surest" if has_probabilities(result) else "the furthest off"
    return f"{count(wrong, 'row')} of {result.rows:,} {'is' if wrong == 1 else 'are'} not right, {first} first:"


def _rows(result: Errors) -> Iterator[Row]:
    used = 0
    for one in result.examples[:_ROWS]:
        code = commands.explain(one.text, result.model) if result.model else ""
        text = line(one.text, _CHARACTERS)
        used += len(code.encode()) + len(text.encode())
        if used > _BYTES:
            return
        yield _row(one, Passage(text, folded=_CHARACTERS, code=code, about="explain line"))


def _row(one: Example, text: Passage) -> Row:
    predicted = f"{'✗' if one.wrong else '✓'}\N{NO-BREAK SPACE}{line(one.predicted, 60)}"
    return [
        line(one.row, 30),
        text,
        line(one.true, 60),
        predicted,
        share(one.score) if one.probabilities else number(one.score),
    ]
