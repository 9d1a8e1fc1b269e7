"""PubTator's format: ``ID|t|TITLE`` and ``ID|a|ABSTRACT``, then a line ``ID START END TEXT TYPE`` for each entity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.data.formats.numerals import is_position
from bertmagic.data.formats.standoff import mentions
from bertmagic.data.formats.standoff.mentions import Mention
from bertmagic.errors import DataError, count

if TYPE_CHECKING:
    from bertmagic.data.formats.source import Source

_PASSAGE = re.compile(r"([^|\t]+)\|(\w+)\|(.*)")


@dataclass
class _Document:
    id: str
    passages: list[str] = field(default_factory=list)
    marked: list[Mention] = field(default_factory=list)
    others: int = 0


def _fit(source: Source) -> Fit:
    first, second = [*(line for line in source.first_lines if line.strip()), "", ""][:2]
    title, abstract = _PASSAGE.fullmatch(first), _PASSAGE.fullmatch(second)
    if title is None or abstract is None or title[1] != abstract[1]:
        return Fit.NO
    return Fit.SURE if (title[2], abstract[2]) == ("t", "a") else Fit.NO


def _read(source: Source) -> Content:
    import pandas as pd

    documents = list(_documents(source))
    # Offsets count one character between title and abstract.
    texts = [" ".join(document.passages) for document in documents]
    found = [mentions.locate(text, document.marked) for text, document in zip(texts, documents, strict=True)]
    frame = pd.DataFrame({"id": [d.id for d in documents], "text": texts, "spans": [spans.spans for spans in found]})
    note = ["Read as PubTator: the text is title and abstract; format = … overrules."]
    if others := sum(document.others for document in documents):
        note.append(f"Not read: {count(others, 'relation')}.")
    note += mentions.remarks(sum(s.overlapping for s in found), sum(s.interrupted for s in found))
    return Content({"": frame}, " ".join(note))


def _documents(source: Source) -> Iterator[_Document]:
    document = _Document("")
    for number, line in enumerate(source.lines, start=1):
        passage = _PASSAGE.fullmatch(line)
        if passage and passage[1] != document.id:
            if document.id:
                yield document
            document = _Document(passage[1])
        if passage:
            document.passages.append(passage[3])
        elif line.strip():
            _add(document, line, f"{source.name} line {number:,}")
    yield document


def _add(document: _Document, line: str, place: str) -> None:
    """Add what a line says to its document: an entity, or something else, which is only counted."""
    fields = [part.strip() for part in line.split("\t")]
    if fields[0] != document.id or len(fields) < 3:
        raise DataError(
            f"{place} is no annotation of document {document.id}: {line[:60]!r}.",
            "An entity is a line ID TAB START TAB END TAB TEXT TAB TYPE.",
        )
    if len(fields) >= 5 and is_position(fields[1]) and is_position(fields[2]):
        part = (int(fields[1]), int(fields[2]))
        document.marked.append(Mention((part,), fields[4], fields[3], place))
    else:
        document.others += 1


FORMAT = Format("pubtator", (".pubtator",), _fit, _read)
