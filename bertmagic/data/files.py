"""Files of rows: CSV, TSV, JSON, JSONL, Parquet, CoNLL and plain text."""

from __future__ import annotations

import csv
import json
import mmap
import re
import tempfile
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from bertmagic.data import conll, squad, texts
from bertmagic.errors import DataError, count, listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".txt", ".conll", ".iob", ".bio")
_MANY = 20_000
"""Above how many rows the decoded rows of a Parquet file are kept in a file instead of memory."""
_BATCH = 8192
_GUESSES = ("utf-16", "gb18030", "cp1252")


def read(paths: Sequence[Path]) -> pd.DataFrame:
    """Return the rows of files with the same columns, one file after the other.

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


def decode(path: Path) -> str:
    """Return a text file, which must be UTF-8.

    Raises
    ------
    DataError
        If it is not, with the encoding that it may have.
    """
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        likely = next(name for name in (*_GUESSES, "latin-1") if _decodes(data, name))
        table = path.suffix.lower() in (".csv", ".tsv")
        raise DataError(
            f"{path.name} is not UTF-8: byte 0x{data[error.start]:02x} in line {line:,}; it may be {likely}.",
            f'Read it with pandas.read_csv({str(path)!r}, encoding="{likely}") and pass the DataFrame.'
            if table
            else f"Save it as UTF-8: iconv -f {likely} -t utf-8 {path.name} > utf8-{path.name}",
        ) from None


def _lines(text: str) -> list[str]:
    """Split at line ends only: `str.splitlines` also splits at characters of a text, such as U+2028."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _decodes(data: bytes, encoding: str) -> bool:
    if encoding == "utf-16" and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return False  # almost any bytes of even length decode as UTF-16, so only its mark counts
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return False
    # Western bytes are often valid GB 18030, too: it counts only if common Chinese characters come out.
    return encoding != "gb18030" or sum("\u4e00" <= c <= "\u9fff" for c in text) > len(text) / 10


def _delimited(path: Path) -> pd.DataFrame:
    import pandas as pd

    tabs = path.suffix.lower() == ".tsv"
    # A field cannot hold a tab, so quotes in TSV are characters like any other (as in GLUE's files).
    quoting: Literal[0, 3] = csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:  # the file may be large: its text is never held
            if tabs and conll.is_conll(list(islice(lines, 1000))):  # without a header, and a word a line
                return _conll(path)
            lines.seek(0)
            head = re.sub('"[^"]*"', "", _header(path, lines))  # a quoted name may hold a comma
            separator = "\t" if tabs else max(",;\t", key=head.count)
            lines.seek(0)
            _check_width(path, lines, separator, quoting)
    except UnicodeDecodeError:
        decode(path)  # which raises an error that says where, and names a likely encoding
        raise
    frame = pd.read_csv(
        path, encoding="utf-8-sig", sep=separator, quoting=quoting, index_col=False, keep_default_na=False,
        na_values=[""], low_memory=False,
    )  # fmt: skip
    return frame


def _header(path: Path, lines: Iterable[str]) -> str:
    for line in lines:
        if line.strip():
            return line
    raise DataError(f"{path} is empty: it has no header line.", "Check how it was written.")


def _check_width(path: Path, lines: Iterable[str], separator: str, quoting: Literal[0, 3]) -> None:
    """Raise a `DataError` if a row has more or fewer fields than the header."""
    rows = csv.reader(lines, delimiter=separator, quoting=quoting, strict=True)
    csv.field_size_limit(2**31 - 1)
    try:
        header = next(row for row in rows if row)
        for row in rows:
            if row and len(row) != len(header):
                raise DataError(
                    f"{path.name} is ragged: line {rows.line_num:,} has {count(len(row), 'field')}, "
                    f"the header has {len(header)} ({listing(header, 5)}).",
                    "Quote texts that hold the separator, or repair that line.",
                )
    except csv.Error as error:
        raise DataError(
            f"{path.name} cannot be read at line {rows.line_num:,}: {error}.", "A quote may be missing there."
        ) from None


def _json_lines(path: Path) -> pd.DataFrame:
    rows = []
    for number, line in enumerate(_lines(decode(path)), start=1):
        if line.strip():
            rows.append(_json_row(path, number, line))
    return texts.frame(rows)


def _json_row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"{path.name} line {number:,} is not JSON: {error.msg}.", "Each line must be {…}.") from None
    if not isinstance(row, dict):
        raise DataError(f"{path.name} line {number:,} is not an object but {line[:40]!r}.", "Each line must be {…}.")
    return row


def _json(path: Path) -> pd.DataFrame:
    text = decode(path)
    try:
        rows = json.loads(text)
    except json.JSONDecodeError as error:
        if text.lstrip()[:1] == "{" and "\n{" in text:
            return _json_lines(path)
        raise DataError(f"{path.name} is not JSON: {error.msg} in line {error.lineno:,}.", "Repair it there.") from None
    return _json_frame(path, rows)


def _json_frame(path: Path, rows: Any) -> pd.DataFrame:
    """Return the rows of a list of objects, of columns in a dict, of a single object, or of articles as in SQuAD."""
    if squad.nested(rows):
        return squad.frame(rows, path.name)
    if isinstance(rows, dict) and _is_list_of(dict, rows.get("data")):
        rows = rows["data"]
    if isinstance(rows, dict) and rows:
        kinds = {type(column) for column in rows.values()}
        if kinds == {list} and len({len(column) for column in rows.values()}) > 1:
            raise DataError(f"the columns of {path.name} are not of one length.", "Give every column as many values.")
        return texts.frame(rows if kinds in ({list}, {dict}) else [rows]).reset_index(drop=True)
    if not _is_list_of(dict, rows):
        raise DataError(
            f"{path.name} holds no rows.", 'It should be a list of objects, as in [{"text": "…", "label": "…"}].'
        )
    return texts.frame(rows)


def _is_list_of(kind: type, value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


def _parquet(path: Path) -> pd.DataFrame:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path, memory_map=True) as file:
            rows = _mapped(file) if file.metadata.num_rows > _MANY else None
            # Threads would hold many decoded pages at once.
            rows = file.read(use_threads=False) if rows is None else rows
        pa.default_memory_pool().release_unused()
        return from_arrow(rows)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path.name} is not a Parquet file: {error}.", "Check how it was written.") from None


def _mapped(file: parquet.ParquetFile) -> pa.Table | None:
    """Return the rows as they lie, decoded, in a file without a name; None if the disk has no room for them.

    Decoded, a million texts take more memory than all that is made of them; pages of a file the system takes back.
    """
    import pyarrow as pa

    try:
        with tempfile.TemporaryFile() as spool:
            with pa.ipc.new_stream(spool, file.schema_arrow) as stream:
                for batch in file.iter_batches(_BATCH, use_threads=False):
                    stream.write_batch(batch)
            spool.flush()
            mapped = mmap.mmap(spool.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError:
        return None
    return pa.ipc.open_stream(pa.py_buffer(mapped)).read_all().unify_dictionaries()


def from_arrow(table: Any) -> pd.DataFrame:
    """Return an Arrow table as a frame: its own types kept, and dictionaries as categories in their order."""
    import pandas as pd
    import pyarrow as pa

    frame: pd.DataFrame = table.to_pandas(
        types_mapper=lambda kind: None if pa.types.is_dictionary(kind) else pd.ArrowDtype(kind)
    )
    return frame


def _plain(path: Path) -> pd.DataFrame:
    import pandas as pd

    lines = _lines(decode(path))
    if conll.is_conll(lines):
        return conll.sentences(path.name, lines)
    return pd.DataFrame({"text": [line for line in lines if line.strip()]})


def _conll(path: Path) -> pd.DataFrame:
    return conll.sentences(path.name, _lines(decode(path)))


_READERS = {
    ".csv": _delimited,
    ".tsv": _delimited,
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
    ".txt": _plain,
    ".conll": _conll,
    ".iob": _conll,
    ".bio": _conll,
}
