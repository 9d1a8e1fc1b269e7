"""Results of searches, rate finder, estimates and advice."""

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
    """The result of the learning-rate finder: losses at a rising rate, and a suggested rate.

    Attributes
    ----------
    model, data, rows
        Names of the model and the data, and the number of training rows.
    rates, losses, smoothed
        Learning rate, loss, and moving average of the loss, for each step.
    suggestion, lowest
        The suggested rate, and the one with the lowest smoothed loss.
    ended
        Why it ended.
    rule
        The rule of the suggestion, with its source.
    notes
        What the run that it is for would say about its data and its model.
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
    notes: tuple[str, ...] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """The steps as a table: ``lr, loss, smoothed``."""
        import pandas as pd

        return pd.DataFrame({"lr": self.rates, "loss": self.losses, "smoothed": self.smoothed})


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial of a search: its values, its state, its score (None without one); ``note`` says why it failed."""

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
        Names of the search and its data, and the ranges as written in a cell.
    metric, higher_is_better
        The metric on the validation rows that chooses the best trial.
    trials, wanted
        The trials so far, and the planned number.
    importance
        The share of the scores' variance that each option explains (fANOVA, Hutter et al. 2014); empty for few trials.
    cell
        A cell that trains with the values of the best trial; empty before the first one.
    ended
        Why it ended; empty while it runs.
    model
        The model of the best trial; None while it runs, and if no trial succeeded.
    notes
        What the trials said about their data and their model, each sentence once.
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
        """The trial with the best score; the first of equal ones."""
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
    """The estimated cost of a run on this machine.

    Attributes
    ----------
    steps, epochs
        Optimizer steps, and passes through the training rows.
    seconds, epoch_seconds
        Seconds of all steps and evaluations, and of one epoch of them.
    memory, free
        Bytes of each part of the memory at its peak, and free bytes.
    truncated, max_length
        The share of texts that are truncated, and the length in tokens that they are truncated to.
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
        """Memory at the peak, in bytes."""
        return sum(self.memory.values())

    @property
    def fits(self) -> bool:
        """Whether the device has that much free memory."""
        return self.bytes < self.free


@dataclass(frozen=True, slots=True)
class Advised:
    """A model with its advantages and disadvantages for a data set, and the cost of a run on this machine.

    Models are ranked by ``score``; ``seconds`` and ``bytes`` are 0 if they are not known.
    """

    entry: Entry
    score: float
    seconds: float
    bytes: int
    reasons: tuple[str, ...]
    published: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """A short run of a model: its score on held-out rows with its 95 % interval, or its error."""

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
    """Models for a data set, the best first, and the results of short runs of some of them.

    ``languages`` has the share of texts in each; ``long`` is the share of texts of more than 500 tokens; ``epochs`` are
    those of the estimates, 0 where there are none. ``unread`` has the models that know the language
    of most texts, but not of a tenth of them or more: they come last, however good they are in their language.
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
    epochs: float = 0.0
    unread: tuple[str, ...] = ()
