"""BRAT's standoff format: the text in ``NAME.txt``, its entities in ``NAME.ann`` next to it."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.data.formats.numerals import DIGITS
from bertmagic.data.formats.source import Source
from bertmagic.data.formats.standoff import mentions
from bertmagic.data.formats.standoff.mentions import Mention
from bertmagic.errors import DataError, count, listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from bertmagic.data.formats.reading import Reading

_PART = rf"\d{{1,{DIGITS}}} \d{{1,{DIGITS}}}"
_ENTITY = re.compile(rf"(T\S*)\t(\S+) ({_PART}(?:;{_PART})*)(?:\t(.*))?")
_OTHER = re.compile(r"([REAMN#*])\S*\t")
_KINDS = {
    "R": "relation",
    "E": "event",
    "A": "attribute",
    "M": "attribute",
    "N": "normalization",
    "#": "note",
    "*": "equivalence",
}


def _fit(source: Source) -> Fit:
    """Whether a file is one of the two: an ``.ann`` of that form, or the text next to it."""
    if source.suffix == ".ann":
        marks = source
    elif source.suffix == ".txt" and source.path.with_suffix(".ann").is_file():
        marks = Source(source.path.with_suffix(".ann"), source.reading)
    else:
        return Fit.NO
    lines = [line for line in marks.first_lines if line.strip()]
    return Fit.SURE if all(map(_is_annotation, lines[:20])) else Fit.NO


def _is_annotation(line: str) -> bool:
    return bool(_ENTITY.fullmatch(line) or _OTHER.match(line))


def _read(source: Source) -> Content:
    return read([source.path.with_suffix(".txt")], source.reading)


def read(texts: Sequence[Path], reading: Reading) -> Content:
    """Return a row of ``file``, ``text`` and ``spans`` for each text; annotations are in the ``.ann`` next to it.

    Raises
    ------
    DataError
        If a text or its annotations are missing, or a line of them cannot be read or quotes another text.
    """
    import pandas as pd

    rows, others = [], Counter[str]()
    overlapping = interrupted = 0
    for path in texts:
        text = _source(path, reading).text
        marked, further = _annotations(_source(path.with_suffix(".ann"), reading))
        found = mentions.locate(text, marked)
        rows.append({"file": path.stem, "text": text, "spans": found.spans})
        others.update(further)
        overlapping, interrupted = overlapping + found.overlapping, interrupted + found.interrupted
    return Content({"": pd.DataFrame(rows)}, _note(others, mentions.remarks(overlapping, interrupted)))


def of_folder(entries: Iterable[Path], reading: Reading) -> Content | None:
    """Return the rows of all texts of a folder that have annotations; None if none has."""
    texts = [path.with_suffix(".txt") for path in entries if path.suffix == ".ann" and path.is_file()]
    return read(texts, reading) if texts else None


def _source(path: Path, reading: Reading) -> Source:
    if path.is_file():
        return Source(path, reading)
    kind = "text" if path.suffix == ".txt" else "annotations"
    raise DataError(f"there is no {path.name}, the {kind} of {path.stem}.", f"Put it into {path.parent}.")


def _annotations(source: Source) -> tuple[list[Mention], Counter[str]]:
    """Return the entities of a file, and how many lines of other kinds it has."""
    marked, others = [], Counter[str]()
    for number, line in enumerate(source.lines, start=1):
        place = f"{source.name} line {number:,}"
        if match := _ENTITY.fullmatch(line):
            _, label, parts, quoted = match.groups()
            numbers = [tuple(map(int, part.split())) for part in parts.split(";")]
            marked.append(Mention(tuple((start, end) for start, end in numbers), label, quoted or "", place))
        elif match := _OTHER.match(line):
            others[_KINDS[match[1]]] += 1
        elif line.strip():
            raise DataError(
                f"{place} is no annotation of BRAT: {line[:60]!r}.",
                "An entity is a line T1 TAB TYPE START END TAB TEXT.",
            )
    return marked, others


def _note(others: Counter[str], remarks: Iterable[str]) -> str:
    note = "Read as BRAT: the text of each .txt with the entities of its .ann; format = … overrules."
    if others:
        note += f" Not read: {listing(count(number, kind) for kind, number in others.items())}."
    return " ".join([note, *remarks])


FORMAT = Format("brat", (".ann",), _fit, _read)
