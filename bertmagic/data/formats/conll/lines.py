"""The lines of a file with one word per line: which hold words, where sentences end, and how columns are separated."""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from bertmagic.data import tags
from bertmagic.data.formats.numerals import DIGITS, is_position
from bertmagic.data.formats.source import LONGEST
from bertmagic.errors import DataError, count

if TYPE_CHECKING:
    from bertmagic.data.formats.reading import Reading

Line = tuple[int, list[str]]
"""The number of a line in its file, from 1, and its columns."""

_QUOTING = (",", ";")
"""Separators of files in which words may be quoted as in CSV; they are tried only where blank lines part sentences."""
_LOOKED_AT = 2000
"""How many lines decide how columns are separated."""
_BLANK = " \t\r\n\ufeff"  # others, such as a no-break space, may be words
_COMMENT = re.compile(r"#(\s|##|[\w.]+ ?=|(begin|end) document)")
_DOCUMENT = ("-DOCSTART-", "-DOCEND-", "#begin document", "#end document", "###")
_NAMES = re.compile(r"#\s*global\.columns\s*=\s*(.+)")
_TYPE = re.compile(r"[^\W\d_][\w./-]*")
_NUMBER = re.compile(rf"\d{{1,{DIGITS}}}")
_NO_WORD = re.compile(r"\d+[-.]\d+")
"""The index of a multiword range (``3-4``) or of an empty node (``1.1``) in CoNLL-U."""

UNIVERSAL = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
"""The columns of CoNLL-U and CoNLL-X."""
ONTONOTES = ("document", "part", "id", "word", "pos", "parse", "predicate", "frame", "sense", "speaker", "ner")
"""The first columns of CoNLL-2012; a column for each predicate follows, so their number differs by sentence."""


@dataclass(frozen=True)
class WordLines:
    """The lines of a file that hold words.

    Attributes
    ----------
    lines
        All lines of the file.
    separator
        What separates two columns.
    width
        How many columns a line has.
    names
        The names of the columns in lower case or as the header has them; empty if they have none.
    header
        The columns of the header line; empty if there is none.
    dialect
        ``CoNLL``, ``CoNLL-U`` or ``CoNLL-2012``.
    turned
        The numbers of columns whose tags end in their letter, as ``PER_B`` does.
    attributes
        The keys of tags in the last column, such as ``name`` of ``name=B-PER|SpaceAfter=No``; each is one more column.
    """

    lines: Sequence[str]
    separator: re.Pattern[str]
    width: int = 0
    names: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    dialect: str = "CoNLL"
    attributes: tuple[str, ...] = ()
    turned: tuple[int, ...] = ()

    def sentences(self) -> Iterator[list[Line]]:
        """Yield the words of each sentence.

        A blank line or the start of a document ends a sentence. In a file without blank lines a comment does, or else
        an index that starts again.
        """
        sentence: list[Line] = []
        for number, line in enumerate(self.lines, start=1):
            fields = None if _is_blank(line) else self._fields(line)
            if sentence and self._ends(line, fields, sentence):
                yield sentence
                sentence = []
            if fields is not None and tuple(fields) != self.header and not self._skips(fields):
                sentence.append((number, fields))
        if sentence:
            yield sentence

    @cached_property
    def skipped(self) -> int:
        """How many lines hold a multiword range or an empty node of CoNLL-U instead of a word."""
        split = (self._fields(line) for line in self.lines if self.counts and _NO_WORD.match(line))
        return sum(fields is not None and self._skips(fields) for fields in split)

    @cached_property
    def divided(self) -> bool:
        """Whether a blank line or the start of a document stands between words."""
        blank = [_is_blank(line) for line in self.lines]
        words = [at for at, line in enumerate(self.lines) if not blank[at] and not _COMMENT.match(line)]
        return bool(words) and any(blank[words[0] : words[-1]])

    @cached_property
    def _commented(self) -> bool:
        words = [at for at, line in enumerate(self.lines) if not _is_blank(line) and self._fields(line)]
        return bool(words) and any(map(_COMMENT.match, self.lines[words[0] + 1 : words[-1]]))

    @cached_property
    def counts(self) -> bool:
        """Whether the first column counts the words, with ranges and empty nodes between."""
        split = filter(None, (None if _is_blank(line) else self._fields(line) for line in self.lines))
        first = [fields[0] for fields in islice(split, _LOOKED_AT) if tuple(fields) != self.header]
        numbers = [bool(_NUMBER.fullmatch(field)) for field in first]
        others = [field for field, number in zip(first, numbers, strict=True) if not number]
        return sum(numbers) > len(first) / 2 and all(map(_NO_WORD.fullmatch, others))

    def _ends(self, line: str, fields: list[str] | None, sentence: list[Line]) -> bool:
        if fields is None and (_is_blank(line) or line.startswith(_DOCUMENT)):
            return True
        if self.divided:
            return False
        if fields is None or not self.counts or self._commented:
            return fields is None and bool(_COMMENT.match(line))
        now, before = fields[0], sentence[-1][1][0]
        return is_position(now) and is_position(before) and int(now) <= int(before)

    def _skips(self, fields: list[str]) -> bool:
        return self.counts and _NO_WORD.fullmatch(fields[0]) is not None

    def _fields(self, line: str) -> list[str] | None:
        """Return the columns of a line; None for a comment or the start of a document."""
        if line.startswith("-DOC") and line.startswith(_DOCUMENT):
            return None
        fields = self.split(line)
        return None if line.startswith("#") and self._is_comment(line, fields) else fields

    def _is_comment(self, line: str, fields: list[str]) -> bool:
        """Whether a line is a comment: it looks like one, and not like the word ``#`` with its tag."""
        if not _COMMENT.match(line):
            return False
        if not self.width or len(fields) != self.width:
            return True
        return not any(tags.parts(field) or (self.is_tabbed and _TYPE.fullmatch(field)) for field in fields[1:])

    @property
    def is_tabbed(self) -> bool:
        """Whether tabs separate the columns."""
        return self.separator.pattern == "\t"

    def split(self, line: str) -> list[str]:
        """Return the columns of a line, without empty ones behind the last."""
        fields = self._parted(line)
        for number in self.turned:
            if number < len(fields):
                fields[number] = tags.turned(fields[number])
        return fields

    def _parted(self, line: str) -> list[str]:
        if self.separator.pattern in _QUOTING:
            return next(csv.reader([line.strip(_BLANK)], delimiter=self.separator.pattern), [""])
        if not self.is_tabbed:
            return self.separator.split(line.strip(_BLANK))[: len(ONTONOTES) if self.dialect == "CoNLL-2012" else None]
        fields = [field.strip(" ") for field in self.separator.split(line.strip("\r\n\ufeff"))]
        while len(fields) > max(self.width, 1) and not fields[-1]:
            fields.pop()
        if self.attributes:
            values = _attributes(fields[-1])
            fields += [values.get(key, "_") for key in self.attributes]
        return fields

    def check(self, name: str) -> None:
        """Raise a `DataError` for the first line of another number of columns than most lines."""
        for number, fields in (line for sentence in self.sentences() for line in sentence):
            where = f"{name} line {number:,}"
            if len(self.lines[number - 1]) > LONGEST:
                raise DataError(
                    f"{where} has {len(self.lines[number - 1]):,} characters.", "A line holds one word: check the file."
                )
            if len(fields) < 2:
                raise DataError(
                    f"{where} has no tag after its word {fields[0]!r}.", "Give each word a tag: WORD TAB TAG."
                )
            if len(fields) != self.width:
                raise DataError(
                    f"{where} has {count(len(fields), 'column')}, most lines have {self.width}.",
                    "A blank within a word may be the reason: separate the columns by tabs.",
                )


def _attributes(cell: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in cell.split("|") if "=" in part)


def with_attributes(words: WordLines) -> WordLines:
    """Return lines of CoNLL-U with a column for each key that has a tag for every word in the last column."""
    cells = [fields[-1] for sentence in islice(words.sentences(), _LOOKED_AT) for _, fields in sentence]
    rows = [{key for key, value in _attributes(cell).items() if tags.parts(value)} for cell in cells]
    keys = tuple(sorted(set.intersection(*rows))) if rows else ()
    names = tuple(f"misc:{key}" for key in keys)
    return replace(words, names=words.names + names, width=words.width + len(keys), attributes=keys)


def _is_blank(line: str) -> bool:
    return not line.strip(_BLANK)


def candidates(lines: Sequence[str], reading: Reading) -> Iterator[WordLines]:
    """Yield the ways to split lines into two or more columns, the likelier first."""
    for pattern in _patterns(reading.sep):
        split = WordLines(lines, re.compile(pattern))
        if pattern in _QUOTING and not (reading.sep or split.divided):
            continue
        if any(line.startswith("#begin document") for line in lines[:_LOOKED_AT]):
            split = replace(split, dialect="CoNLL-2012", names=ONTONOTES)
        if (width := _width(split)) > 1:
            yield _named(replace(split, width=width))


def _patterns(sep: str | None) -> list[str]:
    if not sep:
        return ["\t", "[ \t]+", *_QUOTING]
    return [re.escape(sep) if sep.strip(" ") else " +"]


def _width(words: WordLines) -> int:
    """Return how many columns most of the first lines have, without last ones that are always empty."""
    unlimited = replace(words, width=sys.maxsize)
    rows = [unlimited.split(line) for line in islice(filter(_may_hold_word, words.lines), _LOOKED_AT)]
    if not rows:
        return 0
    usual = Counter(map(len, rows)).most_common(1)[0][0]
    filled = (max((at for at, cell in enumerate(row, start=1) if cell), default=0) for row in rows if len(row) == usual)
    return max(filled)


def share(words: WordLines) -> float:
    """Return the share of the first lines that have the same number of columns."""
    widths = [len(words.split(line)) for line in islice(filter(_may_hold_word, words.lines), _LOOKED_AT)]
    return widths.count(words.width) / len(widths)


def _may_hold_word(line: str) -> bool:
    return not (_is_blank(line) or _COMMENT.match(line) or line.startswith(_DOCUMENT))


def _named(words: WordLines) -> WordLines:
    """Return lines with the names of their columns if a comment has them, or the columns are those of CoNLL-U."""
    named = next(filter(None, map(_NAMES.match, words.lines[:_LOOKED_AT])), None)
    if named:
        names = tuple(name.lower() for name in named[1].split())
        return replace(words, names=names, dialect="CoNLL-U") if len(names) == words.width else words
    if words.width == len(UNIVERSAL) and words.is_tabbed and words.counts:
        return replace(words, names=UNIVERSAL, dialect="CoNLL-U")
    return words
