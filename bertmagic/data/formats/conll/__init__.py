"""Sentences with one word per line, and its tag in one of the columns: CoNLL files and their many relatives."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from bertmagic.data import tags
from bertmagic.data.formats.conll import roles
from bertmagic.data.formats.conll.cells import Cells
from bertmagic.data.formats.conll.lines import WordLines, candidates, share, with_attributes
from bertmagic.data.formats.conll.roles import Column, Kind, Roles
from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.data.formats.words import SENTENCES
from bertmagic.errors import DataError, count, listing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from bertmagic.data.formats.conll.lines import Line
    from bertmagic.data.formats.reading import Reading
    from bertmagic.data.formats.source import Source

_FEW_WORDS = 5
_LOOKED_AT = 1000
"""How many sentences decide whether the first line holds names."""
_TAGS_OF_WORDS = {"CoNLL-U": ("upos", "xpos", "deprel"), "CoNLL-2012": ("pos",)}
"""Columns of these dialects that hold a tag for each word."""
_OVERRULE = "format = …, columns = … overrule."


def _fit(source: Source) -> Fit:
    return Fit.SURE if is_conll(source.first_lines, source.reading) else Fit.NO


def is_conll(lines: Sequence[str], reading: Reading) -> bool:
    """Whether lines hold one word each, with a tag that marks entities, or are CoNLL-U."""
    for words in candidates(lines, reading):
        if share(words) < roles.SURE:
            continue
        words, columns = _columns(words, reading)
        if _is_table(words):
            return False
        if words.dialect != "CoNLL" or any(_marks_entities(column, words) for column in columns):
            return True
    return False


def _is_table(words: WordLines) -> bool:
    """Whether a column has the number of the sentence, as in tables with one word per row."""
    return not words.divided and any(re.sub(r"[^a-z]", "", name.lower()) in SENTENCES for name in words.names)


def _marks_entities(column: Column, words: WordLines) -> bool:
    """Whether a column can only be one of tags: a blank line between sentences is another sign of it."""
    if column.kind is Kind.TAGS and column.is_typed:
        return column.values[column.outside] > 0 or (words.divided and column.cells >= _FEW_WORDS)
    return column.kind is not Kind.OTHER and words.divided and column.cells >= _FEW_WORDS


def _columns(words: WordLines, reading: Reading) -> tuple[WordLines, list[Column]]:
    """Return lines without the header that the first one may be, and what the cells of each column have in common."""
    if words.dialect == "CoNLL-U":
        words = with_attributes(words)
    first = next((fields for sentence in words.sentences() for _, fields in sentence), [])
    if words.names or reading.header is False or len(first) != words.width:
        return _turned(words)
    named = replace(words, names=tuple(first), header=tuple(first))
    if reading.header or _is_header(roles.profile(islice(named.sentences(), _LOOKED_AT), named)):
        words = named
    return _turned(words)


def _turned(words: WordLines) -> tuple[WordLines, list[Column]]:
    """Return lines with the letters of all tags first, and what the cells of each column have in common."""
    columns = roles.profile(words.sentences(), words)
    numbers = tuple(column.number for column in columns if column.is_turned)
    if not numbers:
        return words, columns
    words = replace(words, turned=numbers)
    return words, roles.profile(words.sentences(), words)


def _is_header(columns: Sequence[Column]) -> bool:
    """Whether names do not fit into the columns below: no tag above tags, or the usual names."""
    usual = {column.name.lower() for column in columns} & {*roles.WORDS, *roles.TAGS}
    above = [column for column in columns if column.kind is Kind.TAGS]
    if above:
        return any(tags.parts(column.name) is None and column.name != column.outside for column in above)
    return len(usual) > 1 and all(column.name not in column.values for column in columns)


def _read(source: Source) -> Content:
    words, columns, chosen = _chosen(source)
    words.check(source.name)
    if chosen.tag is None:
        further = _further(words, columns, chosen)
        if not further:
            raise _no_tags(source, columns)
    elif several := [value for value in chosen.tag.values if "|" in value and tags.parts(value.rsplit("|", 1)[1])]:
        raise DataError(
            f"{chosen.tag.title} of {source.name} has several tags in one cell, such as {several[0]!r:.60}.",
            "A word has one tag: keep one of them, or put the others into columns of their own.",
        )
    return Content({"": _frame(source, words, columns, chosen)}, _note(words, columns, chosen))


def _chosen(source: Source) -> tuple[WordLines, list[Column], Roles]:
    """Return the lines split in the first way in which a column marks entities, and the roles of their columns."""
    lines = source.lines
    ways = list(candidates(lines, source.reading))
    if not ways:
        what = "has one column only" if any(map(str.strip, lines)) else "has no rows"
        raise DataError(f"{source.name} {what}.", "Give each word a tag: WORD TAB TAG.")
    for way in ways:
        words, columns = _columns(way, source.reading)
        chosen = roles.assign(columns, source.name, source.reading.columns)
        if chosen is not None:
            return words, columns, chosen
    raise _no_tags(source, _columns(ways[0], source.reading)[1])


def _no_tags(source: Source, columns: Sequence[Column]) -> DataError:
    shown = "; ".join(f"{column.title}: {listing(column.values, 3)}" for column in columns[:6])
    return DataError(
        f"no column of {source.name} has tags of entities ({shown}).",
        "Name the column of the word and that of its tag, as in columns = (1, 2).",
    )


def _frame(source: Source, words: WordLines, columns: Sequence[Column], chosen: Roles) -> pd.DataFrame:
    """Return the sentences as rows of ``tokens``, ``tags`` and further lists; the index is their first line."""
    import pandas as pd

    readers: dict[str, Callable[[list[Line]], list[str]]] = {"tokens": Cells(source.name, chosen.word).words}
    if chosen.tag is not None:
        readers["tags"] = Cells(source.name, chosen.tag).tags
    for name, column in _further(words, columns, chosen).items():
        cells = Cells(source.name, column)
        readers[name] = cells.tags if column.kind else cells.raw
    begins: list[int] = []
    rows: dict[str, list[list[str]]] = {name: [] for name in readers}
    for sentence in words.sentences():
        begins.append(sentence[0][0])
        for name, read in readers.items():
            rows[name].append(read(sentence))
    return pd.DataFrame(rows, pd.Index(begins, name="line", dtype="int64"))


def _further(words: WordLines, columns: Sequence[Column], chosen: Roles) -> dict[str, Column]:
    """Return the other columns that ``label`` can name: all that have a name, else those that hold tags."""
    if words.dialect in _TAGS_OF_WORDS:
        named = {column.name: column for column in columns if column.name in _TAGS_OF_WORDS[words.dialect]}
    elif words.names:
        named = {column.name: column for column in columns if column is not chosen.word}
    else:
        named = {f"tags_{column.number + 1}": column for column in columns if column.kind and column is not chosen.tag}
    return {name: column for name, column in named.items() if name not in ("", "tokens", "tags")}


def _note(words: WordLines, columns: Sequence[Column], chosen: Roles) -> str:
    """Return how the file was read: which column was taken for what."""
    taken = f"{chosen.word.title} is the word"
    taken += f", {chosen.tag.title} the tag" if chosen.tag else "; none has tags of entities"
    others = [] if words.dialect in _TAGS_OF_WORDS else [c for c in columns if c not in (chosen.word, chosen.tag)]
    groups: dict[str, list[Column]] = {"counts": [], "has further tags": [], "is not read": []}
    for column in others:
        groups["counts" if column.is_number else "has further tags" if column.kind else "is not read"].append(column)
    if words.names:
        groups["is not read"] = []  # label can name them
    rest = ", ".join(_verb(group, verb) for verb, group in groups.items() if group)
    further = [name for name, column in _further(words, columns, chosen).items() if column is not chosen.tag]
    sentences = [f"Read as {words.dialect}: {taken}{f' ({rest})' if rest else ''}; {_OVERRULE}"]
    if further:
        sentences.append(f"label = … learns the tags of another column: {listing(further)}.")
    return " ".join([*sentences, *_remarks(words, chosen)])


def _verb(columns: Sequence[Column], verb: str) -> str:
    if len(columns) == 1:
        return f"{columns[0].title} {verb}"
    plural = {"counts": "count", "has further tags": "have further tags", "is not read": "are not read"}[verb]
    return f"columns {listing(column.number + 1 for column in columns)} {plural}"


def _remarks(words: WordLines, chosen: Roles) -> list[str]:
    remarks = []
    if words.skipped:
        skipped = count(words.skipped, "multiword range or empty node", "multiword ranges and empty nodes")
        remarks.append(f"{skipped} left out.")
    if chosen.tag is not None and chosen.tag.number in words.turned:
        remarks.append("Its tags end in B and I, and are read as if these came first.")
    if chosen.word.addition:
        remarks.append(f"{chosen.word.addition} is left out.")
    if chosen.tag is not None and chosen.tag.outside != tags.OUTSIDE:
        remarks.append(f"{chosen.tag.outside!r} is read as O.")
    if chosen.tag is not None and chosen.tag.has_only_inside:
        remarks.append("No tag begins with B-: neighbours of one type are one entity.")
    if chosen.tag is not None and chosen.tag.kind is Kind.TYPES:
        types = listing(sorted(chosen.tag.types), 3)
        remarks.append(f"Its tags are types without B- and I- ({types}): neighbours of one type are one entity.")
    return remarks


_SUFFIXES = (".conll", ".conllu", ".conllx", ".gold_conll", ".iob", ".iob2", ".bio", ".bioes", ".bmes")
FORMAT = Format("conll", _SUFFIXES, _fit, _read)
