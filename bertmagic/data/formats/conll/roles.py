"""Which column of a file with one word per line holds the word, which the tag, and what the others are."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

from bertmagic.data import tags
from bertmagic.data.formats.conll import brackets
from bertmagic.data.formats.numerals import DIGITS, is_position
from bertmagic.errors import DataError, count, listing, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bertmagic.data.formats.conll.lines import Line, WordLines

_MOST = 2000
"""A column with more different values is no column of tags."""
_MOST_TYPES = 200
_MANY = 20
"""A column with so many numbers and nothing else is no column of words."""
SURE = 0.9
"""Share of the cells that are tags in a column of tags, of a file that may be damaged."""
_OUTSIDE_SHARE = 0.3
WORDS = ("token", "tokens", "word", "words", "form", "text")
TAGS = ("tags", "tag", "ner_tags", "ner_tag", "ner", "label", "labels", "bio", "iob", "iob2", "entity")
_PREDICTED = re.compile(r"pred|guess|system|hyp", re.IGNORECASE)
_CHUNKS = frozenset(
    ["NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP", "NX", "VN", "NC", "VC", "PC"]
)
"""Types of phrases, as in the chunk column of CoNLL-2000 and 2003."""
_NUMBER = re.compile(r"(?=[.,:-]*\d)[\d.,:-]+")  # in one pass: a cell may have a million digits
_LANGUAGE = re.compile(r"[a-z]{2,3}:(?=.)")
_POSITIONED = re.compile(rf"(.\D?)(\d{{1,{DIGITS}}})", re.DOTALL)  # half an emoji may be two characters
_TYPE = re.compile(r"[^\W\d_][^\s()*]*")
_PART = re.compile(r"[./_:-]")


class Kind(IntEnum):
    """What the cells of a column mark."""

    OTHER = 0
    TYPES = 1
    """The type of an entity alone, ``O`` outside."""
    BRACKETS = 2
    TAGS = 3
    """Tags of a scheme, such as ``B-PER``."""


@dataclass
class Column:
    """What the cells of a column have in common.

    Attributes
    ----------
    number
        Its number, from 0.
    name
        Its name, or an empty string.
    values, tagged
        How often each value occurs, and how many are tags; no longer counted once there are more values than `_MOST`.
    cells
        How many there are.
    is_number
        Whether all cells are numbers, or ranges of numbers.
    is_steady
        Whether each sentence has one value only.
    prefix
        The language before each word, such as ``pt:``; None before the first cell, empty if there is none.
    is_positioned
        Whether each cell is a character and its position in its word, from 0, as in the Chinese Weibo corpus.
    """

    number: int
    name: str = ""
    values: Counter[str] = field(default_factory=Counter)
    cells: int = 0
    is_number: bool = True
    is_steady: bool = True
    tagged: int = 0
    prefix: str | None = None
    is_positioned: bool = True

    def add(self, cells: Sequence[str]) -> None:
        """Count the cells of a sentence."""
        if len(self.values) <= _MOST:
            self.values.update(cells)
            self.tagged += sum(tags.parts(cell) is not None for cell in cells)
        self.cells += len(cells)
        self.is_number = self.is_number and all(map(_NUMBER.fullmatch, cells))
        self.is_steady = self.is_steady and len(set(cells)) == 1
        self.prefix = _prefix(self.prefix, cells)
        self.is_positioned = self.is_positioned and _are_positioned(cells)

    def bare(self, word: str) -> str:
        """Return a word without what the corpus adds to each one: its language, or its position."""
        if self.is_positioned:
            return _POSITIONED.sub(r"\1", word)
        return word.removeprefix(self.prefix or "")

    @property
    def addition(self) -> str:
        """What `bare` leaves out, in the words of a message; empty if words stay as they are."""
        if self.is_positioned:
            return "The position of each character in its word"
        return f"{self.prefix!r} before each word" if self.prefix else ""

    @property
    def types(self) -> frozenset[str]:
        """The types of entities that its cells name."""
        if self.kind is Kind.TAGS:
            found = ((tags.parts(value) or ("", ""))[1] for value in self.values)
        elif self.kind is Kind.BRACKETS:
            found = (value.strip("(*)") for value in self.values)
        else:
            found = (value for value in self.values if value != self.outside)
        return frozenset(filter(None, found))

    @property
    def is_typed(self) -> bool:
        """Whether a cell is a tag with a type."""
        return any(len(value) > 2 and tags.parts(value) for value in self.values)

    @property
    def has_only_inside(self) -> bool:
        """Whether all tags of entities are ``I-``."""
        return self.kind is Kind.TAGS and {(tags.parts(value) or ("O",))[0] for value in self.values} == {"I", "O"}

    @property
    def is_turned(self) -> bool:
        """Whether cells are tags that end in their letter, such as ``PER_B`` and ``PER_I``, or mark nothing."""
        return len(self.values) <= _MOST_TYPES and tags.are_turned(self.values)

    @property
    def has_scheme(self) -> bool:
        """Whether its cells must be tags of a scheme."""
        return self.kind is Kind.TAGS or (self.kind is Kind.OTHER and self.is_typed)

    @cached_property
    def kind(self) -> Kind:
        """What its cells mark, once all of them are counted."""
        few = self.cells > 0 and len(self.values) <= _MOST
        tagged = self.tagged >= (SURE if self.is_typed else 1) * self.cells  # types alone may be rare among many O
        if few and (tagged or self._foreign_outside):
            return Kind.TAGS
        if few and all(map(brackets.is_cell, self.values)) and any(value.startswith("(") for value in self.values):
            return Kind.BRACKETS
        return Kind.TYPES if self._has_types() else Kind.OTHER

    def _has_types(self) -> bool:
        types = self.values.keys() - {tags.OUTSIDE}
        return (
            not self.is_typed
            and 0 < len(types) <= _MOST_TYPES
            and self.values[tags.OUTSIDE] >= _OUTSIDE_SHARE * self.cells
            and all(map(_TYPE.fullmatch, types))
        )

    @property
    def outside(self) -> str:
        """What words outside of entities have."""
        return self._foreign_outside or tags.OUTSIDE

    @cached_property
    def _foreign_outside(self) -> str:
        """The one value that is no tag of a column in which all others are, such as 0 or ``_`` for O; else empty.

        There is no ``O`` then, but 0 may be mistyped in some places.
        """
        if len(self.values) > _MOST or not self.is_typed:
            return ""
        others = [value for value in self.values if tags.parts(value) is None]
        if len(others) != 1 or _TYPE.fullmatch(others[0]):
            return ""
        usual = not self.values[tags.OUTSIDE] and self.values[others[0]] >= _OUTSIDE_SHARE * self.cells
        return others[0] if usual or others[0] == "0" else ""

    @property
    def title(self) -> str:
        """What messages call it."""
        if self.name.startswith("misc:"):
            return f"{self.name.removeprefix('misc:')} of the column misc"
        return f"column {self.number + 1}" + (f" ({self.name})" if self.name else "")


def _prefix(known: str | None, cells: Sequence[str]) -> str:
    """Return the language that stands before all words so far."""
    if known is None:
        match = _LANGUAGE.match(cells[0])
        known = match[0] if match else ""
    return known if known and all(len(cell) > len(known) and cell.startswith(known) for cell in cells) else ""


def _are_positioned(cells: Sequence[str]) -> bool:
    """Whether the numbers behind single characters count up from 0 again and again."""
    matches = [_POSITIONED.fullmatch(cell) for cell in cells]
    positions = [int(match[2]) if match else -1 for match in matches]
    return all(now in (0, before + 1) for before, now in zip([-1, *positions], positions, strict=False))


@dataclass(frozen=True)
class Roles:
    """The columns of words and of their tags; ``tag`` is None if no column marks entities."""

    word: Column
    tag: Column | None = None


def profile(sentences: Iterable[list[Line]], words: WordLines) -> list[Column]:
    """Return what the cells of each column have in common; lines of another width do not count."""
    columns = [Column(number, words.names[number] if words.names else "") for number in range(words.width)]
    for sentence in sentences:
        rows = [fields for _, fields in sentence if len(fields) == words.width]
        for column, cells in zip(columns, zip(*rows, strict=True), strict=bool(rows)):
            column.add(cells)
    return columns


def assign(columns: Sequence[Column], name: str, said: Sequence[str] = ()) -> Roles | None:
    """Return the roles of columns; None if no column marks entities and none is named as the word.

    Parameters
    ----------
    name
        What messages call the file.
    said
        The columns of word and tag as the user says them: by name, or by number from 1.

    Raises
    ------
    DataError
        If ``said`` names no two columns, no column has words, or several columns can be the tag.
    """
    if said:
        return Roles(*_said(columns, name, said))
    damaged = [column for column in columns if column.has_scheme]
    marked = [column for column in columns if column.kind] or damaged
    word = _word(columns, marked)
    if word is None or not (marked or word.name):
        return None
    if word.is_number and word.cells >= _MANY:
        raise DataError(
            f"{name} has tags, but no column of words: {word.title} holds only numbers ({listing(word.values, 2)}).",
            "Tags of positions need their texts: put the words in a column, or name them with columns = (WORD, TAG).",
        )
    return Roles(word, _tag(marked, name, word) if marked else None)


def _said(columns: Sequence[Column], name: str, said: Sequence[str]) -> list[Column]:
    if len(said) != 2:
        raise DataError(
            f"columns names {count(len(said), 'column')} of {name}, and a word has one tag.",
            "Name the column of the word and that of its tag, as in columns = (1, 2).",
        )
    return [_column(columns, name, which) for which in said]


def _column(columns: Sequence[Column], name: str, which: str) -> Column:
    named = [column for column in columns if column.name and column.name.lower() == which.lower()]
    if named:
        return named[0]
    if is_position(which) and 0 < int(which) <= len(columns):
        return columns[int(which) - 1]
    names = [column.name for column in columns if column.name]
    listed = f", named {listing(names)}" if names else ""
    raise DataError(
        f"{name} has no column {which}; it has {count(len(columns), 'column')}{listed}.{nearest(which, names)}",
        "Name the column of the word and that of its tag, as in columns = (1, 2).",
    )


def _word(columns: Sequence[Column], marked: Sequence[Column]) -> Column | None:
    """Return the column of words: by its name, else the first one that is no index and no tag."""
    free = [column for column in columns if column not in marked]
    named = [column for wanted in WORDS for column in free if column.name.lower() == wanted]
    varying = [column for column in free if not column.is_steady]
    wordlike = [column for column in varying if not column.is_number]
    return next(iter(named or wordlike or varying or free), None)


def _tag(marked: Sequence[Column], name: str, word: Column) -> Column:
    """Return the column of tags to learn from.

    That is the one with a usual name; else the first one, if the others have tags of the same types, such as inner
    entities or predictions. Chunks are tags of another kind.
    """
    gold = [column for column in marked if not _PREDICTED.search(column.name)] or marked
    named = [column for wanted in TAGS for column in gold if column.name.lower() == wanted]
    if named:
        return named[0]
    typed = [column for column in gold if column.types] or gold
    kind = max(column.kind for column in typed)
    alike = [column for column in typed if column.kind is kind]
    entities = [column for column in alike if not column.types <= _CHUNKS] or alike
    first, *others = entities
    if all(_alike(first, column) for column in others):
        return first
    kinds = " and ".join(f"{column.title} ({listing(sorted(column.types), 3)})" for column in entities)
    ways = "\n".join(f"columns = ({word.number + 1}, {column.number + 1})" for column in entities)
    raise DataError(f"{name} has tags of several kinds: {kinds}.", f"Say which ones are meant:\n{ways}")


def _alike(one: Column, other: Column) -> bool:
    """Whether two columns have types in common, such as ``LOC`` and ``LOCpart``, or names with one beginning."""
    if one.name and _PART.split(one.name)[0] == _PART.split(other.name)[0]:
        return True
    return any(left.startswith(right) or right.startswith(left) for left in _stems(one) for right in _stems(other))


def _stems(column: Column) -> set[str]:
    """Return the first parts of types in lower case: ``loc`` of ``LOC`` and of ``loc.adm.town``."""
    return {_PART.split(label.lower())[0] for label in column.types}
