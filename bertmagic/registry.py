"""The models in memory, and what a name stands for: one of them, a job, a run, a folder or a hub id."""

from __future__ import annotations

import os
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertmagic import options as table
from bertmagic.disk import paths
from bertmagic.display import publish
from bertmagic.errors import FileError, ModelError, OptionError, UnknownReference, listing, named_memory_errors
from bertmagic.events import Phase
from bertmagic.models import checksums, saving
from bertmagic.models.catalogue import ALIASES
from bertmagic.run import folders, jobs
from bertmagic.run.jobs import Job
from bertmagic.run.stopping import WholeImports
from bertmagic.text_model import TextModel
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bertmagic.data.rows import LabelledRows
    from bertmagic.events import Listener

_held: weakref.WeakValueDictionary[str, TextModel] = weakref.WeakValueDictionary()
_newest: Callable[[], TextModel | None] = lambda: None  # noqa: E731 - a weak reference takes its place
_register = threading.Lock()


def hold(model: TextModel) -> TextModel:
    """Register a model under its name and as the newest, by a weak reference: this does not keep it alive."""
    global _newest
    model.network.eval()
    with _register:
        _held[model.name] = model
        _newest = weakref.ref(model)
    return model


def held() -> dict[str, TextModel]:
    """Return the models in memory by name, without those that were unloaded."""
    with _register:
        known = dict(_held.items())
    return {name: model for name, model in known.items() if model.is_loaded}


def newest() -> TextModel | None:
    """Return the model that was trained or loaded last; None if no such model is in memory."""
    model = _newest()
    return model if model is not None and model.is_loaded else None


@WholeImports()
@named_memory_errors()
def open_model(
    reference: str, *, name: str | None = None, device: str | None = None, precision: str = "auto",
    tokenizer: str | None = None, labels: Sequence[str] = (),
) -> TextModel:  # fmt: skip
    """Open the model of a run, of a folder or of the hub, without registering it; see `load`."""
    with publish.working() as emit:
        emit(Phase("starting PyTorch"))
        from bertmagic.workflows.predict import opened

        parts = opened(reference, device, precision, tuple(held()), emit, tokenizer, labels)
        model = TextModel(name or Path(reference).name, *parts)
    publish.notes([changed] if (changed := checksums.note(model.folder)) else [])
    return model


def held_or_open(reference: Any) -> TextModel:
    """Return the registered model of a name; else open what the name stands for, without registering it.

    Raises
    ------
    OptionError
        If it is not a name.
    """
    name = _reference(reference)
    return held().get(name) or open_model(name)


def _reference(given: Any) -> str:
    """Return what names a model.

    Raises
    ------
    OptionError
        If it is not a name.
    """
    if not isinstance(given, str | os.PathLike):
        raise OptionError(
            f"an object of type {type(given).__name__} is not a model: {quoted(given, 80)}.",
            "Give a model, or the name of one: a run, a saved folder, a hub id.",
        )
    return paths.path_text(given, "model")


TextModel.from_name = staticmethod(held_or_open)


def encoder_reference(model: Any) -> str:
    """Return the alias, hub id or absolute folder of the encoder to start from.

    Of a model it is a folder with the weights that it has in memory; see `bertmagic.workflows.starting_weights`.

    Raises
    ------
    ModelError
        If the model was unloaded and its folder holds another one by now, or a job has no weights yet.
    """
    if isinstance(model, TextModel | Job):
        from bertmagic.workflows import starting_weights

        return str(starting_weights.folder_of(find(model)))
    name = _reference(model)
    if isinstance(model, str) and name in folders.names():
        return str(folders.model_folder(name).absolute())
    folder = paths.path(name, "model")
    return str(folder.absolute()) if name not in ALIASES and folder.is_dir() else name


def load(
    ref: Any, *, name: str | None = None, device: str | None = None, precision: str = "auto",
    tokenizer: str | None = None, labels: str | Sequence[str] = (),
) -> TextModel:  # fmt: skip
    """Load a model: a run of this folder, a saved folder, or a model of the hub; also an encoder without a head.

    Parameters
    ----------
    ref
        The name of a run, the path of a folder, or a hub id.
    name
        The name to register it under; by default the last part of ``ref``.
    device, precision
        As in `finetune`.
    tokenizer
        For a model that Keras saved: the folder that its encoder was exported to, which has the tokenizer.
    labels
        For such a model: the names of its classes, in the order of its outputs.

    Raises
    ------
    UnknownReference
        If ``ref`` is not known.
    ModelError
        If the folder is not a model, is broken, or lacks the head of its task. A model without a head embeds texts
        and shows its attention; to predict with it is an error, too.
    """
    given = {"name": name, "device": device, "precision": precision, "tokenizer": tokenizer, "labels": labels}
    chosen = table.read(table.commands.Load, {"ref": ref, **given})
    return hold(open_model(_reference(ref), **{name: getattr(chosen, name) for name in given}))


def find(ref: Any = None) -> TextModel:
    """Return a model: the given one, the one of a name, or by default the newest; it is loaded if needed.

    For a running job it is a model with the best weights so far.

    Raises
    ------
    UnknownReference
        If there is no such model.
    ModelError
        If a job has no weights yet.
    """
    if isinstance(ref, TextModel):
        return ref
    if isinstance(ref, Job):
        return _of_job(ref)
    if ref is None:
        model = newest()
        if model is None:
            raise UnknownReference(
                f"no model was trained or loaded yet.{_waiting()}",
                "Train one with %%bert_finetune, or name one: --model NAME.",
            )
        return model
    name = _reference(ref)
    if name in (running := jobs.running()):
        return _of_job(running[name])
    return held().get(name) or load(ref)


def _of_job(job: Job) -> TextModel:
    try:
        return _so_far(job)
    except (ModelError, FileError, FileNotFoundError):  # a better one may have replaced it while it was read
        return _so_far(job)


def _so_far(job: Job) -> TextModel:
    """Return the model of a job; while it runs, a model with the weights of its best evaluation so far."""
    from bertmagic.run import checkpoints

    if job.ending:
        job.join()
    if job.model is not None:
        return job.model
    if job.done:
        raise ModelError(f"the job {job.name!r} left no model: {job.error}", "Run it again.")
    folder = checkpoints.best_folder(job.name)
    if folder is None:
        raise ModelError(f"{job.name!r} is still being trained ({jobs.place(job)}).", jobs.first_evaluation(job))
    return open_model(str(folder), name=job.name)  # not registered: the finished model gets this name


def _waiting() -> str:
    kept = folders.names()
    return f" This folder has runs: {listing(kept, 5)}." if kept else ""


def runs_here(with_model: bool = True) -> list[str]:
    """Return the names of the runs in this folder, the newest first: those that have a model, or all."""
    if with_model:
        return folders.names()
    from bertmagic.run import records

    return [record.name for record in records.read_runs()[0]]


def for_comparison(ref: Any) -> TextModel | str:
    """Return a model to compare, loaded if needed but not registered, or the name of a baseline."""
    if isinstance(ref, TextModel | Job) or (name := _reference(ref)) in jobs.running():
        return find(ref)
    return name if _is_baseline(ref) else held_or_open(name)


def rows_for_baselines(refs: Sequence[Any], emit: Listener) -> LabelledRows | None:
    """Return the training rows of the first model, before any model is loaded, if a baseline needs them.

    None without a baseline, and if the card of the model is not in this folder: then it has to be loaded first.

    Raises
    ------
    OptionError
        If the task has no such baseline, or the rows are not at hand.
    """
    baseline = next((str(ref) for ref in refs if _is_baseline(ref)), "")
    model = next((ref for ref in refs if not _is_baseline(ref)), None)
    card = _card_of(model) if baseline else None
    if not card or "task" not in card:  # a model that was not trained here
        return None
    from bertmagic import tasks
    from bertmagic.workflows import compare, training_rows

    name = model.name if isinstance(model, TextModel) else str(model)
    compare.refuse(baseline, tasks.find(card["task"]).from_card(card, {}))
    return training_rows.require(card, name, baseline, emit)


def _is_baseline(ref: Any) -> bool:
    from bertmagic.evaluation.baselines import BASELINES

    return isinstance(ref, str) and ref in BASELINES and ref not in held()


def _card_of(ref: Any) -> dict[str, Any] | None:
    """Return the card of a model that is held or is a run; None for any other."""
    if isinstance(ref, str):
        ref = held().get(ref, ref)
    if isinstance(ref, TextModel):
        return ref.card
    known = isinstance(ref, str) and ref not in jobs.running() and ref in folders.names()
    return saving.read_card(folders.model_folder(str(ref))) if known else None
