"""The names of the columns of a table, and whether its first row holds them."""

from __future__ import annotations

import re
from statistics import median
from typing import TYPE_CHECKING

from bertmagic.data import columns
from bertmagic.errors import DataError, count, listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bertmagic.data.formats.source import Source

_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?")
SAMPLE = 1000
"""How many rows tell whether there is a header."""

_WORD = re.compile(r"[^\W\d_]?[^\W\d_A-Z]+|[A-Z]+|\d+")  # parts of ReviewText or review_text
_KNOWN = columns.USUAL_NAMES
_FURTHER = re.compile(
    "id|idx|index|title|name|date|time|user|username|author|url|language|lang|source|split|genre|rating|score|star|word"
    "|token|tag|ner|question|answer|context|query|passage"
)
"""Names that stand in headers and hardly ever in rows."""

_LONG = 40
"""From how many characters on a field with several words is a text."""


class UnsureHeader(DataError):
    """The first row may hold names or data."""


def names(source: Source, rows: Sequence[Sequence[str]]) -> tuple[int, list[str]]:
    """Return how many rows stand above the data, and the names of the columns: 0, 1, … if there are none.

    Raises
    ------
    UnsureHeader
        If the first row may be names or data.
    DataError
        If as many names as columns are not given.
    """
    reading, width = source.reading, len(rows[0])
    named = reading.header if reading.header is not None else has_names(rows)
    if reading.columns:
        if len(reading.columns) < width:
            raise DataError(
                f"columns names {count(len(reading.columns), 'column')}, and the rows of {source.name} have {width} "
                f"({listing(rows[0], 5)}).",
                "Name each of them.",
            )
        given = different(reading.columns)
        return int(bool(named) or list(rows[0]) == given), given
    if named is None:
        raise UnsureHeader(
            f"the first row of {source.name} may hold the names of the columns or data: {listing(rows[0], 5)}.",
            "Say which:\nheader = True\nheader = False",
        )
    return (1, different(rows[0])) if named else (0, list(map(str, range(width))))


def different(row: Sequence[str]) -> list[str]:
    """Return names as pandas makes them different: ``Unnamed: 0`` for an empty one, ``text.1`` for a second."""
    names: list[str] = []
    for i, field in enumerate(row):
        base = field or f"Unnamed: {i}"
        number = 0
        while (name := f"{base}.{number}" if number else base) in names:
            number += 1
        names.append(name)
    return names


def note(names: Sequence[str]) -> str:
    """Return a sentence on a table without a header."""
    return f"Read as a table: no header (columns {listing(names)}); header = … overrules."


def has_names(rows: Sequence[Sequence[str]]) -> bool | None:
    """Return whether the first row holds names; None if it may hold either.

    It is a row like the others if one of its fields comes again in its own column of few values, is a number above
    numbers, or is a long text above long texts. It holds names if one of them is well known, stands above numbers, or
    if all are short and differ from what is below.
    """
    if not rows:
        return None
    first, rest = rows[0], rows[1:]
    if _are_positions(first, rest):
        return True
    below = [[row[i] for row in rest if row[i].strip() and row != first] for i in range(len(first))]
    data = any(_is_value(field, column) for field, column in zip(first, below, strict=True))
    names = any(_is_name(field, column) for field, column in zip(first, below, strict=True))
    if data or names:
        return names if data != names else None
    return True if _look_like_names(first, below) else None


def is_number(field: str) -> bool:
    """Whether a field is a number, with a point or a comma."""
    return bool(_NUMBER.fullmatch(field.strip()))


def _are_positions(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    """Whether the first row holds 0, 1, 2, …, with which pandas names columns, behind an empty name of its index."""
    numbers = [str(number) for number in range(len(first))]
    if list(first) == ["", *numbers[:-1]]:
        return True
    return list(first) == numbers and not all(is_number(field) for row in rest for field in row)


def _are_numbers(column: Sequence[str]) -> bool:
    return len(column) > 0 and sum(map(is_number, column)) >= 0.9 * len(column)


def _is_value(field: str, below: Sequence[str]) -> bool:
    """Whether a field of the first row is a value as those below it."""
    if is_number(field) and _are_numbers(below):
        return True
    if field.strip() and field in below and 2 * len(set(below)) <= len(below) + 1:
        return True
    return _is_long(field) and len(below) > 0 and 2 * sum(map(_is_long, below)) >= len(below)


def _is_long(field: str) -> bool:
    return len(field) >= _LONG and (field.count(" ") >= 5 or not field.isascii())


def _is_name(field: str, below: Sequence[str]) -> bool:
    """Whether a field of the first row is a name that is well known, or stands above numbers."""
    return _is_known(field.strip()) or (bool(field.strip()) and not is_number(field) and _are_numbers(below))


def _is_known(name: str) -> bool:
    name = name.lower()
    return name in _KNOWN or bool(_FURTHER.fullmatch(name.removesuffix("s")))


def _holds_known(name: str) -> bool:
    """Whether one of the words of a name is known, as in ``review_text``."""
    words = _WORD.findall(name)
    return 0 < len(words) <= 3 and any(map(_is_known, words))


def _look_like_names(first: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Whether all fields are different and short, and one differs from what is below it as a name does."""
    named = [field.strip() for field in first if field.strip()]
    short = all(len(name) <= _LONG and name.count(" ") < 4 and name[-1] not in ".!?" for name in named)
    if not named or not short or len(set(named)) < len(named) or any(map(is_number, named)):
        return False
    return any(map(_holds_known, named)) or any(
        _stands_out(name.strip(), column) for name, column in zip(first, below, strict=True) if name.strip()
    )


def _stands_out(name: str, below: Sequence[str]) -> bool:
    """Whether a name is not one of the few values below it, or is much shorter than the texts below it."""
    if len(below) >= 5 and len(set(below)) <= len(below) // 3 and name not in below:
        return True
    return len(below) > 0 and median(map(len, below)) >= max(20, 3 * len(name))
