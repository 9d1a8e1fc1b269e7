"""JSON: rows as objects or lists, in the shapes of other libraries and of annotation tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.data import tags, texts
from bertmagic.data.formats import json_text, shapes, squad, tools
from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.data.formats.tools import assistants
from bertmagic.errors import DataError, count, listing
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from bertmagic.data.formats.json_text import Values
    from bertmagic.data.formats.reading import Reading
    from bertmagic.data.formats.source import Source

_LINES = (".jsonl", ".ndjson")
_SUFFIXES = (".json", *_LINES)

Read = tuple["pd.DataFrame", str]
"""Rows, and what a user should know of how they were read."""


def _fit(source: Source) -> Fit:
    start = source.beginning.lstrip()
    if source.suffix in _SUFFIXES:
        return Fit.SURE if start.startswith(("{", "[")) else Fit.NO
    return Fit.SURE if json_text.begins(start, source.is_whole) else Fit.NO


def _read(source: Source) -> Content:
    """Read rows as what they are: questions, annotations, or a table."""
    return _content(source, _frame)


def _read_plain(source: Source) -> Content:
    """Read rows as they stand, also where they look like those of an annotation tool."""
    return _content(source, _table)


def _content(source: Source, read: Callable[[list[Any], Values, Source], Read]) -> Content:
    values = json_text.parse(source)
    shape = _shape(source, values)
    tables = {
        split: read(rows, values, source) if isinstance(rows, list) else (rows, "")
        for split, rows in shape.tables.items()
    }
    notes = [part for part in (shape.note, _joined({split: note for split, (_, note) in tables.items()})) if part]
    note = f"Read as JSON: {'; '.join(notes)}." if notes else ""
    return Content({split: frame for split, (frame, _) in tables.items()}, note)


def _joined(notes: Mapping[str, str]) -> str:
    """Return the notes of all splits, each with its split unless they are all the same."""
    if len(set(notes.values())) == 1:
        return next(iter(notes.values()))
    return "; ".join(f"{split}: {note}" for split, note in notes.items() if note)


def _shape(source: Source, values: Values) -> shapes.Shape:
    value = values.value
    if isinstance(value, dict) and (squad.nested([value]) or source.suffix in _LINES):
        articles = value.get("data")
        return shapes.Shape({"": articles if isinstance(articles, list) and squad.nested(articles) else [value]})
    if intents := assistants.intents(value):
        return shapes.Shape({"": [{**row, "intent": intent} for intent, rows in intents.items() for row in rows]})
    shape = shapes.of(value, source.name)
    if shape is not None:
        return shape
    if isinstance(value, dict) and any(isinstance(cell, str) for cell in value.values()):
        return shapes.Shape({"": [value]})
    what = f"an object with the keys {listing(value)}" if isinstance(value, dict) and value else f"{quoted(value, 40)}"
    raise DataError(f"{source.name} holds no rows: it is {what}.", f"Known shapes: {shapes.KNOWN}.")


def _frame(rows: list[Any], values: Values, source: Source) -> Read:
    if squad.nested(rows):
        return squad.frame(rows, source.name)
    export = tools.read(rows, source.name)
    if export is not None:
        return texts.frame(export.rows), export.note
    squad.check_flat(rows, source.name)
    return _table(rows, values, source)


def _table(rows: list[Any], values: Values, source: Source) -> Read:
    """Return rows as a table: objects by their keys, lists by position, texts as one column."""
    filled = [row for row in rows if row is not None]
    note = f"{count(len(rows) - len(filled), 'null')} left out" if len(filled) < len(rows) else ""
    kind = type(filled[0]) if filled else dict
    odd = next((at for at, row in enumerate(rows) if row is not None and not isinstance(row, kind)), None)
    if odd is not None or kind.__name__ not in _READERS:
        at = odd or 0
        raise DataError(
            f"{source.name} {values.place(at)} is not {_KINDS.get(kind.__name__, 'an object')} but "
            f"{quoted(rows[at], 40)}.",
            f"Known shapes: {shapes.KNOWN}.",
        )
    frame, more = _READERS[kind.__name__](filled, source.reading, source.name)
    return frame, "; ".join(part for part in (note, more) if part)


def _objects(rows: list[dict[str, Any]], reading: Reading, name: str) -> Read:
    if rows and not any(rows):
        raise DataError(f"{name} holds {count(len(rows), 'object')} without a key.", "Check how it was written.")
    return texts.frame(rows), ""


def _texts(rows: list[str], reading: Reading, name: str) -> Read:
    return texts.frame({"text": rows}), "each item is a text"


def _lists(rows: list[list[Any]], reading: Reading, name: str) -> Read:
    """Name the columns of rows that are lists: as the user says, by their first row, or as a text and a label."""
    if not reading.columns and all(map(_is_tagged, rows)):
        sentences = [{"tokens": [word[0] for word in row], "tags": [word[-1] for word in row]} for row in rows]
        return texts.frame(sentences), "each item is a sentence of [word, …, tag]"
    if reading.columns:
        return shapes.named_rows(rows[1:] if reading.header else rows, list(reading.columns), name), ""
    if reading.header or (reading.header is None and shapes.is_header(rows[0])):
        return shapes.named_rows(rows[1:], rows[0], name), f"the first row names the columns: {listing(rows[0], 5)}"
    named = "columns = … names them"
    pair = shapes.text_and_label(rows)
    if pair:
        return shapes.named_rows(rows, pair, name), f"each row is [{', '.join(pair)}], or {named}"
    return shapes.named_rows(rows, list(range(len(rows[0]))), name), f"columns are numbered from 0; {named}"


def _is_tagged(row: list[Any]) -> bool:
    """Whether a row is a sentence of words, each a list that begins with the word and ends with its tag."""
    return (
        bool(row)
        and all(
            isinstance(word, list) and len(word) > 1 and isinstance(word[0], str) and isinstance(word[-1], str)
            for word in row
        )
        and all(tags.parts(word[-1]) for word in row)
    )


_READERS: dict[str, Callable[[list[Any], Reading, str], Read]] = {"dict": _objects, "list": _lists, "str": _texts}
_KINDS = {"dict": "an object", "list": "a list", "str": "a text"}

FORMAT = Format("json", _SUFFIXES, _fit, _read)
PLAIN = Format("records", (), lambda _: Fit.NO, _read_plain)
