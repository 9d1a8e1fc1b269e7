"""Text that nobody can see, made visible: what a token hides is shown, and nothing of it is lost."""

from __future__ import annotations

import unicodedata

from bertmagic.text_safety import visible_token

visible = visible_token


def right_to_left(text: str) -> bool:
    """Whether a text is written from right to left: what its first letter says."""
    first = next(filter(str.isalpha, text), "")
    return unicodedata.bidirectional(first) in ("R", "AL") if first else False
