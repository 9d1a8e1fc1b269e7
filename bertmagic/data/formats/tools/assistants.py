"""Training data of assistants: texts with an intent, and entities in them. Rasa NLU, Snips and LUIS."""

from __future__ import annotations

import re
from typing import Any

from bertmagic.data.formats.tools.export import Export, Row, scalars

_WORD = re.compile(r"\w+|[^\w\s]")


def read(rows: list[Any], name: str) -> Export | None:
    """Return rows with ``text``, ``intent`` and ``spans``."""
    if not rows or not all(isinstance(row, dict) for row in rows):
        return None
    if all(isinstance(row.get("text"), str) and "intent" in row for row in rows) and any("entities" in r for r in rows):
        return Export("examples with intents and entities", list(map(_example, rows)))
    if all(_is_utterance(row) for row in rows):
        return Export("utterances in chunks, as Snips has them", list(map(_utterance, rows)))
    return None


def intents(value: Any) -> dict[str, list[Any]] | None:
    """Return the utterances of each intent in ``{intent: [{"data": […]}]}``; None for another value."""
    if isinstance(value, dict) and isinstance(value.get("intents"), dict):
        value = {intent: part.get("utterances") for intent, part in value["intents"].items() if isinstance(part, dict)}
    if not isinstance(value, dict) or not value:
        return None
    whole = all(isinstance(rows, list) and rows and all(map(_is_utterance, rows)) for rows in value.values())
    return value if whole else None


def _is_utterance(row: Any) -> bool:
    """Whether a row is a text in chunks, ``{"data": [{"text": …}, {"text": …, "entity": …}]}``."""
    chunks = row.get("data") if isinstance(row, dict) else None
    return isinstance(chunks, list) and bool(chunks) and all(isinstance(c, dict) and "text" in c for c in chunks)


def _utterance(row: Row) -> Row:
    text, spans = "", []
    for chunk in row["data"]:
        label = chunk.get("slot_name") or chunk.get("entity")
        if label:
            spans.append({"start": len(text), "end": len(text) + len(chunk["text"]), "label": label})
        text += chunk["text"]
    return {"text": text, **scalars(row), "spans": spans}


def _example(row: Row) -> Row:
    return {**scalars(row), "spans": [_entity(entity, row["text"]) for entity in row.get("entities") or ()]}


def _entity(entity: Row, text: str) -> Row:
    """Return a span. The ``value`` of an entity is no quoted text, since synonyms share one."""
    if "startPos" in entity:  # LUIS: the end is the last character
        return {"start": entity["startPos"], "end": entity["endPos"] + 1, "label": entity.get("entity")}
    if "stop" in entity and isinstance(entity.get("text"), str):
        entity = {**entity, **_placed(entity, text)}
    span = {"start": entity.get("start"), "end": entity.get("end", entity.get("stop")), "label": entity.get("entity")}
    return span | ({"text": entity["text"]} if "text" in entity else {})


def _placed(entity: Row, text: str) -> Row:
    """Return start and end of a quoted entity whose ``start`` and ``stop`` count words; empty if they are not clear."""
    quote = entity["text"]
    places = [match.start() for match in re.finditer(re.escape(quote), text)]
    if len(places) > 1:
        places = [place for place in places if len(_WORD.findall(text[:place])) == entity["start"]]
    return {"start": places[0], "end": places[0] + len(quote)} if len(places) == 1 else {}
