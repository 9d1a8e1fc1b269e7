"""The result of a search for the training rows behind a prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertmagic.result import ExportableResult

if TYPE_CHECKING:
    import pandas as pd

    from bertmagic.explain.influence import Agreement


@dataclass(frozen=True)
class Removal:
    """What a head says that is fitted again without some rows.

    Attributes
    ----------
    rows
        How many rows were removed: the strongest for the target.
    before, foretold, after, random
        The output with all rows, what the scores foretell without the rows, the one without them, and the one without
        as many random rows: probabilities of the target, or numbers.
    """

    rows: int
    before: float
    foretold: float
    after: float
    random: float


@dataclass(frozen=True, repr=False)
class InfluentialRows(ExportableResult):
    """The training rows that speak most for a prediction, and those that speak most against it.

    Attributes
    ----------
    frame
        The strongest rows for the target, then the strongest against it: ``row`` (its index in the training data),
        ``label``, ``text``, ``score`` (by how much it raises the target's log-odds, or the number; negative if it
        lowers them) and ``share`` (how much of all absolute scores it has).
    text
        The text, or both texts of a pair.
    target
        The class or label that is explained; empty for numbers.
    prediction
        Its probability by the model, or the predicted number.
    head
        The same by the head that was fitted to the training rows.
    method
        One of `influence.METHODS`.
    exact
        Whether the scores are exact for this head.
    agreement
        How well they agree with heads that are fitted again to random halves of the rows.
    removal
        What fitting again without the strongest rows does; None if that was interrupted.
    train, rows
        The name and the number of the training rows.
    model
        The name of the model.
    seconds, notes
        How long it took, and what the user should know.
    """

    frame: pd.DataFrame
    text: str
    target: str
    prediction: float
    head: float
    method: str
    exact: bool
    agreement: Agreement
    removal: Removal | None
    train: str
    rows: int
    model: str
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
