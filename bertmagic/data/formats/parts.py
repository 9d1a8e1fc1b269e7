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
_SHARD = re.compile(r"(?<!\d)\d{2,}[-_]of[-_]\d{2,}(?!\d)|(?<![^\W_])part[-_]?\d{2,}(?!\d)", re.IGNORECASE)
"""The number of one of several files, as `datasets` and Spark write it: ``00000-of-00002``, ``part-00000``."""


def split_of(name: str) -> tuple[str, str]:
    """Return the split that a name stands for and the rest of the name: ``cnews.val.txt`` is ``validation``.

    Both are empty if the name stands for no split, or for several.
    """
    words = _WORD.findall(name.lower())
    splits = [word for word in words if word in _SPLITS]
    if len(splits) != 1:
        return "", ""
    return _SPLITS[splits[0]], " ".join(word for word in words if word != splits[0])


def splits(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the files of each split, of names that differ in the split alone; empty if there is no ``train``.

    A split has one file, or several that are numbered. Files whose names differ from that of ``train`` in more than the
    split are left out.
    """
    candidates: dict[tuple[str, str], list[str]] = {}
    for name in names:
        split, rest = split_of(_SHARD.sub("", PurePosixPath(name).name))
        if split:
            candidates.setdefault((split, rest), []).append(name)
    bases = {rest for split, rest in candidates if split == "train"}
    if len(bases) != 1:
        return {}
    chosen = {split: files for (split, rest), files in candidates.items() if rest in bases}
    if any(len(files) > 1 and not all(map(_SHARD.search, files)) for files in chosen.values()):
        return {}
    if len(chosen) < 2 and all(len(files) < 2 for files in chosen.values()):
        return {}
    return {split: sorted(files) for split, files in chosen.items()}


def are_shards(names: Collection[str]) -> bool:
    """Whether names are those of two or more files that differ in their numbers alone."""
    return len(names) > 1 and all(map(_SHARD.search, names)) and len({_SHARD.sub("", name) for name in names}) == 1


def classes(names: Collection[str]) -> dict[str, str]:
    """Return the one word in which each of two or more names differs from the others: ``neg`` of ``polarity.neg``.

    Empty if they differ in more than a word, or in numbers.
    """
    split = {name: re.split(r"([\W_]+)", name) for name in names}
    if len(split) < 2 or len({len(words) for words in split.values()}) != 1:
        return {}
    places = [at for at, words in enumerate(zip(*split.values(), strict=True)) if len(set(words)) > 1]
    if len(places) != 1:
        return {}
    found = {name: words[places[0]] for name, words in split.items()}
    return found if len(set(found.values())) == len(found) and all(map(str.isalpha, found.values())) else {}


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
