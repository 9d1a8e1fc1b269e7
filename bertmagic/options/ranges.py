"""Ranges of values that a search may take: ``log(1e-5, 1e-3)``, ``between(1, 4)``, ``choice(16, 32)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bertmagic.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bertmagic.options.entry import Option

HOW = "log(a, b), between(a, b) or choice(a, b, …)"


@dataclass(frozen=True)
class Range:
    """Values to search over.

    Attributes
    ----------
    kind
        ``between`` has all values from the first to the second, both included; ``log`` the same with each power of
        ten alike; ``choice`` those that are named.
    values
        What was written between the parentheses.
    """

    kind: Literal["between", "log", "choice"]
    values: tuple[Any, ...]

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(map(repr, self.values))})"

    @property
    def whole(self) -> bool:
        """Whether both ends are whole numbers, and so is all between them."""
        return all(isinstance(value, int) for value in self.values)


def between(*ends: float) -> Range:
    """All values from one to the other, both included; whole numbers where both are."""
    return Range("between", ends)


def log(*ends: float) -> Range:
    """All values from one to the other, each power of ten alike."""
    return Range("log", ends)


def choice(*values: Any) -> Range:
    """One of these values."""
    return Range("choice", values)


NAMES = {"log": log, "choice": choice, "between": between}
"""What the names mean in a cell of ``%%bert_tune``."""


def checked(entry: Option, given: Range, check: Callable[[Option, Any], Any]) -> Range:
    """Return a range whose values are of the option's type.

    Raises
    ------
    OptionError
        If the option cannot be searched, the range is empty or reversed, or a value is none of the option.
    """
    if not entry.searchable:
        raise OptionError(
            f"{entry.name} = {given!r}: {entry.name} cannot be searched over here.",
            "Give it one value. %%bert_tune has ranges for what can be searched.",
        )
    if given.kind == "choice":
        if not given.values:
            raise _empty(entry, given, "it names no value")
        return Range("choice", tuple(_plain(entry, given, check(entry, value)) for value in given.values))
    if entry.kind not in ("int", "float"):
        raise OptionError(f"{entry.name} = {given!r}: {entry.name} is no number.", "Name the values: choice(a, b, …).")
    if len(given.values) != 2:
        raise _empty(entry, given, "it needs two ends")
    low, high = (check(entry, value) for value in given.values)
    if not low < high:
        raise _empty(entry, given, "it is empty: the first end must be below the second")
    if given.kind == "log" and low <= 0:
        raise _empty(entry, given, "a logarithm needs ends above 0")
    return Range(given.kind, given.values if given.whole else (low, high))


def _plain(entry: Option, given: Range, value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    raise OptionError(
        f"{entry.name} = {given!r}: a value of type {type(value).__name__} cannot be kept in a study.",
        "Give names, numbers or texts.",
    )


def _empty(entry: Option, given: Range, why: str) -> OptionError:
    return OptionError(f"{entry.name} = {given!r}: {why}.", f"Write {HOW}; both ends belong to a range.")
