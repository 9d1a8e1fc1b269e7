"""Entities, highlighted in their texts: each with its label behind it, so that colours only help."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from markupsafe import Markup

from bertmagic.display.style import MISSING, clean, columns, count, first_note, line, speed
from bertmagic.display.writers.elements import box, escape, fitting, notes, paragraph, table, tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from bertmagic.tasks.token_classification.result import Entities

_WHOLE, _FIRST, _LAST = 50, 25, 5
_HEAD = 5
_CHARACTERS = 2_000
"""How much of a text is shown."""
_BYTES = 100_000
"""How large the texts of a result may be in HTML, together."""

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#B0629A", "#8A7A00", "#7a7a7a")
_LINES = ("solid", "dashed", "dotted")
"""Underlines, so that more types than colours are told apart."""


def text(result: Entities) -> str:
    """Return the entities in at most ten lines."""
    frame = result.frame.head(_HEAD)
    rows = [
        [line(row, 20), f"{start}–{end}", line(found, 40), line(label, 20), f"{score:.3f}"]
        for row, start, end, found, label, score in frame.itertuples(index=False)
    ]
    head = [["row", "characters", "text", "label", "score"]] if rows else []
    parts = [_headline(result), *(columns([*head, *rows], left=(0, 1, 2, 3)) if rows else [])]
    if len(result.frame) > len(rows):
        parts.append(f"… {count(len(result.frame) - len(rows), 'more entity', 'more entities')}; .frame has them all.")
    return "\n".join(part for part in [*parts, _remarks(result), first_note(result.notes)] if part)


def _headline(result: Entities) -> str:
    counted = Counter(result.frame["label"].tolist()).most_common()
    each = ", ".join(f"{line(label, 24)} ({many:,})" for label, many in counted[:6])
    rest = len(counted) - 6
    more = f" and {count(rest, 'more type')}" if rest > 0 else ""
    found = f"{count(len(result.frame), 'entity', 'entities')} in {count(len(result.given), 'text')}"
    what = f"{found} by {line(result.model, 40)} ({line(result.task, 30)})"
    return f"{what}: {each}{more}." if counted else f"{what}."


def _remarks(result: Entities) -> str:
    parts = []
    if result.missing:
        parts.append(f"{count(result.missing, 'row')} had no text.")
    if result.seconds > 0:
        parts.append(speed(len(result.given), result.tokens, result.seconds))
    return " ".join(parts)


def markup(result: Entities) -> Markup:
    """Return at most 50 texts with their entities marked."""
    rows = list(_rows(result))
    caption = _headline(result) + (" Behind each stand its label and its score." if len(result.frame) else "")
    shown = table(["row", "text"], rows, caption, left=(0, 1)) if rows else paragraph(caption)
    return box(shown, paragraph(_remarks(result)), notes(result.notes[:10]))


def _rows(result: Entities) -> Iterator[list[object]]:
    total = len(result.given)
    if total <= _WHOLE:
        yield from (_row(result, at, _BYTES // max(1, total)) for at in range(total))
        return
    each = _BYTES // (_FIRST + _LAST)
    yield from (_row(result, at, each) for at in range(_FIRST))
    yield [f"… {count(total - _FIRST - _LAST, 'text')} not shown; .frame has the entities of all {total:,} …"]
    yield from (_row(result, at, each) for at in range(total - _LAST, total))


def _row(result: Entities, at: int, bytes_: int) -> list[object]:
    name, whole = line(result.given.index[at], 40), result.text(at)
    return [name, tag("i", MISSING) if whole is None else _marked(result, at, whole, bytes_)]


def _marked(result: Entities, at: int, whole: str, bytes_: int) -> Markup:
    """Return the beginning of a text with its entities marked, in so many bytes, and say what is left out."""
    found = result.of(at)
    parts: list[Markup] = []
    done = shown = used = 0
    for words, label, score in _pieces(whole, found):
        part = _mark(words, label, score, result.labels) if label else escape(words)
        used += len(part.encode())
        if used > bytes_ or done + len(words) > _CHARACTERS:
            beginning = "" if label else fitting(words[: _CHARACTERS - done], bytes_ - used + len(part.encode()))
            done, parts = done + len(beginning), [*parts, escape(beginning)]
            break
        done, shown, parts = done + len(words), shown + bool(label), [*parts, part]
    return tag("div", *parts, _rest(len(whole) - done, len(found) - shown), style=_TEXT)


_TEXT = "white-space:pre-wrap;overflow-wrap:anywhere;min-width:12em;max-width:60em;line-height:1.9"


def _pieces(whole: str, found: pd.DataFrame) -> Iterator[tuple[str, str, float]]:
    """Yield a text in pieces: an entity with its label and its score, what stands between two without."""
    done = 0
    for start, end, label, score in found[["start", "end", "label", "score"]].itertuples(index=False, name=None):
        yield whole[done:start], "", 0.0
        yield whole[start:end], label, score
        done = end
    yield whole[done:], "", 0.0


def _mark(words: str, label: str, score: float, labels: Sequence[str]) -> Markup:
    at = labels.index(label) if label in labels else len(labels)
    colour, under = _COLOURS[at % len(_COLOURS)], _LINES[at // len(_COLOURS) % len(_LINES)]
    style = f"background:{colour}2e;border-bottom:2px {under} {colour};border-radius:3px 3px 0 0;padding:1px 2px"
    name = tag("small", f" [{line(label, 24)} {score:.2f}]", style="font-size:75%;opacity:.85")
    return tag("span", tag("b", clean(words), style="font-weight:600"), name, style=style)


def _rest(characters: int, entities: int) -> Markup:
    if not characters and not entities:
        return Markup("")
    more = f" with {count(entities, 'more entity', 'more entities')}" if entities else ""
    return tag("i", f" … {count(characters, 'more character')}{more}")
