"""What comes of tuning: plain values for other rooms to show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from bertmagic.result import PublishedResult, Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from bertmagic.models.status import Entry

State = Literal["running", "complete", "pruned", "failed"]


@dataclass(frozen=True, repr=False)
class Rates(PublishedResult):
    """The losses of a few steps at a rising learning rate, and the rate that they suggest.

    Attributes
    ----------
    model, data, rows
        What was tried, on what, and how many training rows that has.
    rates, losses, smoothed
        Of each step: its learning rate, its loss, and the moving average of the losses.
    suggestion, lowest
        The suggested rate, and the one with the lowest smoothed loss.
    ended
        Why no larger rate was tried.
    rule
        How the suggestion follows from the curve, with its source.
    """

    model: str
    data: str
    rows: int
    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggestion: float
    lowest: float
    ended: str
    rule: str

    @property
    def frame(self) -> pd.DataFrame:
        """The steps as a table: ``lr, loss, smoothed``."""
        import pandas as pd

        return pd.DataFrame({"lr": self.rates, "loss": self.losses, "smoothed": self.smoothed})


@dataclass(frozen=True, slots=True)
class Trial:
    """One try of a search: its values, its score (None without one) and how it went; ``note`` says why it failed."""

    number: int
    values: Mapping[str, Any]
    state: State
    score: float | None = None
    scores: tuple[float, ...] = ()
    seconds: float = 0.0
    note: str = ""


@dataclass(frozen=True, repr=False)
class Search(PublishedResult):
    """A search over ranges of options.

    Attributes
    ----------
    name, data, space
        The name of the search, its data, and the ranges as they are written in a cell.
    metric, higher_is_better
        What is sought, on the validation rows.
    trials, wanted
        What was tried so far, and how many trials there are to be.
    importance
        The share of the scores' variance that each option explains (fANOVA, Hutter et al. 2014); empty for few trials.
    cell
        A cell that trains with the values of the best trial; empty while there is none.
    ended
        Why it ended; empty while it goes on.
    model
        The model of the best trial; None while it goes on, and where there is none.
    """

    name: str
    data: str
    space: Mapping[str, str]
    metric: str
    higher_is_better: bool
    trials: tuple[Trial, ...]
    wanted: int
    importance: Mapping[str, float] = field(default_factory=dict)
    cell: str = ""
    ended: str = ""
    model: Any = None
    notes: tuple[str, ...] = ()

    @property
    def best(self) -> Trial | None:
        """The trial with the best score; of equal ones the first."""
        scored = [trial for trial in self.trials if trial.state == "complete" and trial.score is not None]
        sign = 1 if self.higher_is_better else -1
        return max(scored, key=lambda trial: sign * (trial.score or 0.0), default=None)

    @property
    def frame(self) -> pd.DataFrame:
        """The trials as a table: ``state, score, seconds``, a column for each option, and ``note``."""
        import pandas as pd

        rows = [
            {"state": t.state, "score": t.score, "seconds": t.seconds, **t.values, "note": t.note} for t in self.trials
        ]
        return pd.DataFrame(rows, index=pd.Index([t.number for t in self.trials], name="trial"))


@dataclass(frozen=True, repr=False)
class Estimate(Result):
    """What a run will take on this machine.

    Attributes
    ----------
    steps, epochs
        Optimizer steps, and how many times they go through the rows.
    seconds, epoch_seconds
        Of all steps and evaluations, and of one epoch of them.
    memory, free
        Bytes of each part of what the run holds at once, and those that are free now.
    truncated, max_length
        The share of texts that are cut, and after how many tokens.
    """

    model: str
    rows: int
    steps: int
    epochs: float
    seconds: float
    epoch_seconds: float
    memory: Mapping[str, int]
    free: int
    truncated: float
    max_length: int

    @property
    def bytes(self) -> int:
        """What the run holds at once."""
        return sum(self.memory.values())

    @property
    def fits(self) -> bool:
        """Whether that is free."""
        return self.bytes < self.free


@dataclass(frozen=True, slots=True)
class Advised:
    """A model with what speaks for it and against it on some data, and what a run of it would take here.

    ``score`` ranks; ``seconds`` and ``bytes`` are 0 where there is no telling.
    """

    entry: Entry
    score: float
    seconds: float
    bytes: int
    reasons: tuple[str, ...]
    published: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """A short run of a model: its score on held-out rows with the 95 % interval, or why there is none."""

    model: str
    metric: str = ""
    score: float = 0.0
    low: float = 0.0
    high: float = 0.0
    rows: int = 0
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True, repr=False)
class Advice(Result):
    """Which models suit a data set, the best first, and what trying some of them gave.

    ``languages`` has the share of texts in each; ``long`` is the share of texts of more than 500 tokens.
    """

    data: str
    task: str
    rows: int
    languages: Mapping[str, float]
    median_tokens: int
    long: float
    device: str
    models: tuple[Advised, ...]
    tried: tuple[Tried, ...] = ()
