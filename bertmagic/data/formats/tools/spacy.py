"""What spaCy 2 was trained on, and converters still write: pairs of a text and its annotations."""

from __future__ import annotations

from collections import Counter
from typing import Any

from bertmagic.data.formats.tools.export import Export, one_or_several

_KEYS = frozenset(["entities", "cats", "spans", "links", "heads", "deps", "tags", "relations"])


def read(rows: list[Any], name: str) -> Export | None:
    """Return the rows of ``[text, {"entities": [[start, end, label]], "cats": {label: 0 or 1}}]``."""
    pairs = [row for row in rows if row is not None]
    if not pairs or not all(map(_is_pair, pairs)):
        return None
    left_out = Counter({"null": len(rows) - len(pairs)})
    return Export("spaCy's pairs of text and annotations", _columns(pairs), left_out)


def _is_pair(row: Any) -> bool:
    if not (isinstance(row, list) and len(row) == 2 and isinstance(row[0], str) and isinstance(row[1], dict)):
        return False
    return bool(_KEYS & row[1].keys())


def _columns(pairs: list[Any]) -> list[dict[str, Any]]:
    """Return rows with their text, the entities if any pair has some, and the label if any has categories."""
    rows: list[dict[str, Any]] = [{"text": text} for text, _ in pairs]
    for key in ("entities", "spans"):
        if any(key in marks for _, marks in pairs):
            for row, (_, marks) in zip(rows, pairs, strict=True):
                row[key] = marks.get(key) or []
    if any("cats" in marks for _, marks in pairs):
        labels = one_or_several([_labels(marks.get("cats")) for _, marks in pairs])
        for row, label in zip(rows, labels, strict=True):
            row["label"] = label
    return rows


def _labels(categories: dict[str, Any] | None) -> list[str] | None:
    """Return the categories that a text belongs to; None if it has no values for them."""
    return None if categories is None else [label for label, value in categories.items() if float(value) >= 0.5]
