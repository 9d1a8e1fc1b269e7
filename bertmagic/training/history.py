"""The steps and evaluations of a run, as tables."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from bertmagic.errors import count
from bertmagic.events import Evaluated, Event, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    import torch

_WHOLE = ("step", "rows", "tokens", "slots", "memory")
"""The columns that hold whole numbers."""


class History:
    """Collects the events of a run.

    Attributes
    ----------
    steps
        A DataFrame with a row a step: loss, lr, grad_norm, rows, tokens, slots, seconds, memory.
    evaluations
        A DataFrame with a row an evaluation: step, epoch, the metrics, and whether it was the best so far and was kept.
    """

    def __init__(self) -> None:
        from array import array

        self._columns = {field.name: array("d") for field in fields(Step)}
        self._evaluations: list[Evaluated] = []

    def listen(self, event: Event) -> None:
        """Add an event."""
        if isinstance(event, Step):
            for name, column in self._columns.items():
                column.append(getattr(event, name))
        elif isinstance(event, Evaluated):
            self._evaluations.append(event)

    @property
    def steps(self) -> pd.DataFrame:
        """One row a step."""
        import numpy as np
        import pandas as pd

        frame = pd.DataFrame({name: np.asarray(column) for name, column in self._columns.items()})
        return frame.astype(dict.fromkeys(_WHOLE, "int64"))

    @property
    def evaluations(self) -> pd.DataFrame:
        """One row an evaluation."""
        import pandas as pd

        return pd.DataFrame(
            {"step": event.step, "epoch": event.epoch, "loss": event.loss, **event.metrics, "best": event.best}
            for event in self._evaluations
        )

    def state(self) -> tuple[list[dict[str, Any]], torch.Tensor]:
        """Return the evaluations as JSON values, and the steps as float64 ``(columns, steps)``."""
        import numpy as np
        import torch

        columns = np.array([np.asarray(column) for column in self._columns.values()])
        return [asdict(event) for event in self._evaluations], torch.from_numpy(columns)

    def restore(self, evaluations: Sequence[dict[str, Any]], steps: torch.Tensor) -> None:
        """Add what `state` returned."""
        for column, values in zip(self._columns.values(), steps, strict=True):
            column.frombytes(values.numpy().tobytes())
        self._evaluations += [Evaluated(**event) for event in evaluations]

    def events(self, most: int) -> Iterator[Event]:
        """Yield the events again in their order: all evaluations, and at most ``most`` steps, evenly spaced."""
        import numpy as np

        count = len(self._columns["step"])
        kept = np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))
        steps: list[Step | Evaluated] = [self._step(at) for at in kept.tolist()]
        yield from sorted([*steps, *self._evaluations], key=lambda event: event.step)  # stable: a step, its evaluation

    def _step(self, at: int) -> Step:
        values = {name: column[at] for name, column in self._columns.items()}
        return Step(**{name: int(value) if name in _WHOLE else value for name, value in values.items()})  # type: ignore[arg-type]

    def __repr__(self) -> str:
        return (
            f"History of {count(len(self._columns['step']), 'step')} and {count(len(self._evaluations), 'evaluation')}"
        )
