"""Checkpoints of TensorFlow as folders of models: converted once, and kept with the caches."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from bertmagic.disk import files, paths
from bertmagic.events import Listener, Note, Phase, ignore
from bertmagic.models import catalogue, google_checkpoint
from bertmagic.run import folders

if TYPE_CHECKING:
    from pathlib import Path

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


def converted(path: Path, emit: Listener = ignore) -> Path:
    """Return the folder of a model: ``path`` itself, or what the checkpoint of TensorFlow there was converted to.

    A checkpoint is converted again when one of its files has another size or time.

    Raises
    ------
    FileError
        If a file of the checkpoint is damaged.
    ModelError
        If it is not the checkpoint of a BERT, or not whole.
    """
    checkpoint = google_checkpoint.find(path)
    if checkpoint is None:
        return path
    kept = folders.home() / "cache" / "converted" / _key(checkpoint)
    folder = kept / (checkpoint.folder.resolve().name or "bert")
    note = kept / _NOTE
    if not note.is_file():
        emit(Phase(f"reading {checkpoint.prefix.name}"))
        folders.made(kept)
        files.write(note, google_checkpoint.convert(checkpoint, folder))
    with files.reading(note):
        emit(Note(note.read_text("utf-8")))
    return folder


def _key(checkpoint: Checkpoint) -> str:
    with files.reading(checkpoint.prefix):
        states = [(path.name, path.stat()) for path in checkpoint.paths]
    known = [(name, state.st_size, state.st_mtime_ns) for name, state in states]
    return hashlib.sha256(repr((str(checkpoint.prefix.resolve()), known)).encode()).hexdigest()[:16]
