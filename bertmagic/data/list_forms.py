"""Texts that libraries write for lists, sets and arrays, and that cannot be read back with certainty."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bertmagic.data.words import listed
from bertmagic.errors import DataError
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORMS = {
    "an array as pandas or Arrow writes it": r"<\w*Array>.*",
    "an array as Python writes it": r"(?:\w+\.)?(?:\w*array|tensor|Tensor|Index|Series|Categorical)\(\s*\[.*\)",
    "a set as Python writes it": r"\{\s*(?P<q>['\"])(?:(?!(?P=q)\s*:).)*\}|(?:frozen)?set\(.*\)",
    "a dict as Python or JSON writes it": r"\{\s*['\"].*\}",
    "a tuple as Python writes it": r"\(\s*['\"].*,.*\)",
    "a list with no commas between its items, as NumPy writes it": (
        r"\[\s*(?:'[^']*'|\"[^\"]*\")(?:\s+(?:'[^']*'|\"[^\"]*\"))+\s*\]|\[\s*[-\d.]+(?:\s+[-\d.]+)+\s*\]"
    ),
    "a list with its middle left out": r"\[.*\.\.\..*\]",
    "a list that is neither JSON nor Python": r"\[\s*['\"].*\]|\[[^\[\]]*,[^\[\]]*\]",
}
_READERS = {form: re.compile(pattern, re.DOTALL) for form, pattern in _FORMS.items()}
_BEGINNINGS = re.compile(r"\s*(?:[\[{(<]|[\w.]+\()")


def form(text: str) -> str:
    """Return which form a text has that looks like a list and cannot be read; empty for any other text.

    Examples
    --------
    >>> form("['a' 'b']"), form("{'a'}"), form('["a", "b"]'), form("[neutral]")
    ('a list with no commas between its items, as NumPy writes it', 'a set as Python writes it', '', '')
    """
    if not _BEGINNINGS.match(text) or listed(text) is not None:
        return ""
    return next((name for name, reader in _READERS.items() if reader.fullmatch(text.strip())), "")


def refuse(values: Iterable[Any], where: str) -> None:
    """Raise a `DataError` if one of the values is a text that looks like a list and cannot be read."""
    for value in values:
        if isinstance(value, str) and (name := form(value)):
            raise DataError(
                f"{where} holds {quoted(value, 60)}: {name}, which cannot be read back with certainty.",
                "Save lists so that they stay lists: df.to_parquet(…), or df.to_json(…, orient='records', lines=True); "
                "in a CSV file as json.dumps(list(cell)).",
            )
