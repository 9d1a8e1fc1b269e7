"""Spans in brackets, as in CoNLL-2012: ``(PER*`` opens one, ``*)`` closes it, ``(LOC)`` is one word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bertmagic.data import tags

if TYPE_CHECKING:
    from collections.abc import Sequence

_CELL = re.compile(r"\*|\*?\)|\([^\s()*]+\*?\)?")


def is_cell(cell: str) -> bool:
    """Whether a cell opens or closes one span, or none."""
    return _CELL.fullmatch(cell) is not None


def to_tags(cells: Sequence[str]) -> list[str]:
    """Return the IOB2 tags of a sentence with spans in brackets.

    Raises
    ------
    ValueError
        If a span is opened within another, closed without being open, or not closed.
    """
    marked, start, label = [], -1, ""
    for number, cell in enumerate(cells):
        if cell.startswith("("):
            if start >= 0:
                raise ValueError(f"{cell} opens a span within {label}")
            start, label = number, cell.strip("(*)")
        if cell.endswith(")"):
            if start < 0:
                raise ValueError(f"{cell} closes no span")
            marked.append(tags.Entity(start, number + 1, label))
            start = -1
    if start >= 0:
        raise ValueError(f"the span {label} is not closed")
    return tags.written(marked, len(cells))
