"""The width of a text, and long texts cut to a width."""

from __future__ import annotations

import re
import unicodedata

from bertmagic.display.attention.design import FONT

_WIDE = re.compile(f"[{FONT.wide}]")
"""Letters as wide as two Latin ones."""


def columns(text: str) -> int:
    """Return the width of a text in Latin letters: East Asian letters and emoji count 2, combining marks 0."""
    marks = sum(unicodedata.category(letter) in ("Mn", "Me") for letter in text)
    return len(text) + len(_WIDE.findall(text)) - marks


def short(text: str, most: int = 18) -> str:
    """Return a text of at most so many columns, with ``…`` where it was cut."""
    if len(text) <= 3 * most and columns(text) <= most:
        return text
    kept = text[: 3 * most]
    while columns(kept) > most - 1:
        kept = kept[:-1]
    return kept.rstrip("\u200d") + "…"


def right_to_left(text: str) -> bool:
    """Whether a text is written from right to left, by its first letter."""
    first = next(filter(str.isalpha, text), "")
    return unicodedata.bidirectional(first) in ("R", "AL") if first else False
