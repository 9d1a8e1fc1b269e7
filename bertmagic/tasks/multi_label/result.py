"""The result of a prediction of any number of labels a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bertmagic.inference.predictions import Predictions


@dataclass(frozen=True, repr=False)
class MultiLabelPredictions(Predictions):
    """Any number of labels a row: ``frame`` has ``text, labels, p_<label>…``, with a list in ``labels``.

    Attributes
    ----------
    thresholds
        A label is predicted where its probability reaches its threshold; in the order of ``labels``.
    """

    thresholds: tuple[float, ...] = ()

    def decisions(self) -> list[Any]:
        """Return the labels of each row."""
        return self.frame["labels"].astype(str).tolist()
