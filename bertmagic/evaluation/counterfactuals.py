"""Bias probes: what becomes of a prediction when words for people are swapped and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import resources
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertmagic.disk import paths
from bertmagic.errors import OptionError
from bertmagic.evaluation.limits import of_share
from bertmagic.evaluation.report import Probe
from bertmagic.text_safety import quoted, without_surrogates

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MOST = 2_000
"""How many texts a list of words is tried on."""
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True)
class Terms:
    """Words for groups of people: the n-th word of each group says the same of another group."""

    kind: str
    groups: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Swap:
    """Texts with words of one group, and the same with those of another."""

    kind: str
    source: str
    target: str
    rows: tuple[int, ...]
    texts: tuple[str, ...]


def terms(source: Any = "identity", home: Path | None = None) -> tuple[Terms, ...]:
    """Return lists of words.

    Parameters
    ----------
    source
        ``"identity"`` for those of the package, unless ``home`` has an ``identity.json`` of the user's; the path of
        such a file; or what it holds: lists of ``{"kind", "language", "groups": {name: [words]}}``.
    home
        Where the user's own lists may be.

    Raises
    ------
    OptionError
        If the lists cannot be read, or the groups of one are not of the same length.
    """
    lists = [_terms(one) for one in _source(source, home)]
    if not lists:
        raise OptionError("the lists of words are empty.", "Give at least one with two groups.")
    return tuple(lists)


def _source(source: Any, home: Path | None) -> list[Any]:
    if not isinstance(source, str | Path):
        return list(source) if isinstance(source, Sequence) else [source]
    own = home / "identity.json" if home is not None else Path("identity.json")
    try:
        if str(source) == "identity" and not (home is not None and own.is_file()):
            text = (resources.files("bertmagic.evaluation") / "terms" / "identity.json").read_text("utf-8")
        else:
            text = (own if str(source) == "identity" else paths.path(source, "probe")).read_text("utf-8")
        content = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise OptionError(
            f"probe = {quoted(str(source))} is not a list of words: {error}.",
            'Give "identity", or the path of a JSON file like it.',
        ) from None
    return content if isinstance(content, list) else [content]


def _terms(one: Any) -> Terms:
    given = one.get("groups") if isinstance(one, Mapping) else None
    lists = list(given.values()) if isinstance(given, Mapping) else [None]
    words = [word for part in lists if isinstance(part, list | tuple) for word in part]
    if (
        not isinstance(one, Mapping) or "kind" not in one or not isinstance(given, Mapping)
        or not all(isinstance(part, list | tuple) for part in lists)
        or not all(isinstance(word, str) and word for word in words)
    ):  # fmt: skip
        raise OptionError(
            f"{quoted(one, 80)} is not a list of words.", 'It needs "kind" and "groups": {name: [words]}.'
        )
    groups = {str(name): tuple(map(without_surrogates, words)) for name, words in given.items()}
    kind = without_surrogates(" ".join(filter(None, (str(one.get("language", "")), str(one["kind"])))))
    if len(groups) < 2 or len({len(words) for words in groups.values()}) > 1:
        raise OptionError(
            f"the groups of {kind!r} have {', '.join(str(len(words)) for words in groups.values())} words.",
            "Give at least two groups of the same length: the n-th words are swapped.",
        )
    return Terms(kind, groups)


def swaps(texts: Sequence[str], lists: Sequence[Terms], most: int = MOST) -> list[Swap]:
    """Return, for each ordered pair of groups, the texts with words of the first and what they read with the second."""
    return [swap for one in lists for swap in _swaps_of(texts, one, most)]


def _swaps_of(texts: Sequence[str], entry: Terms, most: int) -> Iterator[Swap]:
    patterns = {name: _pattern(words) for name, words in entry.groups.items()}
    having = {name: [at for at, text in enumerate(texts) if pattern.search(text)] for name, pattern in patterns.items()}
    for source, target in permutations(entry.groups, 2):
        there = dict(zip(map(str.lower, reversed(entry.groups[source])), reversed(entry.groups[target]), strict=True))
        rows, changed = [], []
        for at in having[source][:most]:
            swapped = patterns[source].sub(partial(_swapped, there), texts[at])
            if swapped != texts[at]:
                rows.append(at)
                changed.append(swapped)
        if rows:
            yield Swap(entry.kind, source, target, tuple(rows), tuple(changed))


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    """Return what finds any of the words, the longest first; between word boundaries where words are spaced."""
    longest = sorted(words, key=len, reverse=True)
    edge = "" if any(_UNSPACED.search(word) for word in words) else r"\b"
    return re.compile(edge + "(?:" + "|".join(map(re.escape, longest)) + ")" + edge, re.IGNORECASE)


def _swapped(there: Mapping[str, str], word: re.Match[str]) -> str:
    return _like(word[0], there[word[0].lower()])


def _like(word: str, other: str) -> str:
    """Return a word in the case of the one it stands for."""
    if len(word) > 1 and word.isupper():
        return other.upper()
    return other[0].upper() + other[1:] if word[0].isupper() else other


def measured(
    swap: Swap, before: npt.NDArray[np.floating], after: npt.NDArray[np.floating], predicted: npt.NDArray[np.int64],
    predicted_after: npt.NDArray[np.int64], texts: Sequence[str],
) -> Probe:  # fmt: skip
    """Return how predictions moved.

    Parameters
    ----------
    before, after
        The probability of each class for the texts of the swap, ``(rows, classes)``.
    predicted, predicted_after
        The predicted classes, ``(rows,)``, or 0 and 1 of each label, ``(rows, labels)``.
    texts
        All texts.
    """
    import numpy as np

    rows = np.arange(len(swap.rows))
    flipped = (predicted != predicted_after).reshape(len(rows), -1).any(axis=1)
    moved = (after - before)[rows, before.argmax(axis=1)].astype(float)
    far = int(np.abs(moved).argmax())
    return Probe(
        swap.kind, swap.source, swap.target, len(rows), float(flipped.mean()), of_share(int(flipped.sum()), len(rows)),
        float(np.abs(moved).mean()), float(moved[far]), (texts[swap.rows[far]], swap.texts[far]),
    )  # fmt: skip
