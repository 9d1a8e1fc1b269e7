"""The folder of weights that a run starts from, where the user gave a model in memory.

A run reads a folder. That of a model need not hold it any more: a run of the same name was saved there, it was deleted,
or the weights in memory were changed. Then they are written to ``HOME/models/NAME-DIGEST``, once for each model.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from bertmagic.disk import files
from bertmagic.errors import BertMagicError
from bertmagic.models import adapters, saving
from bertmagic.run import folders

if TYPE_CHECKING:
    import torch

    from bertmagic.text_model import TextModel


def folder_of(model: TextModel) -> Path:
    """Return a folder with the weights that a model has in memory: its own, or one that is written now.

    Raises
    ------
    ModelError
        If the model was unloaded and its folder holds another one, or cannot be written.
    """
    with model._lock:
        if model.is_in_folder and (not model.is_loaded or _has_weights(model.folder, model)):
            return model.folder
        digest = saving.weights_digest(model.network.state_dict())
        folder = _kept_folder(model.name, digest)
        if not folder.is_dir():
            saving.save(folder, model.network, model.tokenizer, model.card | {saving.WEIGHTS: digest})
        return folder


def copy_of(folder: Path) -> Path:
    """Return a copy of a run's model, for a run of the same name that needs it after it was replaced."""
    digest = saving.saved_digest(folder) or adapters.digest(folder)
    copy = _kept_folder(folder.parent.name, digest)
    if not copy.is_dir():
        with files.replacing(copy) as filling:
            shutil.copytree(folder, filling, dirs_exist_ok=True)
    return copy


def _kept_folder(name: str, digest: str) -> Path:
    safe = re.sub(r"[^\w.-]+", "_", name).strip("._")[:60] or "model"
    return folders.made(folders.home().absolute() / "models") / f"{safe}-{digest[:12]}"


def _has_weights(folder: Path, model: TextModel) -> bool:
    """Whether a folder, read as a run reads it, gives the weights that a model has in memory."""
    import torch

    from bertmagic.models import loading

    try:
        with loading.alone, torch.random.fork_rng(devices=[]):  # a new pooler must not change the user's random numbers
            kept = model.task.build(folder, needs_head=True).network.state_dict()
    except BertMagicError:
        return False
    own = model.network.state_dict()
    return kept.keys() == own.keys() and all(_equal(kept[name], value) for name, value in own.items())


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and bool((one.to(other) == other).all())
