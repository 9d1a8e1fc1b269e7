"""Tables with types of their own: Parquet, Feather and Arrow, ORC."""

from __future__ import annotations

import mmap
import tempfile
from typing import TYPE_CHECKING, Any

from bertmagic.data.formats import class_names
from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    from bertmagic.data.formats.source import Source

_MANY = 20_000
"""Above how many rows the decoded rows of a Parquet file are kept in a file instead of memory."""
_BATCH = 8192


def _parquet(source: Source) -> Content:
    import pyarrow as pa
    from pyarrow import parquet

    with parquet.ParquetFile(_opened(source)) as file:
        rows = _mapped(file) if file.metadata.num_rows > _MANY else None
        # Threads would hold many decoded pages at once.
        rows = file.read(use_threads=False) if rows is None else rows
    pa.default_memory_pool().release_unused()
    return Content({"": from_arrow(rows, source.name)})


def _feather(source: Source) -> Content:
    from pyarrow import feather

    return Content({"": from_arrow(feather.read_table(_opened(source)), source.name)})


def _stream(source: Source) -> Content:
    import pyarrow as pa

    with pa.ipc.open_stream(_opened(source)) as stream:
        return Content({"": from_arrow(stream.read_all().unify_dictionaries(), source.name)})


def _orc(source: Source) -> Content:
    from pyarrow import orc

    return Content({"": from_arrow(orc.ORCFile(_opened(source)).read(), source.name)})


def _opened(source: Source) -> Any:
    """Open a file for Arrow: mapped into memory, or its decompressed bytes."""
    import pyarrow as pa

    return pa.BufferReader(source.open().read()) if source.compression else pa.memory_map(str(source.path))


def _format(
    name: str, suffixes: tuple[str, ...], marks: tuple[bytes, ...], read: Callable[[Source], Content]
) -> Format:
    """Return a format that is recognised by the first bytes of a file."""

    def fit(source: Source) -> Fit:
        return Fit.SURE if source.head.startswith(marks) else Fit.NO

    def checked(source: Source) -> Content:
        import pyarrow as pa

        try:
            return read(source)
        except (pa.ArrowException, OSError) as error:
            what = str(error).strip().split("\n")[0].rstrip(".")
            raise DataError(f"{source.name} is not a {name} file: {what}.", "Check how it was written.") from None

    return Format(name.lower(), suffixes, fit, checked)


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


def from_arrow(table: Any, name: str = "the table") -> pd.DataFrame:
    """Return an Arrow table as a frame: its own types kept, and dictionaries as categories in their order.

    Numbers whose names stand in the schema, as `datasets` writes them for ``ClassLabel``, come by name.

    Raises
    ------
    DataError
        If a number has no name.
    """
    import pandas as pd
    import pyarrow as pa

    def own_types(kind: Any) -> Any:
        return None if pa.types.is_dictionary(kind) else pd.ArrowDtype(kind)

    frame: pd.DataFrame
    try:
        frame = table.to_pandas(types_mapper=own_types)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):  # what pandas noted is damaged
        frame = table.replace_schema_metadata(None).to_pandas(types_mapper=own_types)
    return class_names.applied(frame, class_names.of_schema(table.schema.metadata), name)


PARQUET = _format("Parquet", (".parquet", ".pq"), (b"PAR1",), _parquet)
FEATHER = _format("Feather", (".feather", ".ftr", ".arrow", ".ipc"), (b"ARROW1", b"FEA1"), _feather)
STREAM = _format("Arrow", (".arrows",), (b"\xff\xff\xff\xff",), _stream)
ORC = _format("ORC", (".orc",), (b"ORC",), _orc)
FORMATS = (PARQUET, FEATHER, STREAM, ORC)
