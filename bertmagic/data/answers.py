"""Answers to questions as pieces of a context: what a cell says, and where in the context that stands."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bertmagic.data.labels import missing

_NEAR = 2
"""How many characters an offset may be off for one of several places to be the one that is meant."""

_ARRAY = re.compile(r"array\((\[.*?\])(?:, dtype=\w+)?\)", re.DOTALL)
"""An array as pandas writes it into a CSV file."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A right answer: its text, and its characters ``[start, end)`` in the context; both are -1 where it is not found.

    ``text`` is as the data has it; the characters of the context may differ from it in case and spaces.
    """

    text: str
    start: int = -1
    end: int = -1

    @property
    def found(self) -> bool:
        """Whether it is known where it stands."""
        return self.start >= 0


def given(cell: Any) -> list[tuple[str, int]]:
    """Return the texts of a cell, each with its offset or -1; nothing for a question without an answer.

    A cell is a text, ``{"text": …, "answer_start": …}`` with one or a list of each, a list of any of these, the same
    written as JSON or as Python, or missing.

    Raises
    ------
    ValueError
        If it is none of these, with what was found.
    """
    if missing(cell):
        return []
    if isinstance(cell, str):
        read = _written(cell)
        return given(read) if read is not None else [(cell, -1)] if cell.strip() else []
    if isinstance(cell, Mapping):
        return _paired(cell)
    if hasattr(cell, "tolist"):
        cell = cell.tolist()
    if isinstance(cell, list | tuple):
        return [one for item in cell for one in given(item)]
    raise ValueError(f"{cell!r} ({type(cell).__name__})")


def _written(text: str) -> Any:
    """Return the answers that a text is the JSON or the Python of; None if it is a text like any other."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    for read in (json.loads, lambda code: ast.literal_eval(_ARRAY.sub(r"\1", code))):
        try:
            found = read(text.strip())
        except (ValueError, SyntaxError):
            continue
        items = found if isinstance(found, list) else [found]
        return found if all(isinstance(item, str | dict) for item in items) else None
    return None


def _paired(cell: Mapping[Any, Any]) -> list[tuple[str, int]]:
    if "text" not in cell:
        raise ValueError(f"a dict without 'text' (its keys: {', '.join(map(str, cell)) or 'none'})")
    texts, starts = _listed(cell["text"]), _listed(cell.get("answer_start", cell.get("start")))
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"a dict whose 'text' is {cell['text']!r}")
    if starts and len(starts) != len(texts):
        raise ValueError(f"a dict with {len(texts)} texts and {len(starts)} offsets")
    placed = zip(texts, starts or [-1] * len(texts), strict=True)
    return [(text, -1 if missing(start) else int(start)) for text, start in placed if text.strip()]


def _listed(value: Any) -> list[Any]:
    value = value.tolist() if hasattr(value, "tolist") else value
    return list(value) if isinstance(value, list | tuple) else [] if missing(value) else [value]


def located(text: str, context: str, start: int = -1) -> Answer:
    """Return an answer with its place: where its offset says, or where else in the context its text stands.

    It is found again if it stands at one place within two characters of its offset, or at one place at all, with
    its case and, if there is none, without; spaces may be any.

    Examples
    --------
    >>> located("1911", "opened in 1911", 9)
    Answer(text='1911', start=10, end=14)
    """
    if start >= 0 and context.startswith(text, start):
        return Answer(text, start, start + len(text))
    words = r"\s+".join(map(re.escape, text.split()))
    pattern = f"(?=({words}))"  # looks ahead, so that places may overlap
    for flags in (0, re.IGNORECASE):
        places = [match.span(1) for match in re.finditer(pattern, context, flags)]
        near = [place for place in places if start >= 0 and abs(place[0] - start) <= _NEAR]
        for only in (near, places):
            if len(only) == 1:
                return Answer(text, *only[0])
        if places:
            break
    return Answer(text)
