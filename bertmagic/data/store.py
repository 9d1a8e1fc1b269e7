"""Arrow record batches kept in the files of a cache: each is complete or not there, and all together are bounded.

An entry is one file: a stream of Arrow's IPC format with one record batch, followed by the CRC-32 of all bytes before.
Nothing in it is code. It is memory-mapped, so its arrays take no memory of their own.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from bertmagic.disk import files

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 2 * 10**9
"""The most bytes that all entries of a folder have together; the least recently used ones are removed."""

MOST = 1000
"""The most entries of a folder: small ones would never reach the limit on bytes."""

_CHECKSUM = 4  # bytes


def read(path: Path) -> Any:
    """Return the record batch of an entry, memory-mapped; None if there is none, or if it is damaged."""
    import pyarrow as pa

    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size - _CHECKSUM
            if size <= 0 or _checksum(file, size) != file.read():
                return None
        os.utime(path)  # the entry was used
        with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as stream:
            return stream.read_next_batch()
    except (OSError, pa.ArrowException):
        return None


def _checksum(file: BinaryIO, size: int) -> bytes:
    """Return the CRC-32 of the first ``size`` bytes of a file, and leave its position after them."""
    checksum = 0
    file.seek(0)
    while size and (block := file.read(min(size, 2**16))):
        checksum, size = zlib.crc32(block, checksum), size - len(block)
    return checksum.to_bytes(_CHECKSUM, "little")


def make(folder: Path) -> None:
    """Make the folder of a cache, which git is to ignore."""
    files.make_folder(folder)
    if not (ignore := folder / ".gitignore").exists():
        files.write(ignore, "*\n")


def write(path: Path, batch: Any) -> Any:
    """Write an entry to a temporary file, rename it when it is complete, and return its record batch as `read` does.

    If two processes write the same entry, the second file replaces the first, whose mapped bytes stay readable.

    Raises
    ------
    FileError
        If the disk is full or read-only.
    """
    import pyarrow as pa

    make(path.parent)
    with files.replacing_file(path, sync=False) as file:
        with pa.ipc.new_stream(file, batch.schema) as stream:
            stream.write_batch(batch)
        file.write(_checksum(file, file.tell()))
    written = read(path)
    _sweep(path.parent, path.suffix)
    return written


def _sweep(folder: Path, suffix: str) -> None:
    """Remove the least recently used entries above the limits; what is mapped stays readable."""
    with suppress(OSError):  # another process sweeps too
        entries = [(path.stat(), path) for path in folder.glob(f"*{suffix}")]
        total = 0
        for number, (known, path) in enumerate(sorted(entries, key=lambda entry: -entry[0].st_mtime)):
            total += known.st_size
            if number >= MOST or total > LIMIT:
                path.unlink(missing_ok=True)
    files.sweep_folder(folder)
