"""Texts without what readers do not see: composed characters, kinds of quotes and dashes, invisible characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_ALIKE = str.maketrans("‘’‚‛ʼ´`′“”„‟«»″‐‑‒–—−", "''''''''\"\"\"\"\"\"\"------")
_MARK = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"


def places(answer: str, context: str) -> list[tuple[int, int]]:
    """Return where an answer stands in a context, in any form of its characters, quotes, dashes, spaces and case.

    Examples
    --------
    >>> places("l'e\u0301cole", "À L’ÉCOLE")
    [(2, 9)]
    """
    words = [re.escape(word) for word in "".join(sign for sign, _ in _signs(answer)).split()]
    signs = list(_signs(context))
    # Looks ahead, so that places may overlap; not before a mark, which would be a part of the last character.
    pattern = "(?=(" + r"\s+".join(words) + f")(?!{_MARK}))"
    spans = (match.span(1) for match in re.finditer(pattern, "".join(sign for sign, _ in signs)))
    return [(signs[start][1], signs[end - 1][1] + 1) for start, end in spans if start < end]


def _signs(text: str) -> Iterator[tuple[str, int]]:
    """Yield the characters of a text in one form, each with the number of the character it comes from."""
    for number, sign in enumerate(text):
        if unicodedata.category(sign) != "Cf":
            plain = unicodedata.normalize("NFD", sign).translate(_ALIKE).casefold()
            yield from ((part, number) for part in plain)
