"""Tables with types of their own: Parquet."""

from __future__ import annotations

import mmap
import tempfile
from typing import TYPE_CHECKING, Any

from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.errors import DataError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from pyarrow import parquet

    from bertmagic.data.formats.source import Source

_MANY = 20_000
"""Above how many rows the decoded rows of a Parquet file are kept in a file instead of memory."""
_BATCH = 8192


def _fit_parquet(source: Source) -> Fit:
    return Fit.SURE if source.head.startswith(b"PAR1") else Fit.NO


def _parquet(source: Source) -> Content:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(source.path, memory_map=True) as file:
            rows = _mapped(file) if file.metadata.num_rows > _MANY else None
            # Threads would hold many decoded pages at once.
            rows = file.read(use_threads=False) if rows is None else rows
        pa.default_memory_pool().release_unused()
        return Content({"": from_arrow(rows)})
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{source.name} is not a Parquet file: {error}.", "Check how it was written.") from None


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


PARQUET = Format("parquet", (".parquet", ".pq"), _fit_parquet, _parquet)
