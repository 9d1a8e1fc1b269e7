"""What differs between two runs: options, data, metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bertmagic.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from bertmagic.run.records import Record

What = Literal["option", "data", "result"]

_PARTS = ("train", "validation", "test")
_NOT_COMPARED = (*_PARTS, "name", "resume", "background", "save_to")
"""Options that are not compared: data is compared by its digest, and where a run is kept has no effect."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs: ``first`` and ``second`` are None where a run does not have it.

    ``note`` explains it, where the two values do not.
    """

    what: What
    name: str
    first: Any
    second: Any
    note: str = ""

    @property
    def change(self) -> float | None:
        """Second number minus the first; None if they are not numbers."""
        numbers = (self.first, self.second)
        if any(isinstance(value, bool) or not isinstance(value, int | float) for value in numbers):
            return None
        return float(self.second - self.first)


@dataclass(frozen=True, repr=False)
class RunDifference(Result):
    """What differs between two runs.

    Attributes
    ----------
    first, second
        The runs.
    differences
        What differs: options, then data, then results.
    same
        How many options are the same in both.
    same_data
        The parts of the data with the same rows, by their digest.
    """

    first: Record
    second: Record
    differences: tuple[Difference, ...]
    same: int
    same_data: tuple[str, ...]

    @property
    def frame(self) -> pd.DataFrame:
        """One row per difference: what, name, the two values, the change of a number."""
        import pandas as pd

        rows = [(one.what, one.name, one.first, one.second, one.change, one.note) for one in self.differences]
        names = ["what", "name", self.first.name, self.second.name, "change", "note"]
        return pd.DataFrame(rows, columns=names)

    def of(self, what: What) -> tuple[Difference, ...]:
        """Return the differences in options, in data or in results."""
        return tuple(one for one in self.differences if one.what == what)


def compare(first: Record, second: Record) -> RunDifference:
    """Return what differs between two runs."""
    options, same = _options(first, second)
    data, same_data = _data(first, second)
    return RunDifference(first, second, (*options, *data, *_results(first, second)), same, same_data)


def _options(first: Record, second: Record) -> tuple[list[Difference], int]:
    names = [name for name in {**first.options, **second.options} if name not in _NOT_COMPARED]
    options = list(_unequal("option", first.options, second.options, names))
    before = [("task", first.task, second.task), ("encoder", first.encoder, second.encoder)]
    facts = [Difference("option", *fact) for fact in before if fact[1] != fact[2] and fact[0] not in names]
    return [*facts, *options], len(names) - len(options)


def _unequal(what: What, first: Mapping[str, Any], second: Mapping[str, Any], names: list[str]) -> Iterator[Difference]:
    for name in names:
        if first.get(name) != second.get(name):
            yield Difference(what, name, first.get(name), second.get(name))


def _data(first: Record, second: Record) -> tuple[list[Difference], tuple[str, ...]]:
    differences: list[Difference] = []
    same = []
    for part in _PARTS:
        one, other = (_mapping(record.data.get(part)) for record in (first, second))
        if one and one.get("sha256") == other.get("sha256"):
            same.append(part)
        elif one or other:
            differences += _rows(part, one, other)
    if first.labels != second.labels:
        differences.append(Difference("data", "classes", list(first.labels), list(second.labels)))
    return differences, tuple(same)


def _rows(part: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield how the rows of a part differ: their name, then number, columns and digest."""
    yield Difference("data", part, one.get("name"), other.get("name"), _explanation(one, other))
    yield from (
        Difference("data", f"{part} {name}", one.get(name), other.get(name))
        for name in ("rows", "columns", "sha256")
        if one.get(name) != other.get(name)
    )


def _explanation(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    if not one or not other:
        return "only one of the two has such rows"
    if one.get("name") == other.get("name"):
        return "the same name, but other rows: the data has changed, or was split in another way"
    return "other rows"


def _results(first: Record, second: Record) -> Iterator[Difference]:
    facts = ("state", "seconds", "step", "measured")
    pairs = [(name, getattr(first, name), getattr(second, name)) for name in facts]
    pairs += [(name, first.metrics.get(name), second.metrics.get(name)) for name in {**first.metrics, **second.metrics}]
    return (Difference("result", *pair) for pair in pairs if pair[1] != pair[2])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
