"""Text that nobody can see, made visible: what a token hides is shown, and nothing of it is lost."""

from __future__ import annotations

import re
import unicodedata

_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufdd0-\ufdef\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e001f\U000e0080-\U000e0fff]"
)
"""Controls, overrides of the writing direction, characters of no width, halves of pairs, characters that are none."""
_JOINERS = re.compile("^[\u200c\u200d]+|[\u200c\u200d]+$")
"""Between letters and signs these shape what is seen; at an end they hide."""


def visible(text: str) -> str:
    """Return a text as it is, but what cannot be seen as its code: ``⟨U+202E⟩``; NUL and its like as ``␀``."""
    return _JOINERS.sub(_codes, _HIDDEN.sub(_codes, text))


def _codes(match: re.Match[str]) -> str:
    return "".join(chr(0x2400 + ord(one)) if one < " " else f"⟨U+{ord(one):04X}⟩" for one in match[0])


def right_to_left(text: str) -> bool:
    """Whether a text is written from right to left: what its first letter says."""
    first = next(filter(str.isalpha, text), "")
    return unicodedata.bidirectional(first) in ("R", "AL") if first else False
