"""How the offsets of spans are counted: in which unit, and whether the end is part of the span."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from itertools import accumulate, product
from typing import TYPE_CHECKING, Literal, NamedTuple

from bertmagic.data import checks, words
from bertmagic.data.report import Finding
from bertmagic.errors import DataError, count
from bertmagic.tasks.token_classification import spans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bertmagic.tasks.token_classification.spans import Span

Unit = Literal["characters", "UTF-16 code units", "bytes"]
_WIDTHS: dict[Unit, Callable[[str], int]] = {
    "characters": lambda sign: 1,
    "UTF-16 code units": lambda sign: 1 + (sign > "\uffff"),
    "bytes": lambda sign: len(sign.encode("utf-8", "surrogatepass")),
}


class Counting(NamedTuple):
    """A way to count offsets."""

    unit: Unit = "characters"
    inclusive: bool = False
    """Whether the end is the last character of the span, and not the one behind it."""


CHARACTERS = Counting()
_ALL = tuple(Counting(unit, inclusive) for unit, inclusive in product(_WIDTHS, (False, True)))


class Evidence(NamedTuple):
    """A way to count, and what speaks for it."""

    counting: Counting
    findings: list[Finding]


def counted(row: Sequence[Span], text: str, counting: Counting) -> list[Span | None]:
    """Return spans in characters without their end; None where an offset is within a character or outside.

    Parameters
    ----------
    row
        Spans with their offsets as given.
    counting
        How they are counted.
    """
    if counting.unit == "characters" or (counting.unit == "bytes" and text.isascii()):
        return [span._replace(end=span.end + counting.inclusive) for span in row]
    edges = list(accumulate(map(_WIDTHS[counting.unit], text), initial=0))

    def place(offset: int) -> int | None:
        at = bisect_left(edges, offset)
        return at if at < len(edges) and edges[at] == offset else None

    places = [(place(span.start), place(span.end + counting.inclusive)) for span in row]
    return [
        None if start is None or end is None else span._replace(start=start, end=end)
        for span, (start, end) in zip(row, places, strict=True)
    ]


def decide(texts: Iterable[str], rows: Sequence[Sequence[Span]], name: str) -> Evidence:
    """Return how the spans of a table are counted.

    The quoted texts of spans decide, where there are any: the first of all ways under which each is the text at its
    offsets. Without, offsets count UTF-16 code units or bytes if fewer spans cut words so.

    Raises
    ------
    DataError
        If more than `checks.TOLERATED` of the quoted texts fit in no way.
    """
    quoted = [span for row in rows for span in row if span.quote]
    return _by_quotes(texts, rows, name, len(quoted)) if quoted else _by_words(texts, rows)


def _by_quotes(texts: Iterable[str], rows: Sequence[Sequence[Span]], name: str, quoted: int) -> Evidence:
    some = [(text, [span for span in row if span.quote]) for text, row in zip(texts, rows, strict=True)]
    some = [(text, row) for text, row in some if row]
    best, fewest = CHARACTERS, quoted + 1
    for counting in _ALL:
        wrong = sum(not fits(span, text) for text, row in some for span in counted(row, text, counting))
        if wrong < fewest:
            best, fewest = counting, wrong
        if not wrong:
            break
    if not fewest:
        return Evidence(best, _said(best, "as the quoted texts of the spans show"))
    text, span = next(
        (text, span)
        for text, row in some
        for span, read in zip(row, counted(row, text, best), strict=True)
        if not fits(read, text)
    )
    what = (
        f"{fewest:,} of {count(quoted, 'span')} of {name} {'is' if fewest == 1 else 'are'} not the text that "
        f"{'it quotes' if fewest == 1 else 'they quote'}, such as {span.quote!r:.40}: {span.start} to {span.end} "
        f"is {text[max(span.start, 0) : max(span.end, 0)]!r:.40}."
    )
    if fewest > checks.TOLERATED * quoted:
        raise DataError(what, "Count in characters, from 0, the end behind the last; or leave the quoted texts out.")
    return Evidence(best, [*_said(best, "as most of the quoted texts show"), Finding("warning", what, count=fewest)])


def fits(span: Span | None, text: str) -> bool:
    """Whether a span is the text that it quotes, up to blanks, case and the form of characters."""
    return span is not None and span.start >= 0 and _folded(text[span.start : span.end]) == _folded(span.quote)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", "".join(text.split())).casefold()


def _by_words(texts: Iterable[str], rows: Sequence[Sequence[Span]]) -> Evidence:
    """Choose a unit by the spans that differ between it and characters: those that cut words speak against it."""
    cuts = {unit: [0, 0, 0] for unit in _WIDTHS if unit != "characters"}
    for text, row in zip(texts, rows, strict=True):
        if not row or text.isascii():
            continue
        known = words.split(text)
        for unit, counts in cuts.items():
            for plain, other in _differing(row, text, unit):
                counts[0] += 1
                counts[1] += cuts_words(plain, text, known)
                counts[2] += cuts_words(other, text, known)
    for unit, (differing, otherwise, so) in cuts.items():
        if so <= checks.TOLERATED * differing < otherwise:
            why = f"as {otherwise:,} of {count(differing, 'span')} behind such characters would cut words otherwise"
            return Evidence(Counting(unit), _said(Counting(unit), why))
    return Evidence(CHARACTERS, [])


def _differing(row: Sequence[Span], text: str, unit: Unit) -> Iterator[tuple[Span, Span | None]]:
    for plain, other in zip(row, counted(row, text, Counting(unit)), strict=True):
        if other != plain:
            yield plain, other


def cuts_words(span: Span | None, text: str, known: Sequence[words.Span]) -> bool:
    """Whether a span cuts a word, has none, or lies outside of its text."""
    if span is None or not 0 <= span.start < span.end <= len(text):
        return True
    entities, odd = spans.fitted([span], known)
    return bool(odd) or not entities


def placed(row: Sequence[Span], text: str, counting: Counting, where: str) -> list[Span]:
    """Return spans in characters without their end.

    Raises
    ------
    DataError
        If an offset is within a character or outside of the text; ``where`` is what messages call the row.
    """
    read = counted(row, text, counting)
    for span, other in zip(row, read, strict=True):
        if other is None:
            raise DataError(
                f"{where} has a span within a character or outside of its text: {span.start} to {span.end} "
                f"({span.label}), counted in {counting.unit}.",
                "Count all offsets of a table in the same way, best in characters.",
            )
    return [span for span in read if span is not None]


def tolerate(cut: int, texts: Iterable[str], rows: Sequence[Sequence[Span]], counting: Counting, what: str) -> None:
    """Raise a `DataError` if more than `checks.TOLERATED` of the spans without a quoted text cut words.

    Parameters
    ----------
    cut
        How many of them do.
    what
        A sentence that says so.
    """
    unquoted = [[span for span in row if not span.quote] for row in rows]
    total = sum(map(len, unquoted))
    if cut <= checks.TOLERATED * total:
        return
    longer = counting._replace(inclusive=True)
    others = sum(
        cuts_words(span, text, words.split(text))
        for text, row in zip(texts, unquoted, strict=True)
        for span in counted(row, text, longer)
    )
    if others <= checks.TOLERATED * total:
        fix = "Each end seems to be the last character of its span, and not the one behind it: add 1 to each end."
    else:
        fix = (
            "Count in characters of this very text, from 0, the end behind the last. If spans are parts of words, give "
            'each its text, as {"start": 0, "end": 3, "label": "LOC", "text": "Ber"}: they become whole words.'
        )
    raise DataError(f"{what} These are {cut / total:.0%} of its {count(total, 'span')}.", fix)


def _said(counting: Counting, why: str) -> list[Finding]:
    if counting == CHARACTERS:
        return []
    end = ", and their end is the last one of the span" if counting.inclusive else ""
    return [Finding("info", f"The offsets of the spans count {counting.unit}{end}, {why}.", "They are read so.")]
