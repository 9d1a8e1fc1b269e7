"""How two runs differ: in their options, their data and what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.blocks import Block, Column, Headline, Table, columns
from bertmagic.display.style import duration, line, number, words
from bertmagic.errors import count

if TYPE_CHECKING:
    from bertmagic.display.cells import Row
    from bertmagic.run.difference import Difference, RunDifference, What

_ROWS = 60
_KINDS: tuple[tuple[What, str], ...] = (
    ("option", "Options that differ."),
    ("data", "Data that differs."),
    ("result", "Results."),
)
_LAST: dict[What, list[str]] = {"option": [], "data": ["note"], "result": ["change"]}
"""The name of a last column, by what differs."""


def blocks(result: RunDifference) -> list[Block]:
    """Return the differences as tables, one for each kind of thing that differs."""
    tables = [Table(_head(result, what), _rows(result, what), caption) for what, caption in _KINDS]
    return [Headline(_headline(result)), *(table for table in tables if table.rows)]


def _headline(result: RunDifference) -> str:
    """Say first what was the same, then which kinds of things were not."""
    options, data = len(result.of("option")), len(result.of("data"))
    differ = [count(options, "option differs", "options differ")] if options else []
    differ += [count(data, "fact of the data differs", "facts of the data differ")] if data else []
    rows = f"The {' and '.join(result.same_data)} rows are the same. " if result.same_data else ""
    first, second = (line(record.name, 60) for record in (result.first, result.second))
    return f"{first} and {second}: {rows}{'; '.join(differ) or 'Options and data are the same'}."


def _head(result: RunDifference, what: What) -> tuple[Column, ...]:
    names = ("", line(result.first.name, 40), line(result.second.name, 40), *_LAST[what])
    return columns(names, (0, 1, 2, 3) if what == "data" else (0, 1, 2))


def _rows(result: RunDifference, what: What) -> list[Row]:
    return [_row(one) for one in result.of(what)[:_ROWS]]


def _row(one: Difference) -> Row:
    name = words(line(one.name, 40)) if one.what == "result" else line(one.name, 40)
    shown = [name, _value(one.name, one.first), _value(one.name, one.second)]
    if one.what == "data":
        return [*shown, line(one.note, 120)]
    return shown if one.what == "option" else [*shown, _change(one)]


def _value(name: str, value: Any) -> str:
    if value is None:
        return "none"
    if name == "seconds":
        return duration(value)
    if name.endswith("sha256"):
        return line(value, 13)
    if isinstance(value, dict):
        return line(", ".join(f"{key} {item}" for key, item in value.items() if item is not None), 120)
    if isinstance(value, list | tuple):
        return line(", ".join(map(str, value)), 120)
    return number(value) if isinstance(value, float) else line(f"{value:,}" if type(value) is int else value, 120)


def _change(one: Difference) -> str:
    change = one.change
    if change is None:
        return ""
    if one.name == "step":
        return f"{int(change):+,}"
    return f"{change:+.1f} s" if one.name == "seconds" else f"{change:+.4f}"
