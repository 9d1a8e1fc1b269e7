"""The result of a search for similar texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertmagic.result import Result

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Similarities(Result):
    """The texts that are most similar to each query, by the cosine of their vectors.

    Attributes
    ----------
    frame
        For each query the nearest rows, the most similar first: ``query``, ``row`` (its index in the input), ``text``
        and ``score``, the cosine between -1 and 1.
    model
        The name of the model whose vectors these are.
    queries, texts
        How many queries there were, and with how many texts each was compared.
    missing
        How many rows had no text.
    seconds
        How long it took.
    notes
        What the user should know.
    """

    frame: pd.DataFrame
    model: str
    queries: int
    texts: int
    missing: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """The largest cosine; of two texts, theirs."""
        return float(self.frame["score"].max())

    def __len__(self) -> int:
        return len(self.frame)
