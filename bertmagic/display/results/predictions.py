"""Predictions: a table of rows with their probabilities, and the same in ten lines.

`plain` and `framed` lay out the rows of any task; `multi_label` and `regression` use them too.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from bertmagic.display.style import MISSING, columns, count, first_note, line, speed
from bertmagic.display.writers.elements import Cell, bar, box, collapsed, notes, paragraph, table, tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from markupsafe import Markup

    from bertmagic.inference.predictions import Predictions

_WHOLE, _FIRST, _LAST = 50, 25, 5
_HEAD = 4
WIDE = 6
"""With more classes than these, a row shows its three most probable ones instead of a column for each."""
_TEXTS_BYTES = 30_000

Head = list[tuple[str, int]]
"""Columns by name, those of words with how many characters of them fit into a line, those of numbers with 0."""


def text(result: Predictions) -> str:
    """Return the predictions in at most ten lines."""
    head = [("label", 24), ("score", 0)]
    return plain(result, _counts(result), head, lambda row: [row["label"], f"{row['score']:.3f}"])


def plain(result: Predictions, found: str, head: Head, cells: Callable[[Any], list[object]]) -> str:
    """Return predictions in at most ten lines.

    Parameters
    ----------
    found
        What the headline says of all of them.
    head
        The columns after the texts.
    cells
        From a row of the frame to what stands in them.
    """
    names = _texts(result)
    shown = len(result) if len(result) <= _HEAD + 1 else _HEAD
    rows = [_plain(result, at, names, head, cells) for at in range(shown)]
    top = [["row", *names, *(name for name, _ in head)]] if rows else []
    parts = [_headline(result, found), *(columns([*top, *rows], left=_left(names, head)) if rows else [])]
    if len(result) > shown:
        parts.append(f"… {len(result) - shown:,} more rows; .frame has them all.")
    parts.append(_remarks(result))
    return "\n".join(part for part in [*parts, first_note(result.notes)] if part)


def _plain(
    result: Predictions, at: int, names: list[str], head: Head, cells: Callable[[Any], list[object]]
) -> list[str]:
    row = result.frame.iloc[at]
    start = [line(result.frame.index[at], 20), *(line(_content(row[name]), 60 // len(names)) for name in names)]
    if _any_lacking(row, names):
        return [*start, *(MISSING if i == 0 else "" for i in range(len(head)))]
    return [*start, *(line(cell, wide or 24) for cell, (_, wide) in zip(cells(row), head, strict=True))]


def _left(names: list[str], head: Head) -> tuple[int, ...]:
    """Return the columns that hold words."""
    first = 1 + len(names)
    return (*range(first), *(first + i for i, (_, wide) in enumerate(head) if wide))


def _headline(result: Predictions, found: str) -> str:
    what = f"{count(len(result), 'prediction')} by {line(result.model, 40)} ({line(result.task, 30)})"
    return f"{what}: {found}." if found else f"{what}."


def _counts(result: Predictions) -> str:
    return counted(label for label in result.frame["label"] if not lacking(label))


def counted(labels: Iterable[object], what: tuple[str, str] = ("class", "classes")) -> str:
    """Return the most frequent labels, each with how often it was given."""
    ranked = Counter(labels).most_common()
    each = ", ".join(f"{line(label, 24)} ({many:,})" for label, many in ranked[:6])
    rest = len(ranked) - 6
    return each + (f" and {count(rest, f'more {what[0]}', f'more {what[1]}')}" if rest > 0 else "")


def _remarks(result: Predictions) -> str:
    parts = []
    if result.missing:
        lacked = "lacked a text of its pair" if len(_texts(result)) > 1 else "had no text"
        parts.append(f"{count(result.missing, 'row')} {lacked} and got no prediction.")
    if result.truncated:
        parts.append(f"{count(result.truncated, 'text was', 'texts were')} longer than the model reads, and cut.")
    if result.seconds > 0:
        parts.append(speed(len(result), result.tokens, result.seconds))
    return " ".join(parts)


def markup(result: Predictions) -> Markup:
    """Return the predictions as a table of at most 50 rows."""
    wide = len(result.labels) <= WIDE
    named = "A column named after a class holds its probability." if wide else ""

    def cells(row: Any) -> list[object]:
        label = Cell(line(row["label"], 60), "min-width:6em")
        return [label, bar(row["score"], f"{row['score']:.3f}"), *chances(row, result.labels)]

    head = [("label", 60), ("score", 0), *chances_head(result.labels)]
    return framed(result, _counts(result), head, cells, named)


def framed(
    result: Predictions, found: str, head: Head, cells: Callable[[Any], list[object]], explained: str = ""
) -> Markup:
    """Return predictions as a table of at most 50 rows.

    Parameters
    ----------
    found, head, cells
        As in `plain`.
    explained
        What a reader must know of the columns.
    """
    names = _texts(result)
    rows = list(_rows(result, names, len(head), cells))
    caption = _headline(result, found) + (f" {explained}" if explained and rows else "")
    top = ["row", *names, *(name for name, _ in head)]
    shown = table(top, rows, caption, left=_left(names, head)) if rows else paragraph(caption)
    return box(shown, paragraph(_remarks(result)), notes(result.notes[:10]))


def _rows(
    result: Predictions, names: list[str], others: int, cells: Callable[[Any], list[object]]
) -> Iterator[list[object]]:
    total = len(result)
    shown = range(total) if total <= _WHOLE else (*range(_FIRST), -1, *range(total - _LAST, total))
    bytes_ = _TEXTS_BYTES // max(1, len(shown) * len(names))
    for at in shown:
        if at < 0:
            yield [f"… {count(total - _FIRST - _LAST, 'row')} not shown; .frame has all {total:,} …"]
            continue
        row = result.frame.iloc[at]
        texts = [collapsed(_content(row[name]), bytes_=min(4_000, bytes_)) for name in names]
        start = [line(result.frame.index[at], 40), *(Cell(content, _PROSE) for content in texts)]
        nothing = [tag("i", MISSING), *[""] * (others - 1)]
        yield [*start, *(nothing if _any_lacking(row, names) else cells(row))]


_PROSE = "min-width:12em;max-width:40em"


def chances_head(labels: tuple[str, ...]) -> Head:
    """Return the columns of `chances`."""
    return [("most probable", 80)] if len(labels) > WIDE else [(line(label, 30), 0) for label in labels]


def chances(row: Any, labels: tuple[str, ...]) -> list[object]:
    """Return the probability of each label as a bar; of many labels, the three most probable in words."""
    if len(labels) <= WIDE:
        return [bar(row[f"p_{label}"], f"{row[f'p_{label}']:.3f}") for label in labels]
    best = sorted(((row[f"p_{label}"], label) for label in labels), reverse=True)[:3]
    return [", ".join(f"{line(label, 24)} {chance:.3f}" for chance, label in best)]


def _texts(result: Predictions) -> list[str]:
    """Return the columns of the texts: one, or the two of pairs."""
    return [name for name in ("text", "text_pair") if name in result.frame.columns]


def _content(value: object) -> str:
    return MISSING if lacking(value) else str(value)


def _any_lacking(row: Any, names: list[str]) -> bool:
    return any(lacking(row[name]) or not str(row[name]).strip() for name in names)


def lacking(value: object) -> bool:
    """Whether a cell is empty."""
    import pandas as pd

    return value is None or value is pd.NA or (isinstance(value, float) and value != value)
