"""Blocks as Markdown, as GitHub reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic import text_safety as md
from bertmagic.display import blocks as b
from bertmagic.display import cells as c
from bertmagic.display.writers.text import cell_text
from bertmagic.text_safety import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def markdown(blocks: Iterable[b.Block]) -> str:
    """Return blocks as Markdown, an empty line between them."""
    return "\n\n".join(_parts(blocks)) + "\n"


def _parts(blocks: Iterable[b.Block]) -> list[str]:
    return [part for block in blocks for part in _WRITERS[type(block)](block) if part]


def _text(value: str) -> str:
    return md.escaped(visible(value))


def _strong(value: str) -> str:
    return f"**{written}**" if (written := _text(value)) else ""


def _cell(cell: c.Cell) -> str:
    strong = isinstance(cell, c.Strong) or (isinstance(cell, c.Shade) and cell.strong)
    return (_strong if strong else _text)(cell_text(cell))


def _table(block: b.Table) -> list[str]:
    if not block.rows:
        return []
    many = len(block.columns)
    rows = [[*map(_cell, row), *[""] * (many - len(row))] for row in block.rows]
    left = [at for at, column in enumerate(block.columns) if column.kind != "number"]
    caption = " ".join(filter(None, (block.caption, block.explanation)))
    return [_text(caption), md.table([_text(column.name) or " " for column in block.columns], rows, left)]


def _paragraph(block: b.Paragraph) -> list[str]:
    return [" ".join(filter(None, (_text(block.text), md.code(visible(block.code)))))]


def _code(block: b.Code) -> list[str]:
    """Return lines of code, fenced by more backticks than they have."""
    text = visible(block.text)
    fence = "`" * max(3, 1 + max(map(len, _runs(text)), default=0))
    return [f"{fence}\n{text}\n{fence}"]


def _runs(text: str) -> list[str]:
    return "".join(letter if letter == "`" else " " for letter in text).split()


def _nothing(block: object) -> list[str]:
    """Return nothing: what is drawn has its numbers or its words in another block."""
    return []


_WRITERS: dict[type, Callable[[Any], list[str]]] = {
    b.Headline: lambda block: [_text(block.text)],
    b.Heading: lambda block: [_strong(block.text)],
    b.Paragraph: _paragraph,
    b.Notes: lambda block: ["\n".join(f"- {_text(note)}" for note in block.texts)],
    b.Table: _table,
    b.NextSteps: lambda block: [f"Next: {' · '.join(md.code(visible(code)) for code in block.codes)}"],
    b.Code: _code,
    b.Alert: _code,
    c.Caution: lambda block: [f"**Warning:** {_text(block.text)}"],
    b.ProgressBar: _nothing,
    b.Chart: _nothing,
    b.Image: _nothing,
    b.Folded: lambda block: [_text(block.summary), *_parts(block.blocks)],
    b.Figure: lambda block: [_text(block.title), *_parts(block.numbers)],
    b.Frame: _nothing,
    b.Widget: _nothing,
    b.LostWidget: _nothing,
}
