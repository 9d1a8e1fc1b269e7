"""The evaluation report: numbers, classes, confusion, slices and cost, then the rows to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Figure, Headline, Notes, Paragraph, Table, columns
from bertmagic.display.cells import Row, Shade, Share
from bertmagic.display.charts.confusion import confusion
from bertmagic.display.results import baselines, errors, measures, slices
from bertmagic.display.results import figure as figures_of
from bertmagic.display.style import ORANGE, duration, line, number, score, share
from bertmagic.errors import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.evaluation.report import ClassScore, RangeScore, Report

_MATRIX, _MATRIX_LINES = 20, 8
_CLASSES, _CLASS_LINES = 100, 12
_PAIRS, _PAIR_LINES = 10, 5
_RANGES = ("true number", "rows", "mean prediction", "mean absolute error")


def blocks(result: Report) -> list[Block]:
    """Return the report as tables and sentences."""
    parts: list[Block] = [
        Headline(_headline(result)),
        *_verdict(result),
        *measures.blocks(result),
        *baselines.blocks(result),
    ]
    if result.classes:
        parts.append(_classes(result))
    if result.confusion is not None and len(result.labels):
        parts += [matrix(result), *_pairs(result)]
    if result.ranges:
        caption = "What is predicted for low and for high numbers."
        parts.append(Table(columns(_RANGES), [_range(one) for one in result.ranges], caption))
    notes = Notes(result.notes, lines=20)
    return [*parts, *slices.blocks(result), Paragraph(_cost(result)), Paragraph(_pictures(result)), notes]


def further(result: Report) -> Iterator[list[Block]]:
    """Yield what is shown below the report: the confusion matrix as a figure, and the rows to read."""
    if result.confusion is not None:
        yield [figure(result)]
    if result.errors is not None:
        yield errors.blocks(result)
        yield from errors.page(result)


def figures(result: Report) -> Iterator[Figure]:
    """Yield all pictures of a report, for a page of its own."""
    for name in result.pictures:
        yield from figures_of.blocks(result.figure(name))


def _verdict(result: Report) -> list[Block]:
    """Return the verdict, and in a paragraph of its own what to do about it."""
    verdict, stop, advice = line(result.verdict, 600).partition(". ")
    return [Paragraph(text) for text in (verdict + stop.rstrip(), advice) if text]


def _headline(result: Report) -> str:
    left = f", {count(result.skipped, 'row was', 'rows were')} left out" if result.skipped else ""
    measured = f"{line(result.model, 60)} on {line(result.data, 60)}: {count(result.rows, 'row')} measured{left}."
    if not result.unseen:
        return measured
    labels = ", ".join(f"{line(label, 30)} ({many:,})" for label, many in list(result.unseen.items())[:5])
    rest = f" and {len(result.unseen) - 5:,} more" if len(result.unseen) > 5 else ""
    apart = count(sum(result.unseen.values()), "row is", "rows are")
    return f"{measured} {apart} kept apart: the model has never seen the label {labels}{rest}."


def _classes(result: Report) -> Table:
    rows = [_class(one) for one in result.classes[:_CLASSES]]
    head = _class_head(result)
    total = len(result.classes)
    more = f" The first {_CLASSES} of {total:,}." if total > _CLASSES else ""
    given = " A label is given from the probability in the last column on." if "given from" in head else ""
    rest = total - _CLASS_LINES
    return Table(
        columns(head), rows, explanation=f"Each {head[0]}; {head[4]} counts the true ones.{given}{more}",
        lines=_CLASS_LINES, rest=f"… {count(rest, 'more class', 'more classes')}" if rest > 0 else "",
    )  # fmt: skip


def _class_head(result: Report) -> list[str]:
    given = ["given from"] if any(one.threshold is not None for one in result.classes) else []
    interval = ["95 % of F1"] if any(one.intervals for one in result.classes) else []
    partial = ["partial F1"] if any(one.partial_f1 is not None for one in result.classes) else []
    return [result.class_noun, "precision", "recall", "F1", result.support_noun, *partial, *interval, *given]


def _class(one: ClassScore) -> Row:
    shares = [Share(value, score(value)) for value in (one.precision, one.recall, one.f1)]
    partial = [] if one.partial_f1 is None else [score(one.partial_f1)]
    interval = [measures.between(one.intervals.get("f1"))] if one.intervals else []
    given = [] if one.threshold is None else [score(one.threshold)]
    return [line(one.label, 60), *shares, f"{one.support:,}", *partial, *interval, *given]


def _range(one: RangeScore) -> Row:
    name = number(one.low) if one.low == one.high else f"{number(one.low)} to {number(one.high)}"
    return [name, f"{one.rows:,}", number(one.predicted), number(one.mae)]


def shown_classes(result: Report) -> list[int]:
    """Return the positions of the classes that a matrix shows: all, or the most frequent in their usual order."""
    assert result.confusion is not None
    rows = result.confusion.sum(axis=1)
    by_rows = sorted(range(len(result.labels)), key=lambda i: -int(rows[i]))
    return sorted(by_rows[:_MATRIX])


def matrix(result: Report) -> Table:
    """Return the confusion matrix as a table; plain text has it where there are few classes."""
    order = shown_classes(result)
    names = [line(result.labels[i], 30) for i in order]
    rows: list[Row] = [[name, *(_cell(result, i, j) for j in order)] for name, i in zip(names, order, strict=True)]
    explanation = "Confusion: each row is a true class, each column what was predicted for it."
    if len(order) < len(result.labels):
        explanation += f" The {_MATRIX} most frequent of {len(result.labels):,} classes."
    lines = None if len(result.labels) <= _MATRIX_LINES else 0
    return Table(columns(("true ↓ predicted →", *names)), rows, explanation=explanation, lines=lines)


def _cell(result: Report, true: int, predicted: int) -> Shade:
    assert result.confusion is not None
    many, total = int(result.confusion[true, predicted]), int(result.confusion[true].sum())
    if true != predicted:
        return Shade(many / max(1, total), f"{many:,}", ORANGE)
    return Shade(many / max(1, total), f"{many:,}", strong=True)


def worst(result: Report, most: int) -> list[tuple[str, str, int, float]]:
    """Return the confusions with the most rows: true class, predicted class, rows, share of the true class."""
    counts = result.confusion
    assert counts is not None
    wrong = [(int(counts[i, j]), i, j) for i, j in zip(*counts.nonzero(), strict=True) if i != j]
    wrong.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    return [
        (line(result.labels[i], 30), line(result.labels[j], 30), many, many / max(1, int(counts[i].sum())))
        for many, i, j in wrong[:most]
    ]


def _pairs(result: Report) -> list[Block]:
    """Return what is confused most often, where a matrix of two classes does not say it at a glance."""
    if len(result.labels) < 3:
        return []
    rows = [[true, predicted, f"{many:,}", share(part)] for true, predicted, many, part in worst(result, _PAIRS)]
    if not rows:
        return [Paragraph("No row is wrong.")]
    head = columns(("true", "predicted", "rows", "share of the true class"), (0, 1))
    lines = _PAIR_LINES if len(result.labels) > _MATRIX_LINES else 0
    return [Table(head, rows, "What is confused most often.", lines=lines)]


def _cost(result: Report) -> str:
    parts = []
    if result.seconds > 0:
        rates = number(result.rows / result.seconds, 3), number(result.tokens / result.seconds, 3)
        parts.append(f"Predicted in {duration(result.seconds)} ({rates[0]} rows/s, {rates[1]} tokens/s).")
    if result.train_seconds > 0:
        rate = number(result.train_tokens / result.train_seconds, 3)
        kept = f", the weights are those of step {result.best_step:,}" if result.best_step else ""
        parts.append(f"Trained in {duration(result.train_seconds)} ({rate} tokens/s){kept}.")
    return " ".join(parts)


def _pictures(result: Report) -> str:
    names = ", ".join(name for name in result.pictures if name != "confusion")
    return f'Further pictures with report.figure("…"): {names}.' if names else ""


def figure(result: Report) -> Figure:
    """Return the confusion matrix as an interactive figure."""
    assert result.confusion is not None
    first = worst(result, 1)
    most = f" Most often {first[0][0]} was taken for {first[0][1]} ({count(first[0][2], 'row')})." if first else ""
    right = sum(int(result.confusion[i, i]) for i in range(len(result.labels)))
    title = f"Confusion matrix of {line(result.model, 60)}: {right:,} of {count(result.rows, 'row')} are right.{most}"
    return Figure(title, confusion(result, shown_classes(result)), [matrix(result)])
