"""Answers, each in its context and with the next-best ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.style import BLUE, MISSING, columns, count, first_note, line, speed
from bertmagic.display.writers.elements import Cell, bar, box, escape, fitting, join, notes, paragraph, table, tag

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from markupsafe import Markup

    from bertmagic.tasks.question_answering.result import Answers

_WHOLE, _FIRST, _LAST = 50, 25, 5
_HEAD = 4
_NEXT = 4
_ALONE, _AMONG = 3_000, 360
"""How many bytes of its context are shown of a single question, and of one among several."""

NONE = "no answer"


def text(result: Answers) -> str:
    """Return the answers in at most ten lines; of a single one also its place and the next-best ones."""
    total = len(result)
    shown = total if total <= _HEAD + 1 else _HEAD
    rows = [_plain(result, at) for at in range(shown)]
    head = [["row", "question", "answer", "score"]] if rows else []
    parts = [_headline(result), *(columns([*head, *rows], left=(0, 1, 2)) if rows else [])]
    if total > shown:
        parts.append(f"… {total - shown:,} more rows; .frame has them all, .candidates the next-best answers.")
    if total == 1 and _answered(result, 0) is not None:
        parts += [_plain_context(result), _plain_next(result)]
    return "\n".join(part for part in [*parts, _remarks(result), first_note(result.notes)] if part)


def _plain(result: Answers, at: int) -> list[str]:
    name, answer = line(result.frame.index[at], 20), _answered(result, at)
    question = line(_given(result, at)[0] or MISSING, 60)
    if answer is None:
        return [name, question, MISSING, ""]
    return [name, question, line(answer or f"({NONE})", 50), f"{result.frame['score'].iloc[at]:.3f}"]


def _plain_context(result: Answers) -> str:
    before, answer, after = _around(result, 0)
    if not answer:
        return ""
    return f"in: {_end(before, 60)}⟦{line(answer, 60)}⟧{_begin(after, 60)}"


def _end(words: str, most: int) -> str:
    """Return the last characters of a text in one line, and a space where it ends with one."""
    flat = line(words[-most:], most)
    return ("…" if len(words) > most else "") + flat + (" " if words[-1:].isspace() else "")


def _begin(words: str, most: int) -> str:
    return (" " if words[:1].isspace() else "") + line(words[: most + 1], most)


def _plain_next(result: Answers) -> str:
    others = [f"{line(words, 40)} {score:.3f}" for words, score in _others(result, 0)]
    return f"next: {'; '.join(others)}" if others else ""


def _headline(result: Answers) -> str:
    what = f"{count(len(result), 'question')} to {line(result.model, 40)} ({line(result.task, 30)})"
    found = int(result.frame["start"].notna().sum())
    return f"{what}: {count(found, 'answer')}."


def _remarks(result: Answers) -> str:
    parts = []
    if result.missing:
        parts.append(f"{count(result.missing, 'row')} had no question or no context.")
    if result.seconds > 0:
        parts.append(speed(len(result), result.tokens, result.seconds))
    return " ".join(parts)


def markup(result: Answers) -> Markup:
    """Return at most 50 questions with their answers marked in the contexts."""
    rows = list(_rows(result))
    found = bool(result.frame["start"].notna().any())
    caption = _headline(result) + (" The context has the answer in bold." if found else "")
    head = ["row", "question", "answer", "score", "context", "next best"]
    shown = table(head, rows, caption, left=(0, 1, 2, 4, 5)) if rows else paragraph(caption)
    return box(shown, paragraph(_remarks(result)), notes(result.notes[:10]))


def _rows(result: Answers) -> Iterator[list[object]]:
    total = len(result)
    each = _ALONE if total == 1 else _AMONG
    if total <= _WHOLE:
        yield from (_row(result, at, each) for at in range(total))
        return
    yield from (_row(result, at, each) for at in range(_FIRST))
    yield [f"… {count(total - _FIRST - _LAST, 'question')} not shown; .frame has all {total:,} …"]
    yield from (_row(result, at, each) for at in range(total - _LAST, total))


_FIRST_LINE = ";vertical-align:top;background-size:100% 1.5em;background-repeat:no-repeat"
"""Keeps a bar as high as its number where the context beside it has many lines."""
_SHORT = "min-width:8em;max-width:18em;vertical-align:top;overflow-wrap:anywhere"
_LONG = "min-width:16em;max-width:44em;vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere"


def _row(result: Answers, at: int, bytes_: int) -> list[object]:
    name, answer = Cell(line(result.frame.index[at], 40), "vertical-align:top"), _answered(result, at)
    question, context = _given(result, at)
    asked = Cell(line(question, 200) if question else tag("i", MISSING), _SHORT)
    if answer is None:
        return [name, asked, tag("i", MISSING), "", tag("i", MISSING) if not context else "", ""]
    score = float(result.frame["score"].iloc[at])
    said = Cell(tag("b", line(answer, 160)) if answer else tag("i", NONE), _SHORT)
    likely = bar(score, f"{score:.3f}")
    marked = Cell(_marked(result, at, bytes_), _LONG)
    return [name, asked, said, Cell(likely.content, likely.style + _FIRST_LINE), marked, _next(result, at)]


def _marked(result: Answers, at: int, bytes_: int) -> Markup:
    """Return the context around the answer, which is marked, in about so many bytes."""
    before, answer, after = _around(result, at)
    if not answer:
        return _cut(after, bytes_)
    middle = fitting(answer, bytes_ // 2)
    room = (bytes_ - len(escape(middle).encode())) // 2
    kept = fitting(before[-room:][::-1], room)[::-1]
    inner = tag("b", middle, "…" if len(middle) < len(answer) else "")
    return join("…" if len(kept) < len(before) else "", kept, tag("span", inner, style=_MARK), _cut(after, room))


# No <mark>: browsers write it in black, and JupyterLab takes away the style that would undo it.
_MARK = f"background:{BLUE}40;border-bottom:2px solid {BLUE};padding:0 2px"


def _cut(words: str, bytes_: int) -> Markup:
    kept = fitting(words[:bytes_], bytes_)
    return join(kept, "…" if len(kept) < len(words) else "")


def _next(result: Answers, at: int) -> Cell:
    others = [tag("div", line(words, 60), tag("small", f" {score:.3f}")) for words, score in _others(result, at)]
    return Cell(join(*others), _SHORT)


def _others(result: Answers, at: int) -> list[tuple[str, float]]:
    """Return the most probable answers beside the one that was given, with their probabilities."""
    context, found, chosen = _given(result, at)[1] or "", result.ranked.of(at), _place(result, at)
    spans = zip(*(getattr(result.ranked, name)[found].tolist() for name in ("start", "end", "score")), strict=True)
    others = [(start, end, score) for start, end, score in spans if (start, end) != chosen]
    return [(context[start:end] if start >= 0 else f"({NONE})", score) for start, end, score in others[:_NEXT]]


def _around(result: Answers, at: int) -> tuple[str, str, str]:
    """Return the context before the answer, the answer, and what comes behind it."""
    context, (start, end) = _given(result, at)[1] or "", _place(result, at)
    return ("", "", context) if start < 0 else (context[:start], context[start:end], context[end:])


def _place(result: Answers, at: int) -> tuple[int, int]:
    """Return the characters of the answer; -1 for none."""
    row = result.frame.iloc[at]
    return (-1, -1) if _lacking(row["start"]) else (int(row["start"]), int(row["end"]))


def _answered(result: Answers, at: int) -> str | None:
    """Return the answer, empty if there is none; None where the question was not read."""
    answer = result.frame["answer"].iloc[at]
    return None if _lacking(answer) else str(answer)


def _given(result: Answers, at: int) -> tuple[str | None, str | None]:
    """Return question and context; None where one is missing or blank."""
    question, context = (result.given[name].iloc[at] for name in ("question", "context"))
    return _written(question), _written(context)


def _written(value: Any) -> str | None:
    return None if _lacking(value) or not str(value).strip() else str(value)


def _lacking(value: Any) -> bool:
    import pandas as pd

    return value is None or value is pd.NA or (isinstance(value, float) and value != value)
