"""Workbooks of Excel and OpenDocument: one sheet of them is a table."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from bertmagic.data.formats import archives, header, parts
from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from bertmagic.data.formats.source import Source

_SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""The first bytes of files of Office before 2007, and of encrypted ones after it."""
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_PARTS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")


def _fit(source: Source) -> Fit:
    if source.head.startswith(_OLD):
        return Fit.SURE
    if not source.head.startswith(b"PK\x03\x04"):
        return Fit.POSSIBLE if source.suffix in _SUFFIXES else Fit.NO
    # The names of its parts stand uncompressed in a zip archive: of a small one in its beginning.
    return Fit.SURE if source.suffix in _SUFFIXES or _has_parts(source) else Fit.NO


def _has_parts(source: Source) -> bool:
    try:
        names = [] if source.compression else archives.members(source.file)
        return any(name in _PARTS for name in names) and b"opendocument.text" not in source.head[:200]
    except DataError:
        return False


def _read(source: Source) -> Content:
    book = _opened(source)
    sheets = {name: rows for name in book.sheet_names if (rows := _rows(book, name))}
    empty = DataError(f"{source.name} has no rows in any sheet.", "Check how it was written.")
    rows = sheets[parts.chosen(source, "sheet", sheets, empty, " with rows")]
    skipped, names = header.names(source, [[_written(cell) for cell in row] for row in rows[: header.SAMPLE]])
    return Content({"": _frame(rows[skipped:], names)}, "" if skipped else header.note(names))


def _opened(source: Source) -> Any:
    try:
        import python_calamine as calamine
    except ImportError:
        raise DataError(
            f"{source.name} is a workbook, and reading it needs python-calamine.",
            'Install it: pip install "bertmagic[excel]"; or save the sheet as CSV.',
        ) from None
    locked = DataError(f"{source.name} is protected by a password.", "Save it without one, or save the sheet as CSV.")
    if _ENCRYPTED in source.head:
        raise locked
    try:
        if source.compression:
            return calamine.CalamineWorkbook.from_filelike(io.BytesIO(source.open().read()))
        return calamine.CalamineWorkbook.from_path(source.file)
    except calamine.PasswordError:
        raise locked from None
    except (calamine.CalamineError, OSError) as error:
        raise DataError(f"{source.name} cannot be read as a workbook: {error}.", "Save it anew, or as CSV.") from None


def _rows(book: Any, sheet: str) -> list[list[Any]]:
    """Return the rows of a sheet that are not blank; a chart has none."""
    try:
        rows = book.get_sheet_by_name(sheet).to_python()
    except Exception:
        return []
    return [row for row in rows if any(cell != "" for cell in row)]


def _written(cell: Any) -> str:
    """Return a cell as text, a whole number without a fraction."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _frame(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    return pd.DataFrame({name: _column(cells) for name, cells in zip(names, columns, strict=True)})


def _column(cells: Sequence[Any]) -> pd.Series:
    """Return the cells of a column: all text if one of them is, and whole numbers if all are."""
    import pandas as pd

    known = [cell for cell in cells if cell != ""]
    if any(isinstance(cell, str) for cell in known):
        return pd.Series([None if cell == "" else _written(cell) for cell in cells])
    numbers = all(isinstance(cell, float) and cell.is_integer() for cell in known)
    return pd.Series([None if cell == "" else int(cell) if numbers else cell for cell in cells])


FORMAT = Format("excel", _SUFFIXES, _fit, _read)
