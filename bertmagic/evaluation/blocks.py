"""Rows in blocks, so that thousands of classes take no more memory at a time than a few."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

CELLS = 1_000_000
"""How many numbers, rows times classes, are computed at a time in double precision."""


def blocks(rows: int, classes: int, cells: int = CELLS) -> Iterator[slice]:
    """Yield slices of the rows, each of at most ``cells`` numbers or of one row; the last one ends at ``rows``."""
    size = max(1, cells // max(1, classes))
    yield from (slice(start, min(start + size, rows)) for start in range(0, rows, size))
