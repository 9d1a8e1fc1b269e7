"""Exports of Prodigy (``db-out``): one answer a line, with spans, a choice or a single label."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from bertmagic.data.formats.tools.export import Export, Row, Votes, by_input, make_classes, scalars
from bertmagic.errors import DataError
from bertmagic.text_safety import quoted

_ANSWERS = ("accept", "reject", "ignore")
_KEYS = frozenset(["_task_hash", "_input_hash", "_view_id", "_session_id", "options", "spans", "tokens", "label"])
_NOT_COLUMNS = frozenset(["answer", "label", "spans"])


def read(rows: list[Any], name: str) -> Export | None:
    """Return the rows that were accepted, with ``spans`` or ``label``.

    Where there is one label only, which was accepted or rejected, both are classes: the label, and ``not`` the label.
    """
    if not rows or not all(map(_is_task, rows)) or not any("answer" in row for row in rows):
        return None
    groups = defaultdict(list)
    for row in rows:
        groups[row.get("answer")].append(row)
    asked = _only_label(rows) if groups["reject"] else None
    left_out = {"ignored": len(groups["ignore"]), "without an answer": len(groups[None])}
    kept, remarks = groups["accept"], list[str]()
    if asked:
        kept = [row for row in rows if row.get("answer") in ("accept", "reject")]
        remarks = [f"rejected rows are of the class 'not {asked}'"]
    else:
        left_out = {"rejected": len(groups["reject"]), **left_out}
    return _export(kept, asked, left_out, tuple(remarks)).check(name)


def _is_task(row: Any) -> bool:
    return isinstance(row, dict) and row.get("answer", "accept") in _ANSWERS and bool(_KEYS & row.keys())


def _only_label(rows: list[Row]) -> str | None:
    """Return the label that all rows ask about, where spans are hints at most; None if there is no such label."""
    label = rows[0].get("label")
    same = all(row.get("label") == label and "options" not in row for row in rows)
    return label if same and isinstance(label, str) else None


def _export(rows: list[Row], asked: str | None, left_out: dict[str, int], remarks: tuple[str, ...]) -> Export:
    keys = {key for row in rows for key in row}
    votes, kept = Votes(), []
    for same in by_input(rows, "_input_hash"):
        answer, agreed = votes.decide([_answer(row, keys, asked) for row in same])
        if agreed:
            kept.append({**scalars(same[0], _NOT_COLUMNS), **answer})
    if "options" in keys:
        make_classes(kept, "label")
    return Export("an export of Prodigy", kept, left_out | votes.left_out, remarks + votes.remarks)


def _answer(row: Row, keys: set[str], asked: str | None) -> Row:
    """Return what was annotated: the columns that any of the accepted rows has."""
    answer: Row = {}
    if "options" in keys:
        answer["label"] = list(row.get("accept") or ())
    elif "label" in keys:
        answer["label"] = f"not {asked}" if row.get("answer") == "reject" else row.get("label")
    if "spans" in keys and asked is None:
        answer["spans"] = [_span(span, row) for span in row.get("spans") or ()]
    return answer


def _span(span: Row, row: Row) -> Row:
    """Return a span by its characters, which those of its tokens are where it has none of its own."""
    if "start" in span and "end" in span:
        return {"start": span["start"], "end": span["end"], "label": span.get("label")}
    try:
        first, last = row["tokens"][span["token_start"]], row["tokens"][span["token_end"]]
        return {"start": first["start"], "end": last["end"], "label": span.get("label")}
    except (KeyError, IndexError, TypeError):
        raise DataError(
            f"a span of the row {str(row.get('text'))[:40]!r} has neither characters nor known tokens: "
            f"{quoted(span, 60)}.",
            "Export it again with db-out.",
        ) from None
