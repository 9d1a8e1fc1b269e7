"""Tables as text: fields with a separator between them, as in CSV and TSV."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Literal

from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.errors import DataError, count, listing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bertmagic.data.formats.source import Source


def _fit(source: Source) -> Fit:
    return Fit.POSSIBLE if source.suffix in (".csv", ".tsv") else Fit.NO


def _read(source: Source) -> Content:
    import pandas as pd

    tabs = source.suffix == ".tsv"
    # A field cannot hold a tab, so quotes in TSV are characters like any other (as in GLUE's files).
    quoting: Literal[0, 3] = csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL
    try:
        with source.open_text() as lines:  # the file may be large: its text is never held
            head = re.sub('"[^"]*"', "", _header(source, lines))  # a quoted name may hold a comma
        separator = "\t" if tabs else max(",;\t", key=head.count)
        with source.open_text() as lines:
            _check_width(source, lines, separator, quoting)
    except UnicodeDecodeError:
        source.text  # noqa: B018 - raises an error that says where, and names a likely encoding
        raise
    with source.open_text() as lines:
        frame = pd.read_csv(
            lines, sep=separator, quoting=quoting, index_col=False, keep_default_na=False, na_values=[""],
            low_memory=False,
        )  # fmt: skip
    return Content({"": frame})


def _header(source: Source, lines: Iterable[str]) -> str:
    for line in lines:
        if line.strip():
            return line
    raise DataError(f"{source.path} is empty: it has no header line.", "Check how it was written.")


def _check_width(source: Source, lines: Iterable[str], separator: str, quoting: Literal[0, 3]) -> None:
    """Raise a `DataError` if a row has more or fewer fields than the header."""
    rows = csv.reader(lines, delimiter=separator, quoting=quoting, strict=True)
    csv.field_size_limit(2**31 - 1)
    try:
        header = next(row for row in rows if row)
        for row in rows:
            if row and len(row) != len(header):
                raise DataError(
                    f"{source.name} is ragged: line {rows.line_num:,} has {count(len(row), 'field')}, "
                    f"the header has {len(header)} ({listing(header, 5)}).",
                    "Quote texts that hold the separator, or repair that line.",
                )
    except csv.Error as error:
        raise DataError(
            f"{source.name} cannot be read at line {rows.line_num:,}: {error}.", "A quote may be missing there."
        ) from None


FORMAT = Format("table", (".csv", ".tsv"), _fit, _read)
