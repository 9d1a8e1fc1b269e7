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
from bertmagic.text_safety import quoted

_STARTS = ("start", "startoffset", "startchar", "startidx", "startindex", "startpos", "begin", "beginoffset", "from")
_ENDS = ("end", "endoffset", "endchar", "endidx", "endindex", "endpos", "stop", "to")
_LABELS = (
    "label",
    "labels",
    "type",
    "tag",
    "entitygroup",
    "entitytype",
    "entitylabel",
    "displayname",
    "class",
    "category",
    "entity",
)
_QUOTES = ("text", "word", "surface", "mention", "quote", "value", "name", "entitytext", "entity")
"""The keys of spans in the exports of tools, in lower case without underscores, the likeliest first."""


class Span(NamedTuple):
    """The characters ``[start, end)`` of a text, their label, and their text if it is quoted."""

    start: int
    end: int
    label: str
    quote: str = ""


def read(cell: Any, where: str) -> list[Span]:
    """Return the spans that a cell of a table holds, in the order of their text.

    A cell is a list of dicts with ``start``, ``end``, ``label`` and perhaps ``text`` (or the names that tools give
    them), a list of ``[start, end, label]`` or ``[label, start, end]``, both perhaps with the text at the end, spaCy's
    ``{"entities": [...]}``, or one of these as text.

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
            f"{where} holds {quoted(cell, 60)} instead of spans.",
            'A list of {"start": 0, "end": 5, "label": "PER"} or of [0, 5, "PER"] is read; [] where there is none.',
        )
    given = [_span(item, where) for item in items]
    return sorted({span[:3]: span for span in given}.values())


def is_spans(cell: Any) -> bool:
    """Whether a cell holds at least one span."""
    items = _items(cell)
    return bool(items) and all(_fields(item) is not None for item in items or ())


def _items(cell: Any) -> list[Any] | None:
    if isinstance(cell, str) and cell.strip()[:1] == "{":
        try:
            cell = json.loads(cell)
        except (ValueError, RecursionError):
            return None
    return listed(cell.get("entities") if isinstance(cell, Mapping) else cell)


def _fields(item: Any) -> Span | None:
    """Return start, end, label and quoted text as given; None if one of the first three is missing."""
    start, end, label, quote = _of_dict(item) if isinstance(item, Mapping) else _of_list(listed(item) or [])
    if isinstance(label, list | tuple) and len(label) == 1:
        label = label[0]  # of a tool that allows several
    if not (_is_offset(start) and _is_offset(end) and isinstance(label, str) and label.strip()):
        return None
    return Span(int(start), int(end), label.strip(), quote if isinstance(quote, str) else "")


def _of_dict(item: Mapping[Any, Any]) -> list[Any]:
    values = {str(key).lower().replace("_", "").replace("-", ""): value for key, value in item.items()}

    def first(keys: Sequence[str]) -> Any:
        return values.pop(next((key for key in keys if key in values), ""), None)

    label = first(_LABELS)  # before the text: ``entity`` is the label only where no other key names it
    start, end = first(_STARTS), first(_ENDS)
    if start is None and end is None and _is_offset(values.get("offset")) and _is_offset(values.get("length")):
        start, end = values["offset"], values["offset"] + values["length"]
    if start is None and end is None and len(listed(values.get("span")) or []) == 2:
        start, end = listed(values.pop("span")) or (None, None)
    return [start, end, label, first(_QUOTES)]


def _of_list(fields: list[Any]) -> list[Any]:
    if len(fields) not in (3, 4):
        return [None] * 4
    if isinstance(fields[0], str):
        fields = [*fields[1:3], fields[0], *fields[3:]]
    return [*fields, ""][:4]


def _is_offset(value: Any) -> bool:
    return hasattr(value, "__index__") and not isinstance(value, bool)


def _span(item: Any, where: str) -> Span:
    span = _fields(item)
    if span is None:
        raise DataError(
            f"{where} holds a span {quoted(item, 60)}, in which start, end or label is not to be found.",
            'A span is {"start": 0, "end": 5, "label": "PER"} or [0, 5, "PER"], counted in characters.',
        )
    return span


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
