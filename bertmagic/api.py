"""The functions and the class that magics and scripts call: ``import bertmagic as bm``."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertmagic import options as table
from bertmagic.display import publish
from bertmagic.errors import Interrupted, ModelError, UnknownReference, listing
from bertmagic.training import runs
from bertmagic.training.events import Event, Listener, Phase, ignore

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.data.report import DataReport
    from bertmagic.evaluation.report import Report
    from bertmagic.finetuning import Finetuned
    from bertmagic.inference.predictions import Predictions
    from bertmagic.models.status import Catalogue, Status
    from bertmagic.tasks import Task
    from bertmagic.training.history import History

_held: weakref.WeakValueDictionary[str, TextModel] = weakref.WeakValueDictionary()
_newest: Callable[[], TextModel | None] = lambda: None  # noqa: E731 - a weak reference takes its place


class TextModel:
    """A fine-tuned model and what belongs to it.

    Attributes
    ----------
    name
        The name of its run, or the one it was loaded under.
    task
        What it was trained for, with its labels.
    card
        What is saved beside the weights: task, labels, columns, options, digests of the data, metrics, versions.
    folder
        Where it is on disk.
    report
        The report at the end of its training; None for a loaded or an interrupted one.
    history
        The steps and evaluations of its training, as tables; None for a loaded one.
    """

    def __init__(
        self, name: str, network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, task: Task,
        card: dict[str, Any], folder: Path, precision: str,
        report: Report | None = None, history: History | None = None,
    ) -> None:  # fmt: skip
        self.name, self.task, self.card, self.folder = name, task, card, folder
        self.report, self.history, self.precision = report, history, precision
        self._network: PreTrainedModel | None = network
        self._tokenizer = tokenizer
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        if self._network is None:
            return f"TextModel {self.name!r}: unloaded; %bert_load {self.folder} brings it back"
        labels = listing(self.labels, 6)
        return f"TextModel {self.name!r}: {self.task.name} ({labels}) on {self.card.get('encoder')}, {self.device}"

    @property
    def network(self) -> PreTrainedModel:
        """The transformers model.

        Raises
        ------
        ModelError
            If it was unloaded.
        """
        if self._network is None:
            raise ModelError(f"model {self.name!r} was unloaded.", f"Bring it back with %bert_load {self.folder}")
        return self._network

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """The tokenizer of transformers."""
        return self._tokenizer

    @property
    def labels(self) -> tuple[Any, ...]:
        """The classes, as the values they had in the training data."""
        return tuple(self.card["labels"])

    @property
    def device(self) -> torch.device:
        """The device it is on."""
        device: torch.device = self.network.device
        return device

    @property
    def bytes(self) -> int:
        """The bytes of its parameters and buffers; 0 once it is unloaded."""
        if self._network is None:
            return 0
        tensors = [*self._network.parameters(), *self._network.buffers()]
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def predict(
        self, texts: Any = None, *, text: str | None = None, file: str | None = None, show: bool = True
    ) -> Predictions:
        """Predict the label of each text, with a probability for each class.

        Parameters
        ----------
        texts
            A text, a list, a Series, a DataFrame or any other data with a text column.
        text
            The column of the texts; by default the one of training.
        file
            Read the texts from a file instead.
        show
            Whether to show a progress bar when it takes more than 2 s.

        Returns
        -------
        Predictions
            With a ``frame`` in the order and with the index of the input.
        """
        from bertmagic.using import predict

        with self._lock, _progress(show) as emit:
            return predict(self, texts if file is None else Path(file), text, emit)

    def evaluate(
        self, data: Any, *, text: str | None = None, label: str | None = None, by: Sequence[str] = (),
        show: bool = True,
    ) -> Report:  # fmt: skip
        """Measure the model on rows whose labels are known.

        Parameters
        ----------
        data
            The rows: anything that `finetune` takes.
        text, label
            Their columns; by default those of training.
        by
            Columns whose values are reported one by one.
        show
            Whether to show a progress bar when it takes more than 2 s.
        """
        from bertmagic.using import evaluate

        slices = (by,) if isinstance(by, str) else tuple(by)
        with self._lock, _progress(show) as emit:
            return evaluate(self, data, text, label, slices, emit)

    def save(self, path: str | Path) -> Path:
        """Write the model to a folder that `load` and transformers can read; it appears there whole or not at all."""
        from bertmagic.models import saving

        with self._lock:
            return saving.save(Path(path).expanduser(), self.network, self.tokenizer, self.card)

    def unload(self) -> int:
        """Give the memory of the weights back and return how many bytes that was; the folder on disk stays."""
        from bertmagic.models import devices

        with self._lock:
            size, device = self.bytes, self.device if self._network is not None else None
            self._network = None
            if _held.get(self.name) is self:
                del _held[self.name]
            if device is not None:
                devices.release(device)
            return size


def finetune(train: Any = None, *, on_event: Listener | None = None, show: bool = True, **options: Any) -> TextModel:
    """Fine-tune a pre-trained encoder on your own table.

    Shows a live panel in a notebook and lines of text elsewhere; the options are those of ``%%bert_finetune``.

    Parameters
    ----------
    on_event
        Called with every event of the run, see `bertmagic.training.events`.
    show
        Whether to show the panel and the report.

    Returns
    -------
    TextModel
        With the best weights, also kept in the run's folder.

    Raises
    ------
    BertMagicError
        If data, model or options cannot be used.
    Interrupted
        If it was stopped; its ``model`` has the best weights so far.

    Examples
    --------
    >>> model = finetune("sample:reviews", label="sentiment", max_steps=20)  # doctest: +SKIP
    """
    chosen = table.read(table.Finetune, {"train": train, **options})
    panel = publish.listener() if show else None
    listeners = [listener for listener in (panel, on_event) if listener is not None]

    def emit(event: Event) -> None:
        for listener in listeners:
            listener(event)

    try:
        emit(Phase("starting PyTorch"))
        done = _run(chosen, emit)
    except BaseException as error:
        if panel is not None:
            panel.close(error)
        raise
    model = _adopt(chosen.name or "model", done)
    if chosen.save_to is not None:
        model.save(chosen.save_to)
    if done.ended.reason == "interrupted":
        raise Interrupted(_stopped(model, done), model)
    if show and model.report is not None:
        publish.show(model.report)
    return model


def _run(options: table.Finetune, emit: Listener) -> Finetuned:
    try:
        from bertmagic import finetuning

        finetuning.refuse(options)
        return finetuning.run(replace(options, model=_start(options.model)), emit)
    except Interrupted:
        raise
    except KeyboardInterrupt:
        raise Interrupted("stopped before there was a model to keep.") from None


def _stopped(model: TextModel, done: Finetuned) -> str:
    ended = done.ended
    return (
        f"stopped after step {ended.step:,}; {model.name!r} has the weights of step {ended.best_step:,}.\n"
        f"It is kept in {model.folder}."
    )


def _start(model: Any) -> str:
    """Return the alias, folder or hub id of the encoder to start from."""
    if isinstance(model, TextModel):
        return str(model.folder)
    if isinstance(model, str) and model in runs.names():
        return str(runs.model_folder(model))
    return str(model)


def _adopt(name: str, done: Finetuned) -> TextModel:
    return _hold(
        TextModel(
            name, done.network, done.tokenizer, done.task, done.card, done.folder, done.precision, done.report,
            done.history,
        )
    )  # fmt: skip


def _hold(model: TextModel) -> TextModel:
    """Remember a model, without keeping it alive, as the newest and by its name."""
    global _newest
    model.network.eval()
    _held[model.name] = model
    _newest = weakref.ref(model)
    return model


@contextmanager
def _progress(show: bool) -> Iterator[Listener]:
    """Give a listener that draws a progress bar for work over 2 s, and close it with the error that ends the work."""
    if not show:
        yield ignore
        return
    panel = publish.listener(delay=2.0)
    try:
        yield panel
    except BaseException as error:
        panel.close(error)
        raise
    panel.close()


def load(ref: Any, *, name: str | None = None, device: str | None = None, precision: str = "auto") -> TextModel:
    """Load a model that can predict: a run of this folder, a saved folder, or a fine-tuned model of the hub.

    Parameters
    ----------
    ref
        The name of a run, the path of a folder, or a hub id.
    name
        The name to hold it under; by default the last part of ``ref``.
    device, precision
        As in `finetune`.

    Raises
    ------
    UnknownReference
        If ``ref`` names nothing known.
    ModelError
        If the folder is no model, is broken, or has no fitting head.
    """
    from bertmagic.using import opened

    chosen = table.read(table.Load, {"ref": ref, "name": name, "device": device, "precision": precision})
    with _progress(True) as emit:
        parts = opened(str(ref), chosen.device, chosen.precision, tuple(_held), emit)
    return _hold(TextModel(chosen.name or Path(str(ref)).name, *parts))


def find(ref: Any = None) -> TextModel:
    """Return a model: the one given, the one of that name, a run or folder to load, or by default the newest.

    Raises
    ------
    UnknownReference
        If there is none.
    """
    if isinstance(ref, TextModel):
        return ref
    if ref is None:
        newest = _newest()
        if newest is None or newest.bytes == 0:
            raise UnknownReference(
                f"no model was trained or loaded yet.{_waiting()}",
                "Train one with %%bert_finetune, or name one with -m.",
            )
        return newest
    return _held[str(ref)] if str(ref) in _held else load(ref)


def _waiting() -> str:
    kept = runs.names()
    return f" This folder has runs: {listing(kept, 5)}." if kept else ""


def held() -> dict[str, TextModel]:
    """Return the models that this kernel holds, by name."""
    return dict(_held)


def runs_here() -> list[str]:
    """Return the names of the runs in this folder that have a model, the newest first."""
    return runs.names()


def check(
    data: Any, *, text: str | None = None, label: str | None = None, model: Any = "minilm",
    max_length: int | None = None,
) -> DataReport:  # fmt: skip
    """Show what is in a data set and what is wrong with it, without training anything.

    Parameters
    ----------
    data, text, label
        As ``train``, ``text`` and ``label`` of `finetune`; ``label`` may be missing.
    model
        Whose tokenizer counts tokens and unknown words.
    max_length
        The length in tokens after which texts are cut; by default the model's limit, at most 512.
    """
    from bertmagic.checking import report

    given = {"data": data, "text": text, "label": label, "model": model, "max_length": max_length}
    chosen = table.read(table.Check, given)
    with _progress(True) as emit:
        return report(replace(chosen, model=_start(chosen.model)), emit)


def catalogue() -> Catalogue:
    """Return the encoders that have a short name, and which of them are on this disk."""
    from bertmagic.models.catalogue import listed

    return listed()


def status() -> Status:
    """Return the devices with their memory and precision, and the models held with their bytes."""
    from bertmagic.finetuning import versions
    from bertmagic.models import devices
    from bertmagic.models.status import Status
    from bertmagic.using import described

    return Status(
        devices=devices.described(),
        held=tuple(described(model) for model in _held.values()),
        process_bytes=devices.process_memory(),
        home=str(runs.home()),
        versions=tuple(versions().items()),
    )


finetune.__signature__ = table.signature(table.Finetune, of=finetune)  # type: ignore[attr-defined]
