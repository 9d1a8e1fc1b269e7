"""WebAnno TSV 3, the export of WebAnno and INCEpTION: words with the features of each layer in columns.

A header names the layers and their features, in the order of the columns. A feature of several words has the number of
its annotation behind its value, as in ``PER[1]``; several annotations of a word have ``|`` between them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertmagic.data import tags
from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.errors import DataError, count, listing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bertmagic.data.formats.source import Source

_FORMAT = "#FORMAT=WebAnno TSV 3"
_LAYER = re.compile(r"#T_(SP|CH|RL)=(.+)")
_WORD = re.compile(r"\d+-\d+")
_PART = re.compile(r"\d+-\d+\.\d+")
_NUMBERED = re.compile(r"(.*?)(?:\[(\d+)\])?", re.DOTALL)
_SEPARATED = re.compile(r"(?<!\\)\|")
_ESCAPED = re.compile(r"\\(.)")
_ENTITIES = ("NamedEntity", "NE", "Entity", "NER")
_OF_WORDS = ("POS", "Lemma", "Token", "MorphologicalFeatures")
"""Layers that describe words and mark no entities: their tags are learnt on request only."""
_FEATURES = ("value", "label", "identifier")

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class Feature:
    """A column of a layer of spans."""

    column: int
    layer: str
    name: str

    @property
    def title(self) -> str:
        """What the option ``label`` and messages call it."""
        return f"{self.layer}.{self.name}" if self.name else self.layer


def _fit(source: Source) -> Fit:
    return Fit.SURE if source.beginning.lstrip("\ufeff").startswith(_FORMAT) else Fit.NO


def _read(source: Source) -> Content:
    import pandas as pd

    lines = source.lines
    features = list(_features(lines))
    sentences = list(_sentences(source.name, lines))
    filled = [feature for feature in features if _has_values(sentences, feature)]
    if not filled:
        raise DataError(
            f"no layer of {source.name} marks a span (layers: {listing(f.title for f in features) or 'none'}).",
            "Export a layer of spans, such as the named entities.",
        )
    chosen = min(filled, key=_likeliness)
    is_asked = chosen.layer in _OF_WORDS
    marks = {feature: [_tags(sentence, feature) for sentence in sentences] for feature in filled}
    frame = pd.DataFrame(
        {
            "tokens": [[fields[2] for _, fields in sentence] for sentence in sentences],
            **({} if is_asked else {"tags": [row for row, _ in marks[chosen]]}),
            **{f.title: [row for row, _ in marks[f]] for f in filled if len(filled) > 1 or is_asked},
        },
        pd.Index([sentence[0][0] for sentence in sentences], name="line", dtype="int64"),
    )
    if is_asked:  # as types, which nothing takes for entities
        for title in frame.columns[1:]:
            frame[title] = [[tag[2:] if tag[1:2] == "-" else tag for tag in row] for row in frame[title]]
        layers = listing(feature.title for feature in filled)
        note = f"Read as WebAnno TSV: no layer marks entities; label = … learns the tags of words: {layers}."
        return Content({"": frame}, note)
    return Content({"": frame}, _note(chosen, filled, sum(dropped for _, dropped in marks[chosen])))


def _features(lines: Sequence[str]) -> Iterator[Feature]:
    """Yield the features of the layers of spans, with their columns."""
    column = 3
    for kind, names in (match.groups() for match in map(_LAYER.match, lines) if match):
        layer, *features = names.split("|")
        features = features or [""]
        if kind == "SP":
            short = layer.rpartition(".")[2]
            yield from (Feature(column + at, short, name) for at, name in enumerate(features))
        column += len(features)


def _sentences(name: str, lines: Sequence[str]) -> Iterator[list[Row]]:
    """Yield the words of each sentence; annotations of a part of a word have lines of their own, which hold no word."""
    sentence: list[Row] = []
    for number, line in enumerate(lines, start=1):
        fields = line.split("\t")
        if _WORD.fullmatch(fields[0]) and len(fields) > 2:
            sentence.append((number, fields))
        elif line.strip() and not line.startswith("#") and not _PART.fullmatch(fields[0]):
            raise DataError(f"{name} line {number:,} is not a word: {line[:40]!r}.", "Export the file once more.")
        elif sentence and not line.strip():
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _cell(fields: Sequence[str], feature: Feature) -> str:
    return fields[feature.column] if feature.column < len(fields) else "_"


def _has_values(sentences: Sequence[Sequence[Row]], feature: Feature) -> bool:
    cells = {_cell(fields, feature) for sentence in sentences for _, fields in sentence}
    return any(value not in ("_", "*") and not value.startswith("*[") for cell in cells for value in _values(cell)) or (
        not feature.name and cells > {"_"}
    )


def _values(cell: str) -> list[str]:
    return _SEPARATED.split(cell)


def _likeliness(feature: Feature) -> tuple[bool, bool, int]:
    """Return what sorts features: named entities first, parts of speech last, and their value before other features."""
    return (
        feature.layer not in _ENTITIES,
        feature.layer in _OF_WORDS,
        _FEATURES.index(feature.name) if feature.name in _FEATURES else 1,
    )


def _tags(sentence: Sequence[Row], feature: Feature) -> tuple[list[str], int]:
    """Return the IOB2 tags of a sentence, and how many further annotations of its words were left out."""
    marked: list[str] = []
    dropped = 0
    before = ""
    for _, fields in sentence:
        values = [value for value in _values(_cell(fields, feature)) if value != "_"]
        dropped += max(len(values) - 1, 0)
        # An annotation that goes on counts before one that begins here: the outer one of two.
        value = before if before and before in values else next(iter(values), "")
        label, number = (_NUMBERED.fullmatch(value) or _NUMBERED.match("")).groups()  # type: ignore[union-attr]
        marked.append(_tag(label, value == before and number is not None))
        before = value
    return marked, dropped


def _tag(label: str, goes_on: bool) -> str:
    label = _ESCAPED.sub(r"\1", label)
    letter = "I" if goes_on else "B"
    return tags.OUTSIDE if not label else letter if label == "*" else f"{letter}-{label}"


def _note(chosen: Feature, filled: Sequence[Feature], dropped: int) -> str:
    others = [feature.title for feature in filled if feature is not chosen]
    note = f"Read as WebAnno TSV: the tags are those of {chosen.title}; format = … overrules."
    if others:
        note += f" label = … learns those of another layer: {listing(others)}."
    if dropped:
        note += f" {count(dropped, 'further annotation of a word', 'further annotations of words')} left out."
    return note


FORMAT = Format("webanno", (), _fit, _read)
