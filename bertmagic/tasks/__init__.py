"""What can be learnt: one module a task, with all that the task needs from columns to report.

To add a task, write a module with a class that fits `Task` and name it in `TASKS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bertmagic.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    from transformers import PreTrainedModel

    from bertmagic.data.checks import Examples
    from bertmagic.data.report import Finding
    from bertmagic.data.tables import Table
    from bertmagic.evaluation.report import Report
    from bertmagic.options import Finetune
    from bertmagic.training.objective import Objective

TASKS = {"classification": "bertmagic.tasks.classification:Classification"}
"""Where the class of each task is."""


@dataclass(frozen=True)
class Prepared:
    """The rows of a run, checked and split.

    ``text`` and ``label`` are the columns; ``notes`` say what was inferred, dropped or held out.
    """

    task: Task
    train: Examples
    validation: Examples | None
    test: Examples | None
    text: str
    label: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


class Task(Protocol):
    """What a task adds to an encoder."""

    @property
    def name(self) -> str:
        """The name in `TASKS`."""
        ...

    @classmethod
    def prepare(cls, options: Finetune, tables: Mapping[str, Table]) -> Prepared:
        """Check and split the rows; ``tables`` has ``train`` and, where given, ``validation`` and ``test``."""
        ...

    @classmethod
    def from_card(cls, card: Mapping[str, Any], config: Mapping[str, Any]) -> Task:
        """Make the task of a saved model from its card, or from the config of a model saved elsewhere."""
        ...

    def card(self) -> dict[str, Any]:
        """Return what `from_card` needs, as JSON values."""
        ...

    def build(self, folder: Path, needs_head: bool = False, **changes: Any) -> tuple[PreTrainedModel, str]:
        """Load the encoder with the task's head, and say in one line what was loaded."""
        ...

    def objective(self, train: Examples, options: Finetune) -> Objective:
        """Return the loss: a sum over what is learnt from, and what it is divided by."""
        ...

    def examples(self, table: Table, text: str, label: str) -> tuple[Examples, list[Finding]]:
        """Return the rows to measure, with the targets of this task."""
        ...

    def metrics(self, logits: npt.NDArray[np.float32], targets: npt.NDArray[np.int64]) -> dict[str, float]:
        """Return the numbers that training is watched by, ``loss`` among them."""
        ...

    def report(self, logits: npt.NDArray[np.float32], rows: Examples, by: pd.DataFrame, **known: Any) -> Report:
        """Return the report on rows with labels; ``by`` has a column for each wanted slicing."""
        ...

    def frame(self, texts: pd.Series, read: npt.NDArray[np.int64], logits: npt.NDArray[np.float32]) -> pd.DataFrame:
        """Return the predictions with the index of ``texts``; ``logits`` are those at the positions ``read``."""
        ...


def find(name: str) -> type[Task]:
    """Return the class of a task.

    Raises
    ------
    ModelError
        If a card names a task that this version does not know.
    """
    if name not in TASKS:
        raise ModelError(f"the task {name!r} is unknown to this version.", f"Known are: {', '.join(TASKS)}.")
    module, _, attribute = TASKS[name].partition(":")
    return getattr(import_module(module), attribute)  # type: ignore[no-any-return]
