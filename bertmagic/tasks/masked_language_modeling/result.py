"""The results of a pre-trained model: words for masks, and next-sentence probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertmagic.result import Result

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Fills(Result):
    """Words for masks, the most probable first.

    Attributes
    ----------
    frame
        A row for each word of each mask: ``row`` (the index of the text), ``text``, ``mask`` (its number in the text,
        from 1 on), ``word`` (a piece of the vocabulary; ``##ing`` goes on with the word before it), ``score`` (its
        probability among all pieces) and ``filled``, the text with it; ``<NA>`` where the text is missing.
    model
        Whose words they are.
    texts, masks, missing
        How many texts and masks there were, and how many rows had no text.
    seconds
        How long it took.
    notes
        What the user should know.
    """

    frame: pd.DataFrame
    model: str
    texts: int
    masks: int
    missing: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)


@dataclass(frozen=True, repr=False)
class NextSentences(Result):
    """The probability that one sentence follows another.

    Attributes
    ----------
    frame
        A row for each pair: ``first``, ``second`` and ``score``, the probability that the second follows the first.
    model
        Whose probabilities they are.
    seconds
        How long it took.
    """

    frame: pd.DataFrame
    model: str
    seconds: float = 0.0

    def __len__(self) -> int:
        return len(self.frame)
