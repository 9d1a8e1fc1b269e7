"""A folder with a model, written in one move: the old one or the new one is there, never half of one."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import zlib
from typing import TYPE_CHECKING, Any

from bertmagic.data import tags
from bertmagic.disk import files, json_files, kinds
from bertmagic.errors import BertMagicError, FileError, ModelError, count, listing
from bertmagic.magic_words import without_magics
from bertmagic.models import adapters, card_kinds, checksums
from bertmagic.models.loading import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.models.adapters import Adapter

_OF_A_MODEL = re.compile(
    r".*\.(safetensors|bin|pt|model)|.*(config|tokenizer|vocab|tokens|index|results|state|bertmagic).*\.json"
    r"|(merges|vocab)\.txt|.*\.jinja|README(\.new)?\.md|XXH128SUMS|LICENSE.*|\.git(attributes|ignore)|\.DS_Store"
)
"""The files that may stand in the folder of a model: those that this package, transformers and its Trainer write."""

_REPLACED = re.compile(
    r"(adapter_model|model|pytorch_model)(-\d+-of-\d+)?\.(safetensors|bin)(\.index\.json)?|training_args\.bin"
    r"|(adapter_|generation_)?config\.json|tokenizer(_config)?\.json|vocab\.(json|txt)|merges\.txt"
    r"|(tokenizer|spiece|spm|sentencepiece(\.bpe)?)\.model|(special_tokens_map|added_tokens)\.json|.*\.jinja"
    r"|README(\.new)?\.md|XXH128SUMS|bertmagic\.json"
)
"""The files that describe one model, which a save replaces, as it does those it wrote before; all others stay."""

CARD = "bertmagic.json"
"""The file with the model card as JSON, in the folder of the weights."""

README = "README.md"
"""The file that describes the model for people, on the hub."""

WEIGHTS = "weights_digest"
"""The entry of a card with the digest of the weights that it was saved with."""


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
        If the folder holds something that is not a model.
    FileError
        If the disk refuses; the old model stays.
    """
    with files.refusals(folder):
        check(folder)
        own = _own_readme(folder)
        with files.replacing(folder) as filling, quiet():
            if adapter is None:
                model.save_pretrained(filling, state_dict=None if weights is None else dict(weights))
            else:
                _save_adapter(filling, model, adapter)
            tokenizer.save_pretrained(filling)
            content = {} if readme is None else {"readme": readme.encode("utf-8", "backslashreplace")}
            files.write_json(
                filling / CARD, {**card, **{name: _digest(text) for name, text in content.items()}}, sync=False
            )
            checksums.write(filling)
            if own is not None:
                files.write(filling / README, own, sync=False)
            for text in content.values():
                files.write(filling / ("README.new.md" if own is not None else README), text, sync=False)
            _keep_others(folder, filling)
    return folder


def write_tensors(
    folder: Path, tensors: Mapping[str, torch.Tensor], config: PretrainedConfig, tokenizer: PreTrainedTokenizerBase,
    card: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write a folder that transformers reads from the tensors of another program; it appears whole or not at all.

    Raises
    ------
    FileError
        If the disk refuses.
    """
    from safetensors.torch import save_file

    with files.refusals(folder), files.replacing(folder) as filling:
        save_file(dict(tensors), filling / "model.safetensors", {"format": "pt"})
        config.save_pretrained(filling)
        tokenizer.save_pretrained(filling)
        if card:
            files.write_json(filling / CARD, card, sync=False)


def _keep_others(folder: Path, filling: Path) -> None:
    """Copy what stands beside a model and is no part of it, such as a licence, from its folder to the new one."""
    written = checksums.names(folder)
    for path in folder.iterdir() if folder.is_dir() else ():
        is_part = path.name in written or _REPLACED.fullmatch(path.name)
        if not is_part and not (filling / path.name).exists():
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
    except BertMagicError:
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
        return "model_type" in json_files.read_object(folder / "config.json")
    except FileError:
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
    except BertMagicError:
        return None


def holds(folder: Path, card: Mapping[str, Any]) -> bool:
    """Whether a folder still holds the model with this card: False once another one was saved there, or it is gone."""
    try:
        known = read_card(folder)
    except BertMagicError:
        return False
    if WEIGHTS in known or WEIGHTS in card:
        return bool(known.get(WEIGHTS) == card.get(WEIGHTS))
    return _is_model(folder) and has_card(folder, card)


def way_back(folder: Path, card: Mapping[str, Any]) -> str:
    """Return how an unloaded model is loaded again, or that its folder does not have it any more."""
    if not holds(folder, card):
        return f"{folder} no longer has its weights"
    path = str(folder)
    return without_magics(f"%bert_load {json.dumps(path, ensure_ascii=False) if ' ' in path else path} brings it back")


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Write the card of a folder that has one anew; the old one or the new one is there, never half of one.

    Raises
    ------
    FileError
        If the disk refuses.
    """
    if (folder / CARD).is_file():
        checksums.update(folder, CARD, files.json_text(card))


def read_card(folder: Path) -> dict[str, Any]:
    """Return the card of a folder; empty where a model was not saved by bertmagic.

    Raises
    ------
    FileError
        If the card is there and cannot be read, or an entry is of another kind.
    """
    path = folder / CARD
    if not os.path.lexists(path):
        return {}
    fix = "Delete it to load the model without its card."
    card = json_files.read_object(path, fix)
    kinds.check(path, card, card_kinds.CARD, fix)
    _check_labels(path, card, fix)
    return card


def _check_labels(path: Path, card: Mapping[str, Any], fix: str) -> None:
    """Raise a `FileError` if there are no labels, not as many thresholds, or tags of other types."""
    if "labels" not in card:
        return
    labels, thresholds, names = card["labels"], card.get("thresholds"), card.get("tags")
    if names is None and not labels:
        raise FileError(f"{path} is damaged: it has no labels.", fix)
    if thresholds is not None and len(thresholds) != len(labels):
        found = f"{count(len(labels), 'label')} and {count(len(thresholds), 'threshold')}"
        raise FileError(f"{path} is damaged: it has {found}.", fix)
    types = {(tags.parts(name) or ("", ""))[1] for name in names or ()} - {""}
    if names is not None and (not names or types - set(labels)):
        found = f"{listing(map(repr, names), 4)[:200]}, with the types {listing(map(repr, labels), 4)[:200]}"
        raise FileError(f"{path} is damaged: it has the tags {found}.", fix)
