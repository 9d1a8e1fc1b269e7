"""The values in the text of a JSON file: one value, one in each line, or one after the other."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.data.formats.source import lines
from bertmagic.errors import DataError

if TYPE_CHECKING:
    from bertmagic.data.formats.source import Source

_BLANK = " \t\r\n\x1e"  # the last one separates the values of a JSON text sequence (RFC 7464)
_BLANKS = re.compile(f"[{_BLANK}]*")


@dataclass(frozen=True)
class Values:
    """The values of a file.

    Attributes
    ----------
    value
        The only value, or the list of all.
    lines
        The line in which each value of the list begins, from 1; None for an only value.
    """

    value: Any
    lines: list[int] | None = None

    def place(self, at: int) -> str:
        """Return how messages call one value of the list."""
        return f"item {at + 1:,}" if self.lines is None else f"line {self.lines[at]:,}"


class _RepeatedKey(ValueError):
    """An object that has a key twice, with different values."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        for key, value in pairs:
            if made[key] != value:
                raise _RepeatedKey(f"an object has the key {key!r} twice, with different values")
    return made


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def parse(source: Source) -> Values:
    """Return the values of a file.

    Raises
    ------
    DataError
        If the text is not JSON, with the line; if it is nested too deeply, or an object repeats a key.
    """
    text = source.text
    try:
        return _by_line(source) if _has_value_per_line(text) else _sequence(source, text)
    except RecursionError:
        raise DataError(f"{source.name} is nested too deeply to be read.", "Data has a few levels only.") from None


def _has_value_per_line(text: str) -> bool:
    """Whether the first line is a whole value, and others follow."""
    first, _, rest = text.strip(_BLANK).partition("\n")
    if not rest or first.strip(_BLANK) in ("[", "{"):
        return False
    try:
        _DECODER.decode(first)
    except _RepeatedKey:
        return True
    except ValueError:
        return False
    return True


def _by_line(source: Source) -> Values:
    values, numbers = [], []
    for number, line in enumerate(source.lines, start=1):
        if not line.strip(_BLANK):
            continue
        try:
            values.append(_DECODER.decode(line.strip(_BLANK)))
        except ValueError as error:
            try:  # later values may run over several lines
                return _sequence(source, source.text)
            except DataError:
                raise _broken_line(source, number, line, error) from None
        numbers.append(number)
    return Values(values, numbers)


def _broken_line(source: Source, number: int, line: str, error: ValueError) -> DataError:
    is_last = number >= len(lines(source.text.rstrip(_BLANK)))
    return DataError(
        f"{source.name} line {number:,} is not JSON: {getattr(error, 'msg', error)}, in {line.strip()[:40]!r}."
        + (" It is the last line: the file may be cut off." if is_last else ""),
        _advice(error) or "Each line must be {…}.",
    )


def _sequence(source: Source, text: str) -> Values:
    values, numbers = [], []
    at, line = 0, 1
    while (start := _blanks_end(text, at)) < len(text):
        line += text.count("\n", at, start)
        try:
            value, at = _DECODER.raw_decode(text, start)
        except ValueError as error:
            raise _broken(source, text, error) from None
        values.append(value)
        numbers.append(line)
        line += text.count("\n", start, at)
    return Values(values[0]) if len(values) == 1 else Values(values, numbers)


def _blanks_end(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return at if match is None else match.end()


def _broken(source: Source, text: str, error: ValueError) -> DataError:
    if not isinstance(error, json.JSONDecodeError):
        return DataError(f"{source.name} cannot be read: {error}.", "Check how it was written.")
    end = len(text.rstrip(_BLANK))
    if error.pos >= end or error.msg.startswith("Unterminated string"):
        line = text.count("\n", 0, end) + 1
        return DataError(
            f"{source.name} is cut off: its last value does not end; line {line:,} is the last one.",
            "Fetch or write it again.",
        )
    return DataError(
        f"{source.name} is not JSON: {error.msg} in line {error.lineno:,}, at {text[error.pos : error.pos + 30]!r}.",
        _advice(error) or "Repair it there.",
    )


def _advice(error: ValueError) -> str:
    """Return what to do about a text that Python printed instead of JSON."""
    if isinstance(error, json.JSONDecodeError) and error.doc[error.pos : error.pos + 1] == "'":
        return "Python prints such quotes: write the file with json.dump."
    return ""


def begins(text: str, whole: bool) -> bool:
    """Whether a text begins as JSON with rows does: with an object, or with a list of objects, lists or texts.

    Parameters
    ----------
    whole
        Whether it is all of the file, or only its beginning.
    """
    start = text.lstrip(_BLANK)
    outer, inner = start[:1], start[1:].lstrip(_BLANK)[:1]
    if outer == "{":
        return inner == '"'
    if outer != "[" or inner not in ("{", "[", '"'):
        return False
    try:  # running text may begin with a bracket, too
        _, end = _DECODER.raw_decode(start)
    except json.JSONDecodeError as error:
        return inner == "{" or (not whole and (error.pos >= len(start) - 1 or error.msg.startswith("Unterminated")))
    except (ValueError, RecursionError):
        return True
    return start[end:].lstrip(" \t\r")[:1] in ("", "\n", "[")
