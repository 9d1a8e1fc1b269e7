"""A run of fine-tuning, from the user's table to a measured model: read, check, load, train, evaluate, keep."""

from __future__ import annotations

import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bertmagic.data import cache, checks, tables
from bertmagic.errors import OptionError, TrainingError, listing
from bertmagic.inference.forward import scores
from bertmagic.models import (
    adapters,
    catalogue,
    devices,
    dropout,
    heads,
    heap,
    kernels,
    layers,
    loading,
    saving,
    weights,
)
from bertmagic.options import LOWER_IS_BETTER
from bertmagic.tasks import Prepared, Task, find, infer
from bertmagic.tasks.rows import asked, prepare
from bertmagic.training import checkpoints, runs
from bertmagic.training.events import Ended, Listener, Note, Phase, Started, counting, downloading
from bertmagic.training.freezing import freeze
from bertmagic.training.history import History
from bertmagic.training.loop import Diverged, Loop
from bertmagic.training.plan import Plan, count_steps, default_epochs, steps_an_epoch
from bertmagic.training.recomputing import recomputing
from bertmagic.training.stopping import Stop, StopButton

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.data.batches import Feed
    from bertmagic.data.checks import Examples
    from bertmagic.data.tokens import Tokens
    from bertmagic.evaluation.report import Report
    from bertmagic.models.adapters import Adapter
    from bertmagic.options import Finetune, Precision, Pretrain

_TOLD_AGAIN = 1000
"""How many steps of before a resumed run tells again: enough for its curves, however long it was."""


@dataclass(frozen=True)
class Finetuned:
    """What a run leaves: the model, what belongs to it, and how it went. ``report`` is None after an interrupt."""

    network: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    task: Task
    card: dict[str, Any]
    folder: Path
    precision: str
    ended: Ended
    history: History
    report: Report | None


class Unfinished(TrainingError):
    """A run that diverged, with what it leaves: the last good weights."""

    def __init__(self, what: str, fix: str, left: Finetuned) -> None:
        super().__init__(what, fix)
        self.left = left


def run(options: Finetune | Pretrain, emit: Listener, button: StopButton) -> Finetuned:
    """Fine-tune a model.

    Parameters
    ----------
    options
        All options; ``model`` is an alias, a folder or a hub id.
    emit
        Told of everything that happens.
    button
        Ends the steps when it is pressed.

    Raises
    ------
    Unfinished
        If it diverged and the weights before are good.
    BertMagicError
        If data, model, device or options cannot be used; before the model is loaded where that can be known.
    """
    _check_adapt(options)
    resumed = checkpoints.resumable(options.name or "model") if options.resume else None
    prepared = _prepare(options, emit)
    forced: dict[str, Any] = {"long_text": prepared.task.long_text} if prepared.task.long_text else {}
    options = replace(options, best_metric=_metric(options, prepared.task), **forced)
    found = weights.find(str(options.model), downloading(emit), runs.names())
    tokenizer = loading.tokenizer(found.folder)
    max_length = _max_length(options, loading.limit(found.folder, tokenizer))
    device = devices.choose(options.device)
    number_format, why = devices.precision(options.precision, device)
    options = replace(
        options,
        lr=options.lr or (adapters.LR if options.adapt == "lora" else found.lr),
        max_length=max_length,
        device=str(device),
        precision=cast("Precision", number_format),
    )
    kept = cache.Cache(runs.home(), tokenizer, max_length, options.long_text, found.folder, options.stride)
    parts = {
        name: prepared.task.encode(kept, rows, counting(emit, f"tokenizing {name}"))
        for name, rows in (("train", prepared.train), ("validation", prepared.validation), ("test", prepared.test))
        if rows is not None
    }
    heap.trim()  # what checks and tokenizing took for a while
    an_epoch = _steps_an_epoch(options, parts["train"])
    options = replace(options, epochs=options.epochs or default_epochs(an_epoch, options.max_steps))
    facts = {"options": runs.plain(vars(options)), "data": _about(prepared)}
    if resumed is not None:
        checkpoints.compare(resumed, facts)
    _tell(prepared, parts["train"], found.name, options, why, emit)
    emit(Phase(f"loading {found.name}"))
    with loading.alone, _seeded(options.seed, device):  # another run that began here would draw from the same seed
        network, said = prepared.task.build(found.folder, **_dropout(found.folder, options))
        adapter, adapted = _adapted(network, found, options)
    emit(Note(f"{found.name}: {said}."))
    if adapted:
        emit(Note(adapted))
    with _training(options.seed, device):
        with devices.enough(device, f"the weights of {found.name}", devices.FREE):
            network.to(device)
        kernels.use(network)
        layers.use(network)
        if device.type == "cpu":
            dropout.use(network, options.seed)
        if frozen := freeze(network, options.freeze):
            emit(Note(frozen))
        with recomputing(network) if options.gradient_checkpointing else nullcontext():
            work = _Work(options, prepared, found, tokenizer, parts, network, facts, adapter)
            return _train(work, resumed, emit, button)


@dataclass(frozen=True)
class _Work:
    """Everything that a run has put together before its first step."""

    options: Finetune | Pretrain
    prepared: Prepared
    found: weights.Weights
    tokenizer: PreTrainedTokenizerBase
    parts: dict[str, Tokens]
    network: PreTrainedModel
    facts: dict[str, Any]
    adapter: Adapter | None = None

    def feed(self, part: str) -> Feed:
        pad_id: Any = self.tokenizer.pad_token_id
        segments = heads.reads_segments(self.network)
        return self.prepared.task.feed(self.parts[part], self.rows(part), pad_id, segments, self.options.seed)

    def rows(self, part: str) -> Examples:
        found: Examples = getattr(self.prepared, part)
        return found

    def scores(self, part: str, after_batch: Callable[[int], None] = lambda done: None) -> Any:
        task = self.prepared.task
        return scores(self.network, self.feed(part), self.options.precision, after_batch, task.outputs)


def _check_adapt(options: Finetune | Pretrain) -> None:
    if options.adapt == "lora":
        adapters.require()
        if options.freeze is not None:
            raise OptionError('adapt = "lora" freezes the encoder already.', "Leave freeze out.")


def _adapted(
    network: PreTrainedModel, found: weights.Weights, options: Finetune | Pretrain
) -> tuple[Adapter | None, str]:
    """Give the network adapters where they are wanted, and return what belongs to them, and a line about them."""
    if options.adapt == "full":
        return None, ""
    wanted = adapters.settings(network, options.lora_rank, options.lora_alpha, options.lora_targets)
    said = adapters.inject(network, wanted)
    entry, given = catalogue.ALIASES.get(str(options.model)), Path(str(options.model))
    base = entry.ref if entry else str(given.resolve() if given.is_dir() else given)
    return adapters.Adapter(wanted, {}, base, adapters.digest(found.folder)), said


def _merged(work: _Work) -> _Work:
    """Make a plain model of one with adapters, and keep their tensors where they are to be saved."""
    if work.adapter is None:
        return work
    kept = {name: value.clone() for name, value in adapters.state(work.network).items()}
    adapters.merge(work.network)
    return replace(work, adapter=replace(work.adapter, tensors=kept) if work.options.lora_save == "adapter" else None)


def _prepare(options: Finetune | Pretrain, emit: Listener) -> Prepared:
    emit(Phase("reading the data"))
    source = find(options.task).source if options.task else Task.source
    given = tables.splits(source(options.train))
    found = {"train": tables.choose(given, "train")}
    if isinstance(options.validation, int | float):
        if tables.has(given, "validation"):
            found["validation"] = tables.choose(given, "validation")
            emit(Note(f"Validation is {found['validation'].name}, which came with train."))
    else:
        found["validation"] = tables.read(source(options.validation), "validation")
    if options.test is not None:
        found["test"] = tables.read(source(options.test), "test")
    emit(Phase("checking the data"))
    task = find(options.task) if options.task else infer(found["train"], asked(options))
    return prepare(task, options, found)


def _metric(options: Finetune | Pretrain, task: Task) -> str:
    """Return the metric that chooses the best weights."""
    if options.best_metric in (None, *task.measures):
        return options.best_metric or task.measures[0]
    raise OptionError(
        f"best_metric = {options.best_metric!r} is no metric of {task.name}.", f"It has {listing(task.measures)}."
    )


def _max_length(options: Finetune | Pretrain, limit: int) -> int:
    if options.max_length is None:
        return min(limit, options.longest)
    if options.max_length > limit:
        raise OptionError(
            f"max_length = {options.max_length} is more than the model reads: {limit} tokens.",
            f"Set max_length to {limit} or less, or choose a model that reads more (modernbert: 8192).",
        )
    return options.max_length


def _tell(
    prepared: Prepared, train: Tokens, encoder: str, options: Finetune | Pretrain, why: str, emit: Listener
) -> None:
    for line in prepared.notes:
        emit(Note(line))
    longest: Any = options.max_length
    found = checks.token_findings(train, longest, options.long_text, encoder)
    found += prepared.task.token_findings(train, prepared.train)
    for finding in (*prepared.findings, *found):
        emit(Note(finding.sentence, warning=finding.severity == "warning"))
    emit(Note(f"lr = {options.lr:g}, max_length = {longest}, {options.precision} on {options.device} ({why})."))
    if not str(options.device).startswith("cpu"):
        emit(Note("The same seed may differ in the last bits here: sums on this device have no fixed order."))


def _dropout(folder: Path, options: Finetune | Pretrain) -> dict[str, Any]:
    """Return the config's name for attention dropout, with the wanted value."""
    known = loading.config(folder)
    names = ("attention_probs_dropout_prob", "attention_dropout")
    return {name: options.attention_dropout for name in names if name in known}


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed torch for the run and give the user's own random state back afterwards."""
    import torch

    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def _training(seed: int, device: torch.device) -> AbstractContextManager[None]:
    """Seed torch for what the steps draw from it, except beside the notebook.

    There, giving the user's random state back at the end would undo the draws of all cells that ran meanwhile.
    """
    beside = threading.current_thread() is not threading.main_thread()
    return nullcontext() if beside else _seeded(seed, device)


def _train(work: _Work, resumed: checkpoints.Checkpoint | None, emit: Listener, button: StopButton) -> Finetuned:
    options, prepared, train = work.options, work.prepared, work.parts["train"]
    plan, name = _plan(options, train), options.name or "model"
    folder = runs.model_folder(name)
    kept = checkpoints.set_aside(name) if resumed is None else None
    history = History()
    record = runs.Run(name, **work.facts, after=resumed.state["step"] if resumed else None)

    def tell(event: Any) -> None:
        for listener in (history.listen, record.listen, emit):
            listener(event)

    began = time.perf_counter()
    try:
        keeper = checkpoints.Checkpoints(
            name, work.facts, options.checkpoint_every, options.checkpoint_minutes, history.state,
            lambda folder, weights, step: _save(work, folder, {"best_step": step}, weights=weights), tell,
        )  # fmt: skip
        before = _before(work, tell)
        loop = Loop(
            work.network, work.feed("train"), plan, prepared.task.objective(prepared.train, options),
            _measure(work), tell, keeper, _named(work),
        )  # fmt: skip
        tell(_started(work, plan, name))
        if resumed is not None:
            _go_on(loop, history, resumed, emit)
            tell(Note(f"Resumed at {resumed.where}."))
        elif kept is not None:
            tell(Note(f"The run before did not end: {kept.where} was kept; add resume = True to go on.", warning=True))
        with heap.kept(), button:  # to the end: a stop while it measures or saves must not lose the model
            try:
                ended = loop.run(button)
            except Diverged as error:
                raise _unfinished(work, error, folder, history) from None
            del loop
            work = _merged(work)
            work, report, ended = _measured(work, ended, name, before, tell, button)
            card = _save(work, folder, asdict(ended), report)
        tell(replace(ended, detail=f"kept in {folder}"))
        record.finish({**card["metrics"], "seconds": time.perf_counter() - began})
        if ended.reason != "interrupted":
            checkpoints.remove(name)
    except BaseException as error:
        record.fail(error)
        raise
    return Finetuned(
        work.network, work.tokenizer, work.prepared.task, card, folder, options.precision, ended, history, report
    )


def _steps_an_epoch(options: Finetune | Pretrain, train: Tokens) -> int:
    return steps_an_epoch(len(train), options.batch_size, options.gradient_accumulation_steps)


def _plan(options: Finetune | Pretrain, train: Tokens) -> Plan:
    """Return what the loop needs of the options; learning rate, precision and epochs were resolved before."""
    shared = {field.name: getattr(options, field.name) for field in fields(Plan) if hasattr(options, field.name)}
    steps = count_steps(_steps_an_epoch(options, train), cast("float", options.epochs), options.max_steps)
    metric = cast("str", options.best_metric)
    return Plan(steps=steps, metric=metric, higher_is_better=metric not in LOWER_IS_BETTER, **shared)


def _go_on(loop: Loop, history: History, resumed: checkpoints.Checkpoint, emit: Listener) -> None:
    """Bring a run back to its checkpoint, and tell of what happened before it."""
    tensors = resumed.tensors()
    history.restore(resumed.state["told"], tensors["history"])
    loop.resume(resumed.state, tensors, resumed.best_weights())
    for event in history.events(_TOLD_AGAIN):
        emit(event)


def _unfinished(work: _Work, error: Diverged, folder: Path, history: History) -> TrainingError:
    """Keep the last good weights of a run that diverged, and return the error that leaves them; as it is without."""
    if not error.usable:
        return error
    work = _merged(work)
    card = _save(work, folder, asdict(error.ended))
    left = Finetuned(
        work.network, work.tokenizer, work.prepared.task, card, folder, work.options.precision, error.ended, history,
        report=None,
    )  # fmt: skip
    what = f"{error.what} The weights of step {error.ended.best_step:,} are kept in {folder}."
    return Unfinished(what, error.fix, left)


def _named(work: _Work) -> Callable[[Any], str]:
    """Return what names training samples by the user's index, with the beginnings of their texts."""
    rows, owner = work.prepared.train, work.parts["train"].owner

    def named(samples: Any) -> str:
        texts = dict.fromkeys(owner[samples].tolist())
        shown = [f"row {rows.index[at]} ({textwrap.shorten(rows.text(at), 60, placeholder='…')!r})" for at in texts]
        return listing(shown, 3)

    return named


def _started(work: _Work, plan: Plan, name: str) -> Started:
    prepared, options = work.prepared, work.options
    return Started(
        name=name,
        task=prepared.task.name,
        model=work.found.name,
        rows=len(prepared.train),
        validation_rows=len(prepared.validation) if prepared.validation else 0,
        steps=plan.steps,
        epochs=plan.steps / _steps_an_epoch(options, work.parts["train"]),
        device=str(options.device),
        precision=options.precision,
        metric=plan.metric,
        higher_is_better=plan.higher_is_better,
        options=work.facts["options"],
    )


def _measure(work: _Work) -> Callable[[Callable[[], None]], dict[str, float]] | None:
    validation = work.prepared.validation
    if validation is None:
        return None

    def measure(check: Callable[[], None]) -> dict[str, float]:
        found = work.scores("validation", lambda done: check())
        return work.prepared.task.metrics(found, validation, work.parts["validation"])

    return measure


def _measured(
    work: _Work, ended: Ended, name: str, before: Mapping[str, float], emit: Listener, button: StopButton
) -> tuple[_Work, Report | None, Ended]:
    """Return the work with what was chosen on validation rows and the report; none if the stop button was pressed."""
    if ended.reason == "interrupted":
        return work, None, ended
    try:
        work = _tuned(work, emit, button)
        return work, _report(work, ended, name, before, emit, button), ended
    except Stop:
        return work, None, replace(ended, reason="interrupted")


def _tuned(work: _Work, emit: Listener, button: StopButton) -> _Work:
    """Have the task choose what it chooses on validation rows, such as thresholds."""
    prepared = work.prepared
    if not prepared.task.tunes or prepared.validation is None:
        return work
    found = work.scores("validation", _watched(work, "validation", "tuning", emit, button))
    task = prepared.task.tuned(found, prepared.validation, work.parts["validation"])
    return replace(work, prepared=replace(prepared, task=task))


def _watched(work: _Work, part: str, what: str, emit: Listener, button: StopButton) -> Callable[[int], None]:
    def after_batch(done: int) -> None:
        emit(Phase(f"{what} on {part}", done, len(work.parts[part])))
        button.check()

    return after_batch


def _before(work: _Work, emit: Listener) -> dict[str, float]:
    """Return the metrics of the model as it is loaded, on the rows of the report; empty where none are wanted."""
    part, task = _reported(work), work.prepared.task
    if part is None or not task.compares:
        return {}
    tell = counting(emit, f"measuring on {part} before training")
    found = work.scores(part, lambda done: tell(done, len(work.parts[part])))
    return task.metrics(found, work.rows(part), work.parts[part])


def _reported(work: _Work) -> str | None:
    """Return the part that the report is on: test, or validation where there is none."""
    return next((part for part in ("test", "validation") if getattr(work.prepared, part) is not None), None)


def _report(
    work: _Work, ended: Ended, name: str, before: Mapping[str, float], emit: Listener, button: StopButton
) -> Report | None:
    """Measure the finished model on the test rows, or on the validation rows where there are none."""
    import pandas as pd

    part = _reported(work)
    if part is None:
        return None
    began, rows = time.perf_counter(), work.rows(part)
    found = work.scores(part, _watched(work, part, "measuring", emit, button))
    notes = () if part == "test" else ("The best weights were chosen on these rows: expect a little less on new ones.",)
    return work.prepared.task.report(
        found,
        rows,
        work.parts[part],
        pd.DataFrame(index=rows.index),
        model=name,
        data=rows.name,
        seconds=time.perf_counter() - began,
        tokens=len(work.parts[part].ids),
        train_seconds=ended.seconds,
        train_tokens=ended.tokens,
        best_step=ended.best_step,
        notes=notes,
        **({"before": before} if before else {}),
    )


def _save(
    work: _Work, folder: Path, run: Mapping[str, Any], report: Report | None = None, weights: Any = None
) -> dict[str, Any]:
    """Write a model with its card and return the card; ``weights`` are others than those that the model has."""
    options, prepared = work.options, work.prepared
    card = {
        "task": prepared.task.name,
        **prepared.task.card(),
        **prepared.columns,
        "encoder": work.found.name,
        "lr": work.found.lr,
        "max_length": options.max_length,
        "long_text": options.long_text,
        "stride": options.stride,
        **work.facts,
        "metrics": {**report.metrics, "data": report.data, "rows": report.rows} if report else {},
        "run": {name: value for name, value in run.items() if name != "detail"},
        "versions": runs.versions(),
    }
    adapter = work.adapter if weights is None or work.adapter is None else replace(work.adapter, tensors=weights)
    saving.save(folder, work.network, work.tokenizer, card, weights, adapter)
    return card


def _about(prepared: Prepared) -> dict[str, Any]:
    return {
        part: {
            "name": rows.name,
            "rows": len(rows),
            "columns": dict(prepared.columns),
            "sha256": runs.digest(rows.texts, *([rows.second] if rows.second else []), rows.targets.tolist()),
        }
        for part in ("train", "validation", "test")
        if (rows := getattr(prepared, part)) is not None
    }
