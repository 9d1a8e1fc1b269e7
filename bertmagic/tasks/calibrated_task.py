"""A task whose logits are divided by a temperature, which makes its probabilities shares of right rows."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from bertmagic.evaluation import calibration
from bertmagic.evaluation.calibration import Calibration
from bertmagic.tasks.base import Task

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from bertmagic.data.rows import LabelledRows
    from bertmagic.data.tokens import Tokens
    from bertmagic.tasks.base import Scores


class CalibratedTask(Task):
    """A task with a probability of each class or label. Its classes are dataclasses with a field ``temperature``.

    Attributes
    ----------
    temperature
        Divisor of the logits that calibrates the probabilities; 1 without calibration.
    """

    calibrates: ClassVar[bool] = True
    temperature: float

    def calibrated(self, scores: Scores, rows: LabelledRows, samples: Tokens, **known: Any) -> tuple[Self, Calibration]:
        """Return the task with the temperature at which the loss on these rows is lowest, and the thresholds for it."""
        heat = calibration.temperature(samples.by_row(scores), rows.targets)
        task = replace(self, temperature=heat).tuned(scores, rows, samples)  # type: ignore[type-var]  # see the class
        before, after = (calibration.numbers(one.probabilities(scores, samples), rows.targets) for one in (self, task))
        thresholds = tuple(getattr(task, "thresholds", ()))
        return task, Calibration(len(rows), heat, before, after, thresholds=thresholds, **known)

    @abstractmethod
    def probabilities(self, scores: Scores, samples: Tokens) -> npt.NDArray[np.float32]:
        """Return the probability of each class or label, ``(rows, outputs)``."""

    def _logits(self, scores: Scores, samples: Tokens) -> npt.NDArray[np.float32]:
        """Return the logits divided by the temperature, ``(rows, outputs)``; without one they are no copy."""
        logits = samples.by_row(scores)
        return logits if self.temperature == 1 else logits / self.temperature
