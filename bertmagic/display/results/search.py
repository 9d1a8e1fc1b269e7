"""A search over options: its trials, the best of them, and what the scores depend on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.blocks import Block, Chart, Code, Figure, Headline, Notes, Paragraph, Table, columns
from bertmagic.display.cells import Caution, Row, Share
from bertmagic.display.charts.curves import Curve
from bertmagic.display.charts.trials import trials_figure
from bertmagic.display.style import BEST, BLUE, GREEN, WARNING, duration, line, number, score, share, words
from bertmagic.options.rates import rate_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bertmagic.tuning.results import Search, Trial

_SHOWN = 20
_STATES = {"complete": "complete", "pruned": "stopped early", "failed": "failed", "running": "running"}


def blocks(result: Search) -> list[Block]:
    """Return the search with its curve of scores, its trials, and the cell of the best one."""
    trials = _shown(result)
    hidden = len(result.trials) - len(trials)
    caption = "The trials, the best first" + (f"; {hidden:,} more not shown." if hidden else ".")
    cell: list[Block] = [Paragraph("The best trial as a cell:"), Code(result.cell)] if result.cell else []
    depends = [Paragraph(_importance(result))] if result.importance else []
    return [
        Headline(headline(result)), Paragraph(_how(result)), _chart(result), *depends, _table(result, trials, caption),
        Notes(result.notes, lines=3), *cell,
    ]  # fmt: skip


def headline(result: Search) -> str:
    """Return the best score so far in a sentence."""
    best = result.best
    name = words(line(result.metric, 40))
    score_ = (
        f"best {name} {score(best.score or 0.0)} in trial {best.number + 1}" if best else "no trial has a score yet"
    )
    return f"Search {line(result.name, 60)!r} on {line(result.data, 60)}: {score_}"


def _how(result: Search) -> str:
    counts = {state: sum(trial.state == state for trial in result.trials) for state in _STATES}
    parts = [f"{counts[state]} {name}" for state, name in _STATES.items() if counts[state]]
    way = "highest" if result.higher_is_better else "lowest"
    space = "; ".join(f"{name} in {line(values, 60)}" for name, values in result.space.items())
    done = f"{len(result.trials) - counts['running']} of {result.wanted} trials done ({', '.join(parts) or 'none yet'})"
    ended = f"; it ended as {line(result.ended, 80)}" if result.ended else ""
    return f"{done}; the {way} {words(line(result.metric, 40))} is sought over {space}{ended}."


def _importance(result: Search) -> str:
    ranked = sorted(result.importance.items(), key=lambda pair: -pair[1])
    return f"What the scores depend on: {', '.join(f'{name} {share(part)}' for name, part in ranked)}."


def trial_line(result: Search, trial: Trial) -> str:
    """Return one trial in a line."""
    values = ", ".join(f"{name} = {_value(name, value)}" for name, value in trial.values.items())
    how = f"{words(result.metric)} {score(trial.score)}" if trial.score is not None else _STATES[trial.state]
    note = f" ({line(trial.note, 120)})" if trial.note else ""
    best = " (the best so far)" if result.best == trial else ""
    return f"Trial {trial.number + 1} of {result.wanted}: {values}: {how}{note}{best}, {duration(trial.seconds)}"


def _value(name: str, value: Any) -> str:
    if name == "lr" and isinstance(value, float):
        return rate_text(value)
    return number(value, 3) if isinstance(value, float) else line(value, 40)


def _chart(result: Search) -> Chart:
    """Return the score of each trial, and of the best so far."""
    points = [(float(trial.number + 1), trial.score) for trial in result.trials if trial.score is not None]
    pick = max if result.higher_is_better else min
    best = [(at, pick(value for _, value in points[: place + 1])) for place, (at, _) in enumerate(points)]
    curves = [Curve("best so far", best, GREEN), Curve("each trial", points, BLUE, 0.01, 1.0, True)]
    end = max(result.wanted, len(result.trials))
    return Chart(words(line(result.metric, 40)), "trial", curves, end, headline(result))


def _shown(result: Search) -> list[Trial]:
    """Return the trials to show: the running one, then the best first, then the newest."""
    sign = -1 if result.higher_is_better else 1
    scored = sorted((t for t in result.trials if t.score is not None), key=lambda trial: sign * (trial.score or 0.0))
    others = [trial for trial in result.trials if trial.score is None]
    running = [trial for trial in others if trial.state == "running"]
    return [*running, *scored, *(trial for trial in reversed(others) if trial.state != "running")][:_SHOWN]


def _table(result: Search, trials: Sequence[Trial], caption: str = "") -> Table:
    names = ["trial", "state", words(line(result.metric, 40)), *result.space, "time", "note"]
    rows: list[Row] = [_row(result, trial) for trial in trials]
    return Table(columns(names, (1, len(names) - 1)), rows or [["none yet"]], caption)


def _row(result: Search, trial: Trial) -> Row:
    note = line(trial.note, 160)
    return [
        f"{trial.number + 1}{' ' + BEST if trial == result.best else ''}", _STATES[trial.state],
        "" if trial.score is None else score(trial.score),
        *(_value(name, trial.values.get(name, "")) for name in result.space),
        duration(trial.seconds) if trial.seconds else "", Caution(f"{WARNING} {note}") if note else "",
    ]  # fmt: skip


def further(result: Search) -> Iterator[list[Block]]:
    """Yield a figure of the trials, where there are some to compare."""
    scored = [trial for trial in result.trials if trial.score is not None]
    if len(scored) > 1:
        title = f"{headline(result)}; each line of the figure is a trial."
        yield [Figure(title, trials_figure(result, scored), [_table(result, scored), *_shares(result)])]


def _shares(result: Search) -> list[Block]:
    if not result.importance:
        return []
    ranked = sorted(result.importance.items(), key=lambda pair: -pair[1])
    rows: list[Row] = [[name, Share(part, share(part))] for name, part in ranked]
    head = columns(("option", "share of the scores' variance"))
    return [Table(head, rows, "What the scores depend on (fANOVA)")]
