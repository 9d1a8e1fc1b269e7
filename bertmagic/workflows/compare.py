"""Models compared on the same rows: metrics, tests against the first model, and speed."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bertmagic.data import columns as naming
from bertmagic.data import tables
from bertmagic.data.rows import LabelledRows, overlap
from bertmagic.errors import DataError, ModelError, OptionError, count, listing
from bertmagic.evaluation import baselines, comparison
from bertmagic.evaluation.comparison import Contender, ModelComparison
from bertmagic.events import Listener, Phase, ignore
from bertmagic.models import loading
from bertmagic.workflows import attention, training_rows
from bertmagic.workflows import baselines as fitting
from bertmagic.workflows import predict as using

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bertmagic.data.tokens import Tokens
    from bertmagic.evaluation.report import Report
    from bertmagic.tasks import Task
    from bertmagic.text_model import TextModel

ROUNDS = 5
_MOST_TIMED = 2_000
_SECONDS = 1.0
"""Seconds for which the slowest model is timed in each round, roughly."""
DIFFERING = 1_000
"""Maximum number of kept rows on which the models differ."""


@dataclass(frozen=True)
class _Rows:
    """The rows of the comparison, with the tokens of the first model."""

    table: tables.Table
    rows: LabelledRows
    tokens: Tokens


@dataclass(frozen=True)
class _Side:
    """A model of the comparison: its report, a function that predicts for rows, and its size."""

    report: Report
    predict: Callable[[LabelledRows], object]
    contender: Contender


def compare(
    models: Sequence[TextModel | str], data: Any, asked: Mapping[str, Any], train: Any, price: float | None,
    emit: Listener,
) -> ModelComparison:  # fmt: skip
    """Compare models; see `bertmagic.api.compare`. A baseline comes as its name; ``train`` may be checked rows."""
    lead = next(model for model in models if not isinstance(model, str))
    _same_task([model for model in models if not isinstance(model, str)])
    for model in models:
        if isinstance(model, str):
            refuse(model, lead.task)
    names = _names(models)
    baseline = next((model for model in models if isinstance(model, str)), "")
    fitted_to = _training(lead, baseline, train, asked, emit) if baseline else None
    given = _read(lead, data, asked, emit)
    sides = [
        _baseline(model, lead, given, fitted_to, emit)
        if isinstance(model, str)
        else _measured(model, name, given.table, asked, emit)
        for model, name in zip(models, names, strict=True)
    ]
    reports = [side.report for side in sides]
    _same_rows(reports, names)
    emit(Phase("comparing"))
    against = comparison.against(reports, names)
    rows, apart = comparison.differing(reports, names, DIFFERING)
    rounds = _timed(sides, given.rows, emit)
    contenders = tuple(_priced(side, name, each, price) for side, name, each in zip(sides, names, rounds, strict=True))
    notes = dict.fromkeys(note for report in reports for note in report.notes)
    return ModelComparison(
        lead.task.name, given.table.name, reports[0].rows, contenders, against, rows, apart, price, tuple(notes)
    )  # fmt: skip


def refuse(baseline: str, task: Task) -> None:
    """Raise an `OptionError` for a baseline that a task does not have."""
    if baseline not in task.baselines:
        fix = f"There are: {listing(task.baselines)}." if task.baselines else "Compare models only."
        raise OptionError(f"there is no baseline {baseline!r} for {task.name}.", fix)


def _same_task(models: Sequence[TextModel]) -> None:
    first = models[0]
    for other in models[1:]:
        if type(other.task) is not type(first.task):
            raise ModelError(
                f"{first.name!r} is for {first.task.name}, {other.name!r} for {other.task.name}.",
                "Compare models of one task.",
            )
        one, two = ({str(label) for label in model.labels} for model in (first, other))
        if one != two:
            odd = listing(sorted(one ^ two), 6)
            raise ModelError(
                f"{first.name!r} and {other.name!r} do not have the same labels: only one of them has {odd}.",
                "Compare models with the same labels.",
            )


def _names(models: Sequence[TextModel | str]) -> list[str]:
    """Return a unique name for each model: repeated names get a number."""
    names: list[str] = []
    for model in models:
        name = model if isinstance(model, str) else model.name
        number = 1 + sum(one == name or one.startswith(f"{name} #") for one in names)
        names.append(name if number == 1 else f"{name} #{number}")
    return names


def _read(lead: TextModel, data: Any, asked: Mapping[str, Any], emit: Listener) -> _Rows:
    table = tables.read(lead.task.source(data), "test")
    rows = _examples(lead, table, asked)
    tokens = using.encoded(lead, rows, emit)
    return _Rows(table, rows, tokens)


def _examples(model: TextModel, table: tables.Table, asked: Mapping[str, Any]) -> LabelledRows:
    named = using.trained(model, table) | {role: column for role, column in asked.items() if column}
    columns, _ = model.task.columns(naming.narrowed(table, named, model.task.usual_names), named)
    return model.task.examples(table, columns)[0]


def _measured(model: TextModel, name: str, table: tables.Table, asked: Mapping[str, Any], emit: Listener) -> _Side:
    emit(Phase(f"measuring {name}"))
    report = model.evaluate(table, **asked, show=False)
    encoder = str(model.card.get("encoder", ""))
    files = [path for path in model.folder.rglob("*") if path.is_file()] if model.is_in_folder else []
    size = sum(path.stat().st_size for path in files) or None
    contender = Contender(name, encoder, False, report.metrics, report.intervals, disk=size, memory=model.bytes)
    return _Side(report, lambda rows: using.run(model, rows, ignore, fresh=True), contender)


def _training(lead: TextModel, name: str, train: Any, asked: Mapping[str, Any], emit: Listener) -> LabelledRows:
    """Return the training rows of the baselines: those given, or those of the first model."""
    if train is None:
        return training_rows.require(lead.card, lead.name, name, emit)
    if isinstance(train, LabelledRows):
        return train
    emit(Phase("reading the training rows"))
    return _examples(lead, tables.read(lead.task.source(train), "train"), asked)


def _baseline(name: str, lead: TextModel, given: _Rows, rows: LabelledRows | None, emit: Listener) -> _Side:
    """Train a baseline on the training rows and evaluate it as a model of the same task."""
    task = lead.task
    assert rows is not None
    encoder = _encoder(lead, len(rows), emit) if name in baselines.OF_VECTORS else None
    emit(Phase(f"training {name}"))
    baseline = fitting.fit(name, task, rows, using.encoded(lead, rows, emit), encoder)
    scores = baseline.scores(given.rows, given.tokens)
    trained = f"{name} was trained on {count(len(rows), 'row')} of {rows.name}."
    notes = (trained, *baseline.notes(name), *_overlap(rows, given.rows))
    report = task.untuned().report(scores, given.rows, given.tokens, model=name, data=given.table.name, notes=notes)
    contender = Contender(
        name, baselines.BASELINES[name], True, report.metrics, report.intervals, memory=baseline.bytes
    )
    return _Side(report, baseline.predict, contender)


def _encoder(lead: TextModel, rows: int, emit: Listener) -> fitting.Encoder:
    """Return the encoder that a model was fine-tuned from, before fine-tuning, with the pooling for so many rows."""
    import torch

    folder, name = attention.base_encoder(lead)
    emit(Phase(f"loading {name}"))
    with torch.random.fork_rng(devices=[]):  # a new pooler must not change the user's random numbers
        network = loading.opened(folder, "none")[0].to(lead.device)
    kept = using.cache_of(lead)
    chosen = (lead.card.get("options") or {}).get("pooling")
    vectors = fitting.probe_pooling(lead.task, folder, rows, chosen)
    return fitting.Encoder(network, lead.tokenizer, lead.precision, vectors, kept)


def _overlap(train: LabelledRows, rows: LabelledRows) -> tuple[str, ...]:
    twice = len(overlap(train, rows))
    return (f"The rows of the comparison include {count(twice, 'training row')}.",) if twice else ()


def _same_rows(reports: Sequence[Report], names: Sequence[str]) -> None:
    first = reports[0]
    for report, name in zip(reports, names, strict=True):
        if report.outcomes is None or first.outcomes is None:
            raise ModelError(f"{report.task} has no outcomes of single rows to compare.", "Use %bert_evaluate.")
        if not report.outcomes.index.equals(first.outcomes.index):
            raise DataError(
                f"{names[0]!r} can be evaluated on {count(first.rows, 'row')}, {name!r} on {report.rows:,} others.",
                "Give rows that all of them read, or name the columns.",
            )


def _timed(sides: Sequence[_Side], rows: LabelledRows, emit: Listener) -> list[list[float]]:
    """Return the texts a second of each model in each round.

    The models take turns, so that other load on the machine affects all of them. The time includes tokenizing. All
    models have predicted once before, so nothing is loaded or compiled meanwhile.
    """
    import numpy as np

    slowest = min(
        (side.report.rows / side.report.seconds for side in sides if side.report.seconds > 0), default=_MOST_TIMED
    )
    few = rows.take(np.arange(int(np.clip(slowest * _SECONDS, 16, min(len(rows), _MOST_TIMED)))))
    all_speeds: list[list[float]] = [[] for _ in sides]
    for turn in range(ROUNDS):
        emit(Phase("timing", turn, ROUNDS, "rounds"))
        for side, speeds in zip(sides, all_speeds, strict=True):
            began = time.perf_counter()
            side.predict(few)
            speeds.append(len(few) / max(time.perf_counter() - began, 1e-9))
    emit(Phase("timing", ROUNDS, ROUNDS, "rounds"))
    return all_speeds


def _priced(side: _Side, name: str, rounds: Sequence[float], price: float | None) -> Contender:
    speed = statistics.median(rounds)
    cost = None if price is None else price * 1000 / speed / 3600
    return replace(side.contender, name=name, speed=speed, rounds=tuple(rounds), cost=cost)
