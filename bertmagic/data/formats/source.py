"""The bytes of a file: their beginning, which tells what it is, and all of them as text or as they are."""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from bertmagic.data.formats import archives, encodings
from bertmagic.errors import DataError, count

if TYPE_CHECKING:
    from bertmagic.data.formats.reading import Reading

HEAD = 1 << 18
"""How many bytes of a file tell what it is."""
LONGEST = 5_000_000
"""Most characters of a field or a line: no text of a row is longer."""

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",  # before that of UTF-16, with which it begins
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

_OF_NAMES = frozenset(["idna", "punycode", "undefined"])
"""Python's codecs of the names of hosts, and that of nothing."""


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

    @cached_property
    def _located(self) -> tuple[Path, str]:
        return archives.located(self.path)

    @property
    def file(self) -> Path:
        """The file on disk, which may be an archive, a workbook or a database."""
        return self._located[0]

    @property
    def member(self) -> str:
        """What is meant in it: ``MEMBER`` of ``FILE:MEMBER``; empty if it is the file itself."""
        return self._located[1]

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.file.name}:{self.member}" if self.member else self.file.name

    @cached_property
    def _archived(self) -> str:
        """The member of a zip archive whose bytes are meant."""
        return self.member if self.member and archives.is_archive(self.file) else ""

    @property
    def part(self) -> str:
        """The sheet of a workbook or the table of a database that is meant; empty if none is named."""
        return "" if self._archived else self.member

    @property
    def suffix(self) -> str:
        """The suffix in lower case, without that of a compression: ``.csv`` of ``reviews.csv.gz``."""
        path = PurePosixPath(self._archived or self.file.name)
        return (path.with_suffix("") if path.suffix.lower() in archives.SUFFIXES else path).suffix.lower()

    @cached_property
    def compression(self) -> str:
        """How the bytes are packed, by their beginning; empty if they are those of the file on disk."""
        return archives.compression(self.file, self._archived) or ("zip" if self._archived else "")

    def open(self) -> IO[bytes]:
        """Open the bytes, decompressed."""
        return archives.opened(self.file, self._archived)

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
        given = self.reading.encoding
        if given is None:
            return next((name for mark, name in _MARKS.items() if self.head.startswith(mark)), "utf-8-sig")
        try:
            "".encode(given)  # a codec of bytes, such as hex, is none of texts
            name = codecs.lookup(given).name
            if name in _OF_NAMES:
                raise LookupError
            return "utf-8-sig" if name == "utf-8" else given
        except (LookupError, ValueError):
            raise DataError(
                f"there is no encoding {given!r}.", "Known are utf-8, utf-16, latin-1, cp1252, gb18030 and others."
            ) from None

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


def undecodable(source: Source, data: bytes, error: UnicodeDecodeError) -> DataError:
    """Return an error that says where a file is not of its encoding, and which other one it may have."""
    line = data.count(b"\n", 0, error.start) + 1
    where = f"byte 0x{data[error.start]:02x} in line {line:,}"
    is_utf8 = source.encoding == "utf-8-sig"
    if is_utf8 and (broken := encodings.damaged_places(data)):
        return DataError(
            f"{source.name} is UTF-8 and damaged at {count(broken, 'place')}, first at {where}.",
            f'Repair it; or put \ufffd in these places: from pathlib import Path; Path("{source.name}").write_text('
            f'Path("{source.name}").read_text("utf-8", errors="replace"), "utf-8").',
        )
    expected = "UTF-8" if is_utf8 else source.encoding
    likely = encodings.likely(data)
    if likely is None:
        return DataError(
            f"{source.name} is not {expected}: {where}.",
            'Name its encoding: encoding = "…", such as cp1252, cp1251, gb18030, big5, shift_jis or euc_kr.',
        )
    word = _word(data, error.start, likely)
    return DataError(
        f"{source.name} is not {expected}: {where}; it may be {likely}, with {word!r} there.",
        f'Say so: encoding = "{likely}".',
    )


def _word(data: bytes, at: int, encoding: str) -> str:
    """Return the word at a byte, for the user to judge the encoding by."""
    begin = max(data.rfind(b"\n", 0, at) + 1, at - 400)
    line = re.split(rb"[\r\n]", data[begin : at + 400], maxsplit=1)[0]
    before = len(data[begin:at].decode(encoding, "replace"))
    text = line.decode(encoding, "replace")
    word = next((match for match in re.finditer(r"\w+", text) if match.end() > before), None)
    return word[0][:20] if word else text[before : before + 20]
