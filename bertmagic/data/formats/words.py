"""Sentences with a tag for each word, one word per line: CoNLL files, and tables of the same form."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from bertmagic.data import tags
from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.data.labels import missing
from bertmagic.errors import DataError, count

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from bertmagic.data.formats.source import Source

_LOOKED_AT = 1000  # words, to decide what a file or a table is
_BLANK = " \t\r\n\ufeff"  # others, such as a no-break space, may be words
_SENTENCES = frozenset(["sentence", "sentenceid", "sentenceidx", "sentenceno", "sent", "sentid", "sentidx", "sid"])
_WORDS = frozenset(["word", "words", "token", "tokens"])
_TAGS = frozenset(["tag", "tags", "ner", "nertag", "nertags", "label", "labels", "entity", "bio", "iob"])

Line = tuple[int, list[str]]


def is_conll(lines: Sequence[str]) -> bool:
    """Whether lines are words with a tag in the last column: the first thousand are, and one marks an entity."""
    fields_of_lines = [fields for _, fields in islice(_words(lines), _LOOKED_AT)]
    widths = {len(fields) for fields in fields_of_lines}
    last = {fields[-1] for fields in fields_of_lines}
    return len(widths) == 1 and min(widths) > 1 and all(map(tags.parts, last)) and last > {tags.OUTSIDE}


def sentences(name: str, lines: Sequence[str]) -> pd.DataFrame:
    """Return the sentences of a CoNLL file as rows of ``tokens`` and ``tags``; the index is their first line.

    Columns are separated by tabs, or by spaces; the first is the word and the last its tag. A blank line ends a
    sentence; lines that begin with ``-DOCSTART-`` or ``# `` and hold no tag are skipped.

    Raises
    ------
    DataError
        For a line that is too short, has no word, or does not end with a tag; with its number.
    """
    import pandas as pd

    rows: list[tuple[list[str], list[str]]] = []
    begins: list[int] = []
    before = -1
    width = 0
    for number, fields in _words(lines):
        width = width or len(fields)
        _check(name, number, fields, width)
        if number != before + 1:
            rows.append(([], []))
            begins.append(number)
        before = number
        rows[-1][0].append(fields[0])
        rows[-1][1].append(fields[-1])
    return pd.DataFrame(rows, pd.Index(begins, name="line", dtype="int64"), ["tokens", "tags"])


def _words(lines: Sequence[str]) -> Iterator[Line]:
    """Yield the number and the columns of each line that holds a word."""
    parting = re.compile("\t" if any("\t" in line.strip(_BLANK) for line in lines[:_LOOKED_AT]) else " +")
    for number, line in enumerate(lines, start=1):
        if not line.strip(_BLANK) or line.startswith("-DOCSTART-"):
            continue
        fields = [field.strip(" ") for field in parting.split(line.rstrip(_BLANK))]
        if not (line.startswith(("# ", "#\t")) and tags.parts(fields[-1]) is None):
            yield number, fields


def _check(name: str, number: int, fields: list[str], width: int) -> None:
    where = f"{name} line {number:,}"
    if len(fields) < 2:
        raise DataError(f"{where} has no tag after its word {fields[0]!r}.", "Give each word a tag: WORD TAB TAG.")
    if not fields[0]:
        raise DataError(f"{where} has a tag, {fields[-1]!r}, but no word.", "Remove the line, or give it its word.")
    if len(fields) != width:
        raise DataError(
            f"{where} has {count(len(fields), 'column')}, the lines before it {width}.",
            "A blank within a word may be the reason: separate the columns by tabs.",
        )
    if tags.parts(fields[-1]) is None:
        raise DataError(
            f"{where} ends with {fields[-1]!r}, which is not a tag.",
            "The last column should hold tags as in B-PER, I-PER, O.",
        )


def grouped(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with one word per row as one sentence per row, with lists ``tokens`` and ``tags``.

    Such a table has a column that numbers the sentences (``sentence_id``, ``Sentence #``; blanks repeat the number
    above), a column of words and one of tags. Other columns are kept if they have one value per sentence. The index is
    that of the first words. Any other table is returned as it is.
    """
    roles = _roles(frame)
    if roles is None:
        return frame
    sentence, word, tag = roles
    numbers = frame[sentence]
    numbers = numbers.mask(numbers.astype("string").str.strip().eq("").fillna(False).astype(bool)).ffill()
    # Not by value: some files restart the numbers in each document.
    begins = numbers.ne(numbers.shift()).to_numpy(dtype=bool)
    parts = frame.groupby(begins.cumsum(), sort=False)
    rest = [name for name in frame.columns if name not in roles]
    single = [name for name in rest if parts[name].nunique(dropna=False).max() == 1]
    rows = frame.loc[begins, [sentence, *single]]
    for name, column in (("tokens", word), ("tags", tag)):
        rows[name] = [part.tolist() for _, part in parts[column]]
    return rows


def _roles(frame: pd.DataFrame) -> tuple[str, str, str] | None:
    named = {re.sub(r"[^a-z]", "", str(name).lower()): str(name) for name in frame.columns}
    columns = [next((named[key] for key in named if key in known), None) for known in (_SENTENCES, _WORDS, _TAGS)]
    sentence, word, tag = columns
    if sentence is None or word is None or tag is None or not len(frame):
        return None
    values = [value for value in frame[tag].head(_LOOKED_AT).tolist() if not missing(value)]
    if not values or not all(isinstance(value, str) and tags.parts(value) for value in values):
        return None
    return sentence, word, tag


def _fit(source: Source) -> Fit:
    return Fit.SURE if is_conll(source.first_lines) else Fit.NO


def _read(source: Source) -> Content:
    return Content({"": sentences(source.name, source.lines)})


FORMAT = Format("conll", (".conll", ".iob", ".bio"), _fit, _read)
