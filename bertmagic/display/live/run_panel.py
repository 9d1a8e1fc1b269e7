"""The panel of a run: one HTML frame of bounded size and fixed height, and its last, interactive frame."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bertmagic.display.charts.curves import BEHIND, Curve, chart
from bertmagic.display.charts.figures import MIMETYPE
from bertmagic.display.charts.training import training
from bertmagic.display.live.run_state import SHOWN_NOTES
from bertmagic.display.live.run_words import (
    NOTE,
    WHOLE_NOTE,
    activity,
    curves_line,
    dropped_notes,
    evaluations,
    head_lines,
    losses,
    note_lines,
    position,
    speed,
    state,
    summary_lines,
    title,
)
from bertmagic.display.style import BEST, BLUE, GREEN, ORANGE, line, score, words
from bertmagic.display.writers.elements import Cell, escape, join, paragraph, progress, table, tag, warned
from bertmagic.errors import count
from bertmagic.options.rates import rate_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bertmagic.display.live.run_state import Run
    from bertmagic.events import Evaluated, Event, Note

_SVG_BINS = 64
_SVG_DOTS = 24
_PAGE = "font-size:13px;line-height:1.45;max-width:1040px"
_FRAME = 18_500
"""Bytes of a frame up to which it has earlier notes."""


class RunPanel:
    """A run as something to look at, after each event that it took.

    Parameters
    ----------
    run
        Its state.
    apart
        Whether the earlier notes have a place of their own below the frames: each new frame closes what a user has
        opened in the one before.
    """

    def __init__(self, run: Run, apart: bool = False) -> None:
        self.run = run
        self._apart = apart
        self._earlier: tuple[int, dict[str, Any]] = 0, {}

    def take(self, event: Event) -> bool:
        """Take an event in; return whether it should be shown soon."""
        return self.run.take(event)

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self.run.over

    def stop(self, reason: str) -> None:
        """End the run for a reason that no event gave."""
        self.run.stop(reason or "before the end")

    def frame(self) -> dict[str, Any]:
        """Return the panel as it stands."""
        above, plain = (_head(self.run), _charts(self.run)), "\n".join(summary_lines(self.run))
        page = tag("div", *above, _details(self.run, 0), style=_PAGE)
        if not self._apart and self.run.notes_seen > SHOWN_NOTES:
            room = _FRAME - len(page.encode()) - len(plain.encode())
            page = tag("div", *above, _details(self.run, max(room, 1)), style=_PAGE)
        return {"text/plain": plain, "text/html": str(page)}

    def aside(self) -> dict[str, Any] | None:
        """Return the earlier notes, folded, for a place of their own; None while the frame has all of them."""
        run = self.run
        if not self._apart or run.notes_seen <= SHOWN_NOTES:
            return None
        if self._earlier[0] != run.notes_seen:
            earlier = list(run.notes)[:-SHOWN_NOTES]
            page = tag("div", _folded(run, [_note(note, WHOLE_NOTE) for note in earlier]), style=_PAGE)
            plain = "\n".join(note_lines(earlier, WHOLE_NOTE))
            self._earlier = run.notes_seen, {"text/plain": plain, "text/html": str(page)}
        return self._earlier[1]

    def final(self) -> list[dict[str, Any]]:
        """Return the last frames, in the order of the live one, so that all stays in its place: words, curves, details.

        The curves are an interactive figure. Its static twin is the curves of the live frame.
        """
        run, notes = self.run, _all_notes(self.run)
        if run.started is None:  # it ended before its first step: there is nothing to draw or to count
            words = tag("div", paragraph(tag("b", title(run))), paragraph(state(run)), _notes(run), style=_PAGE)
            return [{"text/plain": "\n".join([*head_lines(run), *notes]), "text/html": str(words)}]
        if len(run.loss) < 2:
            page = tag("div", _head(run), _charts(run), _details(run), style=_PAGE)
            return [{"text/plain": "\n".join([*head_lines(run), *notes]), "text/html": str(page)}]
        plain = curves_line(run)
        return [
            {"text/plain": "\n".join(head_lines(run)), "text/html": str(tag("div", _head(run), style=_PAGE))},
            {MIMETYPE: training(run), "text/plain": plain, "text/html": str(tag("div", _charts(run), style=_PAGE))},
            {
                "text/plain": "\n".join([evaluations(run), *notes]),
                "text/html": str(tag("div", _details(run), style=_PAGE)),
            },
        ]


def _head(run: Run) -> Markup:
    status = tag("div", state(run), role="status", aria_live="polite")
    numbers = tag(
        "div", *(tag("div", words) for words in (activity(run), position(run), speed(run))), style="opacity:.8"
    )
    return tag("div", paragraph(tag("b", title(run))), status, _bar(run), numbers)


def _charts(run: Run) -> Markup:
    columns = "repeat(auto-fit,minmax(min(240px,100%),1fr))"  # of one width, also in the last row
    style = f"display:grid;grid-template-columns:{columns};gap:4px 12px"
    return tag("div", _loss(run), _metric(run), _lr(run), style=style)


def _details(run: Run, room: int = 1) -> Markup:
    return tag("div", _evaluations(run), _notes(run, room), style="display:flex;flex-wrap:wrap;gap:0 24px")


def _bar(run: Run) -> Markup:
    phase = run.phase
    if phase and run.step is None and not run.over:
        return progress(phase.done, phase.total or 0, phase.what)
    return progress(run.done, run.started.steps if run.started else 0, "steps")


def _figure(image: Markup, caption: str) -> Markup:
    note = tag("figcaption", caption, style="font-size:11px;min-height:2.9em")
    return tag("figure", image, note, style="margin:6px 0 0;min-width:0;max-width:340px")


def _across(run: Run) -> float:
    return max(run.started.steps if run.started and not run.over else 0, run.done)


def _loss(run: Run) -> Markup:
    curves = [
        Curve("each step", run.loss.coarse(_SVG_BINS).outline(), BLUE, 1.0, BEHIND),
        Curve("smoothed", run.smooth.coarse(_SVG_BINS).last, BLUE),
        Curve("validation", run.validation_loss.coarse(_SVG_DOTS).outline(), ORANGE, 1.5, dots=True),
    ]
    caption = losses(run).split(", learning rate")[0] if run.step else "the loss of each step comes here"
    return _figure(chart(run.loss_name, curves, _across(run), aria=caption), _sentence(caption))


def _metric(run: Run) -> Markup:
    name = "validation " + words(run.metric_name)
    points = run.metric.coarse(_SVG_DOTS).outline()
    caption = evaluations(run)
    image = chart(name, [Curve(name, points, GREEN, dots=True)], _across(run), aria=caption)
    return _figure(image, _sentence(caption))


def _lr(run: Run) -> Markup:
    curve = Curve("learning rate", run.lr.coarse(_SVG_BINS // 2).outline(), BLUE)
    caption = f"learning rate {rate_text(run.step.lr)} now" if run.step else "the learning rate comes here"
    if run.step and run.over:
        caption = f"learning rate {rate_text(run.step.lr)} at the end"
    image = chart("learning rate", [curve], _across(run), zero=True, aria=caption, write=rate_text)
    return _figure(image, _sentence(caption))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _evaluations(run: Run) -> Markup:
    shown = list(reversed(run.evaluations))
    if run.best and run.best not in shown:
        shown.insert(0, run.best)  # where it is seen without scrolling
    if not shown:
        return _area(run, paragraph(_sentence(evaluations(run))), "flex:3 1 320px")
    # The metric that chooses the weights and one more: the report has them all, and a cell has no room for them.
    others = dict.fromkeys(name for event in shown for name in event.metrics if name != "loss")
    names = sorted(others, key=lambda name: name != run.metric_name)[:2]
    head = ["step", "epoch", "loss", *(words(line(name, 24)) for name in names), *(["best"] if run.best else [])]
    caption = _counted(run, len(shown))
    rows = [_row(run, event, names) for event in shown]
    marks = (len(head) - 1,) if run.best else ()
    return _area(run, table(head, rows, caption, left=marks), "flex:3 1 320px")


def _counted(run: Run, shown: int) -> str:
    many = count(run.evaluations_seen, "evaluation")
    rows = f" on {count(run.started.validation_rows, 'validation row')}" if run.started else ""
    hidden = run.evaluations_seen - shown
    return many + rows + (", the newest first" if shown > 1 else "") + (f"; {hidden:,} not shown." if hidden else ".")


def _row(run: Run, event: Evaluated, names: list[str]) -> list[object]:
    best = event == run.best
    values = [
        f"{event.step:,}",
        f"{event.epoch:.2f}",
        score(event.loss),
        *(score(event.metrics.get(n, math.nan)) for n in names),
    ]
    mark = [f"{BEST} best" if best else ""] if run.best else []
    return [*(Cell(value, "font-weight:bold") if best else value for value in values), *mark]


def _notes(run: Run, room: int = 1) -> Markup:
    """Return the newest notes, below the earlier ones that open at a click.

    While the run goes on, the earlier ones take at most ``room`` bytes; 0 for none of them.
    """
    if not run.notes:  # room for the first one, which on a narrow page comes below the table
        return _area(run, Markup("" if run.over else "No notes."), "flex:2 1 240px")
    most = WHOLE_NOTE if run.over else NOTE
    notes = [_note(note, most) for note in run.notes]
    earlier, newest = notes[:-SHOWN_NOTES], notes[-SHOWN_NOTES:]
    shown = earlier if run.over else _fitting(earlier, room)
    folded = _folded(run, shown, len(earlier) - len(shown)) if earlier and room else ""
    return _area(run, join(folded, _list(newest)), "flex:2 1 240px")


def _folded(run: Run, notes: Sequence[Markup], later: int = 0) -> Markup:
    """Return earlier notes, folded; ``later`` is how many of them only the last frame will have."""
    many = run.notes_seen - SHOWN_NOTES
    more = [dropped_notes(run), f"{count(later, 'note')} more when the run has ended" if later else ""]
    warnings = sum(note.warning for note in list(run.notes)[:-SHOWN_NOTES])
    which = f", {count(warnings, 'warning')} among them" if warnings else ""
    title = tag("summary", count(many, "earlier note") + which, style="cursor:pointer")
    return tag("details", title, _list([*map(escape, filter(None, more)), *notes]))


def _fitting(notes: Sequence[Markup], room: int) -> Sequence[Markup]:
    """Return the last of some notes, as many as so many bytes hold."""
    sizes = accumulate(len(f"<li>{note}</li>".encode()) for note in reversed(notes))
    return notes[len(notes) - sum(size <= room for size in sizes) :]


def _list(items: Iterable[Markup]) -> Markup:
    style = "margin:.6em 0;padding-left:1.2em;overflow-wrap:anywhere"
    return tag("ul", *(tag("li", item) for item in items), style=style)


def _note(note: Note, most: int) -> Markup:
    words = line(note.text, most)
    return warned(words) if note.warning else escape(f"Note: {words}")


def _all_notes(run: Run) -> list[str]:
    return [*filter(None, [dropped_notes(run)]), *note_lines(run.notes, WHOLE_NOTE)]


def _area(run: Run, inner: Markup, flex: str) -> Markup:
    """Return a part of fixed height while the run goes on, so that the page below does not jump."""
    fixed = "" if run.over else ";height:13em;overflow:auto"
    return tag("div", inner, style=f"{flex};min-width:0{fixed}")
