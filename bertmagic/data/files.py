"""Files of rows: CSV, TSV, JSON, JSONL, Parquet and plain text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bertmagic.errors import DataError, listing

if TYPE_CHECKING:
    import pandas as pd

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".txt")
_GUESSES = ("utf-16", "gb18030", "cp1252")


def read(paths: Sequence[Path]) -> pd.DataFrame:
    """Read files of one kind below each other.

    Raises
    ------
    DataError
        For a file that is empty, undecodable, ragged or of an unknown kind, with the line where it went wrong.
    """
    import pandas as pd

    frames = [_read(path) for path in paths]
    first = set(frames[0].columns)
    for path, frame in zip(paths, frames, strict=True):
        if set(frame.columns) != first:
            differ = listing(sorted(map(str, first ^ set(frame.columns))))
            raise DataError(f"{path.name} has other columns than {paths[0].name} ({differ}).", "Read them one by one.")
    return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)


def _read(path: Path) -> pd.DataFrame:
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path.name} is of an unknown kind.", f"Known are {', '.join(SUFFIXES)}.")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty (0 bytes).", "Check how it was written.")
    frame: pd.DataFrame = reader(path)
    return frame


def _decode(path: Path) -> str:
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        likely = next(name for name in (*_GUESSES, "latin-1") if _decodes(data, name))
        raise DataError(
            f"{path.name} is not UTF-8: byte 0x{data[error.start]:02x} in line {line:,}; it may be {likely}.",
            f'Read it with pandas.read_csv({str(path)!r}, encoding="{likely}") and pass the DataFrame.',
        ) from None


def _decodes(data: bytes, encoding: str) -> bool:
    if encoding == "utf-16" and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return False  # almost any bytes of even length decode as UTF-16: believe its mark only
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return False
    # Western bytes are often valid GB 18030 too; believe it only where common Chinese characters come out.
    return encoding != "gb18030" or sum("\u4e00" <= c <= "\u9fff" for c in text) > len(text) / 10


def _delimited(path: Path) -> pd.DataFrame:
    text = _decode(path)
    tabs = path.suffix.lower() == ".tsv"
    head = text.split("\n", 1)[0]
    separator = "\t" if tabs else max(",;\t", key=head.count)
    # A tab cannot stand inside a field, so quotes in TSV are characters like any other (as in GLUE's files).
    quoting: Literal[0, 3] = csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL
    _check_width(path, text, separator, quoting)
    import pandas as pd

    frame = pd.read_csv(
        io.StringIO(text), sep=separator, quoting=quoting, index_col=False, keep_default_na=False, na_values=[""],
        low_memory=False,
    )  # fmt: skip
    return frame


def _check_width(path: Path, text: str, separator: str, quoting: Literal[0, 3]) -> None:
    """Raise a `DataError` if a row has more or fewer fields than the header."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=quoting, strict=True)
    csv.field_size_limit(2**31 - 1)
    try:
        header = next(rows)
        for row in rows:
            if row and len(row) != len(header):
                raise DataError(
                    f"{path.name} is ragged: line {rows.line_num:,} has {len(row)} fields, "
                    f"the header has {len(header)} ({listing(header, 5)}).",
                    "Quote texts that hold the separator, or repair that line.",
                )
    except csv.Error as error:
        raise DataError(
            f"{path.name} cannot be read at line {rows.line_num:,}: {error}.", "A quote may be missing there."
        ) from None


def _json_lines(path: Path) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for number, line in enumerate(_decode(path).split("\n"), start=1):
        if line.strip():
            rows.append(_json_row(path, number, line))
    return pd.DataFrame(rows)


def _json_row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"{path.name} line {number:,} is not JSON: {error.msg}.", "Each line must be {…}.") from None
    if not isinstance(row, dict):
        raise DataError(f"{path.name} line {number:,} is not an object but {line[:40]!r}.", "Each line must be {…}.")
    return row


def _json(path: Path) -> pd.DataFrame:
    import pandas as pd

    text = _decode(path)
    if text.lstrip()[:1] == "{" and "\n{" in text.rstrip():
        return _json_lines(path)
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as error:
        raise DataError(f"{path.name} is not JSON: {error.msg} in line {error.lineno:,}.", "Repair it there.") from None
    if isinstance(rows, dict) and isinstance(rows.get("data"), list):
        rows = rows["data"]
    if isinstance(rows, dict) and not all(isinstance(column, list) for column in rows.values()):
        rows = [rows]
    return pd.DataFrame(rows)


def _parquet(path: Path) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    try:
        return pd.read_parquet(path, dtype_backend="pyarrow")
    except pa.ArrowInvalid as error:
        raise DataError(f"{path.name} is not a Parquet file: {error}.", "Check how it was written.") from None


def _plain(path: Path) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({"text": [line for line in _decode(path).splitlines() if line.strip()]})


_READERS = {
    ".csv": _delimited,
    ".tsv": _delimited,
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
    ".txt": _plain,
}
