"""Entities marked within running text: ``<START:person> Mara <END>``, ``{{person:Mara}}``, or a tag behind each word.

The first form is that of OpenNLP, the second that of BosonNLP. Tags stand behind words as in ``Mara|NNP|B-PER`` or, in
the Chinese corpus of MSRA, behind parts of a text: ``中国/ns 的/o``.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bertmagic.data import tags
from bertmagic.data.formats import chunks
from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.data.formats.lines import first, numbered
from bertmagic.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bertmagic.data.formats.source import Source

Row = dict[str, Any]

_OVERRULES = "format = … overrules."
_START = re.compile(r"<START(?::([^\s<>]+))?>")
_END = "<END>"
_MARK = re.compile(r"(<START(?::[^\s<>]+)?>|<END>)")
_BRACES = re.compile(r"\{\{\s*([^{}:：\s]+)\s*[:：]([^{}]*)\}\}")
_LOOKED_AT = 200
_MOST_TYPES = 50
_FEW, _LONGEST = 5, 500
"""Words that a file has at least, and characters of a word with its tag at most."""
_SURE = 0.95
"""Share of the words that have a tag, in a file that may be damaged."""
_IDEOGRAPH = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
_LATIN = re.compile("[A-Za-z]")
_WORD_TAG = re.compile(r"(.+?)([/|])(?:[^\s|]+\|)?([^\s/|]+)")


@dataclass(frozen=True)
class _Form:
    """A way to mark entities.

    Attributes
    ----------
    marks
        Whether lines are marked so.
    read
        Returns the row of a line; None for a line without words.
    """

    marks: Callable[[list[str]], bool]
    read: Callable[[str, str], Row | None]
    note: str


def _form(source: Source) -> _Form | None:
    lines = first(source)[:_LOOKED_AT]
    return next((form for form in (_OPENNLP, _BOSON, _BESIDE, _TAGGED) if lines and form.marks(lines)), None)


def _fit(source: Source) -> Fit:
    return Fit.NO if _form(source) is None else Fit.SURE


def _read(source: Source) -> Content:
    import pandas as pd

    form = _form(source)
    if form is None:
        raise DataError(
            f"no text of {source.name} has marked entities.",
            "Known are <START:person> Mara <END>, {{person:Mara}}, and a tag behind each word: Mara/B-PER.",
        )
    rows = [
        row
        for number, line in numbered(source)
        if line.strip() and (row := form.read(line, f"{source.name} line {number:,}")) is not None
    ]
    frame, note = pd.DataFrame(rows), form.note
    if form is _TAGGED and not _are_words(rows):
        frame, note = pd.DataFrame(map(_joined, rows)), _PARTS_NOTE
    return Content({"": frame}, f"Read as {note}; {_OVERRULES}")


# OpenNLP


def _has_starts(lines: list[str]) -> bool:
    return any(map(_START.search, lines)) and any(_END in line for line in lines)


@dataclass
class _Sentence:
    """The words of a line so far, and the entity that is open."""

    place: str
    words: list[str] = field(default_factory=list)
    marked: list[tags.Entity] = field(default_factory=list)
    label: str | None = None
    start: int = 0

    def open(self, label: str) -> None:
        if self.label is not None:
            raise self.wrong(f"opens an entity within {self.label!r}")
        self.label, self.start = label, len(self.words)

    def close(self) -> None:
        if self.label is None or self.start == len(self.words):
            raise self.wrong(f"has {_END} without words behind <START:…>")
        self.marked.append(tags.Entity(self.start, len(self.words), self.label))
        self.label = None

    def wrong(self, what: str) -> DataError:
        return DataError(f"{self.place} {what}.", f"An entity is <START:person> Mara Lind {_END}, with blanks.")


def _opennlp(line: str, place: str) -> Row | None:
    sentence = _Sentence(place)
    for word in _MARK.sub(r" \1 ", line).split():  # a full stop may stand right behind a mark
        if match := _START.fullmatch(word):
            sentence.open(match[1] or tags.UNTYPED)
        elif word == _END:
            sentence.close()
        else:
            sentence.words.append(word)
    if sentence.label is not None:
        raise sentence.wrong(f"does not end the entity {sentence.label!r}")
    return {"tokens": sentence.words, "tags": tags.written(sentence.marked, len(sentence.words))}


# BosonNLP


def _has_braces(lines: list[str]) -> bool:
    """Whether a third of the lines name entities in braces, of few types: templates name many things."""
    found = [[match[1] for match in _BRACES.finditer(line)] for line in lines]
    types = Counter(label for row in found for label in row)
    return 3 * sum(map(bool, found)) >= len(lines) and 0 < len(types) <= _MOST_TYPES


def _boson(line: str, place: str) -> Row:
    text, spans = chunks.joined(_in_braces(line))
    return {"text": text, "spans": chunks.quoting(text, spans)}


def _in_braces(line: str) -> Iterator[tuple[str, str | None]]:
    """Yield the parts of a line, those of entities with their label; blanks around an entity are no part of it."""
    at = 0
    for match in _BRACES.finditer(line):
        quote = match[2].strip()
        start = match[2].find(quote)
        yield line[at : match.start()] + match[2][:start], None
        yield quote, match[1] if quote else None
        yield match[2][start + len(quote) :], None
        at = match.end()
    yield line[at:], None


# A tag behind each word


def _has_tags(lines: list[str]) -> bool:
    """Whether words have tags behind them: of a scheme, or types, with an O for many of them."""
    words = [word for line in lines for word in line.split()]
    given = [pair[1] for word in words if (pair := _pair(word)) is not None]
    if len(words) < _FEW or len(given) < _SURE * len(words):
        return False
    values = Counter(given)
    if all(map(tags.parts, values)):
        return len(values) > 1
    outside = values["O"] + values["o"]
    return 5 * outside >= len(given) and 1 < len(values) <= _MOST_TYPES


def _pair(word: str) -> tuple[str, str] | None:
    """Return a word and the tag behind it, without what stands between them, such as a part of speech."""
    match = _WORD_TAG.fullmatch(word) if len(word) <= _LONGEST else None  # its work grows with the square
    return (match[1], match[3]) if match else None


def _tagged(line: str, place: str) -> Row | None:
    words, given = [], []
    for word in line.split():
        pair = _pair(word)
        if pair is None:
            raise DataError(f"{place} has {word!r:.60} without a tag behind it.", "Each word has one: Mara/B-PER.")
        words.append(pair[0])
        given.append("O" if pair[1] == "o" else pair[1])
    return {"tokens": words, "tags": given} if words else None


# Tags behind the sentence


def _has_tags_beside(lines: list[str]) -> bool:
    """Whether each line has words, a tab, and as many tags, some with a type; most have more than one word."""
    rows = [row for line in lines if (row := _beside(line, "")) is not None]
    several = sum(len(row["tokens"]) > 1 for row in rows)
    typed = any(len(tag) > 1 for row in rows for tag in row["tags"])
    return len(rows) == len(lines) and typed and 2 * several >= len(lines)


def _beside(line: str, place: str) -> Row | None:
    """Return the words and tags of a line; also of ATIS's, ``BOS … EOS``, whose last tag is an intent."""
    words, given = (part.split() for part in line.split("\t")) if line.count("\t") == 1 else ([], [])
    intent: Row = {}
    if words[:1] == ["BOS"] and words[-1:] == ["EOS"] and len(given) == len(words):
        intent = {} if tags.parts(given[-1]) else {"intent": given[-1]}
        words, given = words[1:-1], given[1:-1]
    if not all(map(tags.parts, given)):  # PER_B and PER_I
        given = [tags.turned(tag) for tag in given]
    if words and len(words) == len(given) and all(map(tags.parts, given)):
        return {"tokens": words, "tags": given, **intent}
    if not place:
        return None
    raise DataError(f"{place} has not a tag for each word: {line[:60]!r}.", "Write WORDS, a tab, and as many tags.")


def _are_words(rows: list[Row]) -> bool:
    """Whether what has tags are words; in texts without blanks between words, they are parts of the text."""
    some = [word for row in rows[:_LOOKED_AT] for word in row["tokens"]]
    signs = sum(len(_IDEOGRAPH.findall(word)) for word in some)
    return signs <= sum(len(_LATIN.findall(word)) for word in some) or any(
        len(tag) > 2 and tags.parts(tag) for row in rows[:_LOOKED_AT] for tag in row["tags"]
    )


def _joined(row: Row) -> Row:
    """Return the parts of a text as one, with each part of a type as a span."""
    labels = (None if label == tags.OUTSIDE else label for label in row["tags"])
    text, spans = chunks.joined(zip(row["tokens"], labels, strict=True))
    return {"text": text, "spans": chunks.quoting(text, spans)}


_PARTS_NOTE = (
    "parts of a text with a type behind each: they are joined without blanks, and a part with a type is an entity"
)
_OPENNLP = _Form(_has_starts, _opennlp, "OpenNLP: words with entities between <START:…> and <END>")
_BOSON = _Form(_has_braces, _boson, "text with entities in braces: {{type:text}}")
_BESIDE = _Form(_has_tags_beside, _beside, "sentences with the tags of their words behind a tab")
_TAGGED = _Form(_has_tags, _tagged, "words with a tag behind each, the last one where there are several")

FORMAT = Format("markup", (), _fit, _read)
