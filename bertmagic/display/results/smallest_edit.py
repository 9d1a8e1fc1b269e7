"""The smallest edit that changes a prediction: the text before and after, with what was changed marked."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column, Headline, Notes, Paragraph, Table
from bertmagic.display.cells import Mark, Passage, Row
from bertmagic.display.style import duration, line
from bertmagic.errors import count

if TYPE_CHECKING:
    from bertmagic.explain.smallest_edit import SmallestEdit


def blocks(result: SmallestEdit) -> list[Block]:
    """Return what the edit does, both texts, and a table of the changes."""
    parts: list[Block] = [Headline(_headline(result))]
    if result.changes:
        parts += [_texts(result), _changes(result)]
    return [*parts, Paragraph(_cost(result)), Notes(result.notes, lines=2)]


def _headline(result: SmallestEdit) -> str:
    words = count(result.words, "changed word")
    label, new = line(result.label, 40), line(result.new_label, 40)
    if result.flipped:
        return f"{words}: {label} becomes {new} by {line(result.model, 40)}."
    aim = line(result.target, 40) if result.target else f"another prediction than {label}"
    nearest = f"; the nearest edit has {words}" if result.changes else ""
    return f"No edit was found that gives {aim} by {line(result.model, 40)}{nearest}."


def _texts(result: SmallestEdit) -> Table:
    """Return a table of both texts with the probabilities of each label."""
    names = list(result.probabilities)
    columns = [Column("", "word"), Column("text", "prose", 90), *(Column(line(name, 30)) for name in names)]
    rows: list[Row] = []
    for at, (what, texts) in enumerate((("before", result.before), ("after", result.after))):
        chances = [f"{result.probabilities[name][at]:.3f}" for name in names]
        for part, text in enumerate(texts):
            marks = tuple(Mark(start, end) for where, start, end in result.spans[at] if where == part)
            numbers = chances if part == 0 else [""] * len(names)
            rows.append([what if part == 0 else f"{what}, second text", Passage(text, marks), *numbers])
    return Table(columns, rows)


def _changes(result: SmallestEdit) -> Table:
    columns = [Column("change", "word"), Column("old", "word", 30), Column("new", "word", 30), Column("fluency")]
    rows: list[Row] = [
        [one.kind, line(one.old, 60), line(one.new, 60), "" if math.isnan(one.fluency) else f"{one.fluency:.2g}"]
        for one in result.changes
    ]
    return Table(columns, rows, "", f"Fluency is how probable the new word is there by {result.source or 'nothing'}.")


def _cost(result: SmallestEdit) -> str:
    words = f" New words are from {line(result.source, 80)}." if result.source else ""
    return f"The model read {count(result.passes, 'edited text')} in {duration(result.seconds)}.{words}"
