"""The folder of a run: what was asked, what happened, what came out."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import time
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

from bertmagic.errors import Interrupted, TrainingError
from bertmagic.events import Ended, Evaluated, Event, Phase, Started, Step
from bertmagic.models import saving
from bertmagic.options.names import folder_name
from bertmagic.run.processes import this_process

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

State = Literal["running", "finished", "interrupted", "failed"]

_LOG_EVERY = 0.25
"""Seconds between logged steps: the log of a long run stays in megabytes."""


_pinned: ContextVar[Path | None] = ContextVar("home", default=None)


def home() -> Path:
    """Return the folder of this project's runs: ``BERTMAGIC_HOME``, or ``.bertmagic`` in the current folder."""
    return _pinned.get() or Path(os.environ.get("BERTMAGIC_HOME") or ".bertmagic").expanduser()


def pin() -> None:
    """Have `home` stay as it is now for the rest of this context, such as a job: a cell may change the folder."""
    _pinned.set(home().absolute())


def run_folder(name: str) -> Path:
    """Return the folder of a run; of ``NAME/trials/3``, a trial of the search ``NAME``.

    Raises
    ------
    OptionError
        If the name would lead out of the folder of all runs; see `bertmagic.options.names`.
    """
    search, trials, number = name.partition("/trials/")
    parts = (search, "trials", number) if trials else (name,)
    return home().joinpath("runs", *map(folder_name, parts))


def model_folder(name: str) -> Path:
    """Return where the model of a run is kept."""
    return run_folder(name) / "model"


def made_folder(name: str) -> Path:
    """Return where the model of a run is kept, and have the folder of the run there, which git leaves alone.

    Raises
    ------
    TrainingError
        If it cannot be made.
    """
    return made(run_folder(name)) / "model"


def made(folder: Path) -> Path:
    """Return a folder inside of `home`, made where it is missing; git leaves all of them alone.

    Raises
    ------
    TrainingError
        If it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignore = home() / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise TrainingError(
            f"the folder {folder} cannot be written: {error.strerror}.", "Set BERTMAGIC_HOME elsewhere."
        ) from None
    return folder


def names() -> list[str]:
    """Return the runs that have a model, the newest first."""
    folder = home() / "runs"
    for run in folder.glob("*/.model.*previous"):
        saving.recover(run.parent / "model")
    found = list(folder.glob("*/model/config.json"))
    return [path.parent.parent.name for path in sorted(found, key=lambda path: -path.stat().st_mtime)]


def run_of(folder: Path) -> str | None:
    """Return the name of the run, of those in `home`, whose model is in a folder; None if it is none of theirs."""
    folder = folder.resolve()
    run = folder.parent
    return run.name if folder.name == "model" and run.parent == (home() / "runs").resolve() else None


class Run:
    """A run being written: options and data first, a line of log for each event, the metrics at the end.

    Beside them stands ``run.json``, which says how the run is doing: its state, its task and encoder, when it began and
    how far it came. It is whole at any moment, so that other kernels can read it while the run goes on.

    Parameters
    ----------
    after
        The step after which the run goes on: the log keeps what was before. None for a run that begins.
    """

    def __init__(
        self, name: str, options: Mapping[str, Any], data: Mapping[str, Any], after: int | None = None
    ) -> None:
        self.folder = made_folder(name).parent
        _sweep(self.folder)
        self._about: dict[str, Any] = {
            "state": "running", "began": _now(), "encoder": options.get("model"), "task": options.get("task"),
            "versions": versions(), "process": this_process(),
        }  # fmt: skip
        self._write("options.json", options)
        self._write("data.json", data)
        self._tell()
        (self.folder / "metrics.json").unlink(missing_ok=True)
        log = self.folder / "events.jsonl"
        kept = _until(log, after) if after is not None and log.is_file() else []
        self._log: TextIO = log.open("w", encoding="utf-8")
        self._log.writelines(kept)
        self._logged = -_LOG_EVERY

    def listen(self, event: Event) -> None:
        """Write an event to the log; of steps one every quarter of a second."""
        if isinstance(event, Phase) or (isinstance(event, Step) and time.monotonic() - self._logged < _LOG_EVERY):
            return
        if isinstance(event, Step):
            self._logged = time.monotonic()
        line = {"event": type(event).__name__, **asdict(event)}
        self._log.write(json.dumps(line, default=str, ensure_ascii=False) + "\n")
        if isinstance(event, Evaluated):
            self._log.flush()
        self._learn(event)

    def _learn(self, event: Event) -> None:
        """Keep what says how the run is doing."""
        match event:
            case Started():
                names = ("task", "rows", "steps", "metric", "higher_is_better", "device", "precision")
                known = asdict(event)
                self._about |= {"encoder": event.model, **{name: known[name] for name in names}}
                self._tell()
            case Ended():
                self._about |= {name: getattr(event, name) for name in ("reason", "step", "best_step", "seconds")}

    def finish(self, metrics: Mapping[str, Any]) -> None:
        """Write the metrics, say that the run is over, and close the log."""
        self._write("metrics.json", metrics)
        self._end("interrupted" if self._about.get("reason") == "interrupted" else "finished")
        self.close()

    def fail(self, error: BaseException) -> None:
        """Say why there are no metrics, and close the log."""
        stopped = isinstance(error, KeyboardInterrupt | Interrupted)
        self._about["error"] = f"{type(error).__name__}: {error}".partition("\n")[0][:500]
        with suppress(OSError):  # a full disk may be the very error, which must not be lost for this one
            self._end("interrupted" if stopped else "failed")
            self.close()

    def _end(self, state: State) -> None:
        self._about |= {"state": state, "ended": _now()}
        self._tell()

    def close(self) -> None:
        """Close the log."""
        self._log.close()

    def _tell(self) -> None:
        """Write how the run is doing, in one move: another kernel may be reading it."""
        self._write(".run.json", self._about)
        (self.folder / ".run.json").replace(self.folder / "run.json")

    def _write(self, file: str, content: Mapping[str, Any]) -> None:
        text = json.dumps(content, indent=2, default=str, ensure_ascii=False)
        (self.folder / file).write_text(text + "\n", encoding="utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _sweep(folder: Path) -> None:
    """Remove what a kill left while the model was being written."""
    saving.recover(folder / "model")
    for left in folder.glob(".model.*"):
        shutil.rmtree(left, ignore_errors=True)


def _until(log: Path, step: int) -> list[str]:
    """Return the lines of a log up to a step; a kill may have cut the last one off."""
    kept = []
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                if json.loads(line).get("step", 0) > step:
                    break
            except ValueError:
                break
            kept.append(line)
    return kept


def plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as JSON values; data is told of by its name or type and its digest, not by its rows."""

    def value(given: Any) -> Any:
        if given is None or isinstance(given, str | int | float):
            return given
        if isinstance(given, tuple) and all(isinstance(item, str) for item in given):
            return list(given)
        return str(given) if isinstance(given, os.PathLike) else type(given).__name__

    return {name: value(given) for name, given in options.items()}


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    found = {name: version(name) for name in ("bertmagic", "torch", "transformers", "tokenizers")}
    return {"python": platform.python_version(), **found}


def digest(*columns: Iterable[object]) -> str:
    """Return the SHA-256 of texts and targets, which tells whether two runs saw the same rows."""
    found = hashlib.sha256()
    for row in zip(*columns, strict=True):
        found.update(("\x00".join(map(str, row)) + "\x00").encode("utf-8", "surrogatepass"))
    return found.hexdigest()
