"""A table before it is HTML, Markdown or LaTeX."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells as text, with the columns named in ``left`` aligned to the left."""

    caption: str
    head: list[str]
    rows: Sequence[list[str]]
    left: tuple[int, ...] = (0,)
