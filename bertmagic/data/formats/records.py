"""JSON: a list of objects, an object a line, columns, and other usual shapes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bertmagic.data import texts
from bertmagic.data.formats import squad
from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

    from bertmagic.data.formats.source import Source


def _fit(source: Source) -> Fit:
    """Whether the first character that is not blank opens an array or object, and what follows agrees."""
    start = source.beginning.lstrip()
    if not start.startswith(("{", "[")):
        return Fit.NO
    return Fit.SURE if source.suffix in _SUFFIXES or _begins(start) else Fit.POSSIBLE


def _begins(text: str) -> bool:
    """Whether a text begins with a whole JSON value, or with as much of one as was read."""
    try:
        json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        return error.pos >= len(text) - 1
    return True


def _read(source: Source) -> Content:
    reader = _json_lines if source.suffix in (".jsonl", ".ndjson") else _json
    return Content({"": reader(source)})


def _json_lines(source: Source) -> pd.DataFrame:
    rows = []
    for number, line in enumerate(source.lines, start=1):
        if line.strip():
            rows.append(_json_row(source, number, line))
    return texts.frame(rows)


def _json_row(source: Source, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"{source.name} line {number:,} is not JSON: {error.msg}.", "Each line must be {…}.") from None
    if not isinstance(row, dict):
        raise DataError(f"{source.name} line {number:,} is not an object but {line[:40]!r}.", "Each line must be {…}.")
    return row


def _json(source: Source) -> pd.DataFrame:
    text = source.text
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as error:
        if text.lstrip()[:1] == "{" and "\n{" in text:
            return _json_lines(source)
        raise DataError(
            f"{source.name} is not JSON: {error.msg} in line {error.lineno:,}.", "Repair it there."
        ) from None
    return _json_frame(source, rows)


def _json_frame(source: Source, rows: Any) -> pd.DataFrame:
    """Return the rows of a list of objects, of columns in a dict, of a single object, or of articles as in SQuAD."""
    if squad.nested(rows):
        return squad.frame(rows, source.name)
    if isinstance(rows, dict) and _is_list_of(dict, rows.get("data")):
        rows = rows["data"]
    if isinstance(rows, dict) and rows:
        kinds = {type(column) for column in rows.values()}
        if kinds == {list} and len({len(column) for column in rows.values()}) > 1:
            raise DataError(f"the columns of {source.name} are not of one length.", "Give every column as many values.")
        return texts.frame(rows if kinds in ({list}, {dict}) else [rows]).reset_index(drop=True)
    if not _is_list_of(dict, rows):
        raise DataError(
            f"{source.name} holds no rows.", 'It should be a list of objects, as in [{"text": "…", "label": "…"}].'
        )
    return texts.frame(rows)


def _is_list_of(kind: type, value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


_SUFFIXES = (".json", ".jsonl", ".ndjson")
FORMAT = Format("json", _SUFFIXES, _fit, _read)
