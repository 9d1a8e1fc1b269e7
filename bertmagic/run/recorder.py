"""Writes the record of a run while it trains: options and data, a log of its events, the metrics at the end."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from bertmagic.disk import files
from bertmagic.errors import FileError, Interrupted
from bertmagic.events import Ended, Event, Listener, Note, Phase, Started, Step, ignore
from bertmagic.run import event_log, folders
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
    FileError
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
            self._begin(options, data, after)
        except BaseException as error:
            self.fail(error)
            raise

    def _begin(self, options: Mapping[str, Any], data: Mapping[str, Any], after: int | None) -> None:
        files.recover(self.folder / "model")
        files.sweep_folder(self.folder, 0)  # the lock of the run is held: nobody else fills anything here
        for old in ("metrics.json", folders.ROWS):
            files.remove(self.folder / old)
        self._write("options.json", options)
        self._write("data.json", data)
        self._write("run.json", self._about)
        log = self.folder / event_log.FILE
        with files.refusals(log):
            kept, damaged = _until(log, after) if after is not None and log.is_file() else ([], 0)
        files.write(log, "".join(kept))
        if damaged:
            self._emit(Note(event_log.damage(log, damaged), True))

    def listen(self, event: Event) -> None:
        """Write an event to the log; of the steps one every quarter of a second.

        Each line is written to the file at once, so that a kill loses none. If the disk is full, training continues.
        """
        if isinstance(event, Phase) or (isinstance(event, Step) and time.monotonic() - self._logged < _LOG_EVERY):
            return
        if isinstance(event, Step):
            self._logged = time.monotonic()
        line = event_log.line({"event": type(event).__name__, **asdict(event)})
        try:
            files.append(self.folder / event_log.FILE, line)
            self._update(event)
        except FileError as error:
            self._warn(error)

    def _warn(self, error: FileError) -> None:
        if not self._warned:
            self._warned = True
            self._emit(Note(f"The record of the run is not complete: {error.what} Training goes on.", True))

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
        except FileError as error:
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
        except FileError:  # a full disk: without this file, in which it is running, the run counts as failed
            with suppress(OSError):
                (self.folder / "run.json").unlink(missing_ok=True)

    def _write(self, file: str, content: Mapping[str, Any]) -> None:
        files.write_json(self.folder / file, content)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _until(log: Path, step: int) -> tuple[list[str], int]:
    """Return the lines of a log up to a step, and how many are damaged; the last may have been cut short by a kill."""
    kept: list[str] = []
    damaged = since = 0
    with log.open("rb") as lines:
        for line in event_log.whole_lines(lines):
            event = _event(line)
            if event is None:
                since += 1
                continue
            at = event.get("step", 0)
            if not isinstance(at, int | float) or at > step:
                break
            damaged, since = damaged + since, 0
            event.pop("crc32", None)
            kept.append(f"{event_log.line(event)}\n")
    return kept, damaged


def _event(line: bytes | None) -> dict[str, Any] | None:
    """Return the event of a line; None if it is damaged."""
    try:
        event = None if line is None else json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None
