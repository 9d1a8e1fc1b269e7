"""Writes the record of a run while it trains: options and data, a log of its events, the metrics at the end."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from bertmagic.errors import Interrupted
from bertmagic.events import Ended, Event, Listener, Note, Phase, Started, Step, ignore
from bertmagic.models import saving
from bertmagic.run import folders
from bertmagic.run.processes import this_process

State = Literal["running", "finished", "interrupted", "failed"]

_LOG_EVERY = 0.25
"""Seconds between logged steps: the log of a long run stays in megabytes."""


class RunRecorder:
    """Writes the record of a run: options and data first, a line per event in ``events.jsonl``, metrics at the end.

    ``run.json`` has the state of the run: its task and encoder, its start, its last step. Files are replaced as a
    whole, so that other kernels can read them while the run trains.

    Parameters
    ----------
    name, options, data
        The name of the run, and its options and data as JSON values.
    after
        The step that the run is resumed from: the log keeps the lines up to it. None for a new run.
    emit
        Gets one warning if the log cannot be written.

    Raises
    ------
    TrainingError
        If the folder cannot be written.
    """

    def __init__(
        self, name: str, options: Mapping[str, Any], data: Mapping[str, Any], after: int | None = None,
        emit: Listener = ignore,
    ) -> None:  # fmt: skip
        self.folder = folders.made_folder(name).parent.absolute()
        self._emit, self._logged, self._warned = emit, -_LOG_EVERY, False
        self._about: dict[str, Any] = {
            "state": "running", "began": _now(), "encoder": options.get("model"), "task": options.get("task"),
            "versions": folders.versions(), "process": this_process(),
        }  # fmt: skip
        try:
            with folders.writing(name):
                self._begin(options, data, after)
        except BaseException as error:
            self.fail(error)
            raise

    def _begin(self, options: Mapping[str, Any], data: Mapping[str, Any], after: int | None) -> None:
        _sweep(self.folder)
        for old in ("metrics.json", folders.ROWS):
            (self.folder / old).unlink(missing_ok=True)
        self._write("options.json", options)
        self._write("data.json", data)
        self._write("run.json", self._about)
        log = self.folder / "events.jsonl"
        kept = _until(log, after) if after is not None and log.is_file() else []
        _replace(log, "".join(kept))

    def listen(self, event: Event) -> None:
        """Write an event to the log; of the steps one every quarter of a second.

        Each line is written to the file at once, so that a kill loses none. If the disk is full, training continues.
        """
        if isinstance(event, Phase) or (isinstance(event, Step) and time.monotonic() - self._logged < _LOG_EVERY):
            return
        if isinstance(event, Step):
            self._logged = time.monotonic()
        line = json.dumps({"event": type(event).__name__, **asdict(event)}, default=str, ensure_ascii=False)
        try:
            with (self.folder / "events.jsonl").open("ab", buffering=0) as log:
                log.write(f"{line}\n".encode("utf-8", "replace"))
            self._update(event)
        except OSError as error:
            self._warn(error)

    def _warn(self, error: OSError) -> None:
        if not self._warned:
            self._warned = True
            why = error.strerror or error
            self._emit(Note(f"The log of the run cannot be written: {why}. Training goes on; free the disk.", True))

    def _update(self, event: Event) -> None:
        """Update the state of the run."""
        match event:
            case Started():
                names = ("task", "rows", "steps", "metric", "higher_is_better", "device", "precision")
                known = asdict(event)
                self._about |= {"encoder": event.model, **{name: known[name] for name in names}}
                self._write("run.json", self._about)
            case Ended():
                self._about |= {name: getattr(event, name) for name in ("reason", "step", "best_step", "seconds")}

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Write the metrics and the end of the run. If the disk refuses, the model is still returned."""
        try:
            self._write("metrics.json", metrics)
        except OSError as error:
            self._warn(error)
        self._end("interrupted" if self._about.get("reason") == "interrupted" else "finished")

    def fail(self, error: BaseException) -> None:
        """Write the end of a run without a result, with its error."""
        stopped = isinstance(error, KeyboardInterrupt | Interrupted)
        self._about["error"] = f"{type(error).__name__}: {error}".partition("\n")[0][:500]
        self._end("interrupted" if stopped else "failed")

    def _end(self, state: State) -> None:
        self._about |= {"state": state, "ended": _now()}
        try:
            self._write("run.json", self._about)
        except OSError:  # a full disk: without this file, in which it is running, the run counts as failed
            with suppress(OSError):
                (self.folder / "run.json").unlink(missing_ok=True)

    def _write(self, file: str, content: Mapping[str, Any]) -> None:
        _replace(self.folder / file, json.dumps(content, indent=2, default=str, ensure_ascii=False) + "\n")


def _replace(path: Path, text: str) -> None:
    """Write a file by a rename: another kernel may be reading it."""
    filling = path.with_name(f".{path.name}")
    filling.write_text(text, encoding="utf-8")
    filling.replace(path)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _sweep(folder: Path) -> None:
    """Remove what is left of a model that was being written when its process was killed."""
    saving.recover(folder / "model")
    for left in folder.glob(".model.*"):
        shutil.rmtree(left, ignore_errors=True)


def _until(log: Path, step: int) -> list[str]:
    """Return the lines of a log up to a step, without lines that a kill or a full disk cut short."""
    kept = []
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                at = json.loads(line).get("step", 0)
            except (ValueError, AttributeError):
                continue
            if at > step:
                break
            kept.append(line.rstrip("\n") + "\n")
    return kept
