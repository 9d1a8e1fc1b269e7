"""Which of several is meant: the files that are the splits of a data set, and the table or sheet of a file."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from bertmagic.errors import DataError, UnknownReference, count, listing, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bertmagic.data.formats.source import Source

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


def chosen(source: Source, kind: str, names: Collection[str], empty: DataError, of_which: str = "") -> str:
    """Return the part of a file that ``FILE:PART`` names, or the only one that there is.

    Parameters
    ----------
    kind
        What a part is, such as ``sheet``.
    names
        The parts that there are.
    empty
        Raised if there are none and none is named.
    of_which
        What the parts in ``names`` have, for messages.

    Raises
    ------
    UnknownReference
        If there is no part of that name.
    DataError
        If there are several and none is named.
    """
    name, part = source.file.name, source.part
    if part and part not in names:
        raise UnknownReference(
            f"{name} has no {kind} {part!r}{of_which}; it has {listing(names)}.{nearest(part, names)}",
            f"Name one, as in {name}:{kind.upper()}.",
        )
    if not names:
        raise empty
    if len(names) > 1 and not part:
        first = next(iter(names))
        raise DataError(
            f"{name} has {count(len(names), kind)}{of_which}: {listing(names)}.", f"Name one, as in {name}:{first}."
        )
    return part or next(iter(names))
