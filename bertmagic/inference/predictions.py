"""The result of a prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.result import Result

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Predictions(Result):
    """Predictions in the order and with the index of the input.

    Attributes
    ----------
    frame
        One row per input: ``text, label, score, p_<label>…`` for classification; ``<NA>`` for a missing text.
        Pairs have their second text in ``text_pair``.
    labels
        The classes, in the order of their probability columns.
    task, model
        The task, and the name of the model.
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

    def decisions(self) -> list[Any]:
        """Return what is predicted for each row, without scores."""
        return self.frame["label"].astype(str).tolist()

    def __len__(self) -> int:
        return len(self.frame)
