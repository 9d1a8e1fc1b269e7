"""A pair of texts as users write it: a tuple of two, or one text with `` ||| `` between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bertmagic.data.object_types import declares

SEPARATOR = " ||| "


def split(given: Any) -> tuple[Any, ...]:
    """Return the texts of one input: those of a list or tuple, or those around each `SEPARATOR`; else it alone."""
    if isinstance(given, str):
        return tuple(given.split(SEPARATOR))
    return tuple(given) if is_list(given) else (given,)


def joined(first: str, second: str) -> str:
    """Return a pair as one text, which `split` parts again."""
    return f"{first}{SEPARATOR}{second}"


def is_pair(given: Any) -> bool:
    """Whether it is one pair: a list of two texts that are not pairs themselves."""
    texts = split(given) if is_list(given) else ()
    return len(texts) == 2 and all(isinstance(text, str) and SEPARATOR not in text for text in texts)


def is_list(given: Any) -> bool:
    """Whether it is a list of texts: also an array or a column of a Dataset, but no text and no list of rows."""
    if isinstance(given, str | bytes):
        return False
    if declares(given, "tolist") and getattr(given, "ndim", 0) == 1:
        return True
    return isinstance(given, Sequence) and not (len(given) and isinstance(given[0], Mapping))
