"""Blocks as LaTeX: tables with the rules of ``booktabs``, sentences as comments."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bertmagic.display import blocks as b
from bertmagic.display import cells as c
from bertmagic.display.style import line
from bertmagic.display.writers.text import cell_text
from bertmagic.text_safety import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_SPELLED = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "[": "{[}", "]": "{]}", "*": "{*}", "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
}  # fmt: skip
"""Brackets and stars too: behind ``\\\\`` at the end of a row they would be read as its options."""


def latex(blocks: Iterable[b.Block]) -> str:
    """Return blocks as LaTeX; the headline goes into the caption of the first table."""
    return "\n\n".join(part for block in _captioned(blocks) for part in _WRITERS[type(block)](block) if part) + "\n"


def _captioned(blocks: Iterable[b.Block]) -> Iterator[b.Block]:
    headline = ""
    for block in blocks:
        if isinstance(block, b.Headline):
            headline = block.text
        if isinstance(block, b.Table) and headline and block.rows:
            yield replace(block, caption=" ".join(filter(None, (headline, block.caption))))
            headline = ""
        else:
            yield block


def escaped(value: object) -> str:
    """Return a value as LaTeX that prints the text it is."""
    flat = re.sub(r"\s+", " ", visible(value)).strip()
    return "".join(_SPELLED.get(letter, letter) for letter in flat)


def _table(block: b.Table) -> list[str]:
    if not block.rows:
        return []
    sides = "".join("r" if column.kind == "number" else "l" for column in block.columns)
    rows = [_row(row, len(block.columns)) for row in block.rows]
    caption = escaped(" ".join(filter(None, (block.caption, block.explanation))))
    return ["\n".join([
        r"\begin{table}", r"\centering", rf"\caption{{{caption}}}", rf"\begin{{tabular}}{{{sides}}}",
        r"\toprule", " & ".join(escaped(column.name) for column in block.columns) + r" \\", r"\midrule", *rows,
        r"\bottomrule", r"\end{tabular}", r"\end{table}",
    ])]  # fmt: skip


def _row(row: c.Row, many: int) -> str:
    if len(row) == 1 < many:
        return rf"\multicolumn{{{many}}}{{l}}{{{_cell(row[0])}}} \\"
    return " & ".join(map(_cell, row)) + r" \\"


def _cell(cell: c.Cell) -> str:
    written = escaped(cell_text(cell))
    strong = isinstance(cell, c.Strong) or (isinstance(cell, c.Shade) and cell.strong)
    return rf"\textbf{{{written}}}" if strong and written else written


def _comment(*texts: str) -> list[str]:
    """Return texts as comments: no line of them ends early, so that nothing of them is read as LaTeX."""
    lines = [f"% {line(text, 400)}" for whole in texts for text in whole.splitlines() if text.strip()]
    return ["\n".join(lines)]


def _parts(blocks: Iterable[b.Block]) -> list[str]:
    return [part for block in blocks for part in _WRITERS[type(block)](block)]


def _nothing(block: object) -> list[str]:
    """Return nothing: what is drawn has its numbers or its words in another block."""
    return []


_WRITERS: dict[type, Callable[[Any], list[str]]] = {
    b.Headline: lambda block: _comment(block.text),
    b.Heading: lambda block: _comment(block.text),
    b.Paragraph: lambda block: _comment(f"{block.text} {block.code}"),
    b.Notes: lambda block: _comment(*block.texts),
    b.Table: _table,
    b.NextSteps: lambda block: _comment(f"Next: {' · '.join(block.codes)}"),
    b.Code: lambda block: _comment(block.text),
    b.Alert: lambda block: _comment(block.text),
    c.Caution: lambda block: _comment(block.text),
    b.ProgressBar: _nothing,
    b.Chart: _nothing,
    b.Image: _nothing,
    b.Folded: lambda block: [*_comment(block.summary), *_parts(block.blocks)],
    b.Figure: lambda block: [*_comment(block.title), *_parts(block.numbers)],
    b.Frame: _nothing,
    b.Widget: _nothing,
    b.LostWidget: _nothing,
}
