"""What a format is, and what comes of reading a file in it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from bertmagic.data.formats.source import Source


class Fit(IntEnum):
    """How well the beginning of a file fits a format."""

    NO = 0
    POSSIBLE = 1
    """It can be read so, and perhaps in another way, too; then the suffix decides, or the user."""
    SURE = 2
    """Nothing else looks like this."""


@dataclass(frozen=True)
class Content:
    """The rows of a file.

    Attributes
    ----------
    tables
        The rows of each split; under ``""`` where there are no splits.
    note
        One sentence on how the file was read, with what can be overruled; empty where only one reading is possible.
    """

    tables: Mapping[str, pd.DataFrame]
    note: str = ""


@dataclass(frozen=True)
class Format:
    """A format of files.

    Attributes
    ----------
    name
        What the option ``format`` calls it.
    suffixes
        The suffixes that name it.
    fit
        How well a file fits, by its beginning alone. Must be quick and never raise.
    read
        Reads it; what the user says is in `Source.reading`.
    """

    name: str
    suffixes: tuple[str, ...]
    fit: Callable[[Source], Fit]
    read: Callable[[Source], Content]
