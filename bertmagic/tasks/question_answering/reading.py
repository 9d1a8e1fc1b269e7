"""Answers to questions as pieces of a context: what a cell says, and where in the context that stands."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.data import checks
from bertmagic.data.labels import missing
from bertmagic.data.report import Finding
from bertmagic.data.rows import with_targets
from bertmagic.data.texts import cells
from bertmagic.errors import DataError, count
from bertmagic.tasks.question_answering import forms
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.data.rows import LabelledRows, TextRows
    from bertmagic.data.tables import Table

OFFSET, IMPOSSIBLE = "answer_start", "is_impossible"
"""Columns that SQuAD's own names give a meaning: where an answer that is a mere text begins; that there is none."""

_ELSEWHERE = "elsewhere"

_NEAR = 2
"""How many characters an offset may be off for one of several places to be the one that is meant."""

_UNITS = {"bytes": ("utf-8", 1), "UTF-16 code units": ("utf-16-le", 2)}
"""What offsets may count instead of characters: the encoding, and the bytes of one unit."""

_ARRAY = re.compile(r"array\((\[.*?\])(?:, dtype=\w+)?\)", re.DOTALL)
"""An array as pandas writes it into a CSV file."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A right answer: its text, and its characters ``[start, end)`` in the context; both are -1 where it is not found.

    ``text`` is as the data has it; the characters of the context may differ from it in case, spaces, and the form of
    quotes, dashes and composed characters.
    """

    text: str
    start: int = -1
    end: int = -1

    @property
    def found(self) -> bool:
        """Whether it is known where it stands."""
        return self.start >= 0


def are_decisions(column: pd.Series) -> bool:
    """Whether a column holds booleans, or 0 and 1, for yes and no, as in BoolQ (Clark et al. 2019), and no texts."""
    first = next((cell for cell in cells(column) if not missing(cell)), None)
    return isinstance(first, bool | int | float) and first in (0, 1)


def given(cell: Any) -> list[tuple[str, int]]:
    """Return the texts of a cell, each with its offset or -1; nothing for a question without an answer.

    A cell is a text, ``{"text": …, "answer_start": …}`` with one or a list of each, a list of any of these, the same
    written as JSON or as Python, or missing.

    Raises
    ------
    ValueError
        If it has none of these forms, with what was found.
    """
    if missing(cell):
        return []
    if isinstance(cell, str):
        read = _written(cell)
        return given(read) if read is not None else [(cell, -1)] if cell.strip() else []
    if isinstance(cell, Mapping):
        return _paired(cell)
    if hasattr(cell, "tolist"):
        cell = cell.tolist()
    if isinstance(cell, list | tuple):
        return [one for item in cell for one in given(item)]
    raise ValueError(f"{quoted(cell)} ({type(cell).__name__})")


def _written(text: str) -> Any:
    """Return the answers that a text is the JSON or the Python of; None if it is a text like any other."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    for read in (json.loads, lambda code: ast.literal_eval(_ARRAY.sub(r"\1", code))):
        try:
            parsed = read(text.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        items = parsed if isinstance(parsed, list) else [parsed]
        return parsed if all(isinstance(item, str | dict) for item in items) else None
    return None


def _paired(cell: Mapping[Any, Any]) -> list[tuple[str, int]]:
    if "text" not in cell:
        raise ValueError(f"a dict without 'text' (its keys: {', '.join(map(str, cell)) or 'none'})")
    texts, starts = _listed(cell["text"]), _listed(cell.get("answer_start", cell.get("start")))
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"a dict whose 'text' is {cell['text']!r}")
    if starts and len(starts) != len(texts):
        raise ValueError(f"a dict with {count(len(texts), 'text')} and {count(len(starts), 'offset')}")
    placed = zip(texts, starts or [-1] * len(texts), strict=True)
    return [(text, -1 if missing(start) else int(start)) for text, start in placed if text.strip()]


def _listed(value: Any) -> list[Any]:
    value = value.tolist() if hasattr(value, "tolist") else value
    return list(value) if isinstance(value, list | tuple) else [] if missing(value) else [value]


def located(text: str, context: str, start: int = -1) -> Answer:
    """Return an answer with its place: where its offset says, or where else in the context its text stands.

    An offset counts characters, or bytes of UTF-8 or UTF-16 code units if the text stands there. Without it, an answer
    is found if it stands at one place within two characters of its offset, or at one place at all: with its case and,
    if there is none, without, then in other forms of its characters and quotes; spaces may be any.

    Examples
    --------
    >>> located("1911", "opened in 1911", 9)
    Answer(text='1911', start=10, end=14)
    """
    for first in _meanings(start, context):
        if context.startswith(text, first):
            return Answer(text, first, first + len(text))
    for places in _places(text, context):
        near = [place for place in places if start >= 0 and abs(place[0] - start) <= _NEAR]
        for only in (near, places):
            if len(only) == 1:
                return Answer(text, *only[0])
        if places:
            break
    return Answer(text)


def _places(text: str, context: str) -> Iterator[list[tuple[int, int]]]:
    """Yield where a text stands in a context: with its case, without, and in other forms of its characters."""
    words = r"\s+".join(map(re.escape, text.split()))
    pattern = f"(?=({words}))"  # looks ahead, so that places may overlap
    for flags in (0, re.IGNORECASE):
        yield [match.span(1) for match in re.finditer(pattern, context, flags)]
    yield forms.places(text, context)


def _meanings(start: int, context: str) -> Iterator[int]:
    """Yield the characters that an offset can mean: counted in characters, in bytes, and in UTF-16 code units."""
    if start < 0:
        return
    yield start
    if not context.isascii():
        for encoding, width in _UNITS.values():
            yield len(context.encode(encoding, "surrogatepass")[: width * start].decode(encoding, "ignore"))


def _unit(answer: Answer, given_start: int, context: str) -> str:
    """Return what an offset counts by which an answer was found; empty if none of `_UNITS`."""
    before = context[: answer.start]
    fitting = (
        unit
        for unit, (encoding, width) in _UNITS.items()
        if len(before.encode(encoding, "surrogatepass")) == width * given_start
    )
    return next(fitting, "")


def examples(table: Table, question: str, context: str, answers: str) -> tuple[LabelledRows, list[Finding]]:
    """Return the questions that have a context, and the findings.

    The targets are a tuple of `Answer` for each question, empty where it has no answer.

    Raises
    ------
    DataError
        If more than `checks.TOLERATED` of the rows lack a question or a context, or of the answers their place.
    """
    rows, findings = _asked(table, question, context)
    for finding in findings:
        checks.tolerate(finding, len(table.frame), table.name)
    if not len(rows):
        raise DataError(f"{table.name} has no row with both a question and a context.", "Check the two columns.")
    assert rows.second is not None
    targets, moved = _targets(table, rows, rows.second, answers)
    labelled = with_targets(rows, targets)
    return labelled, [*findings, *_placed(labelled, moved)]


def _asked(table: Table, question: str, context: str) -> tuple[TextRows, list[Finding]]:
    """Return the rows with a question and a context, and a finding for the lack of each."""
    import numpy as np

    rows, _ = checks.readable(table.frame, (question, context), table.name)
    findings = []
    lacks = ((question, "without a question", "row"), (context, "without a context", "question"))
    for name, why, noun in lacks:
        column = table.frame[name]
        written = np.fromiter((isinstance(cell, str) and bool(cell.strip()) for cell in cells(column)), bool)
        if not written.all():
            findings.append(checks.dropped(why, column, np.flatnonzero(~written), noun))
    return rows, findings


def _targets(
    table: Table, rows: TextRows, contexts: Sequence[str], column: str
) -> tuple[npt.NDArray[np.object_], list[str]]:
    """Return the answers of each row, and where one was found if not at the character that its offset says.

    That is one of `_UNITS`, which the offset counts, or `_ELSEWHERE`; empty if all are where they should be.
    """
    import numpy as np

    frame = table.frame.iloc[rows.positions]
    starts = cells(frame[OFFSET]) if OFFSET in frame else iter([None] * len(frame))
    impossible = cells(frame[IMPOSSIBLE]) if IMPOSSIBLE in frame else iter([False] * len(frame))
    targets, moved = np.empty(len(rows), dtype=object), []
    each = zip(contexts, cells(frame[column]), starts, impossible, strict=True)
    for at, (context, cell, start, none) in enumerate(each):
        if isinstance(cell, str) and not missing(start):
            cell = {"text": cell, "answer_start": start}
        try:
            pairs = [] if _is_true(none) else given(cell)
        except ValueError as error:
            raise DataError(
                f"column {column!r} of {table.name} holds {error} in row {rows.index[at]}, which is not an answer.",
                'Give a text, or {"text": ["…"], "answer_start": [0]} as SQuAD has it.',
            ) from None
        targets[at] = tuple(located(text, context, first) for text, first in pairs)
        shifts = [
            _unit(one, first, context) or _ELSEWHERE
            for one, (_, first) in zip(targets[at], pairs, strict=True)
            if one.found and 0 <= first != one.start
        ]
        moved.append(max(shifts, default="", key=_ELSEWHERE.__eq__))
    return targets, moved


def _is_true(cell: Any) -> bool:
    """Whether a cell of `IMPOSSIBLE` is true, as a value or as text."""
    return str(cell).strip().lower() in ("true", "1", "1.0", "yes")


def lost(rows: LabelledRows) -> npt.NDArray[np.bool_]:
    """Return which questions have answers without a known position. Shape ``(rows,)``."""
    import numpy as np

    return np.fromiter((bool(gold) and not any(one.found for one in gold) for gold in rows.targets), bool, len(rows))


def _placed(rows: LabelledRows, moved: Sequence[str]) -> Iterator[Finding]:
    """Yield findings about the places of answers; ``moved`` is that of `_targets`.

    Raises
    ------
    DataError
        If more than `checks.TOLERATED` of the questions have answers that are not found.
    """
    import numpy as np

    for reason in sorted({*moved} - {""}):
        part = np.flatnonzero([one == reason for one in moved])
        if reason in _UNITS:
            what = f"{count(len(part), 'question has', 'questions have')} offsets that count {reason}."
            yield _finding("info", what, "They are read so, as the answers stand there.", rows, part)
        else:
            what = f"{count(len(part), 'answer is', 'answers are')} not at the given offset."
            fix = "The text was found elsewhere in the context and is taken from there."
            yield _finding("warning", what, fix, rows, part)
    where = np.flatnonzero(lost(rows))
    assert rows.second is not None
    absent = np.fromiter(
        (not _stands(rows.targets[at][0].text, rows.second[int(at)]) for at in where), bool, len(where)
    )
    for part, what, fix in (
        (
            where[absent],
            "an answer that is not in its context",
            "Answers must be parts of their contexts",
        ),
        (where[~absent], "an answer that occurs more than once in its context", "Say which one by its offset"),
    ):
        if len(part) > checks.TOLERATED * len(rows):
            at, share = int(part[0]), len(part) / len(rows)
            example = f"{rows.targets[at][0].text!r:.60} in row {rows.index[at]}"
            raise DataError(f"{rows.name}: {share:.0%} of the questions have {what}, such as {example}.", f"{fix}.")
        if len(part):
            kept = "They are not used in training; in an evaluation their text counts."
            yield _finding("warning", f"{count(len(part), 'question')} with {what}.", kept, rows, part)


def _stands(text: str, context: str) -> bool:
    return bool(forms.places(text, context))


def unanswerable(rows: LabelledRows) -> list[Finding]:
    """Return that some questions have no answer, and which."""
    import numpy as np

    none = np.flatnonzero(np.fromiter((not gold for gold in rows.targets), bool, len(rows)))
    what = f"{len(none):,} of {len(rows):,} questions have no answer."
    return [_finding("info", what, "Saying so is learnt as well.", rows, none)] if len(none) else []


def _finding(severity: Any, what: str, fix: str, rows: LabelledRows, where: npt.NDArray[np.int64]) -> Finding:
    return Finding(severity, what, fix, tuple(rows.index[where[:5]]), len(where))
