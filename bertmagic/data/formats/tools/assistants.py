"""Training data of assistants: texts with an intent, and entities in them. Rasa NLU, Snips, LUIS, Dialogflow, wit.ai.

Also the patterns of simple chatbots, ``{"tag": "greet", "patterns": ["hello", "hi"]}``.
"""

from __future__ import annotations

import re
from typing import Any

from bertmagic.data.formats import chunks
from bertmagic.data.formats.tools.export import Export, Row, scalars
from bertmagic.errors import count

_WORD = re.compile(r"\w+|[^\w\s]")
_INTENT = ("tag", "intent", "intent_name", "name", "label")
_PATTERNS = ("patterns", "examples", "utterances", "training_phrases", "questions", "text")
"""Keys of an intent and of its examples."""
_CHUNKS = ("data", "parts")
_CHUNK_LABELS = ("slot_name", "entity", "alias", "parameterId", "entityType")


def read(rows: list[Any], name: str) -> Export | None:
    """Return rows with ``text``, ``intent`` and ``spans``."""
    if not rows or not all(isinstance(row, dict) for row in rows):
        return None
    if (keys := _pattern_keys(rows)) is not None:
        return _patterns(rows, *keys).check(name)
    if all(map(_has_slots, rows)) and any(row.get("slots") for row in rows):
        return Export("examples with slots", _with_intents(rows, list(map(_slotted, rows))))
    if all(isinstance(row.get("text"), str) for row in rows) and any(map(_intent_among, rows)):
        rows = list(map(_with_intent, rows))
    if all(isinstance(row.get("text"), str) and "intent" in row for row in rows) and any("entities" in r for r in rows):
        return _examples(rows)
    if all(_is_utterance(row) for row in rows):
        return Export("utterances in chunks, as Snips and Dialogflow have them", list(map(_utterance, rows)))
    return None


def _intent_among(row: Row) -> Any:
    """Return the intent that is one of the entities of a row, without a place in its text; None if there is none."""
    entities = row.get("entities")
    return next(
        (
            one.get("value")
            for one in (entities if isinstance(entities, list) else ())
            if isinstance(one, dict) and one.get("entity") == "intent" and "start" not in one
        ),
        None,
    )


def _with_intent(row: Row) -> Row:
    """Return a row of old exports of wit.ai with its intent in a column of its own."""
    intent = _intent_among(row)
    others = [one for one in row.get("entities") or () if isinstance(one, dict) and "start" in one]
    return {**row, "intent": intent.strip('"') if isinstance(intent, str) else intent, "entities": others}


def _pattern_keys(rows: list[Row]) -> tuple[str, str] | None:
    """Return the keys of the intent and of its examples; None for rows of another kind."""
    for intent in _INTENT:
        for patterns in _PATTERNS:
            # A list under "text" may be one text in words: only answers to it tell that it is not.
            further = {"responses"} if patterns == "text" else set()
            if all(isinstance(row.get(intent), str) and _is_texts(row.get(patterns)) for row in rows):
                fits = any(row[patterns] for row in rows) and all(row.keys() >= further for row in rows)
                return (intent, patterns) if fits else None
    return None


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _patterns(rows: list[Row], intent: str, patterns: str) -> Export:
    kept = [{"text": text, "intent": row[intent]} for row in rows for text in row[patterns]]
    empty = sum(not row[patterns] for row in rows)
    remarks = (f"each of the {patterns} is a text, {intent!r} its class",)
    return Export("intents with examples", kept, {"without examples": empty}, remarks)


def _has_slots(row: Row) -> bool:
    """Whether a row is a text with its slots by name, ``{"date": {"text": …, "span": [0, 4]}}``, or with intents."""
    slots = row.get("slots", {})
    placed = isinstance(slots, dict) and all(
        isinstance(slot, dict) and isinstance(slot.get("span"), list) and len(slot["span"]) == 2
        for slot in slots.values()
    )
    return isinstance(row.get("text"), str) and placed and _is_texts(row.get("intents", []))


def _slotted(row: Row) -> Row:
    spans = [
        {"start": slot["span"][0], "end": slot["span"][1], "label": label}
        | ({"text": slot["text"]} if isinstance(slot.get("text"), str) else {})
        for label, slot in row.get("slots", {}).items()
    ]
    return {**scalars(row), "spans": spans}


def _with_intents(rows: list[Row], kept: list[Row]) -> list[Row]:
    """Give rows their intents; one without the key has none if another one has it."""
    if not any("intents" in row for row in rows):
        return kept
    return [{**slotted, "intents": row.get("intents") or []} for row, slotted in zip(rows, kept, strict=True)]


def intents(value: Any) -> dict[str, list[Any]] | None:
    """Return the utterances of each intent in ``{intent: [{"data": […]}]}``; None for another value."""
    if isinstance(value, dict) and isinstance(value.get("intents"), dict):
        value = {intent: part.get("utterances") for intent, part in value["intents"].items() if isinstance(part, dict)}
    if not isinstance(value, dict) or not value or "trainingPhrases" in value:
        return None
    whole = all(isinstance(rows, list) and rows and all(map(_is_utterance, rows)) for rows in value.values())
    return value if whole else None


def _is_utterance(row: Any) -> bool:
    """Whether a row is a text in chunks, ``{"data": [{"text": …}, {"text": …, "entity": …}]}``."""
    chunks = _chunks(row) if isinstance(row, dict) else None
    return isinstance(chunks, list) and bool(chunks) and all(isinstance(c, dict) and "text" in c for c in chunks)


def _chunks(row: Row) -> Any:
    return next((row[key] for key in _CHUNKS if key in row), None)


def _utterance(row: Row) -> Row:
    text, spans = chunks.joined((chunk["text"], _chunk_label(chunk)) for chunk in _chunks(row))
    return {"text": text, **scalars(row), "spans": spans}


def _chunk_label(chunk: Row) -> Any:
    return next((chunk[key] for key in _CHUNK_LABELS if chunk.get(key)), None)


def _examples(rows: list[Row]) -> Export:
    kept, nested = [], 0
    for row in rows:
        spans = [_entity(entity, row["text"]) for entity in row.get("entities") or ()]
        outer = _outer(spans)
        nested += len(spans) - len(outer)
        kept.append({**scalars(row), "spans": outer})
    remarks = ['label = "intent" learns the intents'] if any(row["spans"] for row in kept) else []
    if nested:
        remarks.append(f"left out: {count(nested, 'entity', 'entities')} within a longer one or twice")
    return Export("examples with intents and entities", kept, remarks=tuple(remarks))


def _outer(spans: list[Row]) -> list[Row]:
    """Return the spans of which none shares a character with a longer one, as the parts of a composite entity do."""
    if not all(isinstance(span["start"], int) and isinstance(span["end"], int) for span in spans):
        return spans  # what is wrong with them is said where spans are read
    chosen: list[Row] = []
    for span in sorted(spans, key=lambda one: one["start"] - one["end"]):
        if all(span["end"] <= other["start"] or other["end"] <= span["start"] for other in chosen):
            chosen.append(span)
    return [span for span in spans if any(span is one for one in chosen)]


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
