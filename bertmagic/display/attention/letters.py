"""Tokens as text that can be seen: hidden characters made visible, long texts cut, the width of a text."""

from __future__ import annotations

import re
import unicodedata

from bertmagic.display.attention.design import FONT

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e001f\U000e0080-\U000e0fff]"
)
"""Control characters, overrides of the writing direction, characters without width, lone surrogates, noncharacters."""
_JOINERS = re.compile("^[\u200c\u200d]+|[\u200c\u200d]+$")
"""Between letters and signs these shape what is seen; at an end they are hidden characters."""
_WIDE = re.compile(f"[{FONT.wide}]")
"""Letters as wide as two Latin ones."""


def visible(text: str) -> str:
    """Return a text with each hidden character replaced by its code: ``⟨U+202E⟩``; NUL and its like by ``␀``."""
    return _JOINERS.sub(_codes, _HIDDEN.sub(_codes, text))


def _codes(match: re.Match[str]) -> str:
    return "".join(chr(0x2400 + ord(one)) if one < " " else f"⟨U+{ord(one):04X}⟩" for one in match[0])


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
