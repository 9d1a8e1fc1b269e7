"""Lists of words with entities that count words, as SpERT (Eberts and Ulges 2020) and GLiNER are trained on."""

from __future__ import annotations

from typing import Any

from bertmagic.data import tags
from bertmagic.data.formats.tools.export import Export, scalars
from bertmagic.data.tags import Entity
from bertmagic.errors import DataError, count

_WORDS = ("tokens", "words", "tokenized_text")
_SPANS = ("entities", "ner", "spans")
_LABELS = ("label", "type", "entity_type")


def read(rows: list[Any], name: str) -> Export | None:
    """Return rows of ``tokens`` and ``tags``; rows that also have a running text are not of this kind.

    Whether an end is the last word of its entity or the word behind it shows in the entities of one word.
    """
    words, spans = _key(rows, _WORDS, _is_word), _key(rows, _SPANS, _is_span)
    if words is None or spans is None or any(isinstance(row.get("text", row.get("sentence")), str) for row in rows):
        return None
    given = [sorted(map(_entity, row[spans])) for row in rows]
    lengths = [len(row[words]) for row in rows]
    # GLiNER's ends are those of last words, also where no entity has one word.
    inclusive = words == "tokenized_text" or any(
        entity.start == entity.end for entities in given for entity in entities
    )
    kept, nested = [], 0
    for at, (row, entities, length) in enumerate(zip(rows, given, lengths, strict=True)):
        exclusive = [entity._replace(end=entity.end + inclusive) for entity in entities]
        _check(exclusive, length, f"item {at + 1:,} of {name}")
        outer = _outer(exclusive)
        nested += len(exclusive) - len(outer)
        kept.append({**scalars(row), "tokens": row[words], "tags": tags.written(outer, length)})
    remarks = [f"an end is {'the last word of an entity' if inclusive else 'the word behind an entity'}"]
    if nested:
        remarks.append(f"left out: {count(nested, 'entity', 'entities')} within a longer one")
    return Export("words with entities that count words", kept, remarks=tuple(remarks))


def _key(rows: list[Any], keys: tuple[str, ...], fits: Any) -> str | None:
    """Return the key under which each row has a list of fitting items, at least one in all."""
    if not all(isinstance(row, dict) for row in rows):
        return None
    for key in keys:
        cells = [row.get(key) for row in rows]
        if all(isinstance(cell, list) and all(map(fits, cell)) for cell in cells) and any(cells):
            return key
    return None


def _is_word(item: Any) -> bool:
    return isinstance(item, str)


def _is_span(item: Any) -> bool:
    start, end, label = _fields(item)
    return type(start) is int and type(end) is int and isinstance(label, str)


def _fields(item: Any) -> tuple[Any, Any, Any]:
    if isinstance(item, list) and len(item) == 3:
        return item[0], item[1], item[2]
    if isinstance(item, dict):
        label = next((item[key] for key in _LABELS if key in item), None)
        return item.get("start"), item.get("end"), label
    return None, None, None


def _entity(item: Any) -> Entity:
    start, end, label = _fields(item)
    return Entity(start, end, label)


def _check(entities: list[Entity], length: int, where: str) -> None:
    """Raise a `DataError` if an entity lies outside of the words."""
    for entity in entities:
        if not 0 <= entity.start < entity.end <= length:
            raise DataError(
                f"{where} has an entity outside of its {count(length, 'word')}: {entity.start} to {entity.end} "
                f"({entity.label}).",
                "Count words from 0, all ends in the same way.",
            )


def _outer(entities: list[Entity]) -> list[Entity]:
    """Return the entities that share no word with a longer one: a word has one tag."""
    chosen: list[Entity] = []
    for entity in sorted(entities, key=lambda one: one.start - one.end):
        if all(entity.end <= other.start or other.end <= entity.start for other in chosen):
            chosen.append(entity)
    return chosen
