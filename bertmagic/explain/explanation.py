"""The result of an explanation by words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertmagic.result import ExportableResult

if TYPE_CHECKING:
    import pandas as pd

    from bertmagic.explain.faithfulness import Faithfulness
    from bertmagic.explain.scores import Unit


@dataclass(frozen=True, repr=False)
class Explanation(ExportableResult):
    """The words of a text that speak for a prediction, and those that speak against it.

    Attributes
    ----------
    frame
        One row a word, in the order of the text: ``word, start, end, score``, with ``side`` for pairs (0 or 1) and
        ``error`` (standard error) for Shapley values. The score is signed towards the target; ``start`` and ``end`` are
        characters of the text.
    text, pair
        The text, and the second one of a pair.
    target, score
        What is explained, and its score for the whole text: a probability, or a predicted number.
    empty
        Its score with all words hidden.
    prediction
        The prediction in a line.
    unit
        What the target's score is: ``probability`` or ``number``.
    method
        The method that gave the scores.
    faithfulness
        How faithful the order of the words is; None if that was interrupted.
    model
        The name of the model.
    special
        The share of all absolute scores that special tokens have; NaN for methods that give them none.
    has_signs
        Whether a negative score speaks against the target; else scores only say how much a word matters.
    passes, seconds
        How many rows went through the model, and how long it took.
    notes
        What the user should know.
    """

    frame: pd.DataFrame
    text: str
    pair: str | None
    target: str
    score: float
    empty: float
    prediction: str
    unit: Unit
    method: str
    faithfulness: Faithfulness | None
    model: str
    special: float = float("nan")
    has_signs: bool = True
    passes: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
