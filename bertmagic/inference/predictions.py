"""The result of a prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertmagic.result import Result

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Predictions(Result):
    """Predictions in the order and with the index of the input.

    Attributes
    ----------
    frame
        One row an input: ``text, label, score, p_<label>…`` for classification; ``<NA>`` where the text is missing.
        Pairs have their second text in ``text_pair``.
    labels
        The classes, in the order of their probability columns.
    task, model
        What was predicted, and by which model.
    missing, truncated
        How many rows had no text, and how many were longer than the model reads.
    seconds, tokens
        How long it took, and how many real tokens were read.
    notes
        What the user should know.
    """

    frame: pd.DataFrame
    labels: tuple[str, ...]
    task: str
    model: str
    missing: int = 0
    truncated: int = 0
    seconds: float = 0.0
    tokens: int = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True, repr=False)
class MultiLabelPredictions(Predictions):
    """Any number of labels a row: ``frame`` has ``text, labels, p_<label>…``, with a list in ``labels``.

    Attributes
    ----------
    thresholds
        A label is given where its probability reaches this; in the order of ``labels``.
    """

    thresholds: tuple[float, ...] = ()


@dataclass(frozen=True, repr=False)
class NumberPredictions(Predictions):
    """A number a row: ``frame`` has ``text, value``, in the unit of the numbers that were learnt."""
