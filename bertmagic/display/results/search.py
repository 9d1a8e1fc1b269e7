"""A search and its trials: while it goes on, and what it found."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bertmagic.display.charts.curves import Curve, chart
from bertmagic.display.charts.figures import MIMETYPE, plain, plain_layout
from bertmagic.display.live.run_state import Run, losses, position, stage
from bertmagic.display.style import BEST, BLUE, GREEN, GREY, columns, count, duration, line, number, score, share, words
from bertmagic.display.writers.elements import Cell, bar, box, heading, paragraph, progress, table, tag, warned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.display.live.run_state import Clock
    from bertmagic.tuning.results import Search, Trial

_SHOWN = 20
_PAGE = "font-size:13px;line-height:1.45;max-width:1040px"
_SAID = {"complete": "complete", "pruned": "ended early", "failed": "failed", "running": "running"}


def text(result: Search) -> str:
    """Return the search in words, with its trials as aligned lines."""
    head, rows = _table(result, _shown(result))
    lines = columns([head, *([_plain(cell) for cell in row] for row in rows)], left=(1, len(head) - 1)) if rows else []
    parts = [_headline(result), _how(result), *_importance_words(result), *lines, *result.notes]
    return "\n".join([*parts, *(["", "The best trial as a cell:", result.cell] if result.cell else [])])


def markup(result: Search) -> Markup:
    """Return the search with its curve of scores, its trials, and the cell of the best one."""
    cell = [paragraph("The best trial as a cell:"), tag("pre", result.cell, style=_CODE)] if result.cell else []
    words_ = [paragraph(said) for said in (*_importance_words(result), *result.notes)]
    return tag(
        "div", heading(_headline(result)), paragraph(_how(result)), _scores(result), *words_, _trials(result), *cell,
        style=_PAGE,
    )  # fmt: skip


_CODE = (
    "padding:8px;border:1px solid rgba(128,128,128,.3);border-radius:4px;overflow-x:auto;background:none;color:inherit"
)


def _headline(result: Search) -> str:
    best = result.best
    name = words(result.metric)
    found = f"best {name} {score(best.score or 0.0)} in trial {best.number + 1}" if best else "no trial has a score yet"
    return f"Search {line(result.name, 60)!r} on {line(result.data, 60)}: {found}"


def _how(result: Search) -> str:
    counted = {state: sum(trial.state == state for trial in result.trials) for state in _SAID}
    parts = [f"{counted[state]} {said}" for state, said in _SAID.items() if counted[state]]
    way = "the highest" if result.higher_is_better else "the lowest"
    over = "; ".join(f"{name} in {line(given, 60)}" for name, given in result.space.items())
    done = (
        f"{len(result.trials) - counted['running']} of {result.wanted} trials done ({', '.join(parts) or 'none yet'})"
    )
    ended = f"; it ended as {line(result.ended, 80)}" if result.ended else ""
    return f"{done}, {way} {words(result.metric)} is sought over {over}{ended}."


def _importance_words(result: Search) -> list[str]:
    found = sorted(result.importance.items(), key=lambda pair: -pair[1])
    if not found:
        return []
    return [f"What the scores depend on: {', '.join(f'{name} {share(part)}' for name, part in found)}."]


def told(result: Search, trial: Trial) -> str:
    """Return one trial in a line."""
    values = ", ".join(f"{name} = {_value(value)}" for name, value in trial.values.items())
    how = f"{words(result.metric)} {score(trial.score)}" if trial.score is not None else _SAID[trial.state]
    note = f" ({line(trial.note, 120)})" if trial.note else ""
    best = " (the best so far)" if result.best == trial else ""
    return f"Trial {trial.number + 1} of {result.wanted}: {values}: {how}{note}{best}, {duration(trial.seconds)}"


def _value(value: Any) -> str:
    if isinstance(value, float):
        return number(value, 3)
    return line(value, 40)


def _scores(result: Search) -> Markup:
    """Return the score of each trial, and of the best so far, as a small chart."""
    points = [(trial.number + 1, trial.score) for trial in result.trials if trial.score is not None]
    so_far: list[tuple[float, float]] = []
    for at, value in points:
        pick = max if result.higher_is_better else min
        so_far.append((at, pick(value, so_far[-1][1]) if so_far else value))
    curves = [
        Curve("best so far", so_far, GREEN),
        Curve("each trial", [(x, y) for x, y in points], BLUE, 0.01, 1.0, True),
    ]
    drawn = chart(
        words(result.metric), curves, max(result.wanted, len(result.trials)), aria=_headline(result), along="trial"
    )
    return tag("div", drawn, style="max-width:360px")


def _shown(result: Search) -> list[Trial]:
    """Return the trials to show: the best first, then the newest."""
    sign = -1 if result.higher_is_better else 1
    rest = [trial for trial in result.trials if trial.score is None]
    scored = sorted((t for t in result.trials if t.score is not None), key=lambda trial: sign * (trial.score or 0.0))
    return [*[t for t in rest if t.state == "running"], *scored, *[t for t in reversed(rest) if t.state != "running"]][
        :_SHOWN
    ]


def _table(result: Search, trials: list[Trial]) -> tuple[list[str], list[list[Any]]]:
    head = ["trial", "state", words(result.metric), *result.space, "time", "note"]
    rows = [
        [
            f"{trial.number + 1}{' ' + BEST if trial == result.best else ''}",
            _SAID[trial.state],
            "" if trial.score is None else score(trial.score),
            *(_value(trial.values.get(name, "")) for name in result.space),
            duration(trial.seconds) if trial.seconds else "",
            line(trial.note, 160),
        ]
        for trial in trials
    ]
    return head, rows


def _plain(cell: Any) -> str:
    return str(cell.content if isinstance(cell, Cell) else cell)


def _trials(result: Search) -> Markup:
    trials = _shown(result)
    head, rows = _table(result, trials)
    hidden = len(result.trials) - len(trials)
    caption = "The trials, the best first" + (f"; {hidden} more not shown" if hidden else "")
    marked = [[*row[:-1], warned(row[-1]) if row[-1] else ""] for row in rows]
    return table(head, marked or [["none yet"]], caption, left=(1, len(head) - 1))


def below(result: Search) -> Iterator[dict[str, Any]]:
    """Yield the figure of the trials, where there are some to compare."""
    if sum(trial.score is not None for trial in result.trials) > 1:
        yield figure(result)


def figure(result: Search) -> dict[str, Any]:
    """Return all trials as an interactive figure: parallel lines, and what the scores depend on."""
    scored = [trial for trial in result.trials if trial.score is not None]
    words = f"{_headline(result)}; each line of the figure is a trial."
    head, rows = _table(result, scored)
    twin = box(heading(words), table(head[:-1], [row[:-1] for row in rows], left=(1,)), _importance(result))
    return {MIMETYPE: _drawn(result, scored), "text/html": str(twin), "text/plain": words}


def _importance(result: Search) -> Markup:
    if not result.importance:
        return Markup("")
    rows = [
        [name, bar(part, share(part))] for name, part in sorted(result.importance.items(), key=lambda pair: -pair[1])
    ]
    return table(["option", "share of the scores' variance"], rows, "What the scores depend on (fANOVA)")


def _drawn(result: Search, scored: list[Trial]) -> dict[str, Any]:
    scores = [trial.score or 0.0 for trial in scored]
    lines = {
        "type": "parcoords", "domain": {"x": [0, 0.72 if result.importance else 1], "y": [0, 1]},
        "line": {
            "color": scores, "colorscale": [[0, "#9ec8e6"], [1, BLUE]], "reversescale": not result.higher_is_better,
        },
        "labelfont": {"color": GREY, "size": 12, "shadow": "none"},
        "tickfont": {"color": GREY, "size": 11, "shadow": "none"},
        "rangefont": {"color": "rgba(0,0,0,0)", "size": 1},
        "dimensions": [
            *(_dimension(name, [trial.values.get(name) for trial in scored]) for name in result.space),
            {"label": words(result.metric), "values": scores},
        ],
    }  # fmt: skip
    layout = plain_layout(320)
    layout["margin"] |= {"l": 70, "r": 40, "t": 60}
    drawn: list[dict[str, Any]] = [lines]
    if result.importance:
        pairs = sorted(result.importance.items(), key=lambda pair: pair[1])
        drawn.append({
            "type": "bar", "orientation": "h", "x": [round(part, 3) for _, part in pairs], "y": [n for n, _ in pairs],
            "marker": {"color": BLUE}, "showlegend": False,
        })  # fmt: skip
        layout["xaxis"] |= {
            "domain": [0.84, 1],
            "tickformat": ".0%",
            "title": {"text": "what it depends on"},
            "nticks": 3,
        }
    return {"data": drawn, "layout": layout, "config": {"displaylogo": False}}


def _dimension(name: str, values: list[Any]) -> dict[str, Any]:
    """Return one axis of the parallel lines: numbers, their logarithms if they span much, or names."""
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        known = list(dict.fromkeys(map(str, values)))
        places = [known.index(str(value)) for value in values]
        return {
            "label": name,
            "values": places,
            "tickvals": list(range(len(known))),
            "ticktext": [plain(one, 40) for one in known],
        }
    if values and min(values) > 0 and max(values) / min(values) > 10:
        powers = range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)
        return {
            "label": name, "values": [round(math.log10(value), 4) for value in values],
            "tickvals": list(powers), "ticktext": [f"1e{power}" for power in powers],
        }  # fmt: skip
    return {"label": name, "values": values}


class Trials:
    """A search as something to look at while it goes on: its trials, and how far the running one is."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._born = clock()
        self._search: Search | None = None
        self._run = Run(clock)
        self._reason = ""

    def take(self, event: Any) -> bool:
        """Take the search as it stands, or an event of the running trial; return whether to show it soon."""
        if type(event).__name__ != "Search":
            return self._run.take(event)
        if self._search is None or len(event.trials) > len(self._search.trials):
            self._run = Run(self._clock)
        self._search = event
        return True

    @property
    def over(self) -> bool:
        """Whether the search has ended."""
        return self._search is not None and bool(self._search.ended)

    def stop(self, reason: str) -> None:
        """End it for a reason that no search told."""
        self._reason = reason

    def frame(self) -> dict[str, Any]:
        """Return the search as it stands."""
        now = self._now()
        if self._search is None:
            return {"text/plain": now, "text/html": str(tag("div", now, style=_PAGE))}
        return {
            "text/plain": f"{text(self._search)}\n{now}",
            "text/html": str(tag("div", _bar(self._search), tag("div", now, role="status"), markup(self._search))),
        }

    def final(self) -> list[dict[str, Any]]:
        """Return a line: what was found stands below, with its figure. After an error the last frame stays."""
        search = self._search
        if search is None or self._reason:
            return [self.frame()]
        said = f"{_headline(search)}; {count(len(search.trials), 'trial')} in {duration(self._clock() - self._born)}."
        return [{"text/plain": said, "text/html": str(tag("div", said, style=_PAGE + ";opacity:.8"))}]

    def _now(self) -> str:
        if self._reason:
            return f"Stopped: {line(self._reason, 200)}."
        run = self._run
        if run.phase:
            return stage(run.phase, self._clock() - run.phase_since)
        return f"{position(run)}; {losses(run)}" if run.step else "starting"


def _bar(search: Search) -> Markup:
    over = sum(trial.state != "running" for trial in search.trials)
    return progress(over, search.wanted, "trials")
