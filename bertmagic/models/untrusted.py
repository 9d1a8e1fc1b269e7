"""What the folder of a model may not do: bring code, name files of others, or describe a network beyond any measure.

A folder comes from anywhere. Its config, index and adapter are data: nothing that they say is executed, and nothing is
read that is not in the folder.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bertmagic.disk import json_files
from bertmagic.errors import FileError, ModelError, count, listing
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MOST = {
    "num_hidden_layers": 1_000, "n_layers": 1_000, "num_attention_heads": 1_000, "hidden_size": 100_000, "dim": 100_000,
    "intermediate_size": 1_000_000, "max_position_embeddings": 10_000_000, "vocab_size": 10_000_000,
    "num_labels": 100_000,
}  # fmt: skip
"""Far more than any encoder has; a larger number in a config is damage, and would take all memory before an error."""

CODE_NEVER_RUNS = "The Python code of a model folder is never run here. Choose a model that transformers has itself."

INDEX = "model.safetensors.index.json"
"""The file that says which of several files holds which weights."""


def check(folder: Path, config: Mapping[str, Any]) -> None:
    """Check a folder before transformers reads it.

    Parameters
    ----------
    config
        What its config.json holds.

    Raises
    ------
    ModelError
        If it brings code of its own, its kind is one that transformers does not have, its index names files outside of
        it, its config has sizes or shares that no encoder has, or its tokenizer has strings that no file takes.
    """
    tokenizer = _read(folder / "tokenizer_config.json")
    _check_code(folder, config, tokenizer)
    _check_sizes(folder, config)
    _check_shares(folder, config)
    _check_named(folder, config, tokenizer)
    _check_files(folder)
    _check_strings(folder)


def _check_code(folder: Path, config: Mapping[str, Any], tokenizer: Mapping[str, Any]) -> None:
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    for name, values in (("config.json", config), ("tokenizer_config.json", tokenizer)):
        if values.get("auto_map"):
            raise ModelError(f"{folder / name} wants code of its own to be run (auto_map).", CODE_NEVER_RUNS)
    kind = config["model_type"]
    if not isinstance(kind, str) or kind not in CONFIG_MAPPING:
        raise ModelError(f"transformers has no kind of model called {str(kind)[:80]!r} ({folder}).", CODE_NEVER_RUNS)


def _check_sizes(folder: Path, config: Mapping[str, Any]) -> None:
    names = config.get("id2label") or {}
    sizes = {**config, "num_labels": len(names) if isinstance(names, dict) else -1}
    for name, most in _MOST.items():
        size = sizes.get(name, 0)
        if not isinstance(size, int) or not 0 <= size <= most:
            raise ModelError(
                f"{folder / 'config.json'} says {name} = {str(size)[:40]}; a number up to {most:,} was expected.",
                "The file is damaged: save or download the model again.",
            )


def _check_shares(folder: Path, config: Mapping[str, Any]) -> None:
    """Raise a `ModelError` if a share of dropped numbers is none: PyTorch finds it in the middle of a prediction."""
    for name, share in config.items():
        if _SHARE.fullmatch(name) and share is not None and not (json_files.is_number(share) and 0 <= share <= 1):
            raise ModelError(
                f"{folder / 'config.json'} says {name[:80]} = {quoted(share, 40)}; a number from 0 to 1 was expected.",
                "The file is damaged: save or download the model again.",
            )


_SHARE = re.compile(r"(?!token_).*(dropout(_prob)?|_pdrop|layerdrop)")


def _check_named(folder: Path, config: Mapping[str, Any], tokenizer: Mapping[str, Any]) -> None:
    """Raise a `ModelError` if transformers would read another config than ours, or a vocabulary of another folder.

    ``configuration_files`` and ``fast_tokenizer_files`` name further files for later versions of transformers, and
    ``vocab`` and ``merges`` of a tokenizer may be paths.
    """
    further = config.get("configuration_files")
    if further and further != ["config.json"]:
        raise ModelError(
            f"{folder / 'config.json'} names further configs: {quoted(further, 80)}.",
            "Only config.json is read: remove configuration_files from it.",
        )
    named = [tokenizer.get("fast_tokenizer_files") or [], tokenizer.get("vocab"), tokenizer.get("merges")]
    names = named[0] if isinstance(named[0], list) else [named[0]]
    odd = [name for name in names if not isinstance(name, str) or _has_folder(name)]
    odd += [name for name in named[1:] if isinstance(name, str) and _has_folder(name)]
    if odd:
        raise ModelError(
            f"{folder / 'tokenizer_config.json'} names a file outside of its folder: {quoted(odd[0], 80)}.",
            "A vocabulary is read from the model's own folder only: copy the file there.",
        )


def _check_strings(folder: Path) -> None:
    """Raise a `ModelError` if a file of the tokenizer has half characters, which transformers reads and cannot save."""
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        if json_files.has_half_characters(folder / name):
            raise ModelError(
                f"{folder / name} has half a character, a lone surrogate, in one of its strings.",
                "The file is damaged: save or download the model again.",
            )


def _has_folder(name: str) -> bool:
    return "/" in name or "\\" in name


def _check_files(folder: Path) -> None:
    """Raise a `ModelError` if the index names what is no file in the folder itself, or a pipe stands in it.

    A link is followed in the cache of the hub only, where the files of a snapshot are links to ``blobs`` beside it.
    """
    if odd := [path.name for path in folder.iterdir() if path.exists() and not path.is_file() and not path.is_dir()]:
        raise ModelError(
            f"{folder} has what is no file: {listing(odd, 2)[:200]}.", "Remove it, or copy the model anew."
        )
    homes = {folder.resolve(), folder.resolve().parent.parent / "blobs"}
    outside = [
        name for name in _shards(folder) if not isinstance(name, str) or (folder / name).resolve().parent not in homes
    ]
    if outside:
        raise ModelError(
            f"{folder} names {count(len(outside), 'file')} outside of it: {listing(map(repr, outside), 2)[:200]}.",
            "Weights are read from the model's own folder only: copy the files there.",
        )


def _shards(folder: Path) -> set[str | None]:
    """Return the names of the files in the index; None for what is no name."""
    shards = _read(folder / INDEX).get("weight_map", {})
    names = shards.values() if isinstance(shards, dict) else [None]
    return {name if isinstance(name, str) else None for name in names}


def _read(path: Path) -> dict[str, Any]:
    """Return a file of JSON; empty where there is none, or where it is broken, which loading reports."""
    try:
        return json_files.read_object(path)
    except FileError:
        return {}
