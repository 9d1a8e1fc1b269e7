"""Predictions: the rows with their texts, and what is predicted for each.

`table` lays out the rows of any task with one prediction a row; `multi_label` and `regression` use it too.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from bertmagic.display.blocks import Block, Column, Headline, Notes, Paragraph, Table
from bertmagic.display.cells import Absent, Cell, Passage, Row, Share
from bertmagic.display.results.steps import of_predictions
from bertmagic.display.style import MISSING, line, speed
from bertmagic.errors import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bertmagic.inference.predictions import Predictions

WHOLE, FIRST, LAST = 50, 25, 5
"""Up to how many rows are all shown, and how many of the first and of the last of more rows."""
_LINES = 4
WIDE = 6
"""With more classes than these, a row shows its three most probable ones instead of a column for each."""
_TEXTS_BYTES = 30_000


def blocks(result: Predictions) -> list[Block]:
    """Return the label of each row, its score, and the probability of each class."""
    columns = [Column("label", "word", 24), Column("score"), *probability_columns(result.labels)]
    labels = [label for label in result.frame["label"] if not lacking(label)]

    def cells(row: Any) -> list[Cell]:
        score = Share(float(row["score"]), f"{row['score']:.3f}")
        return [line(row["label"], 60), score, *probabilities(row, result.labels)]

    return document(result, most_frequent(labels), table(result, columns, cells, about_columns(result.labels, "class")))


def document(result: Predictions, summary: str, rows: Table) -> list[Block]:
    """Return predictions as blocks: what there is, the rows, what is missing, notes."""
    of = f" for {count(len(result), 'row')}" if result.missing else ""
    what = f"{count(_given(result), 'prediction')}{of} by {line(result.model, 40)} ({line(result.task, 30)})"
    headline = Headline(f"{what}: {summary}." if summary else f"{what}.")
    steps = of_predictions(result.model, _first_texts(result))
    return [headline, rows, Paragraph(_remarks(result)), Notes(result.notes, lines=1), steps]


def _first_texts(result: Predictions) -> list[str]:
    """Return the first texts as `%bert_attention` reads them; those of a pair with `` ||| `` between them."""
    columns = [result.frame[name].head(_LINES) for name in _texts(result)]
    return [" ||| ".join(map(str, parts)) for parts in zip(*columns, strict=True) if not any(map(lacking, parts))]


def table(
    result: Predictions, columns: Sequence[Column], cells: Callable[[Any], list[Cell]], explanation: str = ""
) -> Table:
    """Return at most 50 rows of predictions.

    Parameters
    ----------
    columns
        The columns behind the texts.
    cells
        From a row of the frame to what stands in them.
    explanation
        What a reader must know of the columns.
    """
    names = _texts(result)
    head = (Column("row", "word", 20), *(Column(name, "prose", 60 // len(names)) for name in names), *columns)
    total = len(result)
    lines = _LINES if total > _LINES + 1 else total
    rest = f"… {count(total - lines, 'more row')}; .frame has them all." if total > lines else ""
    return Table(head, list(_rows(result, names, len(columns), cells)), "", explanation, lines, rest)


def _rows(
    result: Predictions, names: list[str], others: int, cells: Callable[[Any], list[Cell]]
) -> Iterator[Row]:  # fmt: skip
    total = len(result)
    shown = shown_rows(total)
    bytes_ = min(4_000, _TEXTS_BYTES // max(1, len(shown) * len(names)))
    for at in shown:
        if at is None:
            yield [f"… {count(total - FIRST - LAST, 'row')} not shown; .frame has all {total:,} …"]
            continue
        row = result.frame.iloc[at]
        start: list[Cell] = [
            line(result.frame.index[at], 40),
            *(Passage(_content(row[name]), bytes=bytes_) for name in names),
        ]
        nothing: list[Cell] = [Absent(), *[""] * (others - 1)]
        yield [*start, *(nothing if _any_lacking(row, names) else cells(row))]


def shown_rows(total: int) -> list[int | None]:
    """Return the positions of the rows that are shown; None stands for those left out between."""
    if total <= WHOLE:
        return list(range(total))
    return [*range(FIRST), None, *range(total - LAST, total)]


def most_frequent(labels: Iterable[object], what: tuple[str, str] = ("class", "classes")) -> str:
    """Return the most frequent labels, each with how often it was given."""
    ranked = Counter(labels).most_common()
    each = ", ".join(f"{line(label, 24)} ({many:,})" for label, many in ranked[:6])
    rest = len(ranked) - 6
    return each + (f" and {count(rest, f'more {what[0]}', f'more {what[1]}')}" if rest > 0 else "")


def _given(result: Predictions) -> int:
    """Return how many rows got a prediction."""
    return max(len(result) - result.missing, 0)


def _remarks(result: Predictions) -> str:
    parts = []
    if result.missing:
        lacked = "lacked a text of its pair" if len(_texts(result)) > 1 else "had no text"
        parts.append(f"{count(result.missing, 'row')} {lacked} and got no prediction.")
    if result.truncated:
        parts.append(f"{count(result.truncated, 'text was', 'texts were')} longer than the model reads, and cut.")
    if result.seconds > 0:
        parts.append(speed(_given(result), result.tokens, result.seconds))
    return " ".join(parts)


def probability_columns(labels: tuple[str, ...]) -> list[Column]:
    """Return the columns of `probabilities`."""
    if len(labels) > WIDE:
        return [Column("most probable", "word", 80, plain="no")]
    return [Column(line(label, 30), plain="no") for label in labels]


def about_columns(labels: tuple[str, ...], noun: str) -> str:
    """Return what the columns of `probabilities` are, and their names in the frame; empty if there are none."""
    if len(labels) > WIDE:
        return ""
    return f"The column of a {noun} holds its probability; in .frame it is p_{line(labels[0], 30)}, and so on."


def probabilities(row: Any, labels: tuple[str, ...]) -> list[Cell]:
    """Return the probability of each label; of many labels, the three most probable in words."""
    if len(labels) <= WIDE:
        return [Share(float(row[f"p_{label}"]), f"{row[f'p_{label}']:.3f}") for label in labels]
    best = sorted(((row[f"p_{label}"], label) for label in labels), reverse=True)[:3]
    return [", ".join(f"{line(label, 24)} {probability:.3f}" for probability, label in best)]


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
