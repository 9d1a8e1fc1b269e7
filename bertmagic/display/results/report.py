"""The evaluation report: the verdict, numbers, confusions and rows to read; the rest folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Figure, Folded, Headline, Notes, Paragraph, Table, columns
from bertmagic.display.cells import Row, Shade, Share
from bertmagic.display.results import baselines, errors, measures, slices, steps
from bertmagic.display.results import figure as figures_of
from bertmagic.display.style import ORANGE, duration, line, number, score, share
from bertmagic.errors import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.evaluation.report import ClassScore, RangeScore, Report

_MATRIX, _MATRIX_LINES = 20, 8
_FEW_CLASSES = 12
"""Up to so many classes their table is not folded."""
_CLASSES, _CLASS_LINES = 100, 12
_PAIRS, _PAIR_LINES = 10, 5
_RANGES = ("true number", "rows", "mean prediction", "mean absolute error")


def blocks(result: Report) -> list[Block]:
    """Return the report: what a person would say, numbers, confusions and rows to read; the rest is folded."""
    return [
        Headline(line(result.summary, 400)),
        Paragraph(_measured(result)),
        *_verdict(result),
        measures.main(result),
        *_confusions(result),
        *slices.blocks(result),
        *(errors.blocks(result.errors) if result.errors is not None else []),
        *_folded(result),
        Notes(result.notes, lines=20),
        *steps.of_report(result),
    ]


def further(result: Report) -> Iterator[list[Block]]:
    """Yield what is shown below the report: the page of all rows to read."""
    if result.errors is not None:
        yield from errors.page(result)


def _confusions(result: Report) -> Iterator[Block]:
    """Yield the classes and what is confused: the matrix of a few classes, and of more the most frequent confusions."""
    if result.classes and len(result.classes) <= _FEW_CLASSES:
        yield _classes(result)
    if result.confusion is not None and len(result.labels):
        if len(result.labels) <= _MATRIX_LINES:
            yield matrix(result)
        else:
            yield from _pairs(result)


def _folded(result: Report) -> Iterator[Block]:
    """Yield what few readers need, each part under a line that opens it."""
    if result.classes and len(result.classes) > _FEW_CLASSES:
        yield Folded(f"All {count(len(result.classes), 'class', 'classes')}", [_classes(result)], plain=True)
    if result.confusion is not None and len(result.labels) > _MATRIX_LINES:
        yield Folded("The confusion matrix", [matrix(result)])
    if result.ranges:
        caption = "What is predicted for low and for high numbers."
        table = Table(columns(_RANGES), [_range(one) for one in result.ranges], caption)
        yield Folded("Low and high numbers", [table], plain=True)
    if numbers := measures.rest(result):
        yield Folded("All numbers, with averages", numbers, plain=True)
    if compared := baselines.blocks(result):
        yield Folded("Baselines on the same rows", compared, plain=True)
    if (parts := slices.automatic(result)).rows:
        yield Folded(f"{count(len(parts.rows), 'part')} of the rows, the worst first", [parts], plain=True)
    if cost := [Paragraph(text) for text in (_cost(result), _pictures(result)) if text]:
        yield Folded("Time, and further pictures", cost, plain=True)


def figures(result: Report) -> Iterator[Figure]:
    """Yield all pictures of a report, for a page of its own."""
    for name in result.pictures:
        yield from figures_of.blocks(result.figure(name))


def _verdict(result: Report) -> list[Block]:
    """Return the verdict, and in a paragraph of its own what to do about it."""
    verdict, stop, advice = line(result.verdict, 600).partition(". ")
    return [Paragraph(text) for text in (verdict + stop.rstrip(), advice) if text]


def _measured(result: Report) -> str:
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
    """Return what is confused most often, where there are too many classes for a matrix that is read at a glance."""
    rows = [[true, predicted, f"{many:,}", share(part)] for true, predicted, many, part in worst(result, _PAIRS)]
    if not rows:
        return [Paragraph("No row is wrong.")]
    head = columns(("true", "predicted", "rows", "share of the true class"), (0, 1))
    return [Table(head, rows, "What is confused most often.", lines=_PAIR_LINES)]


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
    names = ", ".join(result.pictures)
    return f'Pictures with report.figure("…"): {names}.' if names else ""
