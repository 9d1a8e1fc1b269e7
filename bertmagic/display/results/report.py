"""The evaluation report: metrics, classes, confusion, slices and cost, in words, tables and one figure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.charts.figures import MIMETYPE, confusion
from bertmagic.display.grid import Grid
from bertmagic.display.results import errors, measures, slices
from bertmagic.display.style import ORANGE, columns, count, duration, line, number, score, share, words
from bertmagic.display.writers.elements import bar, box, heading, notes, paragraph, shade, table, tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markupsafe import Markup

    from bertmagic.evaluation.report import ClassScore, RangeScore, Report

_MATRIX = 20
_CLASSES = 100
_PAIRS = 10
_PLAIN_CLASSES = 12


def text(result: Report) -> str:
    """Return the report in words."""
    parts = [_headline(result), *measures.plain(result)]
    if result.classes:
        rows = [[line(one.label, 30), *_scores(one)] for one in result.classes[:_PLAIN_CLASSES]]
        parts += ["", *columns([_class_head(result), *rows])]
    if len(result.classes) > _PLAIN_CLASSES:
        parts.append(f"… {count(len(result.classes) - _PLAIN_CLASSES, 'more class', 'more classes')}")
    if result.confusion is not None:
        parts += ["", *_plain_matrix(result)] if len(result.labels) <= 8 else ["", *_plain_pairs(result)]
    if result.ranges:
        parts += ["", *columns([_RANGE_HEAD, *map(_range, result.ranges)])]
    parts += slices.plain(result)
    if result.errors is not None:
        parts += ["", errors.text(result)]
    return "\n".join([*parts, "", _cost(result), *(f"Note: {line(note, 200)}" for note in result.notes)]).strip()


def _class_head(result: Report) -> list[str]:
    given = ["given from"] if any(one.threshold is not None for one in result.classes) else []
    spread = ["95 % of F1"] if any(one.intervals for one in result.classes) else []
    partly = ["partial F1"] if any(one.partial_f1 is not None for one in result.classes) else []
    return [result.class_noun, "precision", "recall", "F1", result.support_noun, *partly, *spread, *given]


def _scores(one: ClassScore) -> list[str]:
    given = [] if one.threshold is None else [score(one.threshold)]
    spread = [measures.between(one.intervals.get("f1"))] if one.intervals else []
    partly = [] if one.partial_f1 is None else [score(one.partial_f1)]
    return [score(one.precision), score(one.recall), score(one.f1), f"{one.support:,}", *partly, *spread, *given]


def _headline(result: Report) -> str:
    left = f", {count(result.skipped, 'row was', 'rows were')} left out" if result.skipped else ""
    said = f"{line(result.model, 60)} on {line(result.data, 60)}: {count(result.rows, 'row')} measured{left}."
    if not result.unseen:
        return said
    labels = ", ".join(f"{line(label, 30)} ({many:,})" for label, many in list(result.unseen.items())[:5])
    rest = f" and {len(result.unseen) - 5:,} more" if len(result.unseen) > 5 else ""
    apart = count(sum(result.unseen.values()), "row is", "rows are")
    return f"{said} {apart} kept apart: the model has never seen the label {labels}{rest}."


def _cost(result: Report) -> str:
    parts = []
    if result.seconds > 0:
        speed = (
            f"{number(result.rows / result.seconds, 3)} rows/s, {number(result.tokens / result.seconds, 3)} tokens/s"
        )
        parts.append(f"Predicted in {duration(result.seconds)} ({speed}).")
    if result.train_seconds > 0:
        speed = f"{number(result.train_tokens / result.train_seconds, 3)} tokens/s"
        kept = f", the weights are those of step {result.best_step:,}" if result.best_step else ""
        parts.append(f"Trained in {duration(result.train_seconds)} ({speed}){kept}.")
    return " ".join(parts)


def _plain_matrix(result: Report) -> list[str]:
    assert result.confusion is not None
    head = ["true \\ predicted", *(line(label, 14) for label in result.labels)]
    rows = [
        [line(label, 30), *(f"{int(many):,}" for many in counts)]
        for label, counts in zip(result.labels, result.confusion, strict=True)
    ]
    return columns([head, *rows]) if rows else []


def _plain_pairs(result: Report) -> list[str]:
    return [
        f"{true} taken for {predicted}: {count(many, 'row')} ({share(part)} of {true})"
        for true, predicted, many, part in worst(result, 5)
    ]


def worst(result: Report, most: int) -> list[tuple[str, str, int, float]]:
    """Return the confusions with the most rows: true class, predicted class, rows, share of the true class."""
    matrix = result.confusion
    assert matrix is not None
    wrong = [(int(matrix[i, j]), i, j) for i, j in zip(*matrix.nonzero(), strict=True) if i != j]
    wrong.sort(key=lambda found: (-found[0], found[1], found[2]))
    return [
        (line(result.labels[i], 30), line(result.labels[j], 30), many, many / max(1, int(matrix[i].sum())))
        for many, i, j in wrong[:most]
    ]


def markup(result: Report) -> Markup:
    """Return the report as tables."""
    head = paragraph(tag("b", _headline(result)))
    parts: list[object] = [head, measures.markup(result)]
    if result.classes:
        parts.append(_class_table(result))
    if result.confusion is not None:
        parts.append(matrix(result))
        if len(result.labels) > 2:
            parts.append(_pairs(result))
    if result.ranges:
        parts.append(table(_RANGE_HEAD, map(_range, result.ranges), "What is predicted for low and for high numbers."))
    parts += [*slices.markup(result), paragraph(_cost(result)), paragraph(_more(result))]
    return box(*parts, notes(result.notes[:20]))


def _more(result: Report) -> str:
    """Say which further pictures there are."""
    names = ", ".join(name for name in result.pictures if name != "confusion")
    return f'Further pictures with report.figure("…"): {names}.' if names else ""


def _class_table(result: Report) -> Markup:
    rows = [_class_row(one) for one in result.classes[:_CLASSES]]
    rest = len(result.classes) - _CLASSES
    more = f" The first {_CLASSES} of {len(result.classes):,}." if rest > 0 else ""
    head = _class_head(result)
    given = " A label is given from the probability in the last column on." if "given from" in head else ""
    return table(head, rows, f"Each {head[0]}; {head[4]} counts the true ones.{given}{more}")


def _class_row(one: ClassScore) -> list[object]:
    values = (one.precision, one.recall, one.f1)
    return [line(one.label, 60), *(bar(value, score(value)) for value in values), *_scores(one)[3:]]


_RANGE_HEAD = ["true number", "rows", "mean prediction", "mean absolute error"]


def _range(one: RangeScore) -> list[str]:
    name = number(one.low) if one.low == one.high else f"{number(one.low)} to {number(one.high)}"
    return [name, f"{one.rows:,}", number(one.predicted), number(one.mae)]


def shown_classes(result: Report) -> list[int]:
    """Return the positions of the classes that a matrix shows: all, or the most frequent in their usual order."""
    assert result.confusion is not None
    rows = result.confusion.sum(axis=1)
    by_rows = sorted(range(len(result.labels)), key=lambda i: -int(rows[i]))
    return sorted(by_rows[:_MATRIX])


def matrix(result: Report) -> Markup:
    """Return the confusion matrix as a table."""
    order = shown_classes(result)
    names = [line(result.labels[i], 30) for i in order]
    rows = [[name, *(_count(result, i, j) for j in order)] for name, i in zip(names, order, strict=True)]
    caption = "Confusion: each row is a true class, each column what was predicted for it."
    if len(order) < len(result.labels):
        caption += f" The {_MATRIX} most frequent of {len(result.labels):,} classes."
    return table(["true ↓ predicted →", *names], rows, caption)


def _count(result: Report, true: int, predicted: int) -> object:
    assert result.confusion is not None
    many, total = int(result.confusion[true, predicted]), int(result.confusion[true].sum())
    if true != predicted:
        return shade(many / max(1, total), f"{many:,}", ORANGE)
    return shade(many / max(1, total), tag("b", f"{many:,}"))


def _pairs(result: Report) -> Markup:
    rows = [[true, predicted, f"{many:,}", share(part)] for true, predicted, many, part in worst(result, _PAIRS)]
    head = ["true", "predicted", "rows", "share of the true class"]
    return table(head, rows, "What is confused most often.", left=(0, 1)) if rows else paragraph("No row is wrong.")


def grids(result: Report) -> Iterator[Grid]:
    """Yield the tables for other places than a notebook: numbers, classes, confusions, and all of `slices.tables`."""
    rows = [
        [words(line(name, 40)), measures.value(name, of), measures.between(result.intervals.get(name))]
        for name, of in result.metrics.items()
    ]
    yield Grid(_headline(result), ["metric", "value", "95 % interval"], rows)
    if result.classes:
        each = [[line(one.label, 60), *_scores(one)] for one in result.classes[:_CLASSES]]
        head = _class_head(result)
        yield Grid(f"Each {head[0]}; {head[4]} counts the true ones.", head, each)
    if result.confusion is not None and len(result.labels) > 1:
        wrong = [[true, said, f"{many:,}", share(part)] for true, said, many, part in worst(result, _PAIRS)]
        yield Grid("What is confused most often.", ["true", "predicted", "rows", "share of the true"], wrong, (0, 1))
    yield from (Grid(caption, head, rows, (0, 1)) for head, rows, caption in slices.tables(result))


def below(result: Report) -> Iterator[dict[str, Any]]:
    """Yield what is shown below the report: the confusion matrix, and the rows to read."""
    if result.confusion is not None:
        yield figure(result)
    if result.errors is not None:
        yield from errors.bundles(result)


def figure(result: Report) -> dict[str, Any]:
    """Return the confusion matrix as an interactive figure, with its table as the static twin."""
    assert result.confusion is not None
    found = worst(result, 1)
    most = f" Most often {found[0][0]} was taken for {found[0][1]} ({count(found[0][2], 'row')})." if found else ""
    right = sum(int(result.confusion[i, i]) for i in range(len(result.labels)))
    plain = f"Confusion matrix of {line(result.model, 60)}: {right:,} of {count(result.rows, 'row')} are right.{most}"
    return {
        MIMETYPE: confusion(result, shown_classes(result)),
        "text/html": str(box(heading(plain), matrix(result))),
        "text/plain": plain,
    }
