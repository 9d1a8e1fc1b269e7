"""Digests of the files of a model or a checkpoint, so that a damaged one is noticed before anything is made of it.

They stand in ``XXH128SUMS`` as ``xxh128sum`` writes them, and ``xxh128sum -c XXH128SUMS`` checks them. XXH3 takes a
third of the time of SHA-256, mostly to read the file. It tells damage, not an attack: who can change a file can change
its digest.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from bertmagic.disk import files
from bertmagic.errors import FileError, count, listing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = "XXH128SUMS"

WEIGHTS = re.compile(r".*\.(safetensors|bin)(\.index\.json)?")
"""The files of weights."""

TOKENIZER = re.compile(r"(tokenizer|vocab|merges|special_tokens|added_tokens|spiece|sentencepiece).*|.*\.(model|jinja)")
"""The files of a tokenizer."""

_EDITED = re.compile(r"(config|generation_config|adapter_config|bertmagic)\.json")
"""The files that say how a model is read, which a user may edit."""

_ALL = re.compile(r".*")
_LINE = re.compile(r"([0-9a-f]{32}) [ *](.+)")


def write(folder: Path) -> None:
    """Write the digests of all files in a folder that `files.replacing` gave.

    Raises
    ------
    FileError
        If the disk refuses.
    """
    names = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != FILE)
    with files.refusals(folder):
        lines = [f"{digest(folder / name)}  {name}\n" for name in names]
    files.write(folder / FILE, "".join(lines), sync=False)


def update(folder: Path, name: str, content: str) -> None:
    """Write a file of a folder anew, with its digest. A kill in between leaves it without a digest.

    Raises
    ------
    FileError
        If the disk refuses.
    """
    others = {other: written for other, written in _written(folder).items() if other != name}
    if (folder / FILE).is_file():
        _put(folder, others)
    files.write(folder / name, content)
    if (folder / FILE).is_file():
        _put(folder, others | {name: digest(folder / name)})


def _put(folder: Path, digests: dict[str, str]) -> None:
    files.write(folder / FILE, "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())))


def names(folder: Path) -> set[str]:
    """Return the names of the files that were written together; empty where it is not known."""
    try:
        return set(_written(folder))
    except FileError:
        return set()


def check(folder: Path, wanted: re.Pattern[str] = _ALL) -> None:
    """Raise a `FileError` if a file is not as it was written; a folder without digests has nothing to compare with.

    Parameters
    ----------
    wanted
        The names of the files to check.
    """
    if changed := list(_changed(folder, wanted)):
        raise FileError(
            f"{folder / changed[0]} is damaged, or was changed: it is not as it was written, by its digest in {FILE}.",
            f"Save or download it again. If you changed it yourself: delete {FILE} in that folder.",
        )


def check_model(folder: Path, wanted: re.Pattern[str]) -> None:
    """Do as `check`, unless someone removed the card of a model: what is there now is no longer what was saved here."""
    if (folder / "bertmagic.json").is_file():
        check(folder, wanted)


def note(folder: Path) -> str:
    """Return a sentence about a changed config or card, which a user may edit; empty if there is nothing to say."""
    changed = list(_changed(folder, _EDITED))
    if not changed:
        return ""
    return (
        f"{listing(changed)} in {folder} changed since the model was saved, by {FILE}. If you did not do that, the "
        "model is damaged and its answers may be wrong: save or download it again."
    )


def _changed(folder: Path, wanted: re.Pattern[str] = _ALL) -> Iterator[str]:
    for name, written in _written(folder).items():
        path = folder / name
        if wanted.fullmatch(name) and path.is_file() and digest(path) != written:
            yield name


def _written(folder: Path) -> dict[str, str]:
    """Return the digests by the names of the files; none where there are none."""
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {files.reason(error)}.", "Make it readable, or delete it.") from None
    matches = [_LINE.fullmatch(line) for line in lines]
    if not all(matches):
        raise FileError(
            f"{path} is damaged: {count(matches.count(None), 'line')} in it has no digest.",
            "Save or download the model again; or delete the file, and nothing is checked.",
        )
    return {match[2]: match[1] for match in matches if match and "/" not in match[2]}


def digest(path: Path) -> str:
    """Return the XXH3 of a file, of 128 bits.

    Raises
    ------
    FileError
        If it cannot be read.
    """
    from xxhash import xxh3_128

    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, xxh3_128).hexdigest()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {files.reason(error)}.", "Make it readable.") from None
