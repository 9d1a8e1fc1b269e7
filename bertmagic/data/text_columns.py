"""Columns of texts: which column holds the text, which two hold pairs, and which further ones read like text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bertmagic.errors import DataError, listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from bertmagic.data.tables import Table

TEXT_NAMES = frozenset(
    [
        "text",
        "texts",
        "sentence",
        "review",
        "reviews",
        "comment",
        "content",
        "body",
        "message",
        "tweet",
        "document",
        "description",
        "utterance",
    ]
)
PAIR_NAMES = (
    ("premise", "hypothesis"),
    ("context", "hypothesis"),
    ("sentence1", "sentence2"),
    ("sentence_a", "sentence_b"),
    ("question1", "question2"),
    ("text_a", "text_b"),
    ("text", "text_pair"),
    ("text", "text_b"),
    ("question", "sentence"),
    ("question", "passage"),
    ("query", "passage"),
    ("query", "document"),
    ("premise", "claim"),
    ("claim", "evidence"),
    ("text", "aspect"),
    ("sentence", "aspect"),
    ("text", "aspect_term"),
    ("sentence", "aspect_term"),
)
"""The usual names of both columns of pairs, in the form of `plain_name`: those of GLUE, SICK, ANLI, BoolQ, MS MARCO."""

_SIDES = frozenset([("1", "2"), ("a", "b"), ("first", "second"), ("left", "right")])
"""What differs in the names of the two columns of a pair, such as ``#1 String`` and ``#2 String``."""

_PARTNERS = frozenset(name for pair in PAIR_NAMES for name in pair) - TEXT_NAMES | {"answer", "response", "reply"}
"""Names of columns that are usually one of two texts."""

_COPIES = frozenset(["clean", "cleaned", "raw", "original", "processed", "preprocessed", "normalized", "lemmatized"])
"""What the name of a column adds to that of the text if it holds the text once more."""

_IDEOGRAPH = re.compile("[\u3400-\u9fff\uac00-\ud7a3]")
"""A character that says as much as three letters: Chinese ones and syllables of Korean."""

_MOST = 0.9
_LOOKED_AT = 1000
_SENTENCE = 4
"""Words that a cell of running text has on average, at least."""
_MANY = 20
"""Texts that come again, such as a premise with several hypotheses, are many above this number."""


def plain_name(column: str) -> str:
    """Return a name in lower case with one underscore between its words: ``Class Index`` is ``class_index``."""
    return re.sub(r"[\W_]+", "_", column.lower()).strip("_")


def pair(table: Table, taken: Sequence[str]) -> tuple[str, ...]:
    """Return the two columns of pairs by their names, if there are no others that could be meant.

    They have names of `PAIR_NAMES`; or else names that differ as those of `_SIDES`, and are all that reads like text.
    """
    named = {plain_name(column): column for column in table.columns if column not in taken}
    pairs = [tuple(named[name] for name in names) for names in PAIR_NAMES if set(names) <= named.keys()]
    if not pairs:
        texts = [column for column in named.values() if _reads(table.frame[column])]
        pairs = [tuple(sorted(texts, key=str.lower))] if len(texts) == 2 and _are_sides(*texts) else []
    alone = {column for name, column in named.items() if name in TEXT_NAMES}
    return pairs[0] if len(pairs) == 1 and alone <= set(pairs[0]) else ()


def _are_sides(one: str, other: str) -> bool:
    """Whether two names differ in one part, as `_SIDES` do, or one has a part more: ``text`` and ``text2``."""
    parts, others = sorted((_parts(one), _parts(other)))
    if len(parts) != len(others):
        return others[:-1] == parts and others[-1] in ("2", "b", "pair")
    differing = [sides for sides in zip(parts, others, strict=True) if sides[0] != sides[1]]
    return len(parts) > 1 and len(differing) == 1 and differing[0] in _SIDES


def _parts(name: str) -> list[str]:
    return re.findall(r"[^\W\d_]+|\d+", name.lower())


def left_out(table: Table, chosen: str, taken: Sequence[str]) -> str:
    """Return a line about columns that read like text and are not read; empty if there is none.

    Parameters
    ----------
    chosen
        The text column, which the user did not name.
    taken
        Columns with another role.

    Raises
    ------
    DataError
        If one of them has a name as the second text of a pair.
    """
    others = [
        column
        for column in table.columns
        if column not in (chosen, *taken)
        and not _is_copy(column, chosen)
        and _reads_like_sentences(table.frame[column])
    ]
    if not others:
        return ""
    both = _both(table, chosen, next((column for column in others if _is_partner(column, chosen)), others[0]))
    if any(_is_partner(column, chosen) for column in others):
        raise DataError(
            f"the text of {table.name} may be a pair: {chosen!r} is named like a text, and {listing(others)} "
            f"{'reads' if len(others) == 1 else 'read'} like text, too.",
            f"Say which is meant: text = {both} reads both, text = {_quoted(chosen)} reads one.",
        )
    verb = "reads like text and is" if len(others) == 1 else "read like text and are"
    return f"{listing(map(repr, others))} {verb} not used; text = {both} reads both."


def _both(table: Table, chosen: str, other: str) -> str:
    """Return two columns in the order of the table, as they are typed."""
    return f"[{', '.join(_quoted(column) for column in table.columns if column in (chosen, other))}]"


def _quoted(column: str) -> str:
    return '"' + column.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _is_partner(column: str, chosen: str) -> bool:
    return plain_name(column) in _PARTNERS or _are_sides(column, chosen)


def _is_copy(column: str, chosen: str) -> bool:
    """Whether a column is the text once more, such as ``clean_text`` of ``text``."""
    return bool(_COPIES & {*_parts(column)}) and {*_parts(chosen)} <= {*_parts(column)}


def _reads(column: pd.Series) -> bool:
    return reads_like_text(column) or _reads_like_sentences(column)


def reads_like_text(column: pd.Series) -> bool:
    """Whether the first values are strings, mostly different, of more than a word or two."""
    values = _strings(column)
    signs = sum(map(len, values)) + 2 * sum(len(_IDEOGRAPH.findall(value)) for value in values)
    return len(set(values)) > len(values) / 2 and signs / len(values) > 12


def is_code(column: pd.Series) -> bool:
    """Whether strings that are long are no text: addresses, identifiers or dates."""
    values = [value[:200] for value in _strings(column)]
    letters = sum(sign.isalpha() for value in values for sign in value)
    single = sum(value.isascii() and len(value.split()) == 1 for value in values)
    return single > _MOST * len(values) or letters <= sum(map(len, values)) / 2


def _reads_like_sentences(column: pd.Series) -> bool:
    """Whether a column holds many sentences, which may come again: no addresses, dates, parse trees or lists."""
    values = _strings(column)
    if len(set(values)) <= min(len(values) / 2, _MANY):
        return False
    some = [value[:200] for value in values if value[:1] not in ("[", "{", "(", "<")]
    letters = sum(sign.isalpha() for value in some for sign in value)
    enough = letters > sum(map(len, some)) / 2 and sum(map(_words, some)) >= _SENTENCE * len(some)
    return enough and len(some) > len(values) / 2


def _strings(column: pd.Series) -> list[str]:
    """Return the first values of a column that are strings; none if most of these are not."""
    if column.dtype.kind in "biufcmM":  # a table of numbers may have thousands of columns
        return []
    some = column.head(_LOOKED_AT).tolist()
    values = [value for value in some if isinstance(value, str)]
    return values if len(values) >= len(some) / 2 else []


def _words(text: str) -> int:
    """Return the number of words of a text; two Chinese or Japanese characters count as one."""
    return len(text.split()) + len(re.findall(r"[\u3040-\u30ff\u3400-\u9fff]{2}", text))
