"""Files that hold no rows, recognised by their first bytes, and what to do instead."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, cast
from xml.etree import ElementTree

from bertmagic.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

    from bertmagic.data.formats.source import Source

_EXPORT = "Export its table as CSV, JSON or Parquet."
_TEXT = "Copy its text into a file of text or a table."
_BINARY = {
    b"\x89PNG": ("a picture (PNG)", _TEXT),
    b"\xff\xd8\xff": ("a picture (JPEG)", _TEXT),
    b"GIF8": ("a picture (GIF)", _TEXT),
    b"II*\x00": ("a picture (TIFF)", _TEXT),
    b"MM\x00*": ("a picture (TIFF)", _TEXT),
    b"%PDF": ("a PDF document", "Export its text, as with pdftotext, and name that file."),
    b"\x89HDF": ("an HDF5 file", _EXPORT),
    b"\x93NUMPY": ("an array of NumPy", "Load it with numpy.load and give its rows."),
    b"Rar!": ("a RAR archive", "Unpack it and name the file."),
    b"7z\xbc\xaf": ("a 7-Zip archive", "Unpack it and name the file."),
    b"$FL2": ("a file of SPSS", "Read it with pandas.read_spss and give the DataFrame."),
    b"\x7fELF": ("a program", "Check the path."),
    b"\x1f\x8b": ("packed twice", "Unpack it once and name that file."),
    b"Obj\x01": ("an Avro file", "Read it with fastavro and give the rows as a DataFrame."),
    b"PARE": ("an encrypted Parquet file", "Decrypt it with pyarrow and give the table."),
    b"{\\rtf": ("a document (RTF)", "Save its text as a .txt file, or its table as CSV."),
    b"<stata_dta>": ("a file of Stata", "Read it with pandas.read_stata and give the DataFrame."),
    b"MATLAB 5": ("a file of MATLAB", "Load it with scipy.io.loadmat and give its rows."),
    b"RDX": ("a file of R", "Write its data frame as CSV."),
    b"ID3": ("a sound (MP3)", "Give its transcript as text."),
}
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_TAR = 257
_POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/|\S*/annex/objects/")
_XML = re.compile(r"\s*(?:<\?xml\b|<!DOCTYPE\b)", re.IGNORECASE)
_XML_ENCODING = re.compile(r"""\s*<\?xml\b[^>]*\bencoding=["']([\w.-]+)""")
_XML_SUFFIXES = (".xml", ".xmi", ".tei", ".tmx", ".sgm", ".sgml")
_ELEMENT = re.compile(r"<(?:\w+:)?([A-Za-z][\w.-]*)[\s/>]")
_HTML = re.compile(rb"\s*(<!--.*?-->\s*)?<(!doctype html|html|head|body)\b", re.IGNORECASE | re.DOTALL)


def check(source: Source) -> None:
    """Raise a `DataError` for a file that holds no rows in any format."""
    head = source.head
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        return  # the format says what is missing
    for mark, (what, fix) in _BINARY.items():
        if head.startswith(mark):
            raise DataError(f"{source.name} is {what}, and holds no rows.", fix)
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        raise DataError(f"{source.name} is a picture (WebP), and holds no rows.", _TEXT)
    if head[_TAR : _TAR + 5] == b"ustar":
        raise DataError(
            f"{source.name} is a tar archive.", f"Unpack it, as with tar -xf {source.name}, and name the file."
        )
    if _PICKLE.match(head):
        raise DataError(
            f"{source.name} is a pickle, which can run any code and is never loaded.",
            "If you trust it, load it with pandas.read_pickle and give the DataFrame.",
        )
    if _POINTER.match(head):
        raise DataError(
            f"{source.name} is a pointer of git-lfs, a few lines in the place of the data.",
            "Fetch the data: git lfs pull (or git annex get), in its repository.",
        )
    if not source.reading.format and _HTML.match(head.removeprefix(b"\xef\xbb\xbf")):
        raise DataError(
            f"{source.name} is a web page (HTML), and no data.",
            "Download the file itself: on GitHub by its Raw button.",
        )


_PACKED = {
    b"word/": "a document (Word)",
    b"ppt/": "slides (PowerPoint)",
    b"application/vnd.oasis.opendocument.": "a document (OpenDocument)",
    b"application/epub": "a book (EPUB)",
}
"""What the names and texts in a zip archive say of a document that is packed as one."""


def check_text(source: Source) -> None:
    """Raise a `DataError` for a file that is no text."""
    head = source.head
    if head.startswith(b"PK\x03\x04"):
        what = next((what for mark, what in _PACKED.items() if mark in head), "")
        raise DataError(
            f"{source.name} is {what or 'a zip archive'}, and holds no rows.",
            "Save its text as a .txt file, or its table as CSV." if what else "Unpack it and name the file.",
        )
    if b"\x00" in head and not source.encoding.replace("_", "-").lower().startswith(("utf-16", "utf-32")):
        raise _with_zeros(source, head)
    start = source.beginning.lstrip("\ufeff")
    if _XML.match(start) or (source.suffix in _XML_SUFFIXES and start.lstrip().startswith("<")):
        raise _xml(source, start)


def _elements(start: str) -> list[str]:
    """Return the names of the elements of the beginning of an XML file, or of SGML."""
    if "<!DOCTYPE" in start.upper():
        return _ELEMENT.findall(start)
    parser: ElementTree.XMLPullParser[Any] = ElementTree.XMLPullParser(["start"])
    with contextlib.suppress(ElementTree.ParseError):
        parser.feed(start)
        events = cast("Iterator[tuple[str, Element]]", parser.read_events())
        return [element.tag.split("}")[-1] for _, element in events]
    return _ELEMENT.findall(start)


def _xml(source: Source, start: str) -> DataError:
    """Return an error for XML and SGML: what their rows are, no rule says."""
    elements = _elements(start)
    root = f" (<{elements[0]}>)" if elements else ""
    if not start.lstrip().lower().startswith("<?xml") and source.suffix in (".sgm", ".sgml"):
        return DataError(
            f"{source.name} is SGML{root}, whose rows are not known.",
            "Take the texts and labels out, as with re.findall or BeautifulSoup, and give them as a DataFrame.",
        )
    declared = _XML_ENCODING.match(start)
    said = f', encoding="{declared[1]}"' if declared and declared[1].lower() != "utf-8" else ""
    row = next((name for name in elements[1:] if elements.count(name) > 1), elements[0] if elements else "row")
    return DataError(
        f"{source.name} is XML{root}, whose rows are not known; only that of SemEval's reviews is read.",
        f'Give its rows as a DataFrame, as in pandas.read_xml("{source.name}", xpath=".//{{*}}{row}", '
        f'parser="etree"{said}).',
    )


def _with_zeros(source: Source, head: bytes) -> DataError:
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) > len(head) / 8 and min(even, odd) < max(even, odd) / 8:
        encoding = "utf-16-le" if odd > even else "utf-16-be"
        return DataError(
            f"{source.name} is not UTF-8; it looks like UTF-16 without a mark.", f'Say so: encoding = "{encoding}".'
        )
    return DataError(
        f"{source.name} is a binary file of an unknown kind: byte 0x00 stands at position {head.index(0):,}.", _EXPORT
    )
