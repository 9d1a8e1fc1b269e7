"""Tables of an SQLite database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.errors import DataError, UnknownReference, count, listing, nearest

if TYPE_CHECKING:
    from bertmagic.data.formats.source import Source

_NAMES = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY rowid"


def _fit(source: Source) -> Fit:
    return Fit.SURE if source.head.startswith(b"SQLite format 3\x00") else Fit.NO


def _read(source: Source) -> Content:
    import pandas as pd

    if source.compression:
        raise DataError(f"{source.name} is a packed database.", "Unpack it and name the file.")
    try:
        with closing(sqlite3.connect(f"{source.file.resolve().as_uri()}?mode=ro", uri=True)) as database:
            table = _chosen(source, [name for (name,) in database.execute(_NAMES)])
            quoted = table.replace('"', '""')
            cursor = database.execute(f'SELECT * FROM "{quoted}"')
            columns = [description[0] for description in cursor.description]
            return Content({"": pd.DataFrame(cursor.fetchall(), columns=columns)})
    except sqlite3.Error as error:
        raise DataError(f"{source.name} cannot be read as a database: {error}.", "Check how it was written.") from None


def _chosen(source: Source, tables: list[str]) -> str:
    name = source.file.name
    if source.part and source.part not in tables:
        raise UnknownReference(
            f"{name} has no table {source.part!r}; it has {listing(tables)}.{nearest(source.part, tables)}",
            f"Name one, as in {name}:TABLE.",
        )
    if not tables:
        raise DataError(f"{name} is a database without a table.", "Check the path.")
    if len(tables) > 1 and not source.part:
        raise DataError(
            f"{name} has {count(len(tables), 'table')}: {listing(tables)}.", f"Name one, as in {name}:{tables[0]}."
        )
    return source.part or tables[0]


FORMAT = Format("sqlite", (".sqlite", ".sqlite3", ".db"), _fit, _read)
