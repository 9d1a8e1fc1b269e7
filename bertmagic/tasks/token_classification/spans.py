"""Entities marked by the characters of a running text, and their words."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from bertmagic.data.tags import Entity
from bertmagic.data.words import listed
from bertmagic.errors import DataError, count

_KEYS = {
    "start": ("start", "start_offset", "start_char", "begin"),
    "end": ("end", "end_offset", "end_char", "stop"),
    "label": ("label", "labels", "type", "tag", "entity_group", "entity_type", "entity", "class"),
}


class Span(NamedTuple):
    """The characters ``[start, end)`` of a text, and their label."""

    start: int
    end: int
    label: str


def read(cell: Any, where: str) -> list[Span]:
    """Return the spans that a cell of a table holds, in the order of their text.

    A cell is a list of dicts (``start``, ``end``, ``label``, or the names that doccano and others give them), a list of
    ``[start, end, label]``, spaCy's ``{"entities": [...]}``, or one of these as text.

    Parameters
    ----------
    where
        By which messages call the row.

    Raises
    ------
    DataError
        If it holds something else.
    """
    items = _items(cell)
    if items is None:
        raise DataError(
            f"{where} holds {cell!r:.60} instead of spans.",
            'A list of {"start": 0, "end": 5, "label": "PER"} or of [0, 5, "PER"] is read; [] where there is none.',
        )
    return sorted(dict.fromkeys(_span(item, where) for item in items))


def is_spans(cell: Any) -> bool:
    """Whether a cell holds at least one span."""
    items = _items(cell)
    return bool(items) and all(_fields(item) is not None for item in items or ())


def _items(cell: Any) -> list[Any] | None:
    if isinstance(cell, str) and cell.strip()[:1] == "{":
        try:
            cell = json.loads(cell)
        except ValueError:
            return None
    return listed(cell.get("entities") if isinstance(cell, Mapping) else cell)


def _fields(item: Any) -> list[Any] | None:
    """Return start, end and label as given; None if one is missing."""
    if isinstance(item, Mapping):
        fields = [next((item[key] for key in keys if key in item), None) for keys in _KEYS.values()]
    else:
        fields = listed(item) or []
    if len(fields) == 3 and isinstance(fields[2], list | tuple) and len(fields[2]) == 1:
        fields[2] = fields[2][0]  # of a tool that allows several
    numbers = [hasattr(value, "__index__") and not isinstance(value, bool) for value in fields[:2]]
    return fields if len(fields) == 3 and all(numbers) and isinstance(fields[2], str) and fields[2].strip() else None


def _span(item: Any, where: str) -> Span:
    fields = _fields(item)
    if fields is None:
        raise DataError(
            f"{where} holds a span {item!r:.60}, in which start, end or label is not to be found.",
            'A span is {"start": 0, "end": 5, "label": "PER"} or [0, 5, "PER"], counted in characters.',
        )
    return Span(int(fields[0]), int(fields[1]), fields[2].strip())


def check(spans: Sequence[Span], text: str, where: str) -> None:
    """Raise a `DataError` if a span is empty or lies outside of its text, or two of them overlap."""
    for span in spans:
        if span.start < 0 or span.end > len(text):
            raise DataError(
                f"{where} has a span outside of its text: {_text(span)}; the text has {count(len(text), 'character')}.",
                "Count in characters, from 0; offsets in bytes or in tokens differ.",
            )
        if span.end <= span.start:
            raise DataError(f"{where} has an empty span: {_text(span)}.", "The end is the character behind the last.")
    for left, right in pairwise(spans):
        if right.start < left.end:
            raise DataError(
                f"{where} has overlapping spans: {_text(left)} and {_text(right)}.",
                "A word has one tag: keep one of the two, such as the longer.",
            )


def _text(span: Span) -> str:
    return f"{span.start} to {span.end} ({span.label})"


def fitted(spans: Sequence[Span], words: Sequence[Sequence[int]]) -> tuple[list[Entity], list[Span]]:
    """Return the words that spans take, and the spans that do not end where words do.

    Such a span is widened to whole words. A word that two of them share goes to the first; one that is left without a
    word is dropped.

    Parameters
    ----------
    spans
        In the order of the text, apart.
    words
        First character of each word, and the one behind its last.
    """
    starts, ends = [word[0] for word in words], [word[1] for word in words]
    entities: list[Entity] = []
    odd = []
    for span in spans:
        free = entities[-1].end if entities else 0
        first, behind = bisect_right(ends, span.start), bisect_left(starts, span.end)
        # a span may include characters around a word, such as a space
        if first >= behind or starts[first] < span.start or ends[behind - 1] > span.end:
            odd.append(span)
        if max(first, free) < behind:
            entities.append(Entity(max(first, free), behind, span.label))
    return entities, odd
