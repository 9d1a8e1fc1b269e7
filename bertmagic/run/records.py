"""The records of runs, read from their folders: of this kernel, of others, and of earlier versions."""

from __future__ import annotations

import fnmatch
import os
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bertmagic.disk import files, json_files
from bertmagic.errors import FileError, OptionError, UnknownReference, listing, nearest
from bertmagic.models import saving
from bertmagic.options import LOWER_IS_BETTER
from bertmagic.options.synonyms import renamed
from bertmagic.result import ExportableResult
from bertmagic.run import event_log, folders
from bertmagic.run.processes import is_gone

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd

    from bertmagic.options.commands import Runs as Asked
    from bertmagic.run.recorder import State

_STATES = ("running", "finished", "interrupted", "failed")
_MADE = "made"
_NO_METRICS = ("rows", "seconds")
"""Numbers in ``metrics.json`` that are not metrics."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known about one run. What its folder does not contain is empty or None.

    Attributes
    ----------
    name, folder
        The name of the run, and its folder.
    task, encoder
        The task, and the encoder that the run started from.
    state
        ``running``, ``finished``, ``interrupted`` or ``failed``; ``made`` for a model from `new_model`. A run whose
        process has ended without a result has failed.
    began, seconds
        Start in UTC, and the seconds of its steps and evaluations, also of those before it was resumed.
    step, steps
        Optimizer steps taken, and planned.
    metric, value
        The metric that chose the best weights, and its value in the report: on the test rows if there were some, else
        on the validation rows. For a run without a report it is the best value of its evaluations.
    metrics
        All metrics of the report.
    measured
        The name of the rows of the report.
    options, data
        As they were written when the run began.
    labels
        The classes.
    error
        Why it failed, or which of its files is damaged, in one line.
    """

    name: str
    folder: Path
    state: State | str
    began: datetime
    task: str = ""
    encoder: str = ""
    seconds: float | None = None
    step: int | None = None
    steps: int | None = None
    metric: str = ""
    value: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    measured: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    error: str = ""

    @property
    def trained_on(self) -> str:
        """The name of the training rows."""
        return str(_mapping(self.data.get("train")).get("name", ""))

    @property
    def digest(self) -> str:
        """The SHA-256 of the training rows."""
        return str(_mapping(self.data.get("train")).get("sha256", ""))

    def number(self, name: str) -> float | None:
        """Return a metric by its name, or ``seconds`` or ``steps``; None if the run does not have it."""
        known = {"seconds": self.seconds, "steps": self.step, **self.metrics}
        return known.get(name, self.value if name == self.metric else None)


@dataclass(frozen=True, slots=True)
class Curve:
    """A metric on the validation rows over a run: steps and values; and one sentence on damaged lines of its log."""

    run: str
    steps: tuple[int, ...]
    values: tuple[float, ...]
    damage: str = ""


@dataclass(frozen=True, repr=False)
class Runs(ExportableResult):
    """The runs of a folder.

    Attributes
    ----------
    records
        The runs, in the order asked for.
    home
        The folder that they are in.
    metric, against
        The axes of their figure: a metric over ``date``, ``seconds`` or ``steps``.
    curves
        That metric on the validation rows, for the newest runs that have it.
    hidden
        How many runs the filters left out.
    foreign
        Names in the folder that are not runs or cannot be read.
    """

    records: tuple[Record, ...]
    home: Path
    metric: str = ""
    against: str = "date"
    curves: tuple[Curve, ...] = ()
    hidden: int = 0
    foreign: tuple[str, ...] = ()

    @property
    def frame(self) -> pd.DataFrame:
        """One row per run: the fields of `Record`, a column ``m_<metric>`` per metric, ``o_<option>`` per option."""
        import pandas as pd

        rows = [_row(record) for record in self.records]
        return pd.DataFrame(rows, index=pd.Index([record.name for record in self.records], name="name", dtype=object))

    def __len__(self) -> int:
        return len(self.records)


def _row(record: Record) -> dict[str, Any]:
    kept = ("task", "encoder", "state", "began", "seconds", "step", "steps", "metric", "value", "measured")
    facts = {name: getattr(record, name) for name in kept}
    facts |= {"data": record.trained_on, "digest": record.digest, "error": record.error}
    facts |= {f"m_{name}": value for name, value in record.metrics.items()}
    return facts | {f"o_{name}": value for name, value in record.options.items()}


def read_runs(home: Path | None = None) -> tuple[list[Record], list[str]]:
    """Return the runs of a folder, the newest first, and the names in it that are not runs or cannot be read."""
    folder = (home or folders.home()) / "runs"
    known, foreign = [], []
    with files.reading(folder):
        paths = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in paths:
        if path.name.startswith("."):
            continue
        with suppress(Exception):  # whatever is odd about one run, the others are listed
            if path.is_dir() and (record := read_run(path)) is not None:
                known.append(record)
                continue
        foreign.append(path.name)
    return sorted(known, key=lambda record: record.began, reverse=True), foreign


def read_run(folder: Path) -> Record | None:
    """Return the record of a run's folder; None if it is not the folder of a run.

    A run may have been killed while it wrote, or come from another version. So each file is read by itself, and one
    that cannot be read counts as missing.
    """
    files.recover(folder / "model")
    parts, damage = _parts(folder)
    about, options = parts["run.json"], renamed(parts["options.json"])
    card, metrics, data = parts[f"model/{saving.CARD}"], parts["metrics.json"], parts["data.json"]
    has_model = (folder / "model" / "config.json").is_file()
    if not (about or options or has_model):
        return None
    ended = _mapping(card.get("run"))
    numbers = {
        name: float(value) for name, value in metrics.items() if json_files.is_number(value) and name not in _NO_METRICS
    }
    metric = _text(about.get("metric") or options.get("metric"))
    record = Record(
        name=folder.name,
        folder=folder,
        state=_state(about, metrics, ended, options),
        began=_began(about, folder),
        task=_text(about.get("task") or card.get("task") or options.get("task")),
        encoder=_text(about.get("encoder") or card.get("encoder") or options.get("model")),
        seconds=_seconds(metrics, about, ended),
        step=_whole(about.get("step", ended.get("step"))),
        steps=_whole(about.get("steps")),
        metric=metric,
        value=numbers.get(metric),
        metrics=numbers,
        measured=_text(metrics.get("data")),
        options=options,
        data=data,
        labels=tuple(map(str, card["labels"])) if isinstance(card.get("labels"), list) else (),
        error=_text(about.get("error")) or (_CUT_OFF if _gone(about) else "") or damage,
    )
    return record if record.value is not None or record.state == _MADE else _with_best_evaluation(record)


def _with_best_evaluation(record: Record) -> Record:
    """Return the record of a run without a report with its best evaluation and its last step."""
    curve = metric_curve(record, record.metric)
    if curve is None:
        return record
    best = min(curve.values) if record.metric in LOWER_IS_BETTER else max(curve.values)
    step = max(curve.steps[-1], record.step or 0)
    error = " ".join(filter(None, (record.error, curve.damage)))
    measured = record.measured or "validation, while it was trained"
    return replace(record, value=best, step=step, measured=measured, error=error)


_CUT_OFF = "its process ended before the run did; resume = True continues from its newest checkpoint, if it has one."


def _state(
    about: Mapping[str, Any], metrics: Mapping[str, Any], ended: Mapping[str, Any], options: Mapping[str, Any]
) -> str:
    if about.get("state") in _STATES:
        return "failed" if _gone(about) else str(about["state"])
    if not options:
        return _MADE
    if ended.get("reason") == "interrupted":
        return "interrupted"
    return "finished" if metrics else "failed"


def _gone(about: Mapping[str, Any]) -> bool:
    """Whether a run that is marked as running cannot be: its process, on this machine, has ended."""
    return about.get("state") == "running" and is_gone(_mapping(about.get("process")))


def _began(about: Mapping[str, Any], folder: Path) -> datetime:
    """Return the start of a run; without one in its record, the time of its oldest file."""
    try:
        began = datetime.fromisoformat(about["began"])
        return began if began.tzinfo else began.replace(tzinfo=UTC)
    except (KeyError, TypeError, ValueError):
        at = next((path for path in (folder / "options.json", folder / "model") if path.exists()), folder)
        return datetime.fromtimestamp(at.stat().st_mtime, UTC)


def _seconds(metrics: Mapping[str, Any], about: Mapping[str, Any], ended: Mapping[str, Any]) -> float | None:
    given = (metrics.get("seconds"), about.get("seconds"), ended.get("seconds"))
    seconds = next((value for value in given if json_files.is_number(value)), None)
    return None if seconds is None else float(seconds)


_PARTS = ("run.json", "options.json", "data.json", "metrics.json", f"model/{saving.CARD}")


def _parts(folder: Path) -> tuple[dict[str, dict[str, Any]], str]:
    """Return the JSON objects of a run by their files, empty where there is none, and what is wrong with a file."""
    parts, damage = {}, ""
    for name in _PARTS:
        try:
            parts[name] = json_files.read_object(folder / name) if os.path.lexists(folder / name) else {}
        except FileError as error:
            parts[name], damage = {}, damage or error.what
    return parts, damage


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: Any) -> int | None:
    return int(value) if json_files.is_number(value) else None


def metric_curve(record: Record, metric: str) -> Curve | None:
    """Return a metric on the validation rows over the steps, from the run's log; None if it was never measured."""
    values, damage = event_log.evaluations(record.folder / event_log.FILE, metric)
    return Curve(record.name, tuple(values), tuple(values.values()), damage) if values else None


def filter_runs(
    records: Iterable[Record], patterns: Iterable[str] = (), task: str | None = None, state: str | None = None
) -> list[Record]:
    """Return the runs whose name matches one of the patterns, with this task and state."""
    wanted = tuple(patterns)
    return [
        record
        for record in records
        if (not wanted or any(fnmatch.fnmatchcase(record.name, pattern) for pattern in wanted))
        and task in (None, record.task)
        and state in (None, record.state)
    ]


def sort_runs(records: Iterable[Record], by: str) -> list[Record]:
    """Return runs sorted by date, name, or a number, the best first; runs without that number come last.

    Raises
    ------
    OptionError
        If no run has such a number.
    """
    runs = list(records)
    if by == "date":
        return sorted(runs, key=lambda record: record.began, reverse=True)
    if by == "name":
        return sorted(runs, key=lambda record: record.name)
    known = dict.fromkeys(name for record in runs for name in record.metrics)
    if runs and by not in ("seconds", "steps", *known):
        raise OptionError(
            f"none of these runs has {by!r}.{nearest(by, known)}",
            f"Sort by date, name, seconds, steps or a metric: {listing(known, 20)}.",
        )
    sign = 1 if by in LOWER_IS_BETTER or by in ("seconds", "steps") else -1
    return sorted(runs, key=lambda record: ((value := record.number(by)) is None, sign * (value or 0.0)))


def list_runs(asked: Asked, home: Path | None = None) -> Runs:
    """Return the runs that were asked for, in the order asked for, with the curves of their figure.

    The figure's metric is the one that they are sorted by, else the one that chose the best weights in most of them.

    Raises
    ------
    UnknownReference
        If there is no run of one of the names.
    """
    known, foreign = read_runs(home)
    for pattern in asked.names:
        if not fnmatch.filter((record.name for record in known), pattern):
            find_run(known, pattern)
    runs = sort_runs(filter_runs(known, asked.names, asked.task, asked.state), asked.sort)
    metric = _figure_metric(runs, asked.sort)
    newest = sorted(runs, key=lambda record: record.began, reverse=True)
    curves = filter(None, (metric_curve(record, metric) for record in newest[:CURVES]))
    folder = home or folders.home()
    return Runs(tuple(runs), folder, metric, asked.against, tuple(curves), len(known) - len(runs), tuple(foreign))


CURVES = 8
"""The most curves in a figure: more cannot be told apart."""


def _figure_metric(records: list[Record], sort: str) -> str:
    if sort not in ("date", "name", "seconds", "steps"):
        return sort
    counted = Counter(record.metric for record in records if record.value is not None)
    return counted.most_common(1)[0][0] if counted else ""


def find_run(records: Iterable[Record], name: str) -> Record:
    """Return the run of a name.

    Raises
    ------
    UnknownReference
        If there is no such run; the error names the nearest.
    """
    known = {record.name: record for record in records}
    if name not in known:
        raise UnknownReference(f"there is no run {name!r} here.{nearest(name, known)}", f"The runs: {listing(known)}.")
    return known[name]
