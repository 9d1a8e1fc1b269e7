"""Files within files: compressed ones and the members of zip archives, opened without writing anything."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import struct
import zipfile
import zlib
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, cast

from bertmagic.errors import DataError, UnknownReference, listing, nearest

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 100 << 20
"""Up to so many bytes, anything may come out of a compressed file."""
RATIO = 200
"""Beyond `MOST` bytes, at most so many may come out for each byte of it. Text has 3 to 20."""

_BLOCK = 1 << 20


def _zstd(file: Any) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")


_KINDS: dict[bytes, tuple[str, Callable[[Any], Any]]] = {
    b"\x1f\x8b": ("gz", lambda file: gzip.GzipFile(fileobj=file)),
    b"BZh": ("bz2", bz2.BZ2File),
    b"\xfd7zXZ\x00": ("xz", lzma.LZMAFile),
    b"\x28\xb5\x2f\xfd": ("zst", _zstd),
}
"""The first bytes of a compressed file, with its name and how to decompress it."""
SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".zstd", ".bgz")

_DAMAGED = (EOFError, OSError, lzma.LZMAError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError)
_BROKEN = (*_DAMAGED, struct.error, OverflowError, ValueError)
"""What `zipfile` raises for a directory whose numbers and names were damaged."""
_DOCUMENTS = frozenset(["[Content_Types].xml", "mimetype"])
"""What the zip archives hold that are documents of Office, OpenDocument or EPUB."""
_OF_SPARK = re.compile(r"_(SUCCESS|metadata|common_metadata|started_.*|committed_.*)")
_NO_DATA = ("readme", "license", "licence", "copying", "citation", "changelog", "notice")


def located(path: Path) -> tuple[Path, str]:
    """Part ``FILE:MEMBER`` into an existing file and the name of what is meant in it; no name if there is none."""
    text = str(path)
    at = text.find(":")
    while at > 0:
        if (file := Path(text[:at])).is_file() and not path.exists():
            return file, text[at + 1 :]
        at = text.find(":", at + 1)
    return path, ""


def compression(path: Path, member: str = "") -> str:
    """Return how a file is compressed, by its first bytes: ``gz``, ``bz2``, ``xz``, ``zst``; empty if it is not."""
    with ExitStack() as stack:
        try:
            first = _raw(path, member, stack).read(8)
        except _DAMAGED as error:
            raise _damaged(f"{path.name}:{member}" if member else path.name, error) from None
    return next((name for mark, (name, _) in _KINDS.items() if first.startswith(mark)), "")


def opened(path: Path, member: str = "") -> IO[bytes]:
    """Open the bytes of a file, or of a member of a zip archive, decompressed.

    Raises
    ------
    DataError
        If it cannot be opened; while reading, if it is damaged or more comes out of it than of any data.
    """
    kind = compression(path, member)
    stack = ExitStack()
    try:
        raw = _raw(path, member, stack)
        size = _size(path, member)
        if kind:
            raw = stack.enter_context(next(open_ for name, open_ in _KINDS.values() if name == kind)(raw))
    except BaseException:
        stack.close()
        raise
    if not kind and not member:
        return cast("IO[bytes]", raw)
    name = f"{path.name}:{member}" if member else path.name
    return io.BufferedReader(_Decompressed(raw, stack, size, name), _BLOCK)


def _raw(path: Path, member: str, stack: ExitStack) -> Any:
    try:
        if not member:
            return stack.enter_context(path.open("rb"))
        archive = stack.enter_context(zipfile.ZipFile(path))
        return stack.enter_context(archive.open(member))
    except PermissionError:
        raise DataError(f"{path} cannot be opened: you have no permission to read it.", "Ask its owner.") from None
    except KeyError:
        near = nearest(member, members(path))
        raise UnknownReference(
            f"{path.name} has no file {member!r}; it has {listing(members(path))}.{near}", f"Write {path.name}:FILE."
        ) from None
    except NotImplementedError as error:  # a way of packing that is not known; a RuntimeError, too
        raise DataError(f"{member} in {path.name} cannot be unpacked: {error}.", "Unpack it or pack it anew.") from None
    except RuntimeError as error:  # encrypted
        raise DataError(f"{member} in {path.name} cannot be opened: {error}.", "Unpack it with its password.") from None
    except _BROKEN as error:
        if not member:
            raise
        raise DataError(
            f"{path.name} cannot be read as a zip archive: {error}.", "Unpack it or pack it anew."
        ) from None


def _damaged(name: str, error: Exception) -> DataError:
    return DataError(f"{name} is damaged or cut off: {error}.", "Fetch or pack it again.")


def _size(path: Path, member: str) -> int:
    if not member:
        return path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        return archive.getinfo(member).compress_size


class _Decompressed(io.RawIOBase):
    """Bytes that come out of a compressed file, not more of them than can be data."""

    def __init__(self, stream: Any, stack: ExitStack, size: int, name: str) -> None:
        self.stream, self.stack, self.name = stream, stack, name
        self.size, self.seen = size, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self.stream.read(len(buffer))
        except _DAMAGED as error:
            raise _damaged(self.name, error) from None
        self.seen += len(data)
        if self.seen > max(MOST, RATIO * self.size):
            raise DataError(
                f"{self.name} is not unpacked to its end: more than {RATIO} times its {self.size:,} bytes come out.",
                "If that is right, unpack it yourself and name the file.",
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self.stack.close()
        super().close()


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive of files, and no document that is packed as one."""
    with ExitStack() as stack:
        begins = _raw(path, "", stack).read(4) in (b"PK\x03\x04", b"PK\x05\x06")
    if not begins:
        return False
    try:
        return not _DOCUMENTS.intersection(members(path))
    except DataError:
        return path.suffix.lower() == ".zip"


def members(path: Path) -> list[str]:
    """Return the names of the files in a zip archive, in their order.

    Raises
    ------
    DataError
        If the file is not a whole archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return [info.filename for info in archive.infolist() if not info.is_dir()]
    except _BROKEN as error:
        raise DataError(f"{path.name} cannot be read as a zip archive: {error}.", "Fetch or pack it again.") from None


def holds_data(name: str) -> bool:
    """Whether a file may hold rows, by its name: no hidden one, no README, nothing that macOS or Spark adds."""
    parts = PurePosixPath(name).parts
    hidden = any(part == "__MACOSX" or (part.startswith(".") and part != "..") for part in parts)
    return not hidden and not parts[-1].lower().startswith(_NO_DATA) and not _OF_SPARK.fullmatch(parts[-1])


def data_members(path: Path) -> list[str]:
    """Return the names of the files in a zip archive that may hold rows.

    Raises
    ------
    DataError
        If there is none.
    """
    names = [name for name in members(path) if holds_data(name)]
    if not names:
        raise DataError(f"{path.name} holds no file of data.", "Check how it was packed.")
    return names
