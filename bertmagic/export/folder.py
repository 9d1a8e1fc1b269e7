"""The folder of an export: what lies beside the network, and which folders may be replaced."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertmagic.disk import files, json_files
from bertmagic.errors import FileError, ModelError, listing
from bertmagic.export import runner

if TYPE_CHECKING:
    from collections.abc import Mapping

MANIFEST = "model.json"
TOKENIZER = "tokenizer.json"
_PROGRAM = Path(runner.__file__).parent
KERAS = ("config.json", "model.weights.h5", "metadata.json", "head.keras")
"""What Keras reads, with names of its own."""
_OURS = {MANIFEST, TOKENIZER, "README.md", "predict.py", "reading.py", "decoding.py", "requirements.txt", *KERAS}


def check(folder: Path) -> None:
    """Raise a `ModelError` if a path is anything but an export, an empty folder or nothing."""
    if not folder.exists():
        return
    inside = {path.name for path in folder.iterdir()} if folder.is_dir() else {folder.name}
    other = sorted(name for name in inside - _OURS - {"__pycache__"} if not name.startswith("network."))
    if inside and (other or not folder.is_dir() or not is_export(folder)):
        named = f": {listing(other, 3)}" if other else ""
        raise ModelError(
            f"{folder} holds something that is not an export{named}.", "Give a new folder, or empty that one."
        )


def is_export(folder: Path) -> bool:
    """Whether a folder has the manifest of an export."""
    try:
        return "special_tokens" in json_files.read_object(folder / MANIFEST)
    except FileError:
        return False


def fill(folder: Path, decoding: str, tokenizer: str, manifest: Mapping[str, Any], requirements: str) -> None:
    """Write what lies beside the network: the program, the tokenizer and the manifest.

    Parameters
    ----------
    decoding
        The module of `runner` that turns logits into answers; none for an encoder, which gets no program.
    tokenizer
        The content of ``tokenizer.json``.
    """
    program = {"predict": "predict", "reading": "reading", "decoding": decoding} if decoding else {}
    for name, source in program.items():
        files.write(folder / f"{name}.py", (_PROGRAM / f"{source}.py").read_bytes(), sync=False)
    files.write(folder / TOKENIZER, tokenizer, sync=False)
    files.write(folder / "requirements.txt", requirements, sync=False)
    write_manifest(folder, manifest)


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest with the digests of network and tokenizer."""
    guarded = sorted(path for path in folder.iterdir() if path.name == TOKENIZER or _is_network(path))
    digests = {path.name: _digest(path) for path in guarded}
    files.write_json(folder / MANIFEST, {**manifest, "sha256": digests}, sync=False)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def network_bytes(folder: Path) -> int:
    """Return the size of the network."""
    return sum(path.stat().st_size for path in folder.iterdir() if _is_network(path))


def _is_network(path: Path) -> bool:
    return path.name.startswith("network.") or path.name in KERAS
