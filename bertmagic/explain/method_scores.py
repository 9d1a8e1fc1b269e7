"""The result of a benchmark: how faithful each method of explanations is on the user's rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bertmagic.result import ExportableResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

DRAWS = 1000
"""Bootstrap samples of an interval."""


@dataclass(frozen=True, repr=False)
class MethodScores(ExportableResult):
    """How faithful each method is on rows, between the best and the worst order that were found for each row.

    Attributes
    ----------
    frame
        One row a method, the best first: ``method, comprehensiveness, low, high, sufficiency, sufficiency_low,
        sufficiency_high, passes, seconds``. Both measures are means of normalised values, 0 to 1, with 95 % bootstrap
        intervals over rows; passes and seconds are means of a text.
    rows
        How many rows were explained.
    best
        The method that is ``auto`` from now on; empty if too few rows were explained.
    data, model
        The names of the rows and of the model.
    kept
        Where that is kept.
    seconds, notes
        How long it took, and what the user should know.
    """

    frame: pd.DataFrame
    rows: int
    best: str
    data: str
    model: str
    kept: str = ""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


def interval(values: Sequence[float], seed: int = 0) -> tuple[float, float, float]:
    """Return the mean of the values of rows, and its 95 % interval by the percentiles of a bootstrap over rows."""
    array = np.asarray(values, float)
    draws = np.random.default_rng(seed).choice(array, (DRAWS, len(array))).mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(array.mean()), float(low), float(high)
