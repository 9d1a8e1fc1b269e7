"""A folder with a model, written in one move: the old one or the new one is there, never half of one."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import time
import uuid
import zlib
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from bertmagic.errors import ModelError, listing
from bertmagic.models import adapters
from bertmagic.models.loading import quiet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.models.adapters import Adapter

_OF_A_MODEL = re.compile(
    r".*\.(safetensors|bin|pt|model)|.*(config|tokenizer|vocab|tokens|index|results|state|bertmagic).*\.json"
    r"|(merges|vocab)\.txt|.*\.jinja|README(\.new)?\.md|LICENSE.*|\.git(attributes|ignore)|\.DS_Store"
)
"""The files that may stand in the folder of a model: those that this package, transformers and its Trainer write."""

_REPLACED = re.compile(
    r".*\.(safetensors|bin|model)(\.index\.json)?|(adapter_|generation_)?config\.json|(tokenizer|vocab|merges).*"
    r"|(special|added)_tokens.*\.json|.*\.jinja|README(\.new)?\.md|bertmagic\.json"
)
"""The files that describe one model, which a save replaces; of others, such as LICENSE, it keeps its hands off."""

_LEFT = 60.0
"""Seconds after which a folder that nobody fills is one that a kill left behind."""

_TRIES = 100
"""How often a swap is tried again when another process puts a folder in the same place."""

CARD = "bertmagic.json"
"""The file with the model card as JSON, in the folder of the weights."""

README = "README.md"
"""The file that describes the model for people, on the hub."""

WEIGHTS = "weights_digest"
"""The entry of a card with the digest of the weights that it was saved with."""


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give an empty folder to fill; on leaving it takes the place of ``folder``.

    A failure while it is filled leaves ``folder`` as it was. A kill between the two renames leaves the old model in a
    hidden folder, from where `recover` brings it back. No lock is needed: see `_swap`.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    recover(folder)
    filling = folder.parent / f".{folder.name}.{uuid.uuid4().hex[:8]}"
    filling.mkdir()
    try:
        with _claimed(filling):
            yield filling
            _sync(filling)
            _swap(filling, folder)
    finally:
        shutil.rmtree(filling, ignore_errors=True)


@contextmanager
def _claimed(folder: Path) -> Iterator[bool]:
    """Hold a folder with a lock of the operating system, which ends with the process; whether nobody else holds it.

    Where there are no such locks on folders, as on Windows, the answer is no.
    """
    try:
        import fcntl

        opened = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield False
        return
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mine = True
    except OSError:
        mine = False
    try:
        yield mine
    finally:
        os.close(opened)


def _swap(filling: Path, folder: Path) -> None:
    """Put a filled folder in the place of another.

    Between the two renames another process may see no folder and bring the old one back, or put one of its own there.
    The second rename then fails, since a folder never replaces one that has files, and the swap begins again.
    """
    try:
        for turn in range(_TRIES):
            with suppress(FileNotFoundError):
                folder.rename(folder.parent / f"{filling.name}-{turn}.previous")
            try:
                filling.rename(folder)
                return
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY) or turn + 1 == _TRIES:
                    raise
    finally:
        recover(folder)


def recover(folder: Path) -> None:
    """Bring the old folder back if a kill came between the two renames of `replacing`; remove what else was left.

    That is former folders, and those that a killed process was filling: nobody holds them, and they no longer change.
    """
    pattern = re.compile(rf"\.{re.escape(folder.name)}(\.[0-9a-f]{{8}}-\d+)?\.previous")
    hidden = [path for path in folder.parent.glob(".*.previous") if pattern.fullmatch(path.name)]
    for previous in sorted(hidden, key=_changed, reverse=True):
        if folder.exists():
            shutil.rmtree(previous, ignore_errors=True)
        else:
            with suppress(OSError):  # another process was faster
                previous.rename(folder)
    left = re.compile(rf"\.{re.escape(folder.name)}\.[0-9a-f]{{8}}")
    for filling in folder.parent.glob(".*"):
        if left.fullmatch(filling.name) and time.time() - _changed(filling) > _LEFT:
            with _claimed(filling) as mine:
                if mine:
                    shutil.rmtree(filling, ignore_errors=True)


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another process has moved it
        return 0.0


def _sync(folder: Path) -> None:
    """Have the files on the disk before they get their name: a rename can overtake the data in a power cut."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def save(
    folder: Path, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, card: Mapping[str, Any],
    weights: Mapping[str, Any] | None = None, adapter: Adapter | None = None, readme: str | None = None,
) -> Path:  # fmt: skip
    """Write weights (safetensors), config, tokenizer and card to a folder.

    Parameters
    ----------
    weights
        The weights to write, by the names of the model's; by default those that it has.
    adapter
        Write this instead of weights.
    readme
        What to write as README.md. One that is there and was not written by us, or was edited since, stays; the new
        one is then written to README.new.md.

    Raises
    ------
    ModelError
        If the folder holds something that is not a model, or the disk refuses.
    """
    from safetensors import SafetensorError

    check(folder)
    own = _own_readme(folder)
    try:
        with replacing(folder) as filling, quiet():
            if adapter is None:
                model.save_pretrained(filling, state_dict=None if weights is None else dict(weights))
            else:
                _save_adapter(filling, model, adapter)
            tokenizer.save_pretrained(filling)
            written = {} if readme is None else {"readme": _digest(readme.encode())}
            text = json.dumps({**card, **written}, ensure_ascii=False, indent=2)
            (filling / CARD).write_text(text + "\n", encoding="utf-8")
            if own is not None:
                (filling / README).write_bytes(own)
            if readme is not None:
                (filling / ("README.new.md" if own is not None else README)).write_bytes(readme.encode())
            _keep_others(folder, filling)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ModelError(
            f"the model could not be written to {folder}: {reason}.", "Free the disk, or give another folder."
        ) from error
    return folder


def _keep_others(folder: Path, filling: Path) -> None:
    """Copy what stands beside a model and is no part of it, such as a licence, from its folder to the new one."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if not _REPLACED.fullmatch(path.name) and not (filling / path.name).exists():
            shutil.copy2(path, filling / path.name)


def _save_adapter(folder: Path, model: PreTrainedModel, adapter: Adapter) -> None:
    """Write an adapter, and the config, which has the classes."""
    model.config.architectures = [type(model).__name__]
    model.config.save_pretrained(folder)
    adapters.write(folder, adapter)


def _own_readme(folder: Path) -> bytes | None:
    """Return the README of a folder if someone wrote or edited it; None where it is as it was written by us."""
    path = folder / README
    if not path.is_file():
        return None
    content = path.read_bytes()
    try:
        written = read_card(folder).get("readme")
    except ModelError:
        written = None
    return None if written == _digest(content) else content


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def check(folder: Path) -> None:
    """Raise a `ModelError` if a folder holds anything but a model and the usual files beside one."""
    if not folder.exists():
        return
    inside = list(folder.iterdir()) if folder.is_dir() else [folder]
    odd = [path.name for path in inside if not (path.is_file() and _OF_A_MODEL.fullmatch(path.name))]
    if inside and (odd or not _is_model(folder)):
        raise ModelError(
            f"{folder} holds something that is not a model{': ' + listing(odd, 3) if odd else ''}.",
            "Give a new folder, or empty that one.",
        )


def _is_model(folder: Path) -> bool:
    try:
        return "model_type" in json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def has_card(folder: Path, card: Mapping[str, Any]) -> bool:
    """Whether all that the card of a folder says is in another card: False once a run has put a new model there."""
    known = json.loads(json.dumps(card))
    return all(name in known and known[name] == value for name, value in read_card(folder).items() if name != "readme")


def weights_digest(tensors: Mapping[str, torch.Tensor]) -> str:
    """Return a digest of weights by name: SHA-256 of the name, type, shape and CRC-32 of each tensor.

    CRC-32 is several times as fast as SHA-256 and tells any two models apart that were not made to deceive.
    """
    import torch

    known = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        content: Any = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        known.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} {zlib.crc32(content)} ".encode())
    return known.hexdigest()


def saved_digest(folder: Path) -> str | None:
    """Return the digest in the card of a folder; None where there is none."""
    try:
        return read_card(folder).get(WEIGHTS)
    except ModelError:
        return None


def holds(folder: Path, card: Mapping[str, Any]) -> bool:
    """Whether a folder still holds the model with this card: False once another one was saved there, or it is gone."""
    try:
        known = read_card(folder)
    except ModelError:
        return False
    if WEIGHTS in known or WEIGHTS in card:
        return bool(known.get(WEIGHTS) == card.get(WEIGHTS))
    return _is_model(folder) and has_card(folder, card)


def way_back(folder: Path, card: Mapping[str, Any]) -> str:
    """Return how an unloaded model is loaded again, or that its folder does not have it any more."""
    if not holds(folder, card):
        return f"{folder} no longer has its weights"
    path = str(folder)
    return f"%bert_load {json.dumps(path, ensure_ascii=False) if ' ' in path else path} brings it back"


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Write the card of a folder that has one anew; the old one or the new one is there, never half of one.

    Raises
    ------
    ModelError
        If the disk refuses.
    """
    path = folder / CARD
    if not path.is_file():
        return
    filling = folder / f".{CARD}.{uuid.uuid4().hex[:8]}"
    try:
        filling.write_text(json.dumps(card, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        filling.replace(path)
    except OSError as error:
        filling.unlink(missing_ok=True)
        raise ModelError(f"{path} could not be written: {error.strerror}.", "Free the disk.") from error


def read_card(folder: Path) -> dict[str, Any]:
    """Return the card of a folder; empty where a model was not saved by bertmagic.

    Raises
    ------
    ModelError
        If the card is there and cannot be read.
    """
    path = folder / CARD
    if not path.is_file():
        return {}
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is broken: {error}.", "Delete it to load the model without its card.") from None
    if not isinstance(card, dict):
        raise ModelError(f"{path} is broken: it is not a JSON object.", "Delete it to load the model without its card.")
    return card
