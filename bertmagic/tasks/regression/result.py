"""The result of a prediction of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bertmagic.inference.predictions import Predictions


@dataclass(frozen=True, repr=False)
class NumberPredictions(Predictions):
    """A number a row: ``frame`` has ``text, value``, in the unit of the numbers in the training rows."""

    def decisions(self) -> list[Any]:
        """Return the number of each row."""
        return self.frame["value"].tolist()
