"""Predictions: a table of rows with their probabilities, and the same in ten lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from bertmagic.display.html import Cell, Safe, bar, box, collapsed, notes, paragraph, table, tag
from bertmagic.display.style import MISSING, columns, count, duration, line, number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.inference.predictions import Predictions

_WHOLE, _FIRST, _LAST = 50, 25, 5
_HEAD = 4
_COLUMNS = 6
"""With more classes than these, a row shows its three most probable ones instead of a column for each."""
_TEXTS_BYTES = 30_000


def text(result: Predictions) -> str:
    """Return the predictions in at most ten lines."""
    shown = len(result) if len(result) <= _HEAD + 1 else _HEAD
    rows = [_plain(result, at) for at in range(shown)]
    head = [["row", "text", "label", "score"]] if rows else []
    parts = [_headline(result), *(columns([*head, *rows], left=(0, 1, 2)) if rows else [])]
    if len(result) > shown:
        parts.append(f"… {len(result) - shown:,} more rows; .frame has them all.")
    parts.append(_remarks(result))
    return "\n".join(part for part in [*parts, _noted(result)] if part)


def _plain(result: Predictions, at: int) -> list[str]:
    row = result.frame.iloc[at]
    name = line(result.frame.index[at], 20)
    if _lacking(row.get("label")):
        return [name, line(_content(row), 60), MISSING, ""]
    return [name, line(_content(row), 60), line(row["label"], 24), f"{row['score']:.3f}"]


def _noted(result: Predictions) -> str:
    if not result.notes:
        return ""
    more = f" (and {count(len(result.notes) - 1, 'more note')})" if len(result.notes) > 1 else ""
    return f"Note: {line(result.notes[0], 160)}{more}"


def _headline(result: Predictions) -> str:
    counted = Counter(label for label in result.frame["label"] if not _lacking(label)).most_common()
    each = ", ".join(f"{line(label, 24)} ({many:,})" for label, many in counted[:6])
    rest = len(counted) - 6
    more = f" and {count(rest, 'more class', 'more classes')}" if rest > 0 else ""
    what = f"{count(len(result), 'prediction')} by {line(result.model, 40)} ({line(result.task, 30)})"
    return f"{what}: {each}{more}." if counted else f"{what}."


def _remarks(result: Predictions) -> str:
    parts = []
    if result.missing:
        parts.append(f"{count(result.missing, 'row')} had no text and got no label.")
    if result.truncated:
        parts.append(f"{count(result.truncated, 'text was', 'texts were')} longer than the model reads, and cut.")
    if result.seconds > 0:
        rows, tokens = len(result) / result.seconds, result.tokens / result.seconds
        parts.append(f"{duration(result.seconds)}, {number(rows, 3)} rows/s, {number(tokens, 3)} tokens/s.")
    return " ".join(parts)


def markup(result: Predictions) -> Safe:
    """Return the predictions as a table of at most 50 rows."""
    wide = len(result.labels) <= _COLUMNS
    classes = [line(label, 30) for label in result.labels] if wide else ["most probable"]
    head = ["row", "text", "label", "score", *classes]
    rows = list(_rows(result, wide))
    named = " A column named after a class holds its probability." if wide and rows else ""
    caption = _headline(result) + named
    shown = table(head, rows, caption, left=(0, 1, 2) if wide else (0, 1, 2, 4)) if rows else paragraph(caption)
    return box(shown, paragraph(_remarks(result)), notes(result.notes[:10]))


def _rows(result: Predictions, wide: bool) -> Iterator[list[object]]:
    total = len(result)
    if total <= _WHOLE:
        yield from (_row(result, at, wide, _TEXTS_BYTES // max(1, total)) for at in range(total))
        return
    each = _TEXTS_BYTES // (_FIRST + _LAST)
    yield from (_row(result, at, wide, each) for at in range(_FIRST))
    yield [f"… {count(total - _FIRST - _LAST, 'row')} not shown; .frame has all {total:,} …"]
    yield from (_row(result, at, wide, each) for at in range(total - _LAST, total))


def _row(result: Predictions, at: int, wide: bool, bytes_: int) -> list[object]:
    row = result.frame.iloc[at]
    name = line(result.frame.index[at], 40)
    content = collapsed(_content(row), bytes_=min(4_000, bytes_))
    if _lacking(row.get("label")):
        blank = [""] * (len(result.labels) if wide else 1)
        return [name, Cell(content, _PROSE), tag("i", MISSING), "", *blank]
    chances = _each(row, result.labels) if wide else [_top(row, result.labels)]
    label = Cell(line(row["label"], 60), "min-width:6em")
    return [name, Cell(content, _PROSE), label, bar(row["score"], f"{row['score']:.3f}"), *chances]


_PROSE = "min-width:12em;max-width:40em"


def _each(row: Any, labels: tuple[str, ...]) -> list[object]:
    return [bar(row[f"p_{label}"], f"{row[f'p_{label}']:.3f}") for label in labels]


def _top(row: Any, labels: tuple[str, ...]) -> str:
    chances = sorted(((row[f"p_{label}"], label) for label in labels), reverse=True)[:3]
    return ", ".join(f"{line(label, 24)} {chance:.3f}" for chance, label in chances)


def _content(row: Any) -> str:
    return MISSING if _lacking(row.get("text")) else str(row["text"])


def _lacking(value: object) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or (isinstance(value, float) and value != value)
