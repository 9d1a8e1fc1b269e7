"""Tags of words, such as ``B-PER I-PER O``: the entities that they mark, and what is wrong with them.

The schemes differ in how an entity begins and ends. ``IOB2``: it begins with ``B-``. ``IOB1``: only one that follows
another of its type does. ``BIOES``, also written BILOU and BMES: the last word has ``E-``, a single one ``S-``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Scheme = Literal["IOB2", "IOB1", "BIOES"]

OUTSIDE = "O"
UNTYPED = "ENTITY"
"""The type of entities whose tags are ``B`` and ``I`` alone."""

NOTHING = frozenset(["", "0", "_", "-", "*"])
"""What some files have instead of ``O``; never a type."""

_TAG = re.compile(r"(?:([BIMELSU]|[bi](?=-))(?:[-_](\S.*))?|[Oo])")
_TURNED = re.compile(r"(\S*[^\W_])[-_]([BIES])")
_LETTERS = {"B": "B", "b": "B", "I": "I", "i": "I", "M": "I", "E": "E", "L": "E", "S": "S", "U": "S", None: OUTSIDE}


class Entity(NamedTuple):
    """The words ``start`` to ``end`` of a sentence, without ``end``, and their type."""

    start: int
    end: int
    label: str


@lru_cache(maxsize=10_000)
def parts(tag: str) -> tuple[str, str] | None:
    """Return the letter (one of ``BIESO``) and the type of a tag; None if the text is not a tag.

    Examples
    --------
    >>> parts("B-PER"), parts("U-PER"), parts("b-per"), parts("O"), parts("PER")
    (('B', 'PER'), ('S', 'PER'), ('B', 'per'), ('O', ''), None)
    """
    match = _TAG.fullmatch(tag)
    if match is None:
        return None
    letter = _LETTERS[match[1]]
    return letter, "" if letter == OUTSIDE else match[2] or UNTYPED


def turned(tag: str) -> str:
    """Return a tag that ends in its letter with the letter first, ``B-PER`` for ``PER_B``; others as they are."""
    match = _TURNED.fullmatch(tag)
    return f"{match[2]}-{match[1]}" if match else tag


def are_turned(values: Iterable[str]) -> bool:
    """Whether all tags end in their letter, such as ``PER_B`` and ``PER_I``, or mark nothing."""
    others = set(values) - {OUTSIDE} - NOTHING
    ends = {value[-1] for value in others if turned(value) != value}
    return all(turned(value) != value for value in others) and "B" in ends and len(ends) > 1


def entities(tags: Sequence[str]) -> list[Entity]:
    """Return the entities that tags of any scheme mark, as conlleval reads them.

    A word begins an entity if its tag says so (``B-``, ``S-``), or if the word before it has no tag of the same type or
    one that ends an entity (``E-``, ``S-``): so an ``I-`` that follows nothing of its type begins one, too.

    References
    ----------
    Tjong Kim Sang & De Meulder 2003, "Introduction to the CoNLL-2003 Shared Task", whose script is the measure.
    """
    complete: list[Entity] = []
    start, before = -1, (OUTSIDE, "")
    for number, tag in enumerate(tags):
        letter, label = now = parts(tag) or (OUTSIDE, "")
        begins = letter in "BS" or before[0] in "ESO" or before[1] != label
        if start >= 0 and (letter == OUTSIDE or begins):
            complete.append(Entity(start, number, before[1]))
            start = -1
        if letter != OUTSIDE and begins:
            start = number
        before = now
    return [*complete, Entity(start, len(tags), before[1])] if start >= 0 else complete


def strict_entities(tags: Sequence[str]) -> list[Entity]:
    """Return only the entities that begin with ``B-``, as IOB2 demands."""
    return [entity for entity in entities(tags) if _letter(tags[entity.start]) == "B"]


def written(entities: Iterable[Entity], words: int) -> list[str]:
    """Return the IOB2 tags of a number of words, given entities that must not overlap."""
    tags = [OUTSIDE] * words
    for start, end, label in entities:
        tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return tags


def scheme(sequences: Iterable[Sequence[str]]) -> Scheme:
    """Return the scheme of tags: IOB1 if ``I-`` begins entities and ``B-`` only those that follow one of their type."""
    opened = False
    first = False
    for tags in sequences:
        before = ""
        for tag in tags:
            letter, label = parts(tag) or (OUTSIDE, "")
            if letter in "ES":
                return "BIOES"
            first = first or (letter == "B" and label != before)
            opened = opened or (letter == "I" and label != before)
            before = label
    return "IOB1" if opened and not first else "IOB2"


def repaired(tags: Sequence[str], source: Scheme) -> tuple[list[str], list[int]]:
    """Return tags of any scheme as IOB2, and the words whose tag its scheme does not allow.

    Such a word has an ``I-`` or ``E-`` that follows nothing of its type; it begins an entity.
    """
    marked = entities(tags)
    odd = [] if source == "IOB1" else [entity.start for entity in marked if _letter(tags[entity.start]) not in "BS"]
    return written(marked, len(tags)), odd


def without_scheme(sequences: Iterable[Sequence[str]]) -> bool:
    """Whether words have types alone, such as ``PER`` or ``NOUN``, and ``O`` or nothing else outside."""
    values = {tag for tags in sequences for tag in tags} - {OUTSIDE}
    return bool(values) and not any(parts(tag) or tag in NOTHING for tag in values)


def from_types(types: Sequence[str], alone: bool) -> list[str]:
    """Return the IOB2 tags of words that have types alone: neighbours of one type are one entity, unless ``alone``."""
    pairs = zip(types, ["", *types[:-1]], strict=True)
    return [
        OUTSIDE if label == OUTSIDE else f"{'I' if label == before and not alone else 'B'}-{label}"
        for label, before in pairs
    ]


def names(types: Iterable[str]) -> tuple[str, ...]:
    """Return all tags that words can have: ``O``, then ``B-`` and ``I-`` of each type by alphabet."""
    return (OUTSIDE, *(f"{letter}-{label}" for label in sorted(set(types)) for letter in "BI"))


def _letter(tag: str) -> str:
    return (parts(tag) or (OUTSIDE, ""))[0]
