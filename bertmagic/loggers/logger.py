"""What a logger is told of a run, and what it has to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Outcome = Literal["finished", "interrupted", "failed"]


@dataclass(frozen=True)
class RunFacts:
    """A run as it begins.

    Attributes
    ----------
    name
        Its name.
    folder
        Its folder, absolute.
    options
        All options as they were resolved, and rows, device and other facts: texts, numbers and booleans.
    """

    name: str
    folder: Path
    options: Mapping[str, str | int | float | bool]


@dataclass(frozen=True)
class Point:
    """Numbers of a step by name, such as ``train/loss``; ``seconds`` is the time since 1970."""

    step: int
    values: Mapping[str, float]
    seconds: float


@dataclass(frozen=True)
class Summary:
    """A run at its end.

    Attributes
    ----------
    outcome
        How it ended.
    step
        The step whose weights the model has.
    metrics
        The numbers of the report.
    report, pages
        The report as Markdown; the report and its figures as pages of HTML, by name. Empty without a report.
    model
        The folder of the model; None if there is none.
    """

    outcome: Outcome
    step: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)
    report: str = ""
    pages: Mapping[str, str] = field(default_factory=dict)
    model: Path | None = None


class Logger(Protocol):
    """An adapter to one tracker; it is made and used in one thread, and may raise anything."""

    def __init__(self, run: RunFacts) -> None: ...

    def log(self, points: Sequence[Point]) -> None:
        """Send numbers, in the order of their steps."""

    def finish(self, summary: Summary) -> None:
        """Send what a run left, and end it."""
