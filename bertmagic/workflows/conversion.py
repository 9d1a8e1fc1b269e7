"""Checkpoints of TensorFlow and models of Keras as folders of models: converted once, and kept with the caches."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from bertmagic.disk import files, paths
from bertmagic.errors import OptionError
from bertmagic.events import Listener, Note, Phase, ignore
from bertmagic.export.keras import conversion as keras
from bertmagic.models import catalogue, google_checkpoint
from bertmagic.run import folders

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bertmagic.export.keras.conversion import SavedModel
    from bertmagic.models.google_checkpoint import Checkpoint

_NOTE = "conversion.txt"
"""The file beside a converted model with the line about it."""


def reference(model: str, emit: Listener = ignore) -> str:
    """Return what names a model: ``model`` itself, or the folder that the checkpoint there was converted to.

    A short name of the catalogue is never a checkpoint, as it is no other folder either.

    Raises
    ------
    FileError, ModelError
        As `converted`.
    """
    if model in catalogue.ALIASES:
        return model
    path = paths.path(model, "model")
    return model if (folder := converted(path, emit)) == path else str(folder)


def converted(path: Path, emit: Listener = ignore, tokenizer: str | None = None, labels: Sequence[str] = ()) -> Path:
    """Return the folder of a model: ``path`` itself, or what TensorFlow's checkpoint or Keras' model was converted to.

    It is converted again when one of its files has another size or time.

    Parameters
    ----------
    tokenizer, labels
        The folder with the tokenizer of a model that Keras saved, and the names of its classes.

    Raises
    ------
    FileError
        If a file is damaged.
    ModelError
        If it is not the checkpoint of a BERT, not whole, or a model of Keras that is not an exported encoder.
    OptionError
        If a tokenizer or labels are given for another model, or the labels do not fit.
    """
    checkpoint = google_checkpoint.find(path) or keras.find(path, tokenizer, labels)
    if (tokenizer or labels) and not isinstance(checkpoint, keras.SavedModel):
        raise OptionError(
            f"tokenizer and labels are for a model that Keras saved, and {path} is not one.", "Leave them out."
        )
    if checkpoint is None:
        return path
    kept = folders.home() / "cache" / "converted" / _key(checkpoint, labels)
    folder = kept / (checkpoint.name or "bert")
    note = kept / _NOTE
    if not note.is_file():
        emit(Phase(f"reading {checkpoint.prefix.name}"))
        folders.made(kept)
        files.write(note, checkpoint.convert(folder))
    with files.reading(note):
        emit(Note(note.read_text("utf-8")))
    return folder


def _key(checkpoint: Checkpoint | SavedModel, labels: Sequence[str]) -> str:
    with files.reading(checkpoint.prefix):
        states = [(path.name, path.stat()) for path in checkpoint.paths]
    known = [(name, state.st_size, state.st_mtime_ns) for name, state in states]
    key = (str(checkpoint.prefix.resolve()), known, tuple(labels))
    return hashlib.sha256(repr(key).encode("utf-8", "surrogatepass")).hexdigest()[:16]
