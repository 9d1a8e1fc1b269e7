"""Runs of MLflow: in the run that is active in the user's cell, else in one of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bertmagic.loggers.logger import Point, RunFacts, Summary

_MOST_NUMBERS, _MOST_OPTIONS = 1000, 100
"""What one request may have: https://mlflow.org/docs/latest/api_reference/rest-api.html, "Log Batch"."""
_LONGEST = 6000
"""Characters of a parameter, from the same page."""
_STATES = {"finished": "FINISHED", "interrupted": "KILLED", "failed": "FAILED"}


def active() -> str | None:
    """Return the id of the run that is active in this thread."""
    import mlflow

    run = mlflow.active_run()
    return None if run is None else str(run.info.run_id)


class MLflowLogger:
    """Options as parameters, numbers by step, the report, its figures and the model folder as artifacts."""

    def __init__(self, run: RunFacts, joined: str | None = None) -> None:
        import mlflow
        from mlflow.entities import Param

        # A run of its own is started in this thread, where it does not become the user's active one.
        self._owned = joined is None
        self._id = joined or mlflow.start_run(run_name=run.name).info.run_id
        self._client = mlflow.MlflowClient()
        options = [Param(name, str(value)[:_LONGEST]) for name, value in run.options.items()]
        for at in range(0, len(options), _MOST_OPTIONS):
            self._client.log_batch(self._id, params=options[at : at + _MOST_OPTIONS])

    def log(self, points: Sequence[Point]) -> None:
        """Send numbers, as many in a request as it may have."""
        from mlflow.entities import Metric

        numbers = [
            Metric(name, value, int(point.seconds * 1000), point.step)
            for point in points
            for name, value in point.values.items()
        ]
        for at in range(0, len(numbers), _MOST_NUMBERS):
            self._client.log_batch(self._id, metrics=numbers[at : at + _MOST_NUMBERS])

    def finish(self, summary: Summary) -> None:
        """Send numbers of the report and artifacts, and end the run if it is its own."""
        import mlflow

        try:
            for name, value in summary.metrics.items():
                self._client.log_metric(self._id, f"report/{name}", value, step=summary.step)
            if summary.report:
                self._client.log_text(self._id, summary.report, "report.md")
            for name, page in summary.pages.items():
                self._client.log_text(self._id, page, f"{name}.html")
            if summary.model is not None:
                self._client.log_artifacts(self._id, str(summary.model), "model")
        finally:
            if self._owned:
                mlflow.end_run(_STATES[summary.outcome])
