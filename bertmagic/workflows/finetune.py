"""A run of fine-tuning, from the user's table to a measured model: read, check, load, train, evaluate, keep."""

from __future__ import annotations

import textwrap
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from bertmagic.errors import TrainingError, listing
from bertmagic.events import Ended, Listener, Note, Phase, Started, counting
from bertmagic.models import adapters, saving
from bertmagic.models.fast import allocator
from bertmagic.run import checkpoints, folders
from bertmagic.run.recorder import RunRecorder
from bertmagic.run.stopping import Stop, StopButton
from bertmagic.training.history import History
from bertmagic.training.loop import Diverged, Loop, Measure
from bertmagic.workflows.setup import Setup, set_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.evaluation.report import Report
    from bertmagic.options import Finetune, Pretrain
    from bertmagic.tasks import Task
    from bertmagic.training.plan import Plan

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


def run(options: Finetune | Pretrain, emit: Listener, button: StopButton, checkpointed: bool = True) -> Finetuned:
    """Fine-tune a model.

    Parameters
    ----------
    options
        All options; ``model`` is an alias, a folder or a hub id.
    emit
        Told of everything that happens.
    button
        Ends the steps when it is pressed.
    checkpointed
        Whether checkpoints are written.

    Raises
    ------
    Unfinished
        If it diverged and the weights before are good.
    BertMagicError
        If data, model, device or options cannot be used; before the model is loaded where that can be known.
    """
    name = options.name or "model"
    with folders.writing(name):
        resumed = checkpoints.resumable(name) if options.resume else None
    with set_up(options, emit, resumed) as work:
        return _train(work, resumed, emit, button, checkpointed)


def _merged(work: Setup) -> Setup:
    """Make a plain model of one with adapters, and keep their tensors where they are to be saved."""
    if work.adapter is None:
        return work
    kept = {name: value.clone() for name, value in adapters.state(work.network).items()}
    adapters.merge(work.network)
    return replace(work, adapter=replace(work.adapter, tensors=kept) if work.options.lora_save == "adapter" else None)


def _train(
    work: Setup, resumed: checkpoints.Checkpoint | None, emit: Listener, button: StopButton, checkpointed: bool
) -> Finetuned:
    options, prepared = work.options, work.prepared
    plan, name = work.plan, options.name or "model"
    folder = folders.model_folder(name)
    history = History()
    record = RunRecorder(name, **work.facts, after=resumed.state["step"] if resumed else None, emit=emit)

    def tell(event: Any) -> None:
        for listener in (history.listen, record.listen, emit):
            listener(event)

    began = time.perf_counter()
    try:
        with folders.writing(name):
            kept = checkpoints.set_aside(name) if resumed is None else None
        keeper = checkpoints.Checkpoints(
            name, work.facts, options.checkpoint_every, options.checkpoint_minutes, history.state,
            lambda folder, weights, step: _save(work, folder, {"best_step": step}, weights=weights), tell,
        )  # fmt: skip
        before = _before(work, tell)
        loop = Loop(
            work.network, work.feed("train"), plan, prepared.task.objective(prepared.train, options),
            _measure(work), tell, keeper if checkpointed else None, _named(work),
        )  # fmt: skip
        tell(_started(work, plan, name))
        if resumed is not None:
            _go_on(loop, history, resumed, emit)
            tell(Note(f"Resumed at {resumed.where}."))
        elif kept is not None:
            tell(Note(f"The run before did not end: {kept.where} was kept; add resume = True to go on.", warning=True))
        with allocator.kept(), button:  # to the end: a stop while it measures or saves must not lose the model
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


def _go_on(loop: Loop, history: History, resumed: checkpoints.Checkpoint, emit: Listener) -> None:
    """Bring a run back to its checkpoint, and tell of what happened before it."""
    tensors = resumed.tensors()
    history.restore(resumed.state["told"], tensors["history"])
    loop.resume(resumed.state, tensors, resumed.best_weights())
    for event in history.events(_TOLD_AGAIN):
        emit(event)


def _unfinished(work: Setup, error: Diverged, folder: Path, history: History) -> TrainingError:
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


def _named(work: Setup) -> Callable[[Any], str]:
    """Return what names training samples by the user's index, with the beginnings of their texts."""
    rows, owner = work.prepared.train, work.parts["train"].owner

    def named(samples: Any) -> str:
        texts = dict.fromkeys(owner[samples].tolist())
        shown = [f"row {rows.index[at]} ({textwrap.shorten(rows.text(at), 60, placeholder='…')!r})" for at in texts]
        return listing(shown, 3)

    return named


def _started(work: Setup, plan: Plan, name: str) -> Started:
    prepared, options = work.prepared, work.options
    return Started(
        name=name,
        task=prepared.task.name,
        model=work.encoder.name,
        rows=len(prepared.train),
        validation_rows=len(prepared.validation) if prepared.validation else 0,
        steps=plan.steps,
        epochs=plan.steps / work.steps.per_epoch,
        device=str(options.device),
        precision=options.precision,
        metric=plan.metric,
        higher_is_better=plan.higher_is_better,
        options=work.facts["options"],
        loss_unit=prepared.task.loss_unit,
    )


def _measure(work: Setup) -> Measure | None:
    validation = work.prepared.validation
    if validation is None:
        return None

    def measure(network: PreTrainedModel, check: Callable[[], None]) -> dict[str, float]:
        found = work.scores("validation", lambda done: check(), network)
        return work.prepared.task.metrics(found, validation, work.parts["validation"])

    return measure


def _measured(
    work: Setup, ended: Ended, name: str, before: Mapping[str, float], emit: Listener, button: StopButton
) -> tuple[Setup, Report | None, Ended]:
    """Return the work with what was chosen on validation rows and the report; none if the stop button was pressed."""
    if ended.reason == "interrupted":
        return work, None, ended
    try:
        work, said = _tuned(work, emit, button)
        return work, _report(work, ended, name, before, said, emit, button), ended
    except Stop:
        return work, None, replace(ended, reason="interrupted")


def _tuned(work: Setup, emit: Listener, button: StopButton) -> tuple[Setup, tuple[str, ...]]:
    """Have the task choose what it chooses on validation rows, such as thresholds; say what that did to its ECE."""
    prepared = work.prepared
    calibrate = getattr(work.options, "calibrate", False)
    if prepared.validation is None or not (prepared.task.has_thresholds or calibrate):
        return work, ()
    found = work.scores("validation", _watched(work, "validation", "tuning", emit, button))
    rows, samples = prepared.validation, work.parts["validation"]
    said: tuple[str, ...] = ()
    if calibrate:  # which chooses what `tuned` does, too
        task, calibration = prepared.task.calibrated(found, rows, samples)
        said = (calibration.sentence,)
        emit(Note(calibration.sentence))
    else:
        task = prepared.task.tuned(found, rows, samples)
    return replace(work, prepared=replace(prepared, task=task)), said


def _watched(work: Setup, part: str, what: str, emit: Listener, button: StopButton) -> Callable[[int], None]:
    def after_batch(done: int) -> None:
        emit(Phase(f"{what} on {part}", done, len(work.parts[part])))
        button.check()

    return after_batch


def _before(work: Setup, emit: Listener) -> dict[str, float]:
    """Return the metrics of the model as it is loaded, on the rows of the report; empty where none are wanted."""
    part, task = _reported(work), work.prepared.task
    if part is None or not task.measures_before:
        return {}
    tell = counting(emit, f"measuring on {part} before training")
    found = work.scores(part, lambda done: tell(done, len(work.parts[part])))
    return task.metrics(found, work.rows(part), work.parts[part])


def _reported(work: Setup) -> str | None:
    """Return the part that the report is on: test, or validation where there is none."""
    return next((part for part in ("test", "validation") if part in work.prepared.parts), None)


def _report(
    work: Setup, ended: Ended, name: str, before: Mapping[str, float], said: tuple[str, ...], emit: Listener,
    button: StopButton,
) -> Report | None:  # fmt: skip
    """Measure the finished model on the test rows, or on the validation rows where there are none.

    ``said`` are further notes of the report.
    """
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
        model=name,
        data=rows.name,
        seconds=time.perf_counter() - began,
        tokens=len(work.parts[part].ids),
        train_seconds=ended.seconds,
        train_tokens=ended.tokens,
        best_step=ended.best_step,
        notes=(*notes, *said),
        **({"before": before} if before else {}),
    )


def _save(
    work: Setup, folder: Path, run: Mapping[str, Any], report: Report | None = None, weights: Any = None
) -> dict[str, Any]:
    """Write a model with its card and return the card; ``weights`` are others than those that the model has."""
    options, prepared = work.options, work.prepared
    card = {
        "task": prepared.task.name,
        **prepared.task.card(),
        **prepared.columns,
        "encoder": work.encoder.name,
        "lr": work.encoder.lr,
        "max_length": options.max_length,
        "long_text": options.long_text,
        "stride": options.stride,
        **work.facts,
        "metrics": {**report.metrics, "data": report.data, "rows": report.rows} if report else {},
        "intervals": {name: [one.low, one.high] for name, one in report.intervals.items()} if report else {},
        "run": {name: value for name, value in run.items() if name != "detail"},
        "versions": folders.versions(),
    }
    adapter = work.adapter if weights is None or work.adapter is None else replace(work.adapter, tensors=weights)
    saving.save(folder, work.network, work.tokenizer, card, weights, adapter)
    return card
