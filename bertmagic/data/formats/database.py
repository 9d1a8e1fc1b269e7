"""Tables of an SQLite database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from bertmagic.data.formats import parts
from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.errors import DataError

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
            empty = DataError(f"{source.file.name} is a database without a table.", "Check the path.")
            table = parts.chosen(source, "table", [name for (name,) in database.execute(_NAMES)], empty)
            quoted = table.replace('"', '""')
            cursor = database.execute(f'SELECT * FROM "{quoted}"')
            columns = [description[0] for description in cursor.description]
            return Content({"": pd.DataFrame(cursor.fetchall(), columns=columns)})
    except sqlite3.Error as error:
        raise DataError(f"{source.name} cannot be read as a database: {error}.", "Check how it was written.") from None


FORMAT = Format("sqlite", (".sqlite", ".sqlite3", ".db"), _fit, _read)
