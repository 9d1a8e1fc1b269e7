"""Running text from any source as a table of documents."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from bertmagic.data import formats, tables, variables
from bertmagic.data.formats import lines
from bertmagic.data.formats.source import Source
from bertmagic.data.texts import cells, frame
from bertmagic.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from bertmagic.data.formats.reading import Reading
    from bertmagic.data.tables import Table

_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")


def source(given: Any) -> Any:
    """Return running text in a form that `tables.read` reads.

    A list of texts becomes a column. Of text files, one document each, or one for each part between blank lines; a
    file without blank lines has a document in each line. All else is returned as it is.
    """
    import pandas as pd

    if isinstance(given, list | tuple) and given and all(isinstance(text, str) for text in given):
        return tables.Table(variables.known(given) or "the DataFrame", frame({"text": list(given)}))
    if not isinstance(given, str | os.PathLike | tables.FileReference):
        return given
    files = tables.located(given)
    if not files.paths or not all(_is_running_text(path, files.reading) for path in files.paths):
        return given
    texts = [text for path in files.paths for text in of_file(path, files.reading)]
    return tables.Table(files.name, pd.DataFrame({"text": texts}), lines.note(texts))


def _is_running_text(path: Path, reading: Reading) -> bool:
    """Whether a file is text and no table, and has no labels in its lines."""
    source = Source(path, reading)
    return source.suffix == ".txt" and not path.is_dir() and formats.choose(source).name == "lines"


def of_file(path: Path, reading: Reading) -> list[str]:
    """Return the documents of a text file: the parts between its blank lines, or its lines if it has none."""
    text = "\n".join(Source(path, reading).lines).strip()
    return [part for part in (_BLANK_LINE.split(text) if _BLANK_LINE.search(text) else text.split("\n")) if part]


def joined(table: Table, text: str, document: str) -> Table:
    """Return a table with one row for each value of a column: its texts in their order, a line each.

    Rows without a text are left out; the index is that of the first row of each document.

    Raises
    ------
    DataError
        If a row has a text and no document.
    """
    import pandas as pd

    column: pd.Series = table.frame[document]
    if column.isna().any():
        row = table.frame.index[int(column.isna().to_numpy().argmax())]
        raise DataError(
            f"column {document!r} of {table.name} has no value in row {row}.", "Every text needs a document."
        )
    parts: dict[Any, list[str]] = {}
    first: dict[Any, Any] = {}
    for index, name, value in zip(table.frame.index, cells(column), cells(table.frame[text]), strict=True):
        first.setdefault(name, index)
        parts.setdefault(name, []).extend([value] if isinstance(value, str) and value.strip() else [])
    index = pd.Index(list(first.values()), name=table.frame.index.name)
    texts: Sequence[str] = ["\n".join(rows) for rows in parts.values()]
    return tables.Table(table.name, frame({text: texts, document: list(parts)}).set_axis(index))
