"""Runs of Weights & Biases: in the run that is active, else in one of their own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from bertmagic.data.hub import is_offline
from bertmagic.errors import BertMagicError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bertmagic.loggers.logger import Point, RunFacts, Summary

PROJECT = "bertmagic"
"""The project of runs if ``WANDB_PROJECT`` names none."""


def active() -> Any:
    """Return the run that is active in this process, or None."""
    import wandb

    return wandb.run


class WandbLogger:
    """Options as the config, numbers by step, the report and its figures as HTML, the model folder as an artifact."""

    def __init__(self, run: RunFacts, joined: Any = None) -> None:
        import wandb

        self._owned = joined is None
        self._name = run.name
        if joined is not None:
            self._run = joined
            self._run.config.update(dict(run.options), allow_val_change=True)
        else:
            self._run = wandb.init(
                project=os.environ.get("WANDB_PROJECT") or PROJECT, name=run.name, config=dict(run.options),
                mode=_mode(), reinit="create_new", settings=wandb.Settings(silent=True, console="off"),
            )  # fmt: skip
        for prefix in ("train", "validation"):  # the run's own steps: those of wandb only count calls
            self._run.define_metric(f"{prefix}/*", step_metric="step")

    def log(self, points: Sequence[Point]) -> None:
        """Send numbers."""
        for point in points:
            self._run.log({**point.values, "step": point.step})

    def finish(self, summary: Summary) -> None:
        """Send the report, its figures and the model, and end the run if it is its own."""
        import wandb

        try:
            self._run.summary.update({f"report/{name}": value for name, value in summary.metrics.items()})
            if summary.pages:
                self._run.log({name: wandb.Html(page, inject=False) for name, page in summary.pages.items()})
            if summary.model is not None:
                artifact = wandb.Artifact(_artifact_name(self._name), type="model")
                for path in sorted(path for path in summary.model.rglob("*") if path.is_file()):
                    artifact.add_file(str(path), path.relative_to(summary.model).as_posix())  # add_dir prints
                self._run.log_artifact(artifact)
        finally:
            if self._owned:
                self._run.finish(exit_code=0 if summary.outcome == "finished" else 1)


def _mode() -> Any:
    """Return the mode of a new run.

    Raises
    ------
    BertMagicError
        If there is no key: wandb would ask for one, which a thread of a kernel cannot do.
    """
    import wandb

    asked = os.environ.get("WANDB_MODE")
    if is_offline():
        return "disabled" if asked == "disabled" else "offline"
    if asked in (None, "", "online") and not wandb.api.api_key:
        raise BertMagicError("there is no API key.", "Log in with `wandb login`, or set WANDB_MODE=offline.")
    return asked or None


def _artifact_name(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in name)[:128]
