"""Tables as text: fields with a separator between them, as in CSV and TSV."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bertmagic.data.formats import dialect as dialects
from bertmagic.data.formats import header, numerals
from bertmagic.data.formats.dialect import Dialect
from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.errors import DataError, count, listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from bertmagic.data.formats.source import Source

_CHUNK = 20_000  # rows
_BLANK_BETWEEN = re.compile(r"\S[^\S\n]*\n\s*\n\s*\S")
_ORANGE_TYPE = re.compile(r"(d|c|s|t|discrete|continuous|string|text|time|[^\s]+( [^\s]+)+)?")
_ORANGE_ROLE = re.compile(r"((class|meta|i|ignore|weight|w)( .*)?)?")


def _fit(source: Source) -> Fit:
    if source.reading.sep or source.reading.header is not None or dialects.declared(source):
        return Fit.SURE
    if source.suffix in dialects.SUFFIXES:
        return Fit.POSSIBLE
    return _fit_content(source)


def _fit_content(source: Source) -> Fit:
    """Whether a file of any suffix is a table: all rows have as many tabs, or names of columns stand in the first."""
    fitting = dialects.separators(source)
    if not fitting:
        return Fit.NO
    if _BLANK_BETWEEN.search(source.beginning.replace("\r\n", "\n")):
        return Fit.NO  # sentences, with a word per line
    headers = {header.has_names(dialects.sample(source, Dialect(sep, quoted=True))) for sep in fitting}
    if "\t" in fitting or True in headers:
        return Fit.SURE
    return Fit.POSSIBLE if False in headers else Fit.NO


def _read(source: Source) -> Content:
    import pandas as pd

    try:
        dialect = dialects.settle(source, dialects.separator(source))
    except UnicodeDecodeError:
        source.text  # noqa: B018 - raises an error that says where, and names a likely encoding
        raise
    rows = dialects.sample(source, dialect)
    if not rows:
        raise DataError(f"{source.path} is empty: it has no header line.", "Check how it was written.")
    skipped, names = _header(source, rows)
    frame = _frame(source, dialect, skipped, names)
    if len(names) > len(rows[0]) and frame[names[-1]].isna().all():
        raise DataError(
            f"columns names {count(len(names), 'column')}, and no row of {source.name} has so many.",
            f"Name each column once; the first row has {len(rows[0])}.",
        )
    if skipped == 1:
        _refuse_repeated(source, frame, rows[0])
    spilt = _spilt(frame, rows[0]) if skipped else ""
    commas = [] if dialect.sep != ";" else [name for name in names if numerals.has_decimal_commas(frame[name])]
    frame = pd.DataFrame({name: numerals.typed(frame.pop(name), dialect.sep == ";") for name in names})
    return Content({"": frame}, " ".join(filter(None, [_note(source, dialect, skipped, names, commas), spilt])))


def _refuse_repeated(source: Source, frame: pd.DataFrame, header_row: Sequence[str]) -> None:
    """Raise a `DataError` if the header comes again among the rows, as in files that were joined."""
    same = frame.iloc[:, 0].eq(header_row[0])
    if len(header_row) > 1 and same.any():
        repeated = frame.index[same][frame[same].eq(list(header_row)).all(axis=1)]
        if len(repeated):
            raise DataError(
                f"{source.name} repeats its header in {count(len(repeated), 'row')}, first in row "
                f"{repeated[0]:,}: {listing(header_row, 5)}.",
                "Remove these lines, which files that were joined have; or header = False, if they are rows.",
            )


def _spilt(frame: pd.DataFrame, header_row: Sequence[str]) -> str:
    """Return a sentence on rows that go on in columns without a name; empty if there are none."""
    unnamed = [frame.columns[i] for i, name in enumerate(header_row) if i and not name]
    rows = int(frame[unnamed].notna().any(axis=1).sum()) if unnamed else 0
    if not rows:
        return ""
    going = count(rows, "row goes", "rows go")
    return f"{going} on in columns without a name ({listing(unnamed)}): a text may be cut there."


def _frame(source: Source, dialect: Dialect, skipped: int, names: list[str]) -> pd.DataFrame:
    """Return the rows below the header, every field as text."""
    import pandas as pd

    with source.open_text() as lines:
        if skipped:
            reader = dialect.rows(dialects.open_rows(source, lines))
            for _ in range(skipped):
                next(row for row in reader if row)
        elif dialects.declared(source):
            next(lines)
        if len(dialect.sep) > 1:
            rows = filter(None, dialect.rows(dialects.open_rows(source, lines) if not skipped else lines))
            width = len(names)
            cells = [[cell or None for cell in row] + [None] * (width - len(row)) for row in rows]
            return pd.DataFrame(cells, columns=names, dtype="str")
        try:
            # In parts: of each part, pandas makes an object for every field.
            with pd.read_csv(
                lines, sep=dialect.sep, quoting=dialect.quoting, header=None, names=names, index_col=False,
                dtype=str, keep_default_na=False, na_values=[""], chunksize=_CHUNK,
            ) as chunks:  # fmt: skip
                return pd.concat(chunks, ignore_index=True)
        except pd.errors.EmptyDataError:
            return pd.DataFrame({name: [] for name in names}, dtype="str")


def _header(source: Source, rows: Sequence[Sequence[str]]) -> tuple[int, list[str]]:
    """Return how many rows stand above the data, and the names of the columns."""
    reading = source.reading
    if reading.header is None and not reading.columns and _is_orange(rows):
        return 3, header.different(rows[0])
    return header.names(source, rows)


def _is_orange(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the second and third row hold types and roles of columns, as Orange writes them."""
    if len(rows) < 3 or not any(rows[1]) or not any(rows[2]):
        return False
    return all(map(_ORANGE_TYPE.fullmatch, rows[1])) and all(map(_ORANGE_ROLE.fullmatch, rows[2]))


def _note(source: Source, dialect: Dialect, skipped: int, names: Sequence[str], commas: Sequence[str]) -> str:
    """Return what is not usual for the suffix of a file, and what overrules it."""
    reading, usual, parts = source.reading, dialects.SUFFIXES.get(source.suffix), []
    if dialect.sep != usual and not reading.sep:
        parts.append(f"fields are separated by {dialects.NAMES.get(dialect.sep, repr(dialect.sep))}")
    if dialect.quoted == (dialect.sep == "\t") and (usual or not dialect.quoted):
        parts.append("texts are quoted as in CSV" if dialect.quoted else "quotes are characters")
    if commas:
        parts.append(f"numbers have a decimal comma ({listing(commas)})")
    if skipped == 0 and reading.header is None:
        parts.append(f"no header (columns {listing(names)})")
    elif skipped > 1:
        parts.append(f"{skipped} lines of names, types and roles")
    elif parts and reading.header is None:
        parts.append("the first row holds the names of the columns")
    return f"Read as a table: {', '.join(parts)}; sep = …, header = … overrule." if parts else ""


FORMAT = Format("table", (*dialects.SUFFIXES, ".txt"), _fit, _read)
