"""A table before it is HTML, Markdown or LaTeX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells as text, with the columns named in ``left`` aligned to the left."""

    caption: str
    head: list[str]
    rows: Sequence[list[str]]
    left: tuple[int, ...] = (0,)
