"""Blocks as plain text, for a terminal and wherever HTML is not shown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bertmagic.display import blocks as b
from bertmagic.display import cells as c
from bertmagic.display.style import WARNING, line, width
from bertmagic.errors import count
from bertmagic.text_safety import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_CELL = 400
"""How many characters of a cell a line has at most, where its column sets no limit."""
_MARKS = 6
"""How many marks of a passage are shown."""
_SCORED = 8
"""How many words of a text with scores are marked."""
_BELOW = 3
"""Of how many rows the cells below a table are shown."""
_SPACE = re.compile(r"\s+")


def text(blocks: Iterable[b.Block]) -> str:
    """Return blocks as lines of text."""
    return "\n".join(_lines(blocks)).strip("\n")


def _lines(blocks: Iterable[b.Block]) -> list[str]:
    """Return the lines of blocks; where there are several tables, an empty line stands around each."""
    written = [(block, lines) for block in blocks if (lines := _WRITERS[type(block)](block))]
    tables = [isinstance(block, b.Table) for block, _ in written]
    headings = [isinstance(block, b.Heading) for block, _ in written]
    parts: list[str] = []
    for at, (_, lines) in enumerate(written):
        apart = sum(tables) > 1 and at > 0 and (tables[at] or tables[at - 1]) and not headings[at - 1]
        parts += ["", *lines] if apart else lines
    return parts


def cell_text(cell: c.Cell, most: int = _CELL) -> str:
    """Return a cell as one line of text, with its marks in brackets."""
    if isinstance(cell, c.Passage) and cell.marks:
        return marked(cell)
    if isinstance(cell, c.Weighted):
        return scored(cell)
    return line(cell if isinstance(cell, str) else cell.text, most or _CELL)


def marked(passage: c.Passage) -> str:
    """Return the marks of a passage and what stands around them: ``… was born in ⟦Paris⟧ LOC 0.981 (12–17) and …``."""
    around = 16 if passage.marks[0].label else 60
    parts, done = [], 0
    for mark in passage.marks[:_MARKS]:
        parts += [_between(passage.text[done : mark.start], around, done > 0, True), _mark(passage.text, mark)]
        done = mark.end
    rest = len(passage.marks) - _MARKS
    end = f" … {rest:,} more" if rest > 0 else _between(passage.text[done:], around, True, False)
    return "".join([*parts, end]).strip()


def scored(cell: c.Weighted) -> str:
    """Return a text with the sign of its strongest words: ``a ⟦+gorgeous⟧ film that is never ⟦−dull⟧``."""
    strongest = sorted(cell.words, key=lambda word: -abs(word[2]))[:_SCORED]
    parts, done = [], 0
    for start, end, score in sorted(word for word in strongest if cell.strength(word[2])):
        parts.append(_between(cell.text[done:start], 60, done > 0, True))
        parts.append(f"⟦{'+' if score > 0 else '−'}{line(cell.text[start:end], 60)}⟧")
        done = end
    return "".join([*parts, _between(cell.text[done:], 60, True, False)]).strip()


def _between(words: str, around: int, begin: bool, end: bool) -> str:
    """Return a text that stands between two marks, before the first or after the last; only its ends if it is long."""
    if len(words) <= around * (begin + end):
        return _flat(words)
    return (_flat(words[:around]) if begin else "") + "…" + (_flat(words[-around:]) if end else "")


def _flat(words: str) -> str:
    return _SPACE.sub(" ", visible(words))


def _mark(whole: str, mark: c.Mark) -> str:
    label = f" {line(mark.label, 24)} {mark.score:.3f} ({mark.start}–{mark.end})" if mark.label else ""
    return f"⟦{line(whole[mark.start : mark.end], 60)}⟧{label}"


def _sentence(block: b.Headline | b.Heading | b.Alert) -> list[str]:
    return [visible(block.text)]


def _heading(block: b.Heading) -> list[str]:
    return ["", visible(block.text)]


def _paragraph(block: b.Paragraph) -> list[str]:
    return [visible(" ".join(filter(None, (block.text, block.code))))] if block.text or block.code else []


def _caution(block: c.Caution) -> list[str]:
    return [f"{WARNING} Warning: {line(block.text, _CELL)}"]


def _notes(block: b.Notes) -> list[str]:
    shown = [f"Note: {line(note, 200)}" for note in block.texts[: block.lines]]
    rest = len(block.texts) - len(shown)
    if shown and rest > 0:
        shown[-1] += f" (and {count(rest, 'more note')} in .notes)"
    return shown


def _next_steps(block: b.NextSteps) -> list[str]:
    return [visible(f"Next: {' · '.join(block.codes)}")] if block.plain else []


def _table(block: b.Table) -> list[str]:
    rows = block.rows[: block.lines]
    caption = [visible(block.caption)] if block.caption else []
    if not rows:
        return []
    rest = [visible(block.rest)] if block.rest else []
    if block.listed:
        return [*caption, *map(_listed, rows), *rest]
    return [*caption, *_aligned(block.columns, rows), *_below(block.columns, rows), *rest]


def _listed(row: c.Row) -> str:
    first, *others = (cell_text(cell).rstrip(".") for cell in row)
    return f"{first}: {'; '.join(filter(None, others))}"


def _aligned(all_columns: Sequence[b.Column], rows: Sequence[c.Row]) -> list[str]:
    """Return the head and the rows as aligned lines; a row of one cell is a line of its own."""
    places = [at for at, column in enumerate(all_columns) if column.plain == "column"]
    whole = [row for row in rows if len(row) == len(all_columns)]
    cells = [[cell_text(row[at], all_columns[at].width) for at in places] for row in whole]
    head = [visible(all_columns[at].name) for at in places]
    left = tuple(place for place, at in enumerate(places) if all_columns[at].kind != "number")
    lines = columns([head, *cells] if any(head) else cells, left)
    return [*lines, *(cell_text(row[0]) for row in rows if len(row) != len(all_columns))]


def _below(all_columns: Sequence[b.Column], rows: Sequence[c.Row]) -> list[str]:
    """Return the cells that stand below the table, each with its name."""
    parts: list[str] = []
    for row in rows[:_BELOW]:
        for column, cell in zip(all_columns, row, strict=False):
            if column.plain == "below" and (words := cell_text(cell, column.width)):
                name = visible(column.name)
                heading = f"{cell_text(row[0], 40)}, {name}" if len(rows) > 1 else name
                parts.append(f"{heading}: {words}")
    return parts


def columns(rows: Sequence[Sequence[str]], left: Sequence[int] = (0,), gap: str = "  ") -> list[str]:
    """Align cells into lines: the columns numbered in ``left`` to the left, the others to the right."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return [gap.join(_pad(cell, widths[at], at in left) for at, cell in enumerate(row)).rstrip() for row in rows]


def _pad(cell: str, columns_: int, left: bool) -> str:
    blank = " " * (columns_ - width(cell))
    return cell + blank if left else blank + cell


def _code(block: b.Code) -> list[str]:
    return ["", *map(visible, block.text.splitlines())]


def _folded(block: b.Folded) -> list[str]:
    return _lines(block.blocks) if block.plain else []


def _figure(block: b.Figure) -> list[str]:
    return [visible(block.title), "", *_lines(block.numbers)] if block.plain else []


def _nothing(block: object) -> list[str]:
    """Return no line: what is drawn has its numbers or its words in another block."""
    return []


_WRITERS: dict[type, Callable[[Any], list[str]]] = {
    b.Headline: _sentence, b.Heading: _heading, b.Paragraph: _paragraph, b.Notes: _notes, b.Table: _table,
    b.Code: _code, b.Alert: _sentence, c.Caution: _caution, b.ProgressBar: _nothing, b.Chart: _nothing,
    b.Image: _nothing,
    b.Folded: _folded, b.Figure: _figure, b.Frame: _nothing, b.Widget: _nothing, b.LostWidget: _nothing,
    b.NextSteps: _next_steps,
}  # fmt: skip
