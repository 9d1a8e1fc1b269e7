"""Entities that a file marks by offsets into a text, with the text that they quote, which shows how it counts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from bertmagic.errors import DataError, count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True)
class Mention:
    """An entity.

    Attributes
    ----------
    parts
        Start and end of each part, in the units of the file; more than one if it is interrupted.
    label
        Its type.
    quoted
        The text that the file quotes; empty if it quotes none.
    place
        Where the file marks it, as messages call it.
    """

    parts: tuple[tuple[int, int], ...]
    label: str
    quoted: str
    place: str


@dataclass(frozen=True)
class Spans:
    """The spans of a text in characters, apart from each other and in order.

    Attributes
    ----------
    spans
        Each with ``start``, ``end``, ``label`` and its ``text``, which proves that it is counted in characters.
    overlapping
        How many were left out, because a longer one covers some of their characters.
    interrupted
        How many entities are interrupted, so that each of their parts is a span.
    """

    spans: list[dict[str, Any]]
    overlapping: int
    interrupted: int


def locate(text: str, mentions: Sequence[Mention]) -> Spans:
    """Return the spans of mentions in a text.

    Offsets count characters, unless the quoted texts show that they count bytes of UTF-8, units of UTF-16, or line ends
    as one character each. The parts of an entity that only blanks separate, as at the end of a line, are one span.

    Raises
    ------
    DataError
        If the text at the offsets of a mention is not the one that it quotes.
    """
    placed = next((placed for unit in _UNITS if (placed := _placed(text, mentions, unit)) is not None), None)
    if placed is None:
        raise _misplaced(text, mentions)
    joined = [_joined(text, parts) for parts in placed]
    marks = [(start, end, m.label) for m, parts in zip(mentions, joined, strict=True) for start, end in parts]
    kept = _apart(marks)
    spans = [{"start": start, "end": end, "label": label, "text": text[start:end]} for start, end, label in kept]
    return Spans(spans, len(set(marks)) - len(kept), sum(len(parts) > 1 for parts in joined))


def _characters(text: str) -> None:
    """Return that offsets are those of characters."""


def _lf(text: str) -> list[int]:
    return [0 if pair == ("\r", "\n") else 1 for pair in pairwise(text + " ")]


def _utf16(text: str) -> list[int]:
    return [1 + (char > "\uffff") for char in text]


def _utf8(text: str) -> list[int]:
    return [len(char.encode("utf-8", "surrogatepass")) for char in text]


_UNITS: tuple[Callable[[str], list[int] | None], ...] = (_characters, _lf, _utf16, _utf8)
"""How many units of a file's offsets each character of a text has; None if one each."""


def _placed(
    text: str, mentions: Iterable[Mention], unit: Callable[[str], list[int] | None]
) -> list[list[tuple[int, int]]] | None:
    """Return the parts of mentions in characters; None if their texts are not those that they quote."""
    sizes = unit(text)
    if sizes is None:
        at: dict[int, int] | range = range(len(text) + 1)
    else:
        # of characters of size 0, the first
        at = {offset: index for index, offset in reversed(list(enumerate(accumulate(sizes, initial=0))))}
    placed = []
    for mention in mentions:
        if not all(offset in at for part in mention.parts for offset in part):
            return None
        parts = sorted((at[start], at[end]) for start, end in mention.parts)
        if not _quotes(mention, text, parts):
            return None
        placed.append(parts)
    return placed


def _quotes(mention: Mention, text: str, parts: Sequence[tuple[int, int]]) -> bool:
    if any(start >= end for start, end in parts):
        return False
    return not mention.quoted or _plain(" ".join(text[start:end] for start, end in parts)) == _plain(mention.quoted)


def _plain(text: str) -> str:
    return _BLANKS.sub(" ", text).strip()


def _misplaced(text: str, mentions: Sequence[Mention]) -> DataError:
    """Return the error for the first mention that does not fit as characters."""
    wrong = next(mention for mention in mentions if _placed(text, [mention], _characters) is None)
    there = " ".join(text[start:end] for start, end in wrong.parts)
    shown = " and ".join(f"{start} to {end}" for start, end in wrong.parts)
    return DataError(
        f"{wrong.place} quotes {wrong.quoted!r:.60}, but characters {shown} of the text are {there!r:.60}.",
        "Was the text changed after it was annotated? Restore it, or correct or remove that line.",
    )


def _joined(text: str, parts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join the parts of an entity that have only blanks between them."""
    joined = [parts[0]]
    for start, end in parts[1:]:
        if text[joined[-1][1] : start].strip():
            joined.append((start, end))
        else:
            joined[-1] = (joined[-1][0], end)
    return joined


def _apart(marks: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Return marks of which none covers a character of another, the longer ones before the shorter."""
    kept: list[tuple[int, int, str]] = []
    for mark in sorted(dict.fromkeys(marks), key=lambda mark: (mark[0] - mark[1], mark)):
        if all(mark[1] <= other[0] or other[1] <= mark[0] for other in kept):
            kept.append(mark)
    return sorted(kept)


def remarks(overlapping: int, interrupted: int) -> list[str]:
    """Return sentences on spans that could not be kept as they are."""
    sentences = []
    if overlapping:
        what = count(overlapping, "span overlaps a longer one", "spans overlap longer ones")
        sentences.append(f"{what} and {'is' if overlapping == 1 else 'are'} left out.")
    if interrupted:
        what = count(interrupted, "entity is interrupted", "entities are interrupted")
        sentences.append(f"{what}: each part is a span.")
    return sentences
