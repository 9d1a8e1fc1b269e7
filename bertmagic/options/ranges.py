"""Search ranges of options: ``log(1e-5, 1e-3)``, ``between(1, 4)``, ``choice(16, 32)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bertmagic.errors import OptionError
from bertmagic.text_safety import quoted

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
        ``between`` is uniform from the first value to the second, both included; ``log`` is uniform in the logarithm;
        ``choice`` has the listed values.
    values
        The arguments in parentheses.
    """

    kind: Literal["between", "log", "choice"]
    values: tuple[Any, ...]

    def __repr__(self) -> str:
        return f"{self.kind}({', '.join(map(repr, self.values))})"

    @property
    def whole(self) -> bool:
        """Whether both ends are integers; then all values are."""
        return all(isinstance(value, int) for value in self.values)


def between(*ends: float) -> Range:
    """Return a uniform range, both ends included; integers if both ends are."""
    return Range("between", ends)


def log(*ends: float) -> Range:
    """Return a range that is uniform in the logarithm, both ends included."""
    return Range("log", ends)


def choice(*values: Any) -> Range:
    """Return a range of the listed values."""
    return Range("choice", values)


NAMES = {"log": log, "choice": choice, "between": between}
"""Names that a cell of ``%%bert_tune`` can use."""


def checked(entry: Option, given: Range, check: Callable[[Option, Any], Any]) -> Range:
    """Return the range with its values converted to the type of the option.

    Raises
    ------
    OptionError
        If the option cannot be searched, the range is empty or reversed, or a value is invalid.
    """
    if not entry.searchable:
        raise OptionError(
            f"{entry.name} = {quoted(given)}: {entry.name} cannot be searched over here.",
            "Give one value. Only %%bert_tune searches over ranges, for the options that its help page lists.",
        )
    if given.kind == "choice":
        if not given.values:
            raise _empty(entry, given, "it has no value")
        return Range("choice", tuple(_plain(entry, given, check(entry, value)) for value in given.values))
    if entry.kind not in ("int", "float"):
        raise OptionError(
            f"{entry.name} = {quoted(given)}: {entry.name} is not a number.", "List the values: choice(a, b, …)."
        )
    if len(given.values) != 2:
        raise _empty(entry, given, "it needs two ends")
    low, high = (check(entry, value) for value in given.values)
    if not low < high:
        raise _empty(entry, given, "the first end must be below the second")
    if given.kind == "log" and low <= 0:
        raise _empty(entry, given, "log needs ends above 0")
    return Range(given.kind, given.values if given.whole else (low, high))


def _plain(entry: Option, given: Range, value: Any) -> Any:
    if value is None or isinstance(value, str | int | float):
        return value
    raise OptionError(
        f"{entry.name} = {quoted(given)}: a value of type {type(value).__name__} cannot be saved in a study.",
        "Use names, numbers or texts.",
    )


def _empty(entry: Option, given: Range, why: str) -> OptionError:
    return OptionError(f"{entry.name} = {quoted(given)}: {why}.", f"Write {HOW}; both ends are included.")
