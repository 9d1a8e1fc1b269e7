"""The state of a run in words: for the panel, for a terminal, and where HTML is not shown."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bertmagic.display.style import BEST, WARNING, duration, line, number, score, share, size, words
from bertmagic.errors import count
from bertmagic.options.rates import rate_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bertmagic.display.live.run_state import Run
    from bertmagic.events import Ended, Evaluated, Note, Phase


NOTE, WHOLE_NOTE = 240, 1_000
"""Characters of a note that a frame shows: a sentence and its reason; and those that stay when the run has ended."""


def title(run: Run) -> str:
    """Return what is trained, on what, by what."""
    start = run.started
    if start is None:
        return "Nothing was trained" if run.over else "Getting ready to train"
    parts = (start.name, start.task, start.model, start.device, start.precision)
    return " · ".join(line(part, 60) for part in parts if part)


def state(run: Run) -> str:
    """Return in a few words what goes on."""
    if run.ended:
        return _ending(run, run.ended)
    if run.stopped:
        return f"Stopped {run.stopped}"
    if run.phase:
        return phase_line(run.phase, run.clock() - run.since)
    return "Training" if run.step else "Starting"


def _ending(run: Run, end: Ended) -> str:
    total = run.started.steps if run.started else end.step
    where = f"all {count(end.step, 'step')}" if end.step == total else f"step {end.step:,} of {total:,}"
    first = {"finished": "Finished", "stopped early": "Stopped early", "interrupted": "Interrupted", "failed": "Failed"}
    kept = f"; the model has the weights of step {end.best_step:,}" if end.best_step else ""
    # The cell says the error itself, with what to do.
    detail = f": {line(end.detail, 200)}" if end.detail and end.reason != "failed" else ""
    return f"{first[end.reason]} after {where} in {duration(end.seconds)}{kept}{detail}"


def phase_line(phase: Phase, seconds: float) -> str:
    """Return a phase in words: what, how much of it, for how long, and how much longer."""
    what = line(phase.what, 100)
    what = what[:1].upper() + what[1:]
    if not phase.total:
        many = f": {_amount(phase.done, phase.unit)}" if phase.done else " …"
        return what + many + (f", {duration(seconds)}" if seconds >= 1 else "")
    left = seconds * (phase.total - phase.done) / phase.done if phase.done else math.nan
    more = f", about {duration(max(1.0, round(left)))} left" if seconds >= 2 and left > 0.5 else ""
    return f"{what}: {_amount(phase.done, phase.unit, phase.total)} ({share(phase.done / phase.total)}){more}"


def since(seconds: float) -> str:
    """Return since when something goes on, as a time of day, and for how long."""
    return f"since {_ago(seconds):%H:%M:%S}, for {duration(int(seconds))}"


def _ago(seconds: float) -> datetime:
    return datetime.now().astimezone() - timedelta(seconds=seconds)


def activity(run: Run) -> str:
    """Return what goes on now and since when; at the end, when that was."""
    seconds = run.clock() - run.since
    if run.over:
        return f"Ended on {_ago(seconds):%Y-%m-%d at %H:%M:%S}"
    if run.phase:
        what = line(run.phase.what, 60)
        return f"{what[:1].upper()}{what[1:]} {since(seconds)}"
    return f"Step {run.done + 1:,} {since(seconds)}" if run.started else f"Starting {since(seconds)}"


def _amount(done: int, unit: str, total: int | None = None) -> str:
    if unit in ("B", "byte", "bytes"):
        return size(done) + (f" of {size(total)}" if total else "")
    return (f"{done:,} of {total:,} " if total else f"{done:,} ") + line(unit, 20)


def position(run: Run) -> str:
    """Return the step, the epoch, the time it took and the time that is left."""
    if run.started is None:
        return f"{duration(run.elapsed)} so far"
    total = run.started.steps
    parts = [f"step {run.done:,} of {total:,} ({share(run.done / total if total else 0.0)})"]
    if run.step:
        parts.append(f"epoch {run.step.epoch:.2f} of {round(run.started.epochs, 2):g}")
    parts.append(f"{duration(run.elapsed)} elapsed")
    if not run.over:
        left = run.left
        parts.append(f"about {duration(round(left))} left" if math.isfinite(left) else "time left not known yet")
    return ", ".join(parts)


def speed(run: Run) -> str:
    """Return rows and tokens a second, the share of padding, and memory; over the whole run once it is over."""
    if run.step is None:
        return "speed: not known yet"
    rows, tokens = run.rate()
    if run.ended and run.ended.seconds > 0:
        rows, tokens = run.ended.rows / run.ended.seconds, run.ended.tokens / run.ended.seconds
    padding = share(1 - run.tokens / run.slots) if run.slots else "unknown"
    return (
        f"{number(rows, 3)} samples/s, {number(tokens, 3)} tokens/s, {padding} padding, "
        f"{size(run.step.memory)} memory of {_holder(run)}"
    )


def _holder(run: Run) -> str:
    """Return whose memory the steps report."""
    device = run.started.device if run.started else "cpu"
    return "the GPU" if device.startswith("cuda") else "this process"


def losses(run: Run) -> str:
    """Return the training loss and the learning rate."""
    if run.step is None:
        return "no steps yet"
    text = f"loss {number(run.smoothed)} (smoothed; {number(run.first_smoothed)} at first), "
    text += f"learning rate {rate_text(run.step.lr)}"
    return text + (f"; the loss was not a number in {count(run.not_finite, 'step')}" if run.not_finite else "")


def evaluations(run: Run) -> str:
    """Return the last evaluation and the best one, or why there is none."""
    if not run.evaluations and run.started and not run.started.validation_rows:
        return "no rows were held out for validation"
    if not run.evaluations:
        return "no evaluation was made" if run.over else "no evaluation yet"
    last = run.evaluations[-1]
    best = f"; best at step {run.best.step:,}: {score(run.value(run.best))}" if run.best and run.best != last else ""
    return evaluation_line(run, last) + best


def evaluation_line(run: Run, event: Evaluated) -> str:
    """Return one evaluation in words."""
    name = line(run.metric_name, 40)
    chosen = f", {words(name)} {score(run.value(event))}" if name != "loss" else ""
    sign = f" ({BEST} best{'' if run.over else ' so far'})" if event.best else ""
    return f"validation at step {event.step:,}: loss {score(event.loss)}{chosen}{sign}"


def curves_line(run: Run) -> str:
    """Return which curves a figure of the run has, for a place that shows none."""
    return f"Curves of the {run.loss_name}, the validation {words(run.metric_name)} and the learning rate."


def summary_lines(run: Run) -> list[str]:
    """Return all of it in at most ten lines, with the last three notes."""
    newest = note_lines(list(run.notes)[-_NEWEST:])
    if run.notes_seen > _NEWEST:
        newest[0] += f" (and {count(run.notes_seen - _NEWEST, 'note')} before it)"
    return head_lines(run) + newest


_NEWEST = 3


def head_lines(run: Run) -> list[str]:
    """Return all of it without the notes."""
    parts = [title(run), state(run), activity(run)]
    if run.started:
        parts += [position(run), losses(run), evaluations(run), speed(run)]
    return parts


def dropped_notes(run: Run) -> str:
    """Return how many notes are not kept here, and where they are; an empty string if all are here."""
    dropped = run.notes_seen - len(run.notes)
    return f"{count(dropped, 'note')} before these in events.jsonl of the run" if dropped else ""


def note_lines(notes: Iterable[Note], most: int = NOTE) -> list[str]:
    """Return notes as lines."""
    return [f"{f'{WARNING} Warning' if note.warning else 'Note'}: {line(note.text, most)}" for note in notes]


def reason(error: BaseException) -> str:
    """Return why something stopped; the cell says an error itself, and is the only place that does."""
    return "by an interrupt" if isinstance(error, KeyboardInterrupt) else f"by an error ({type(error).__name__})"
