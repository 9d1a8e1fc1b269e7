"""How the fields of a table in text are separated and quoted: what stands between them, and what quotes mean."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from bertmagic.data.formats import header
from bertmagic.data.formats.source import LONGEST
from bertmagic.errors import DataError, count, listing

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterable, Iterator

    from bertmagic.data.formats.source import Source

SEPARATORS = "\t,;|"
SUFFIXES = {".csv": ",", ".tsv": "\t", ".tab": "\t", ".psv": "|"}
"""Suffixes of tables in text, with the usual separator of each."""

NAMES = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars", " ": "spaces"}
_DECLARED = re.compile(r'"?sep=(.)"?\s*')
_CSV_FIELD = re.compile(r'"(?:[^"]|"")*"', re.DOTALL)
csv.field_size_limit(LONGEST)


@dataclass(frozen=True)
class Dialect:
    """How the fields of a row are separated, and whether quotes are those of CSV or characters like any other."""

    sep: str
    quoted: bool

    @property
    def quoting(self) -> Literal[0, 3]:
        """The constant of `csv` and of pandas."""
        return csv.QUOTE_MINIMAL if self.quoted else csv.QUOTE_NONE

    def rows(self, lines: Iterable[str]) -> Reader | SplitLines:
        """Return a strict reader of the fields of each row; blank lines are empty rows."""
        if len(self.sep) > 1:
            return SplitLines(iter(lines), self.sep)
        return csv.reader(lines, delimiter=self.sep, quoting=self.quoting, strict=True)


@dataclass
class SplitLines:
    """Lines as their fields between a separator of several characters, as `csv.reader` gives those of one."""

    lines: Iterator[str]
    sep: str
    line_num: int = 0

    def __iter__(self) -> SplitLines:
        return self

    def __next__(self) -> list[str]:
        line = next(self.lines).rstrip("\r\n")
        self.line_num += 1
        return line.split(self.sep) if line.strip() else []


def usual(source: Source) -> str:
    """Return the separator that the suffix of a file stands for."""
    return SUFFIXES.get(source.suffix, ",")


def declared(source: Source) -> str | None:
    """Return the separator of a first line ``sep=;``, as Excel reads it."""
    match = _DECLARED.fullmatch(source.first_lines[0])
    return match[1] if match else None


def open_rows(source: Source, lines: Iterable[str]) -> Iterator[str]:
    """Return the lines behind a first line ``sep=;`` and behind blank lines."""
    lines = iter(lines)
    first = next(lines, None)
    if first is not None and declared(source):
        first = next(lines, None)
    while first is not None and not first.strip():
        first = next(lines, None)
    if first is None:
        return
    yield first
    yield from lines


def sample(source: Source, dialect: Dialect) -> list[list[str]]:
    """Return the first rows of a table, without one that may be cut off; none if a quote is not as in CSV."""
    rows: list[list[str]] = []
    lines = open_rows(source, io.StringIO(source.beginning, newline=""))
    try:
        rows.extend(islice((row for row in dialect.rows(lines) if row), header.SAMPLE))
    except csv.Error as error:
        if source.is_whole or "unexpected end" not in str(error):
            return []
    return rows


def width(rows: list[list[str]]) -> int:
    """Return how many fields each row has; 0 if they differ or there are none."""
    widths = {len(row) for row in rows}
    return widths.pop() if len(widths) == 1 else 0


def separators(source: Source) -> list[str]:
    """Return the separators that give the first rows one width of two fields or more, the usual one first."""
    order = sorted(SEPARATORS, key=lambda sep: sep != usual(source))
    return [sep for sep in order if any(width(sample(source, Dialect(sep, quoted))) > 1 for quoted in (True, False))]


def separator(source: Source) -> str:
    """Return what separates the fields: what the user says, what the file says, or what gives all rows one width.

    Raises
    ------
    DataError
        If several characters do.
    """
    given = source.reading.sep or declared(source)
    if given:
        return given
    fitting = separators(source)
    if len(fitting) > 1:
        fitting = _likely(source, fitting)
    if len(fitting) > 1:
        ways = "\n".join(f"sep = {sep!r}" for sep in fitting)
        raise DataError(
            f"{source.name} can be read with {listing(NAMES[sep] for sep in fitting)} between the fields.",
            f"Say which:\n{ways}",
        )
    return fitting[0] if fitting else _most_in_header(source)


def _likely(source: Source, fitting: list[str]) -> list[str]:
    """Return those of several separators that agree best with the rest of the file."""
    if "\t" in fitting:  # texts hardly ever have the same number of tabs in every row
        return ["\t"]
    named = [sep for sep in fitting if header.has_names(sample(source, Dialect(sep, True)))]
    return named if len(named) == 1 else fitting


def _most_in_header(source: Source) -> str:
    first = next(open_rows(source, source.first_lines), "")
    bare = re.sub('"[^"]*"', "", first)  # a quoted name may hold a comma
    return max(sorted(SEPARATORS, key=lambda sep: sep != usual(source)), key=bare.count)


def settle(source: Source, sep: str) -> Dialect:
    """Return whether quotes are those of CSV, by reading the whole file; it has one width then.

    Quotes of CSV are usual, except where tabs separate the fields: programs that write CSV with tabs quote what must
    be quoted or every field, while most files of that kind quote nothing, and their quotes belong to the texts.

    Raises
    ------
    DataError
        If rows have more or fewer fields than the first, with the line; or if a quote of CSV is missing.
    """
    plain, quoted = Dialect(sep, False), Dialect(sep, True)
    if len(sep) > 1:
        return _checked(source, plain)
    if sep == "\t":
        try:
            quotes = _quotes(source, plain)
        except DataError as error:
            return _checked(source, quoted, error)
        return quoted if quotes.of_csv else plain
    try:
        return _checked(source, quoted)
    except DataError as error:
        _refuse_escapes(source)
        try:
            quotes = _quotes(source, plain)
        except DataError:
            raise error from None
        # A single quote that is not closed is a slip, and texts in quotes of CSV would keep them.
        if quotes.opening < 2 or 2 * quotes.whole > quotes.opening:
            raise
        return plain


def _refuse_escapes(source: Source) -> None:
    """Raise a `DataError` if quotes within fields have a backslash before them, as Spark and MySQL write them."""
    with source.open_text() as lines:
        number = next((number for number, line in enumerate(lines, start=1) if '\\"' in line), None)
    if number is not None:
        raise DataError(
            f'{source.name} has quotes with a backslash before them, first in line {number:,}: \\" is not CSV.',
            f'Write them double; or give the rows, as pandas.read_csv("{source.name}", escapechar="\\\\") reads them.',
        )


@dataclass
class _Quotes:
    """How fields begin with a quote, where quotes are read as characters.

    Attributes
    ----------
    opening
        How many fields begin with one.
    whole
        How many of these are fields of CSV, with a quote at the end and those within doubled.
    doubled
        How many of these have quotes within.
    commas
        How many of these have a comma within, but no quotes.
    bare_commas
        How many other fields have a comma.
    columns
        How many fields begin with one, for each column.
    rows
        How many rows there are.
    """

    opening: int
    whole: int
    doubled: int
    commas: int
    bare_commas: int
    columns: list[int]
    rows: int

    @property
    def of_csv(self) -> bool:
        """Whether a program that writes CSV may have made them: it quotes where it must, or whole columns."""
        if not self.opening or self.whole < self.opening:
            return False
        minimal = self.doubled == self.opening
        # Excel also quotes every field with a comma.
        excel = self.doubled + self.commas == self.opening and not self.bare_commas
        return minimal or excel or all(quoted in (0, self.rows, self.rows - 1) for quoted in self.columns)


def _quotes(source: Source, plain: Dialect) -> _Quotes:
    quotes = _Quotes(0, 0, 0, 0, 0, [], 0)
    for row in _rows_of_one_width(source, plain):
        quotes.rows += 1
        quotes.columns = quotes.columns or [0] * len(row)
        for column, field in enumerate(row):
            if field.startswith('"'):
                quotes.opening += 1
                quotes.columns[column] += 1
                quotes.whole += bool(_CSV_FIELD.fullmatch(field))
                doubled = '""' in field[1:-1]
                quotes.doubled += doubled
                quotes.commas += "," in field and not doubled
            else:
                quotes.bare_commas += "," in field
    return quotes


def _checked(source: Source, dialect: Dialect, other: DataError | None = None) -> Dialect:
    """Return the dialect if all rows have one width in it; else raise its error, or that of another dialect."""
    try:
        for _ in _rows_of_one_width(source, dialect):
            pass
    except DataError as error:
        raise other or error from None
    return dialect


def _rows_of_one_width(source: Source, dialect: Dialect) -> Iterator[list[str]]:
    with source.open_text() as lines:  # the file may be large: its text is never held
        rows = dialect.rows(open_rows(source, lines))
        first: list[str] = []
        try:
            for row in rows:
                if not row:
                    continue
                first = first or row
                if not len(first) <= len(row) <= max(len(first), len(source.reading.columns)):
                    raise _ragged(source, rows.line_num, row, first)
                yield row
        except csv.Error as error:
            raise DataError(
                f"{source.name} cannot be read at line {rows.line_num:,}: {error}.", "A quote may be missing there."
            ) from None


def _ragged(source: Source, line: int, row: list[str], first: list[str]) -> DataError:
    return DataError(
        f"{source.name} is ragged: line {line:,} has {count(len(row), 'field')}, "
        f"the header has {len(first)} ({listing(first, 5)}).",
        "Quote texts that hold the separator, or repair that line. If some rows end in further columns, name them all: "
        'columns = "…, …".'
        if len(first) > 1
        else 'Name the separator, as in sep = ";", or read a text from each line with format = "lines".',
    )
