"""Which columns of a table hold words or texts, and which their tags or spans."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bertmagic.data import columns as naming
from bertmagic.data.text_columns import TEXT_NAMES
from bertmagic.errors import DataError, listing
from bertmagic.tasks.token_classification import reading

if TYPE_CHECKING:
    from bertmagic.data.tables import Table

_WORDS = ("tokens", "words")
_MARKS = ("tags", "ner_tags", "ner", "bio_tags", "spans", "entities", "labels", "label")
"""The usual names of label columns, the likeliest first."""
_LAYERS = ("pos", "pos_tags", "upos", "xpos", "chunk_tags", "chunks", "lemmas", "lemma", "deprel", "head")
"""Names of lists with something about each word, and not the words."""

USUAL_NAMES = frozenset([*_WORDS, *_MARKS, *_LAYERS])
"""How columns of words, tags and spans are usually called."""


def words_column(table: Table) -> str | None:
    """Return the column of words by its usual name; None where no column has one."""
    return next((name for name in table.columns if name.lower() in _WORDS), None)


def likely_labels(table: Table, label: str | None, text: str | None) -> list[str]:
    """Return the columns that can be the label column, the likeliest first."""
    others = [column for column in table.columns if column not in naming.several(text or ())]
    texts = _texts(table, text)
    words = [name for name in texts if text is not None or name.lower() in _WORDS]
    candidates = [column for column in others if label in (None, column) and _marks(table, column, texts, words, label)]

    def likeliness(column: str) -> int:
        return _MARKS.index(column.lower()) if column.lower() in _MARKS else len(_MARKS)

    return sorted(candidates, key=likeliness)


def _marks(table: Table, column: str, texts: list[str], words: list[str], label: str | None) -> bool:
    """Whether a column has tags and another one their words, or whether it has spans.

    A column that the user names as the label may also have other lists that are as long as those of the words.

    Parameters
    ----------
    texts, words
        The columns that can be the texts of tags, and those of them that can hold lists of words.
    """
    if reading.holds_spans(table.frame[column]):
        return True
    text = next((name for name in words if name != column), None)
    words_there = text is not None and reading.holds_words(table.frame[text])
    likely = column.lower() in _MARKS and reading.holds_words(table.frame[column])
    if words_there and label == column and reading.are_parallel(table.frame[text], table.frame[column]):
        return True
    if words_there and (likely or reading.holds_tags(table.frame[column])):
        return True
    others = (name for name in texts if name != column)
    return any(reading.tagged_at_blanks(table.frame[name], table.frame[column]) for name in others)


def _texts(table: Table, text: str | None) -> list[str]:
    """Return the columns that can be the texts of tags: the one that was named, else those with a usual name."""
    if text is not None:
        return [name for name in naming.several(text) if name in table.frame]
    return [name for name in table.columns if name.lower() in (*_WORDS, *TEXT_NAMES)]


def text_of(table: Table, label: str) -> str:
    """Return the column of words or texts that belongs to a column of tags or spans."""
    if reading.holds_spans(table.frame[label]):
        return naming.text_only(replace(table, frame=table.frame.drop(columns=label)), None)
    lists = [name for name in table.columns if name != label and reading.holds_words(table.frame[name])]
    lists = [name for name in lists if name.lower() not in _LAYERS]
    if not lists:
        texts = [name for name in _texts(table, None) if name != label]
        lists = [name for name in texts if reading.tagged_at_blanks(table.frame[name], table.frame[label])]
    named = [name for name in lists if name.lower() in _WORDS]
    if len(named or lists) == 1:
        return (named or lists)[0]
    raise DataError(
        f"the column of the words of {table.name} is not clear: "
        + (f"it could be {listing(lists)}." if lists else f"none holds lists of words ({listing(table.columns)})."),
        'Say which one with text = "NAME".',
    )
