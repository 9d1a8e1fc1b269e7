"""A run in the background: how far it is, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.blocks import Block, Headline, Paragraph, ProgressBar
from bertmagic.display.style import duration, line, score, share

if TYPE_CHECKING:
    from bertmagic.run.jobs import Job, Progress


def blocks(job: Job) -> list[Block]:
    """Return the job with a bar."""
    progress = job.progress
    headline = Headline(f"Job {line(job.name, 60)!r}: {how_far(progress)}")
    bar = [ProgressBar(progress.step, progress.steps, "steps")] if progress.steps else []
    return [headline, *bar, Paragraph(_next(job))]


def how_far(progress: Progress) -> str:
    """Return in one line how far a run is."""
    parts = [line(progress.phase, 100)]
    if progress.steps:
        parts.append(f"step {progress.step:,} of {progress.steps:,} ({share(progress.step / progress.steps)})")
    if progress.loss is not None:
        parts.append(f"epoch {progress.epoch:.2f}, loss {score(progress.loss)}")
    parts.append(f"{duration(progress.seconds)} elapsed")
    if progress.eta is not None:
        parts.append(f"about {duration(round(progress.eta))} left")
    return ", ".join(parts)


def _next(job: Job) -> str:
    if not job.done:
        return "It runs in the background: .progress says how far it is, .stop() ends it, .wait() waits for it."
    why = line(f"{type(job.error).__name__}: {job.error}", 300)
    if job.model is None:
        return f"It left no model: {why}"
    return f"Its .model: {job.model!r}" + ("" if job.error is None else f"; its .error: {why}")
