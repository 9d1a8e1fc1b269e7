"""Spans in forms of their own, most with the text that they quote: CLUENER, Dataturks, PubAnnotation.

The ends of many are inclusive. Which are, is seen by their quoted texts when the spans are read.
"""

from __future__ import annotations

from typing import Any

from bertmagic.data.formats.tools.export import Export, Row, one_or_several, scalars


def read(rows: list[Any], name: str) -> Export | None:
    """Return the rows of CLUENER, with spans by label and text; of Dataturks, with points; or of PubAnnotation."""
    if not rows or not all(isinstance(row, dict) for row in rows):
        return None
    if _is_cluener(rows) and any("text" in row for row in rows):
        return Export("CLUENER", [{**scalars(row), "spans": _by_label(row.get("label") or {})} for row in rows])
    if all(isinstance(row.get("text"), str) and isinstance(row.get("denotations"), list) for row in rows):
        return Export(
            "PubAnnotation", [{**scalars(row), "spans": list(map(_denoted, row["denotations"]))} for row in rows]
        )
    if all("annotation" in row and isinstance(row.get("content"), str) for row in rows):
        return _dataturks(rows, name)
    return None


def _is_cluener(rows: list[Row]) -> bool:
    """Whether labels are ``{label: {text: [[start, end], …]}}``."""
    labels = [row["label"] for row in rows if row.get("label")]
    return bool(labels) and all(
        isinstance(label, dict)
        and all(isinstance(texts, dict) and all(map(_is_places, texts.values())) for texts in label.values())
        for label in labels
    )


def _is_places(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(place, list) and len(place) == 2 for place in value)


def _by_label(labels: dict[str, dict[str, list[list[int]]]]) -> list[Row]:
    return [
        {"start": start, "end": end, "label": label, "text": text}
        for label, texts in labels.items()
        for text, places in texts.items()
        for start, end in places
    ]


def _denoted(item: Row) -> Row:
    return {"start": item["span"]["begin"], "end": item["span"]["end"], "label": item["obj"]}


def _dataturks(rows: list[Row], name: str) -> Export | None:
    marks = [row["annotation"] for row in rows if row["annotation"]]
    if marks and all(isinstance(mark, dict) and "labels" in mark for mark in marks):
        labels = one_or_several([row["annotation"]["labels"] if row["annotation"] else None for row in rows])
        kept = [
            {**scalars(row), "label": label} for row, label in zip(rows, labels, strict=True) if label not in (None, [])
        ]
        return Export("an export of Dataturks", kept, {"without a label": len(rows) - len(kept)}).check(name)
    if not marks or not all(isinstance(mark, list) for mark in marks):
        return None
    return Export("an export of Dataturks", [{**scalars(row), "spans": _points(row["annotation"])} for row in rows])


def _points(annotation: list[Row] | None) -> list[Row]:
    """Return a span for each point that has a label."""
    return [
        {"start": point.get("start"), "end": point.get("end"), "label": label, "text": point.get("text")}
        for mark in annotation or ()
        for point in mark.get("points") or ()
        for label in mark.get("label") or ()
    ]
