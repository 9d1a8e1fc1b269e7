"""Texts to read as HTML: folded where they are long, with their marks, and never larger than they may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from bertmagic.display.style import BLUE, ORANGE, line
from bertmagic.display.writers.elements import collapsed, escape, fitting, join, tag
from bertmagic.errors import count

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.display.cells import Mark, Passage, Weighted

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#B0629A", "#8A7A00", "#7a7a7a")
_UNDERLINES = ("solid", "dashed", "dotted")
"""With these, three times as many labels have a look of their own as there are colours."""
_TEXT = "white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.9"
_ANSWER = f"background:{BLUE}40;border-bottom:2px solid {BLUE};padding:0 2px"
"""No <mark>: browsers write it in black, and JupyterLab takes away the style that would undo it."""


def passage(whole: Passage) -> Markup:
    """Return a passage as HTML."""
    if whole.marks and whole.marks[0].label:
        return _labelled(whole)
    if whole.marks:
        return tag("span", *_around(whole), style="white-space:pre-wrap;overflow-wrap:anywhere")
    text = collapsed(whole.text, whole.folded, whole.bytes)
    return join(text, tag("details", tag("summary", whole.about), tag("code", whole.code))) if whole.code else text


def _around(whole: Passage) -> Iterator[object]:
    """Yield the first mark, and as much of the text before and behind it as fits."""
    mark = whole.marks[0]
    before, marked, after = whole.text[: mark.start], whole.text[mark.start : mark.end], whole.text[mark.end :]
    middle = fitting(marked, whole.bytes // 2)
    room = (whole.bytes - len(escape(middle).encode())) // 2
    kept = fitting(before[-room:][::-1], room)[::-1]
    yield "…" if len(kept) < len(before) else ""
    yield kept
    yield tag("span", tag("b", middle, "…" if len(middle) < len(marked) else ""), style=_ANSWER)
    begin = fitting(after[:room], room)
    yield begin
    yield "…" if len(begin) < len(after) else ""


def _labelled(whole: Passage) -> Markup:
    """Return the beginning of a text, each mark with its label and score behind it, and say what is left out."""
    parts: list[object] = []
    done = shown = used = 0
    for words, mark in _pieces(whole):
        part = _mark(words, mark) if mark else escape(words)
        if used + len(part.encode()) > whole.bytes:
            beginning = "" if mark else fitting(words, whole.bytes - used)
            done, parts = done + len(beginning), [*parts, beginning]
            break
        done, shown, used = done + len(words), shown + bool(mark), used + len(part.encode())
        parts.append(part)
    return tag("div", *parts, _rest(len(whole.text) - done, len(whole.marks) - shown), style=_TEXT)


def _pieces(whole: Passage) -> Iterator[tuple[str, Mark | None]]:
    """Yield the text in pieces: what is marked with its mark, what stands between without."""
    done = 0
    for mark in whole.marks:
        yield whole.text[done : mark.start], None
        yield whole.text[mark.start : mark.end], mark
        done = mark.end
    yield whole.text[done:], None


def _mark(words: str, mark: Mark) -> Markup:
    colour = _COLOURS[mark.look % len(_COLOURS)]
    under = _UNDERLINES[mark.look // len(_COLOURS) % len(_UNDERLINES)]
    style = f"background:{colour}2e;border-bottom:2px {under} {colour};padding:1px 2px"
    name = tag("small", f" [{line(mark.label, 24)} {mark.score:.3f}]", style="font-size:75%;opacity:.85")
    return tag("span", tag("b", words, style="font-weight:600"), name, style=style)


def _rest(characters: int, marks: int) -> Markup:
    if not characters and not marks:
        return Markup("")
    more = f" with {count(marks, 'more entity', 'more entities')}" if marks else ""
    return tag("i", f" … {count(characters, 'more character')}{more}")


def weighted(whole: Weighted) -> Markup:
    """Return a text whose words show their scores: by colour, by underline, and by bold or italic type.

    A word for the target is bold with a solid line, one against it italic with a dashed line, so that the sign is read
    without colours, and also where styles are taken away. The number stands in the title of the word.
    """
    parts: list[object] = []
    done = used = 0
    for start, end, score in whole.words:
        part = join(escape(whole.text[done:start]), _scored(whole.text[start:end], score, whole.strength(score)))
        used += len(part.encode())
        if used > whole.bytes:
            break
        parts.append(part)
        done = end
    else:
        rest = fitting(whole.text[done:], max(whole.bytes - used, 0))
        parts.append(rest)
        done += len(rest)
    return tag("div", *parts, _rest(len(whole.text) - done, 0), dir="auto", style=_TEXT)


def _scored(words: str, score: float, strength: float) -> Markup:
    if not strength:
        return escape(words)
    name, colour, under = ("b", BLUE, "solid") if score > 0 else ("i", ORANGE, "dashed")
    alpha = round(0x18 + 0x50 * strength)
    style = f"background:{colour}{alpha:02x};border-bottom:{1 + 2 * strength:.1f}px {under} {colour}"
    return tag(name, words, title=f"{score:+.4f}", style=style)
