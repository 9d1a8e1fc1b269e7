"""A run beside the notebook: how far it is, and what one can do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from bertmagic.display.style import duration, line, score, share
from bertmagic.display.writers.elements import box, paragraph, progress, tag

if TYPE_CHECKING:
    from bertmagic.run.jobs import Job, Progress


def text(job: Job) -> str:
    """Return the job in two lines: how far it is, and what to do."""
    return f"Job {line(job.name, 60)!r}: {where(job.progress)}\n{_next(job)}"


def markup(job: Job) -> Markup:
    """Return the job with a bar."""
    known = job.progress
    head = paragraph(tag("b", f"Job {line(job.name, 60)!r}"), ": ", where(known))
    bar = progress(known.step, known.steps, "steps") if known.steps else Markup("")
    return box(head, bar, paragraph(_next(job)))


def where(known: Progress) -> str:
    """Return in one line how far a run is."""
    parts = [line(known.phase, 100)]
    if known.steps:
        parts.append(f"step {known.step:,} of {known.steps:,} ({share(known.step / known.steps)})")
    if known.loss is not None:
        parts.append(f"epoch {known.epoch:.2f}, loss {score(known.loss)}")
    parts.append(f"{duration(known.seconds)} elapsed")
    if known.eta is not None:
        parts.append(f"about {duration(round(known.eta))} left")
    return ", ".join(parts)


def _next(job: Job) -> str:
    if not job.done:
        return "It runs beside the notebook: .progress says how far it is, .stop() ends it, .wait() waits for it."
    why = line(f"{type(job.error).__name__}: {job.error}", 300)
    if job.model is None:
        return f"It left no model: {why}"
    return f"Its .model: {job.model!r}" + ("" if job.error is None else f"; its .error: {why}")
