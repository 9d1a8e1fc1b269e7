"""Training data of spaCy 2, which converters still write: pairs of a text and its annotations, and documents."""

from __future__ import annotations

from typing import Any

from bertmagic.data.formats.tools.export import Export, Row, one_or_several, scalars

_MARKS = {"ents": "entities", "cats": "cats"}
_KEYS = frozenset(["entities", "cats", "spans", "links", "heads", "deps", "tags", "relations"])


def read(rows: list[Any], name: str) -> Export | None:
    """Return the rows of pairs, ``[text, {"entities": [[start, end, label]], "cats": {label: 0 or 1}}]``.

    Also of documents: with sentences of tokens, as ``spacy convert`` wrote them, or with ``ents``, as ``Doc.to_json``
    does.
    """
    filled = [row for row in rows if row is not None]
    left_out = {"null": len(rows) - len(filled)}
    if filled and all(map(_is_pair, filled)):
        pairs = [(text, marks) for text, marks in filled]
        return Export("spaCy's pairs of text and annotations", _columns(pairs), left_out)
    if filled and all(map(_is_document, filled)):
        categorised = [pair for document in filled for pair in _paragraphs(document)]
        rows = _columns(categorised) or [row for document in filled for row in _sentences(document)]
        return Export("spaCy's documents", rows, left_out)
    if filled and all(map(_is_marked, filled)):
        documents = [(row["text"], {key: row[mark] for mark, key in _MARKS.items() if row.get(mark)}) for row in filled]
        return Export("spaCy's documents", _columns(documents), left_out)
    return None


def _is_pair(row: Any) -> bool:
    if not (isinstance(row, list) and len(row) == 2 and isinstance(row[0], str) and isinstance(row[1], dict)):
        return False
    return bool(_KEYS & row[1].keys())


def _is_marked(row: Any) -> bool:
    """Whether a row has the entities of a document, or a value for each category."""
    if not isinstance(row, dict) or "text" not in row:
        return False
    return isinstance(row.get("ents"), list) or (isinstance(row.get("cats"), dict) and bool(row["cats"]))


def _columns(pairs: list[tuple[str, Row]]) -> list[Row]:
    """Return rows with their text, the entities if any pair has some, and the label if any has categories."""
    rows: list[Row] = [{"text": text} for text, _ in pairs]
    for key in ("entities", "spans"):
        if any(key in marks for _, marks in pairs):
            for row, (_, marks) in zip(rows, pairs, strict=True):
                row[key] = marks.get(key) or []
    if any("cats" in marks for _, marks in pairs):
        labels = one_or_several([_labels(marks.get("cats")) for _, marks in pairs])
        for row, label in zip(rows, labels, strict=True):
            row["label"] = label
    return rows


def _labels(categories: Row | None) -> list[str] | None:
    """Return the categories that a text belongs to; None if it has no values for them."""
    return None if categories is None else [label for label, value in categories.items() if float(value) >= 0.5]


def _is_document(row: Any) -> bool:
    paragraphs = row.get("paragraphs") if isinstance(row, dict) else None
    return isinstance(paragraphs, list) and all(isinstance(part, dict) and "sentences" in part for part in paragraphs)


def _paragraphs(document: Row) -> list[tuple[str, Row]]:
    """Return the pair of each paragraph that has a value for each category."""
    return [
        (part["raw"], {"cats": {one["label"]: one["value"] for one in part["cats"]}})
        for part in document["paragraphs"]
        if part.get("cats")
    ]


def _sentences(document: Row) -> list[Row]:
    """Return a row of ``tokens`` and ``tags`` for each sentence; a missing tag (``-``) is left as it is."""
    sentences = [sentence for part in document["paragraphs"] for sentence in part["sentences"]]
    return [
        {
            **scalars(document),
            "tokens": [token["orth"] for token in sentence["tokens"]],
            "tags": [token.get("ner", "O") for token in sentence["tokens"]],
        }
        for sentence in sentences
    ]
