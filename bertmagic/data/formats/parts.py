"""Files that belong together: which of several are the splits of a data set, by their names."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SPLITS = {
    "train": "train",
    "training": "train",
    "valid": "validation",
    "validation": "validation",
    "val": "validation",
    "dev": "dev",
    "devel": "dev",
    "development": "dev",
    "test": "test",
    "testing": "test",
}
_WORD = re.compile(r"[^\W_]+")


def split_of(name: str) -> tuple[str, str]:
    """Return the split that a name stands for and the rest of the name: ``cnews.val.txt`` is ``validation``.

    Both are empty if the name stands for no split, or for several.
    """
    words = _WORD.findall(name.lower())
    splits = [word for word in words if word in _SPLITS]
    if len(splits) != 1:
        return "", ""
    return _SPLITS[splits[0]], " ".join(word for word in words if word != splits[0])


def splits(names: Iterable[str]) -> dict[str, str]:
    """Return the one file of each split, of names that differ in the split alone; empty if there is no ``train``.

    Files whose names differ from that of ``train`` in more than the split are left out.
    """
    candidates: dict[tuple[str, str], list[str]] = {}
    for name in names:
        split, rest = split_of(PurePosixPath(name).name)
        if split:
            candidates.setdefault((split, rest), []).append(name)
    bases = {rest for split, rest in candidates if split == "train"}
    if len(bases) != 1:
        return {}
    chosen = {split: files for (split, rest), files in candidates.items() if rest in bases}
    if len(chosen) < 2 or any(len(files) > 1 for files in chosen.values()):
        return {}
    return {split: files[0] for split, files in chosen.items()}
