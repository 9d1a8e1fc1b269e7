"""What happened in a run, as tables."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from bertmagic.training.events import Evaluated, Event, Step

if TYPE_CHECKING:
    import pandas as pd


class History:
    """Collects the events of a run.

    Attributes
    ----------
    steps
        A DataFrame with a row a step: loss, lr, grad_norm, rows, tokens, slots, seconds, memory.
    evaluations
        A DataFrame with a row an evaluation: step, epoch, the metrics, and whether it was the best so far.
    """

    def __init__(self) -> None:
        from array import array

        self._columns = {field.name: array("d") for field in fields(Step)}
        self._evaluations: list[dict[str, float | bool]] = []

    def listen(self, event: Event) -> None:
        """Take an event in."""
        if isinstance(event, Step):
            for name, column in self._columns.items():
                column.append(getattr(event, name))
        elif isinstance(event, Evaluated):
            known = {"step": event.step, "epoch": event.epoch, "loss": event.loss}
            self._evaluations.append({**known, **event.metrics, "best": event.best})

    @property
    def steps(self) -> pd.DataFrame:
        """One row a step."""
        import numpy as np
        import pandas as pd

        whole = ("step", "rows", "tokens", "slots", "memory")
        frame = pd.DataFrame({name: np.asarray(column) for name, column in self._columns.items()})
        return frame.astype(dict.fromkeys(whole, "int64"))

    @property
    def evaluations(self) -> pd.DataFrame:
        """One row an evaluation."""
        import pandas as pd

        return pd.DataFrame(self._evaluations)

    def __repr__(self) -> str:
        return f"History of {len(self._columns['step']):,} steps and {len(self._evaluations)} evaluations"
