"""Event files for TensorBoard, in the folder of the run: ``tensorboard --logdir .bertmagic/runs``."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bertmagic.loggers.logger import Point, RunFacts, Summary

FOLDER = "tensorboard"


class TensorBoardLogger:
    """Scalars by step, the options as text and as hyperparameters, the report as text.

    The files of an earlier run of this name are deleted; a resumed run writes its earlier steps again.
    """

    def __init__(self, run: RunFacts) -> None:
        from torch.utils.tensorboard import SummaryWriter

        folder = run.folder / FOLDER
        shutil.rmtree(folder, ignore_errors=True)
        self._options = dict(run.options)
        self._writer = SummaryWriter(str(folder))
        rows = "\n".join(f"| {name} | {_cell(value)} |" for name, value in run.options.items())
        self._writer.add_text("options", f"| option | value |\n|---|---|\n{rows}")

    def log(self, points: Sequence[Point]) -> None:
        """Write numbers."""
        for point in points:
            for name, value in point.values.items():
                self._writer.add_scalar(name, value, point.step, walltime=point.seconds)

    def finish(self, summary: Summary) -> None:
        """Write the report and the hyperparameters with its numbers, and close the file."""
        from torch.utils.tensorboard.summary import hparams

        metrics = {f"report/{name}": value for name, value in summary.metrics.items()}
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, summary.step)
        if summary.report:
            self._writer.add_text("report", summary.report, summary.step)
        for part in hparams(self._options, metrics):
            self._writer.file_writer.add_summary(part)
        self._writer.close()


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
