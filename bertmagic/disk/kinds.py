"""Kinds of values in a JSON file of ours: texts, numbers, lists and objects of them; checked once, where it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.disk import json_files
from bertmagic.errors import FileError
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Kind:
    """A kind of values, its name for users, and whether a value is one.

    Attributes
    ----------
    entries
        The kinds of entries that an object of this kind may have; it may have others, too.
    each
        The kind of the items of a list, or of the entries of an object whose names are free.
    """

    name: str
    fits: Callable[[Any], bool]
    entries: Mapping[str, Kind] | None = None
    each: Kind | None = None


def check(path: Path, values: Mapping[str, Any], kinds: Mapping[str, Kind], fix: str) -> None:
    """Raise a `FileError` that names the first entry, also one inside of another, that is not of its kind.

    Parameters
    ----------
    path
        The file that has the values; entries that it lacks are not missed.
    fix
        What to do.
    """
    for name, value, expected in _odd(values, kinds):
        raise FileError(f"{path} is damaged: {name} is {quoted(value, 60)}; {expected} was expected.", fix)


def _odd(values: Mapping[Any, Any], kinds: Mapping[Any, Kind], inside: str = "") -> Iterator[tuple[str, Any, str]]:
    """Yield the place and the value of each entry that is not of its kind, and what was expected."""
    for name, kind in kinds.items():
        if name not in values:
            continue
        where, value = f"{inside}{str(name)[:80]}", values[name]
        if not kind.fits(value):
            yield where, value, kind.name
            continue
        held = dict(enumerate(value)) if isinstance(value, list) else value
        if kind.each is not None and isinstance(held, dict):
            yield from _odd(held, dict.fromkeys(held, kind.each), f"{where}.")
        elif kind.entries is not None and isinstance(held, dict):
            yield from _odd(held, kind.entries, f"{where}.")


def or_null(kind: Kind) -> Kind:
    """Return the kind of what is of a kind or null."""
    return Kind(f"{kind.name} or null", lambda value: value is None or kind.fits(value), kind.entries, kind.each)


def list_of(kind: Kind, plural: str) -> Kind:
    """Return the kind of a list of what is of a kind."""
    return Kind(f"a list of {plural}", lambda value: isinstance(value, list) and all(map(kind.fits, value)), each=kind)


def object_of(entries: Mapping[str, Kind] | None = None, each: Kind | None = None) -> Kind:
    """Return the kind of an object whose entries are of some kinds, by their names, or all of one kind."""
    return Kind("an object", lambda value: isinstance(value, dict), entries, each)


def number(least: float, most: float, name: str) -> Kind:
    """Return the kind of a finite number in a range, both ends included."""
    return Kind(name, lambda value: json_files.is_number(value) and least <= value <= most)


def whole(least: int, most: int, name: str) -> Kind:
    """Return the kind of a whole number in a range, both ends included."""
    return Kind(name, lambda value: type(value) is int and least <= value <= most)


def choice(*values: str) -> Kind:
    """Return the kind of one of some texts."""
    return Kind(" or ".join(values), lambda value: isinstance(value, str) and value in values)


_MOST = 10**15

TEXT = Kind("a text", lambda value: isinstance(value, str))
TRUTH = Kind("true or false", lambda value: isinstance(value, bool))
NUMBER = number(-1e300, 1e300, "a number")
REAL = Kind("a number or NaN", lambda value: isinstance(value, float) or NUMBER.fits(value))
COUNT = whole(0, _MOST, "a whole number from 0 on")
TEXTS = list_of(TEXT, "texts")
OBJECT = object_of()
PLAIN = Kind(
    "a text, a number, true, false, null or a list of texts",
    lambda value: value is None or isinstance(value, str | bool) or REAL.fits(value) or TEXTS.fits(value),
)
"""What an option is written as."""
