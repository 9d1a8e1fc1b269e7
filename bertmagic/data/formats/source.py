"""The bytes of a file: their beginning, which tells what it is, and all of them as text or as they are."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
from dataclasses import dataclass
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from bertmagic.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bertmagic.data.formats.reading import Reading

HEAD = 1 << 18
"""How many bytes of a file tell what it is."""

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_COMPRESSED: dict[str, Callable[[Path], Any]] = {".gz": gzip.GzipFile, ".bz2": bz2.BZ2File, ".xz": lzma.LZMAFile}


@dataclass(frozen=True)
class Source:
    """A file, opened only when it is read.

    Attributes
    ----------
    path
        Where it is.
    reading
        The options that the user gave for it.
    """

    path: Path
    reading: Reading

    @property
    def name(self) -> str:
        """What messages call it."""
        return self.path.name

    @property
    def suffix(self) -> str:
        """The suffix in lower case, without that of a compression: ``.csv`` of ``reviews.csv.gz``."""
        inner = self.path.with_suffix("") if self.compression else self.path
        return inner.suffix.lower()

    @property
    def compression(self) -> str:
        """The suffix of the compression; empty if there is none."""
        last = self.path.suffix.lower()
        return last if last in _COMPRESSED else ""

    def open(self) -> IO[bytes]:
        """Open the bytes, decompressed."""
        file: IO[bytes] = _COMPRESSED[self.compression](self.path) if self.compression else self.path.open("rb")
        return file

    def open_text(self) -> io.TextIOWrapper:
        """Open the text with its line ends; bytes that are not of the encoding raise a `UnicodeDecodeError`."""
        return io.TextIOWrapper(self.open(), encoding=self.encoding, newline="")

    @cached_property
    def head(self) -> bytes:
        """The first `HEAD` bytes."""
        with self.open() as file:
            return file.read(HEAD)

    @property
    def is_whole(self) -> bool:
        """Whether `head` is all of it."""
        return len(self.head) < HEAD

    @cached_property
    def encoding(self) -> str:
        """What the user says, or what a mark in the first bytes says, or UTF-8."""
        marked = next((name for mark, name in _MARKS.items() if self.head.startswith(mark)), "utf-8-sig")
        return self.reading.encoding or marked

    @cached_property
    def beginning(self) -> str:
        """The text of `head`, up to the last line end that is whole; undecodable bytes as ``�``."""
        text = codecs.getincrementaldecoder(self.encoding)("replace").decode(self.head, final=self.is_whole)
        return text if self.is_whole else text[: text.rfind("\n") + 1] or text

    @cached_property
    def first_lines(self) -> list[str]:
        """The lines of `beginning`, without line ends."""
        return lines(self.beginning)

    @cached_property
    def text(self) -> str:
        """All of it.

        Raises
        ------
        DataError
            If it is not of the encoding, with the line.
        """
        with self.open() as file:
            data = file.read()
        try:
            return data.decode(self.encoding)
        except UnicodeDecodeError as error:
            raise undecodable(self, data, error) from None

    @property
    def lines(self) -> list[str]:
        """All lines, without line ends."""
        return lines(self.text)


def lines(text: str) -> list[str]:
    """Split at line ends only: `str.splitlines` also splits at characters of a text, such as U+2028."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


_GUESSES = ("utf-16", "gb18030", "cp1252", "latin-1")


def undecodable(source: Source, data: bytes, error: UnicodeDecodeError) -> DataError:
    """Return an error that says where a file is not of its encoding, and which other one it may have."""
    line = data.count(b"\n", 0, error.start) + 1
    likely = next(name for name in _GUESSES if _decodes(data, name))
    expected = "UTF-8" if source.encoding == "utf-8-sig" else source.encoding
    return DataError(
        f"{source.name} is not {expected}: byte 0x{data[error.start]:02x} in line {line:,}; it may be {likely}.",
        f'Say so: encoding = "{likely}".',
    )


def _decodes(data: bytes, encoding: str) -> bool:
    if encoding == "utf-16" and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return False  # almost any bytes of even length decode as UTF-16, so only its mark counts
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        return False
    # Western bytes are often valid GB 18030, too: it counts only if common Chinese characters come out.
    return encoding != "gb18030" or sum("\u4e00" <= c <= "\u9fff" for c in text) > len(text) / 10
