"""Launches runs and searches: trains, shows the progress, and leaves the user a model."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from bertmagic.disk import paths
from bertmagic.display import publish
from bertmagic.errors import (
    BertMagicError,
    FileError,
    Interrupted,
    OptionError,
    TrainingError,
    count,
    empty_frames,
    listing,
    named_memory_errors,
)  # fmt: skip
from bertmagic.events import Event, Listener, Note, Phase, ignore
from bertmagic.loggers.run_loggers import RunLoggers, require_loggers
from bertmagic.magic_words import has_magics
from bertmagic.models import devices, hub_upload, saving
from bertmagic.options.ranges import Range
from bertmagic.registry import encoder_reference, hold, load
from bertmagic.run import folders, jobs
from bertmagic.run.locks import RunLock
from bertmagic.run.stopping import Stop, StopButton, WholeImports
from bertmagic.text_model import TextModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bertmagic import options as table
    from bertmagic.display.live.live_output import Watcher
    from bertmagic.loggers.logger import Outcome
    from bertmagic.run.jobs import Job
    from bertmagic.tuning.results import Rates, Search
    from bertmagic.workflows.finetune import Finetuned

Options = TypeVar("Options", "table.Finetune | table.Pretrain", "table.Tune")


@WholeImports()
def train(chosen: table.Finetune | table.Pretrain, on_event: Listener | None, show: bool) -> TextModel | Job:
    """Fine-tune or pre-train with the given options; see `bertmagic.api.finetune`."""
    name = chosen.name or "model"
    jobs.refuse(name)
    if chosen.save_to is not None:
        if chosen.save_to.startswith(hub_upload.PREFIX):
            raise OptionError("save_to takes a folder.", f"After training: %bert_save {name} {chosen.save_to}")
        saving.check(paths.path(chosen.save_to, "save_to"))  # now, not after hours of training
    require_loggers(chosen.log_to)
    chosen, note = _with_encoder(chosen, name)
    lock = RunLock(name)  # before the job begins, so that the cell that starts it gets the error
    try:
        panel = publish.listener(not show)
        listeners: list[Listener] = [panel, on_event] if on_event else [panel]
        for listen in listeners if note else ():
            listen(Note(note))
        logged = RunLoggers(chosen.log_to, folders.run_folder(name))
        if not chosen.background:
            return _run(chosen, panel, listeners, StopButton(), lock, logged)
        return jobs.start(
            name, lambda button, heard: _run_in_thread(chosen, panel, [heard, *listeners], button, lock, logged)
        )
    except BaseException:
        lock.release()
        raise


@WholeImports()
def train_apart(chosen: table.Finetune, on_event: Listener, show: bool) -> TextModel:
    """Fine-tune without registering the model; a run without a name leaves nothing on the disk.

    This is for callers that train many models and keep them themselves, such as a cross-validation.

    Raises
    ------
    BertMagicError, Interrupted
        As `train`; a run without a name that was stopped keeps no model.
    """
    name = chosen.name or "model"
    if chosen.name is not None:
        jobs.refuse(name)
    options, _ = _with_encoder(chosen, name)
    logged = RunLoggers((), folders.run_folder(name))
    with folders.apart() if chosen.name is None else nullcontext():
        return _run(
            options, publish.listener(not show), [on_event], StopButton(), RunLock(name), logged, registered=False
        )


def _with_encoder(chosen: Options, name: str) -> tuple[Options, str]:
    """Return options that name the encoder by its folder or id, and a note where its weights were only in memory.

    A run with LoRA needs its encoder to the end and beyond: one that the run will replace is copied.
    """
    from bertmagic.workflows import starting_weights

    reference, given = encoder_reference(chosen.model), chosen.model
    if chosen.adapt == "lora" and Path(reference) == folders.model_folder(name).absolute():
        reference = str(starting_weights.copy_of(Path(reference)))
    note = ""
    if isinstance(given, TextModel) and Path(reference) != given.folder:
        note = f"{given.folder} no longer has the weights of {given.name!r}: those in memory are kept in {reference}."
    return replace(chosen, model=reference), note


def _run_in_thread(
    options: table.Finetune | table.Pretrain, panel: Watcher, listeners: Sequence[Listener], button: StopButton,
    lock: RunLock, logged: RunLoggers,
) -> TextModel:  # fmt: skip
    """Run in a background thread. Its cell has ended, so an error is shown in the output as well as kept in the job."""
    folders.pin()
    try:
        return _run(options, panel, listeners, button, lock, logged)
    except Interrupted:  # the panel has shown it
        raise
    except BaseException as error:
        panel.below(error)
        raise


def _run(
    options: table.Finetune | table.Pretrain, panel: Watcher, listeners: Sequence[Listener], button: StopButton,
    lock: RunLock, logged: RunLoggers, registered: bool = True,
) -> TextModel:  # fmt: skip
    """Run here; a model that is not to be registered is the caller's alone."""

    def emit(event: Event) -> None:
        show(event)
        logged.listen(event, show)

    def show(event: Event) -> None:
        for listener in listeners:
            listener(event)

    try:
        with lock, named_memory_errors():
            emit(Phase("starting PyTorch"))
            done = _finetuned(options, emit, button, registered)
    except BaseException as error:
        logged.finish("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
        empty_frames(error)
        devices.release()
        panel.close(error)
        raise
    model = _adopt(options.name or "model", done, registered)
    devices.empty_cache()
    if options.save_to is not None:
        _save_copy(model, options.save_to)
    outcome: Outcome = "interrupted" if done.ended.reason == "interrupted" else "finished"
    for failure in logged.finish(outcome, model.report, model.folder):
        panel.below(BertMagicError(failure, "The run is done, and its model is whole."))
    if done.ended.reason == "interrupted":
        raise Interrupted(_stopped(model, done), model)
    if model.report is not None:
        panel.below(model.report)
    return model


def _save_copy(model: TextModel, path: str) -> None:
    """Save a trained model where the user asked for it; where that fails, the user has the model all the same."""
    try:
        model.save(path)
    except FileError as error:
        what = f"{error.what} The run itself is done: its model is kept in {model.folder}."
        raise TrainingError(what, error.fix, model) from error


def _finetuned(
    options: table.Finetune | table.Pretrain, emit: Listener, button: StopButton, registered: bool
) -> Finetuned:
    try:
        from bertmagic.workflows import finetune

        return finetune.run(options, emit, button, checkpointed=registered)
    except Interrupted:
        raise
    except KeyboardInterrupt:
        raise Interrupted("stopped before there was a model to keep.") from None
    except TrainingError as error:
        if not isinstance(error, finetune.Unfinished):
            raise
        unfinished = error
    # Out of its handler: the new error must not keep the old one, whose weights a user may want to give back.
    raise TrainingError(unfinished.what, unfinished.fix, _adopt(options.name or "model", unfinished.left, registered))


def _stopped(model: TextModel, done: Finetuned) -> str:
    ended = done.ended
    return (
        f"stopped after step {ended.step:,}; {model.name!r} has the weights of step {ended.best_step:,}.\n"
        f"It is kept in {model.folder}; add resume = True to go on."
    )


def _adopt(name: str, done: Finetuned, registered: bool) -> TextModel:
    model = TextModel(
        name, done.network, done.tokenizer, done.task, done.card, done.folder, done.precision, done.report,
        done.history,
    )  # fmt: skip
    model.network.eval()
    return hold(model) if registered else model


@WholeImports()
def search(
    chosen: table.Tune, on_event: Listener | None, show: bool, sources: Mapping[str, str] | None
) -> Search | Rates:
    """Search with the given options; see `bertmagic.api.tune`."""
    name = chosen.name or "tuned"
    jobs.refuse(name)
    if not isinstance(chosen.model, Range):
        chosen, _ = _with_encoder(chosen, name)
    if chosen.lr_find:  # nothing is written
        return _rates(chosen, on_event or ignore, show)
    with RunLock(name):
        return _searched(chosen, name, on_event or ignore, show, sources)


def _rates(chosen: table.Tune, on_event: Listener, show: bool) -> Rates:
    with publish.working(show, at_once="torch" not in sys.modules) as bar:
        bar(Phase("starting PyTorch"))
        from bertmagic.tuning import search

        if others := [name for name in search.ranges(chosen) if name != "lr"]:
            raise OptionError(f"lr_find varies only lr: {listing(others)} must have one value.", "Give one value.")
        return rates(search.plain(chosen), tee(bar, on_event), StopButton())


def rates(chosen: table.Finetune, emit: Listener, button: StopButton) -> Rates:
    """Find a learning rate for a run; no weights are kept.

    Raises
    ------
    BertMagicError
        If data, model or options cannot be used, or the loss falls at no rate.
    Interrupted
        If the button was pressed.
    """
    from bertmagic.tuning import rates as finder
    from bertmagic.workflows import setup

    notes: dict[str, None] = {}

    def heard(event: Event) -> None:
        if isinstance(event, Note):
            notes[event.text] = None
        emit(event)

    try:
        with named_memory_errors(), button, setup.set_up(chosen, heard) as begun:
            objective = begun.prepared.task.objective(begun.prepared.train, begun.options)
            named = begun.encoder.name, begun.prepared.train.name
            found = finder.find(begun.network, begun.feed("train"), begun.plan, objective, heard, button, named)
            return replace(found, notes=tuple(notes))
    except (Stop, KeyboardInterrupt):
        raise Interrupted("stopped before there was a rate to suggest.") from None
    finally:
        devices.release()


def tee(one: Listener, other: Listener) -> Listener:
    """Return a listener that passes each event to two others."""

    def emit(event: Event) -> None:
        one(event)
        other(event)

    return emit


def _searched(
    chosen: table.Tune, name: str, on_event: Listener, show: bool, sources: Mapping[str, str] | None
) -> Search:
    panel: Any = publish.listener(not show, searches=True)  # it takes a `Search`, too, and not only a run's events
    try:
        panel(Phase("starting PyTorch"))
        from bertmagic.options.cells import finetuning
        from bertmagic.tuning import search

        searched = search.ranges(chosen)
        fixed = {option: code for option, code in (sources or {}).items() if option not in searched}
        with named_memory_errors():
            result = search.run(
                chosen, panel, tee(panel, on_event), StopButton(),
                lambda values: finetuning(name, values, fixed, has_magics()),
            )  # fmt: skip
    except BaseException as error:
        empty_frames(error)
        devices.release()
        panel.close(error)
        raise
    model = load(name, device=chosen.device, precision=chosen.precision) if result.best else None
    panel.close()
    if result.ended == "interrupted":
        kept = f"; {name!r} is the best of them" if model else ""
        raise Interrupted(
            f"stopped after {count(len(result.trials), 'trial')}{kept}. The same cell continues the search.", model
        )
    if chosen.test is not None and model is not None:
        panel.below(model.evaluate(chosen.test, show=show))
    if chosen.save_to is not None and model is not None:
        _save_copy(model, chosen.save_to)
    return replace(result, model=model)


@WholeImports()
def new_model(chosen: table.commands.NewModel) -> TextModel:
    """Make a BERT with random weights as the model of a run; see `bertmagic.api.new_model`."""
    from bertmagic.models import new_encoder
    from bertmagic.tasks.masked_language_modeling.task import texts_of

    name = chosen.name
    jobs.refuse(name)
    with RunLock(name), publish.working() as emit:
        emit(Phase("learning the vocabulary"))
        texts = texts_of(chosen.vocab_from, chosen.text)
        new_encoder.write(
            folders.made_folder(name), chosen.size, texts, chosen.vocab_size, chosen.lowercase, chosen.seed
        )
    return load(name, device=chosen.device)
