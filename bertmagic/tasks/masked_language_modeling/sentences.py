"""Where the sentences of a text end."""

from __future__ import annotations

import re

_END = re.compile(
    r"(?P<mark>[.!?…]+[\"'”’»)\]]*)(?=\s)"  # a mark of scripts that write spaces, with the quotes it closes
    r"|[。！？｡]+[”’」』）]*"
    r"|[।॥؟۔]+"
    r"|(?P<line>\s*\n\s*)"
)
_INITIAL = re.compile(r"(?:^|[\s.(])[^\W\d_]\.$|(?:^|\s)(?:Mr|Mrs|Ms|Dr|Prof|St|vs|cf|No|Jr|Sr|Nr|bzw|etc|al)\.$")
"""Dots that do not end a sentence: after an initial, and after frequent abbreviations before a name or a number."""
_NEXT = re.compile(r"\s*(\S)")


def split(text: str) -> list[str]:
    """Return the sentences of a text, without the spaces around them.

    A sentence ends at ``.``, ``!``, ``?`` or ``…`` before a space, at the marks of Chinese, Japanese, Hindi, Urdu and
    Arabic, and at the end of a line; except where the text goes on with a small letter, and after an initial or a
    common abbreviation.

    Examples
    --------
    >>> split("Dr. A. Wu came at 3.15 p.m. on Monday. 她没说话。 Why?")
    ['Dr. A. Wu came at 3.15 p.m. on Monday.', '她没说话。', 'Why?']
    """
    sentences, start = [], 0
    for end in _END.finditer(text):
        if _ends(text, start, end):
            sentences.append(text[start : end.end()].strip())
            start = end.end()
    return [sentence for sentence in (*sentences, text[start:].strip()) if sentence]


def _ends(text: str, start: int, end: re.Match[str]) -> bool:
    if end["mark"] is None and end["line"] is None:
        return True
    after = _NEXT.match(text, end.end())
    if after and after[1].islower():
        return False
    return not (end["mark"] == "." and _INITIAL.search(text[max(start, end.start() - 10) : end.end()]))
