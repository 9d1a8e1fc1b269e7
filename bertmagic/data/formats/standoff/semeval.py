"""Aspects of reviews and their polarity: SemEval's XML, and files with three lines for each aspect."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.data.formats.numerals import is_position
from bertmagic.data.formats.standoff import mentions
from bertmagic.data.formats.standoff.mentions import Mention
from bertmagic.errors import DataError, count

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from bertmagic.data.formats.source import Source

_ASPECT = re.compile(r"<(aspectTerm|Opinion|aspectCategory)\b")
_MARKS = ("aspectTerm", "Opinion")
_PLACE = "$T$"
_POLARITY = re.compile(r"-?\d+|positive|negative|neutral|conflict", re.IGNORECASE)
_ROWS = 100


def _fit_xml(source: Source) -> Fit:
    start = source.beginning
    return Fit.SURE if start.lstrip().startswith("<") and "<sentence" in start and _ASPECT.search(start) else Fit.NO


def _read_xml(source: Source) -> Content:
    import pandas as pd

    rows, without = [], 0
    overlapping = 0
    root = _root(source)
    if all(root.find(f".//{mark}") is None for mark in _MARKS):
        return _of_categories(root)
    for sentence in root.iter("sentence"):
        text = sentence.findtext("text")
        if text is None:
            continue
        aspects = [mark for mark in sentence.iter() if mark.tag in _MARKS]
        place = f"{source.name}, sentence {sentence.get('id')},"
        marked = [_mention(mark, place) for mark in aspects if _is_placed(mark)]
        found = mentions.locate(text, marked)
        rows.append({"id": sentence.get("id"), "text": text, "spans": found.spans})
        without += len(aspects) - len(marked)
        overlapping += found.overlapping
    note = "Read as SemEval: spans are aspects, with their polarity as the label; format = … overrules."
    if without:
        note += f" {count(without, 'opinion')} on no words left out."
    return Content({"": pd.DataFrame(rows)}, " ".join([note, *mentions.remarks(overlapping, 0)]))


def _of_categories(root: Element) -> Content:
    """Return a row for each category of a sentence, whose aspects are not marked: text, category and polarity."""
    import pandas as pd

    rows = [
        (sentence.get("id"), sentence.findtext("text"), mark.get("category"), mark.get("polarity"))
        for sentence in root.iter("sentence")
        for mark in sentence.iter("aspectCategory")
    ]
    note = "Read as SemEval: a row for each category of a sentence, with its polarity as the label"
    return Content(
        {"": pd.DataFrame(rows, columns=["id", "text", "aspect", "label"])}, f"{note}; format = … overrules."
    )


def _root(source: Source) -> Element:
    """Return the root of an XML file without a document type, which could make it huge by entities of its own."""
    with source.open() as file:
        data = file.read()
    if b"<!doctype" in data.replace(b"\0", b"").lower():
        raise DataError(f"{source.name} has a DOCTYPE, which is not read.", "Remove it if you trust the file.")
    try:
        return ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise DataError(f"{source.name} is not XML: {error}.", "Repair it there.") from None


def _is_placed(aspect: Element) -> bool:
    return aspect.get("target") != "NULL" and all(is_position(aspect.get(name, "")) for name in ("from", "to"))


def _mention(aspect: Element, place: str) -> Mention:
    part = (int(aspect.get("from", "")), int(aspect.get("to", "")))
    quoted = aspect.get("term") or aspect.get("target") or ""
    return Mention((part,), aspect.get("polarity") or "aspect", quoted, place)


def _fit_triples(source: Source) -> Fit:
    """Whether the first lines come in threes: a text with a place, what stands there, and a polarity."""
    lines = source.first_lines[: 3 * _ROWS]
    whole = len(lines) // 3 * 3
    places, labels = lines[:whole:3], lines[2:whole:3]
    are_polarities = all(_POLARITY.fullmatch(label.strip()) for label in labels)
    return Fit.SURE if places and are_polarities and all(_PLACE in line for line in places) else Fit.NO


def _read_triples(source: Source) -> Content:
    import pandas as pd

    lines = [line.strip() for line in source.lines]
    while lines and not lines[-1]:
        lines.pop()
    rows = []
    for at in range(0, len(lines), 3):
        text, aspect, label = [*lines[at : at + 3], "", ""][:3]
        if _PLACE not in text or not aspect or not label:
            raise DataError(
                f"{source.name} line {at + 1:,} begins no three lines of text, aspect, polarity: {text[:60]!r}.",
                f"The text has {_PLACE} in the place of the aspect.",
            )
        rows.append({"text": text.replace(_PLACE, aspect), "text_pair": aspect, "label": label})
    note = f"Read as triples: a text with {_PLACE} in the place of its aspect, the aspect, the polarity"
    return Content({"": pd.DataFrame(rows)}, f"{note}; format = … overrules.")


XML = Format("semeval", (".xml",), _fit_xml, _read_xml)
TRIPLES = Format("triples", (".seg",), _fit_triples, _read_triples)
