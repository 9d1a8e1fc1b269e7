"""Labels that look alike: they differ in case, blanks, invisible characters or the form of their characters."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from bertmagic.data.report import Finding
from bertmagic.errors import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def _visible(text: str) -> str:
    return "".join(sign for sign in text if unicodedata.category(sign) != "Cf")


def _single_blanks(text: str) -> str:
    return " ".join(text.split())


_DIFFERENCES: dict[str, Callable[[str], str]] = {
    "the form of their characters": lambda text: unicodedata.normalize("NFC", text),
    "invisible characters": _visible,
    "blanks": _single_blanks,
    "case": str.casefold,
}


def alike(counts: Mapping[Any, int], noun: str, unit: Sequence[str] = ("row",)) -> list[Finding]:
    """Return findings about labels that look alike, with how often each occurs.

    Parameters
    ----------
    counts
        How many rows each label has, as it is written; labels that differ only in blanks around them are one.
    noun
        What a label is called: ``class``, ``label`` or ``type``.
    unit
        What is counted, and its plural if that is not with an s.
    """
    groups: dict[str, list[str]] = {}
    for label in counts:
        if isinstance(label, str) and label.strip():
            groups.setdefault(_folded(label), []).append(label)
    return [_finding(group, counts, noun, unit) for group in groups.values() if len(group) > 1]


def _folded(label: str, without: str = "") -> str:
    """Return a label without all `_DIFFERENCES`, or all but one."""
    for difference, normal in _DIFFERENCES.items():
        if difference != without:
            label = normal(label)
    return label


def _finding(group: Sequence[str], counts: Mapping[Any, int], noun: str, unit: Sequence[str]) -> Finding:
    differences = [name for name in _DIFFERENCES if len({_folded(label, without=name) for label in group}) > 1]
    # Two forms of é look the same as text.
    spell = ascii if any(label != unicodedata.normalize("NFC", label) for label in group) else repr
    most = sorted(group, key=lambda label: -counts[label])
    named = ", ".join(f"{spell(label)} ({count(counts[label], *unit)})" for label in most)
    different = len({label.strip() for label in group})
    what = f"labels look alike: {named}; they differ in {' and '.join(differences)}."
    if different == 1:
        return Finding("info", what, f"They are read as one {noun}.", count=sum(counts[label] for label in most[1:]))
    fix = f"They are {different} {noun}{'es' if noun.endswith('s') else 's'}. If they mean the same, write them alike."
    return Finding("warning", what, fix, count=sum(counts[label] for label in most[1:]))
