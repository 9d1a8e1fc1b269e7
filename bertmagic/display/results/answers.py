"""Answers, each in its context and with the next-best ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Column, Headline, Notes, Paragraph, Table
from bertmagic.display.cells import Absent, Cell, Mark, Passage, Ranking, Row, Share, Strong
from bertmagic.display.results.predictions import FIRST, LAST, lacking, shown_rows
from bertmagic.display.results.steps import of_predictions
from bertmagic.display.style import line, speed
from bertmagic.errors import count

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from bertmagic.tasks.question_answering.result import Answers

_LINES = 4
_NEXT = 4
_ALONE, _AMONG = 3_000, 360
"""How many bytes of its context are shown of a single question, and of one among several."""
_NONE = "no answer"


def blocks(result: Answers) -> list[Block]:
    """Return at most 50 questions with their answers marked in the contexts; of a single one also in plain text."""
    total = len(result)
    single = total == 1 and _answered(result, 0) is not None
    columns = (
        Column("row", "word", 20), Column("question", "prose", 60), Column("answer", "word", 50), Column("score"),
        Column("context", "prose", plain="below" if single else "no"),
        Column("next best", "word", plain="below" if single else "no"),
    )  # fmt: skip
    lines = _LINES if total > _LINES + 1 else total
    more = count(total - lines, "more row")
    rest = f"… {more}; .frame has them all, .candidates the next-best answers." if total > lines else ""
    explanation = "The context has the answer in bold." if result.frame["start"].notna().any() else ""
    rows = Table(columns, list(_rows(result)), "", explanation, lines, rest)
    steps = of_predictions(result.model, ())
    return [Headline(_headline(result)), rows, Paragraph(_remarks(result)), Notes(result.notes, lines=1), steps]


def _headline(result: Answers) -> str:
    what = f"{count(len(result), 'question')} to {line(result.model, 40)} ({line(result.task, 30)})"
    return f"{what}: {count(int(result.frame['start'].notna().sum()), 'answer')}."


def _remarks(result: Answers) -> str:
    missing = f"{count(result.missing, 'row')} had no question or no context." if result.missing else ""
    cost = speed(len(result), result.tokens, result.seconds) if result.seconds > 0 else ""
    return " ".join(filter(None, (missing, cost)))


def _rows(result: Answers) -> Iterator[Row]:
    total = len(result)
    for at in shown_rows(total):
        if at is None:
            yield [f"… {count(total - FIRST - LAST, 'question')} not shown; .frame has all {total:,} …"]
        else:
            yield _row(result, at, _ALONE if total == 1 else _AMONG)


def _row(result: Answers, at: int, bytes_: int) -> Row:
    answer, (question, context) = _answered(result, at), _given(result, at)
    start = [line(result.frame.index[at], 40), line(question, 200) if question else Absent()]
    if answer is None:
        return [*start, Absent(), "", "" if context else Absent(), ""]
    score = float(result.frame["score"].iloc[at])
    given: Cell = Strong(line(answer, 160)) if answer else Absent(f"({_NONE})")
    return [
        *start,
        given,
        Share(score, f"{score:.3f}"),
        _context(result, at, bytes_),
        Ranking(tuple(_others(result, at))),
    ]


def _context(result: Answers, at: int, bytes_: int) -> Passage:
    context, (start, end) = _given(result, at)[1] or "", _place(result, at)
    marks = (Mark(start, end),) if start >= 0 else ()
    return Passage(context, marks, bytes_, folded=bytes_)


def _others(result: Answers, at: int) -> Iterator[tuple[str, float]]:
    """Yield the most probable answers after the one that was given, with their probabilities."""
    context, ranked, chosen = _given(result, at)[1] or "", result.ranked.of_question(at), _place(result, at)
    spans = zip(*(getattr(result.ranked, name)[ranked].tolist() for name in ("start", "end", "score")), strict=True)
    others = [span for span in spans if span[:2] != chosen]
    for start, end, score in others[:_NEXT]:
        yield line(context[start:end], 60) if start >= 0 else f"({_NONE})", score


def _place(result: Answers, at: int) -> tuple[int, int]:
    """Return the characters of the answer; -1 for none."""
    row = result.frame.iloc[at]
    return (-1, -1) if lacking(row["start"]) else (int(row["start"]), int(row["end"]))


def _answered(result: Answers, at: int) -> str | None:
    """Return the answer, empty if there is none; None where the question was not read."""
    answer = result.frame["answer"].iloc[at]
    return None if lacking(answer) else str(answer)


def _given(result: Answers, at: int) -> tuple[str | None, str | None]:
    """Return question and context; None where one is missing or blank."""
    question, context = (result.given[name].iloc[at] for name in ("question", "context"))
    return _written(question), _written(context)


def _written(value: Any) -> str | None:
    return None if lacking(value) or not str(value).strip() else str(value)
