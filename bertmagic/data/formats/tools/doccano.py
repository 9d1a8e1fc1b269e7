"""Exports of doccano: JSON and JSONL with labels, spans, or entities with relations, of all versions."""

from __future__ import annotations

from typing import Any

from bertmagic.data.formats.tools.export import Export, Row, one_or_several, scalars

_KEYS = frozenset(
    ["id", "text", "data", "label", "labels", "annotations", "entities", "relations", "cats", "meta", "comments",
     "Comments", "annotation_approver", "username", "user"]
)  # fmt: skip
_MARKS = ("label", "labels", "annotations", "entities", "cats")


def read(rows: list[Any], name: str) -> Export | None:
    """Return rows with ``label`` for classes and lists of labels, and spans under the key that they have in the file.

    doccano writes a class as a list of one label: they are classes if no row has two.
    """
    if not rows or not all(isinstance(row, dict) and row.keys() <= _KEYS for row in rows):
        return None
    keys = {key for row in rows for key in row}
    if "id" not in keys or not {"text", "data"} & keys:
        return None
    marks = [key for key in _MARKS if any(isinstance(row.get(key), list) and row[key] for row in rows)]
    if not marks:
        return None
    kept = [_with_text(row) for row in rows]
    remarks = []
    for key in marks:
        cells = [row.get(key) for row in rows]
        if _all_items(cells, _is_span):
            _set(kept, key, [[_span(span) for span in cell or ()] for cell in cells])
        elif _all_items(cells, _is_label):
            labels = _labels(cells)
            _set(kept, "label", labels)
            if not any(isinstance(label, list) for label in labels):
                remarks.append("no row has two labels, so each label is a class")
        else:
            return None
    others = [key for key in _MARKS if key != "label"]
    without = [at for at, row in enumerate(kept) if row.get("label", "") is None and not any(map(row.get, others))]
    kept = [row for at, row in enumerate(kept) if at not in set(without)]
    return Export("an export of doccano", kept, {"without a label": len(without)}, tuple(remarks)).check(name)


def _with_text(row: Row) -> Row:
    text = row.get("text", row.get("data"))
    return {**scalars(row, ("data", *_MARKS)), "text": text}


def _set(rows: list[Row], column: str, cells: list[Any]) -> None:
    for row, cell in zip(rows, cells, strict=True):
        row[column] = cell


def _all_items(cells: list[Any], fits: Any) -> bool:
    return all(isinstance(cell, list | None) and all(map(fits, cell or ())) for cell in cells)


def _is_span(item: Any) -> bool:
    if isinstance(item, dict):
        return "start_offset" in item and "end_offset" in item
    return isinstance(item, list) and len(item) == 3 and isinstance(item[0], int) and isinstance(item[1], int)


def _span(item: Any) -> Row:
    keys = ("start_offset", "end_offset", "label")
    start, end, label = (item.get(key) for key in keys) if isinstance(item, dict) else item
    return {"start": start, "end": end, "label": str(label) if isinstance(label, int) else label}


def _is_label(item: Any) -> bool:
    return isinstance(item, str | int) or (isinstance(item, dict) and "label" in item)


def _labels(cells: list[Any]) -> list[Any]:
    """Return a class for each row, None for an empty list; or lists if a row has several."""
    given = [[item["label"] if isinstance(item, dict) else item for item in cell or ()] for cell in cells]
    if any(len(labels) > 1 for labels in given):
        return given
    return one_or_several([labels or None for labels in given])
