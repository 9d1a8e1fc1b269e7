"""A training run, from the user's table to a saved and evaluated model."""

from __future__ import annotations

import textwrap
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from bertmagic.disk import files
from bertmagic.errors import TrainingError, listing
from bertmagic.events import Ended, Listener, Note, Phase, Started, counting
from bertmagic.models import adapters, heads, saving
from bertmagic.models.fast import allocator
from bertmagic.run import checkpoints, folders
from bertmagic.run.recorder import RunRecorder
from bertmagic.run.stopping import Stop, StopButton
from bertmagic.training.history import History
from bertmagic.training.loop import Diverged, Loop, Measure
from bertmagic.workflows import baselines, evaluate, training_rows
from bertmagic.workflows.setup import Setup, set_up

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.evaluation.report import Report
    from bertmagic.options import Finetune, Pretrain
    from bertmagic.tasks import Task
    from bertmagic.training.plan import Plan

_REPEATED_STEPS = 1000
"""How many of the earlier steps a resumed run emits again, for the curves of its panel."""


@dataclass(frozen=True)
class Finetuned:
    """The result of a run: the model with its parts, and the history. ``report`` is None after an interrupt."""

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
    """A run that diverged, with its last good weights."""

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
        Receives every event.
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
    with files.refusals(folders.run_folder(name)):
        resumed = checkpoints.resumable(name) if options.resume else None
    with set_up(options, emit, resumed) as setup:
        return _train(setup, resumed, emit, button, checkpointed)


def _merged(setup: Setup) -> Setup:
    """Merge adapters into the network, and keep their tensors if they are to be saved."""
    if setup.adapter is None:
        return setup
    kept = {name: value.clone() for name, value in adapters.state(setup.network).items()}
    adapters.merge(setup.network)
    return replace(
        setup, adapter=replace(setup.adapter, tensors=kept) if setup.options.lora_save == "adapter" else None
    )


def _train(
    setup: Setup, resumed: checkpoints.Checkpoint | None, emit: Listener, button: StopButton, checkpointed: bool
) -> Finetuned:
    options, prepared = setup.options, setup.prepared
    plan, name = setup.plan, options.name or "model"
    folder = folders.model_folder(name)
    history = History()
    record = RunRecorder(name, **setup.facts, after=resumed.state["step"] if resumed else None, emit=emit)

    def notify(event: Any) -> None:
        for listener in (history.listen, record.listen, emit):
            listener(event)

    try:
        with files.refusals(folders.run_folder(name)):
            kept = checkpoints.set_aside(name) if resumed is None else None
        keeper = checkpoints.Checkpoints(
            name, setup.facts, options.checkpoint_every, options.checkpoint_minutes, history.state,
            lambda folder, weights, step: _save(setup, folder, {"best_step": step}, weights=weights), notify,
        )  # fmt: skip
        training_rows.keep(name, prepared, options, notify)
        measured = baselines.measure(setup, _reported(setup), notify, button)
        before = _metrics_before(setup, notify)
        loop = Loop(
            setup.network, setup.feed("train"), plan, prepared.task.objective(prepared.train, options),
            _validator(setup, notify), notify, keeper if checkpointed else None, _sample_names(setup),
        )  # fmt: skip
        notify(_started(setup, plan, name))
        if resumed is not None:
            _restore(loop, history, resumed, emit)
            if resumed.damage:
                notify(Note(f"{resumed.damage} The checkpoint before it is used.", warning=True))
            notify(Note(f"Resumed at {resumed.where}."))
        elif kept is not None:
            notify(
                Note(f"The run before did not end: {kept.where} was kept; add resume = True to go on.", warning=True)
            )
        with button:  # to the end: a stop while it measures or saves must not lose the model
            try:
                with allocator.kept():
                    ended = loop.run(button)
            except Diverged as error:
                raise _unfinished(setup, error, folder, history) from None
            del loop
            setup = _merged(setup)
            setup, report, ended = _finished(setup, ended, name, before, measured, notify, button)
            notify(Phase("writing the model"))
            card = _save(setup, folder, asdict(ended), report)
        notify(replace(ended, detail=f"kept in {folder}"))
        record.finish({**card["metrics"], "baselines": card["baselines"], "seconds": ended.seconds})
        if ended.reason != "interrupted":
            checkpoints.remove(name)
    except BaseException as error:
        record.fail(error)
        raise
    return Finetuned(
        setup.network, setup.tokenizer, setup.prepared.task, card, folder, options.precision, ended, history, report
    )


def _restore(loop: Loop, history: History, resumed: checkpoints.Checkpoint, emit: Listener) -> None:
    """Restore the state of a checkpoint, and emit the events before it.

    Raises
    ------
    FileError
        If it is of a version whose checkpoints have other parts.
    """
    try:
        tensors = resumed.tensors()
        history.restore(resumed.state["told"], tensors["history"])
        loop.resume(resumed.state, tensors, resumed.best_weights())
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, IndexError) as error:
        raise checkpoints.unfitting(resumed, error) from error
    for event in history.events(_REPEATED_STEPS):
        emit(event)


def _unfinished(setup: Setup, error: Diverged, folder: Path, history: History) -> TrainingError:
    """Save the last good weights of a run that diverged, and return an error that has them; without any, ``error``."""
    if not error.usable:
        return error
    setup = _merged(setup)
    card = _save(setup, folder, asdict(error.ended))
    left = Finetuned(
        setup.network, setup.tokenizer, setup.prepared.task, card, folder, setup.options.precision, error.ended,
        history, report=None,
    )  # fmt: skip
    what = f"{error.what} The weights of step {error.ended.best_step:,} are kept in {folder}."
    return Unfinished(what, error.fix, left)


def _sample_names(setup: Setup) -> Callable[[Any], str]:
    """Return a function that names training samples by the user's index and the beginnings of their texts."""
    rows, owner = setup.prepared.train, setup.parts["train"].owner

    def named(samples: Any) -> str:
        texts = dict.fromkeys(owner[samples].tolist())
        shown = [f"row {rows.index[at]} ({textwrap.shorten(rows.text(at), 60, placeholder='…')!r})" for at in texts]
        return listing(shown, 3)

    return named


def _started(setup: Setup, plan: Plan, name: str) -> Started:
    prepared, options = setup.prepared, setup.options
    return Started(
        name=name,
        task=prepared.task.name,
        model=setup.encoder.name,
        rows=len(prepared.train),
        validation_rows=len(prepared.validation) if prepared.validation else 0,
        steps=plan.steps,
        epochs=plan.steps / setup.steps.per_epoch,
        device=str(options.device),
        precision=options.precision,
        metric=plan.metric,
        higher_is_better=plan.higher_is_better,
        options=setup.facts["options"],
        loss_unit=prepared.task.loss_unit,
    )


def _validator(setup: Setup, emit: Listener) -> Measure | None:
    validation = setup.prepared.validation
    if validation is None:
        return None

    def measure(network: PreTrainedModel, check: Callable[[], None]) -> dict[str, float]:
        def after_batch(done: int) -> None:
            emit(Phase("evaluating on validation", done, len(setup.parts["validation"])))
            check()

        emit(Phase("evaluating on validation", 0, len(setup.parts["validation"])))
        scores = setup.scores("validation", after_batch, network)
        return setup.prepared.task.metrics(scores, validation, setup.parts["validation"])

    return measure


def _finished(
    setup: Setup, ended: Ended, name: str, before: Mapping[str, float], measured: baselines.Measured, emit: Listener,
    button: StopButton,
) -> tuple[Setup, Report | None, Ended]:  # fmt: skip
    """Return the tuned setup and its report; no report if the stop button was pressed."""
    if ended.reason == "interrupted":
        return setup, None, ended
    try:
        setup, notes = _tuned(setup, emit, button)
        report = _report(setup, ended, name, before, notes, emit, button)
        if report is not None:
            report = baselines.compared(report, measured, setup, ended, emit, button)
        return setup, report, ended
    except Stop:
        return setup, None, replace(ended, reason="interrupted")


def _tuned(setup: Setup, emit: Listener, button: StopButton) -> tuple[Setup, tuple[str, ...]]:
    """Choose thresholds and temperature on validation rows; return notes on what calibration changed."""
    prepared = setup.prepared
    calibrate = getattr(setup.options, "calibrate", False)
    if prepared.validation is None or not (prepared.task.has_thresholds or calibrate):
        return setup, ()
    scores = setup.scores("validation", _watched(setup, "validation", "tuning", emit, button))
    rows, samples = prepared.validation, setup.parts["validation"]
    notes: tuple[str, ...] = ()
    if calibrate:  # which chooses what `tuned` does, too
        task, calibration = prepared.task.calibrated(scores, rows, samples)
        if _put_into_head(setup, calibration.temperature):
            scores /= calibration.temperature
            task = prepared.task.tuned(scores, rows, samples)
        notes = (calibration.sentence,)
        emit(Note(calibration.sentence))
    else:
        task = prepared.task.tuned(scores, rows, samples)
    return replace(setup, prepared=replace(prepared, task=task)), notes


def _put_into_head(setup: Setup, temperature: float) -> bool:
    """Divide the output layer by a temperature, so that the folder gives the same probabilities in transformers.

    Returns False where the head does not end in a linear layer, or the folder has only adapters: then the task has it.
    """
    import torch

    output = heads.output_layer(setup.network)
    if output is None or setup.adapter is not None:
        return False
    with torch.no_grad():
        for parameter in output.parameters():
            parameter.div_(temperature)
    return True


def _watched(setup: Setup, part: str, what: str, emit: Listener, button: StopButton) -> Callable[[int], None]:
    def after_batch(done: int) -> None:
        emit(Phase(f"{what} on {part}", done, len(setup.parts[part])))
        button.check()

    return after_batch


def _metrics_before(setup: Setup, emit: Listener) -> dict[str, float]:
    """Return the metrics before training on the rows of the report; empty if the task does not report them."""
    part, task = _reported(setup), setup.prepared.task
    if part is None or not task.measures_before:
        return {}
    notify = counting(emit, f"measuring on {part} before training")
    scores = setup.scores(part, lambda done: notify(done, len(setup.parts[part])))
    return task.metrics(scores, setup.rows(part), setup.parts[part])


def _reported(setup: Setup) -> str | None:
    """Return the part that the report is about: test, else validation."""
    return next((part for part in ("test", "validation") if part in setup.prepared.parts), None)


def _report(
    setup: Setup, ended: Ended, name: str, before: Mapping[str, float], tuning_notes: tuple[str, ...], emit: Listener,
    button: StopButton,
) -> Report | None:  # fmt: skip
    """Evaluate the finished model on the test rows, or on the validation rows if there are none.

    ``tuning_notes`` say what calibration changed; the report has them too.
    """
    part = _reported(setup)
    if part is None:
        return None
    began, rows = time.perf_counter(), setup.rows(part)
    scores = setup.scores(part, _watched(setup, part, "measuring", emit, button))
    chose = part == "validation" and setup.plan.keep == "best"
    notes = ("The best weights were chosen on these rows: expect a little less on new ones.",) if chose else ()
    report = setup.prepared.task.report(
        scores,
        rows,
        setup.parts[part],
        model=name,
        data=rows.name,
        main=setup.prepared.task.main_metric,
        seconds=time.perf_counter() - began,
        tokens=len(setup.parts[part].ids),
        train_seconds=ended.seconds,
        train_tokens=ended.tokens,
        best_step=ended.best_step,
        notes=(*setup.prepared.read_notes, *notes, *tuning_notes),
        **({"before": before} if before else {}),
    )
    emit(Phase("looking at parts of the rows"))
    return evaluate.at_the_end_of_a_run(report)


def _save(
    setup: Setup, folder: Path, run: Mapping[str, Any], report: Report | None = None, weights: Any = None
) -> dict[str, Any]:
    """Save a model with its card and return the card; ``weights`` replace those of the model."""
    options, prepared = setup.options, setup.prepared
    card = {
        "task": prepared.task.name,
        **prepared.task.card(),
        **prepared.columns,
        "encoder": setup.encoder.name,
        **({"encoder_digest": setup.encoder.digest} if setup.encoder.digest else {}),
        **({"encoder_revision": setup.encoder.revision} if setup.encoder.revision else {}),
        saving.WEIGHTS: saving.weights_digest(setup.network.state_dict() if weights is None else weights),
        "lr": setup.encoder.lr,
        "max_length": options.max_length,
        "long_text": options.long_text,
        "stride": options.stride,
        **setup.facts,
        "metrics": {**report.metrics, "data": report.data, "rows": report.rows} if report else {},
        "intervals": {name: [one.low, one.high] for name, one in report.intervals.items()} if report else {},
        "baselines": baselines.card(report),
        "verdict": report.verdict if report else "",
        "run": {name: value for name, value in run.items() if name != "detail"},
        "versions": folders.versions(),
    }
    adapter = setup.adapter if weights is None or setup.adapter is None else replace(setup.adapter, tensors=weights)
    saving.save(folder, setup.network, setup.tokenizer, card, weights, adapter)
    return card
