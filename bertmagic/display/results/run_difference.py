"""How two runs differ, in words and as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.display.style import columns, count, duration, line, number, words
from bertmagic.display.writers.elements import box, paragraph, table, tag

if TYPE_CHECKING:
    from markupsafe import Markup

    from bertmagic.run.difference import Difference, RunDifference, What

_ROWS = 60
_KINDS: tuple[tuple[What, str], ...] = (
    ("option", "Options that differ"),
    ("data", "Data that differs"),
    ("result", "What came of it"),
)


def text(result: RunDifference) -> str:
    """Return the differences in words."""
    parts = [_headline(result)]
    for what, title in _KINDS:
        if rows := _rows(result, what):
            parts += ["", f"{title}:", *columns([_head(result, what), *rows], left=(0, 1, 2))]
    return "\n".join(parts)


def markup(result: RunDifference) -> Markup:
    """Return the differences as tables."""
    tables = [
        table(_head(result, what), rows, title + ".", left=(0, 1, 2, 4) if what == "data" else (0, 1, 2))
        for what, title in _KINDS
        if (rows := _rows(result, what))
    ]
    return box(paragraph(tag("b", _headline(result))), *tables)


def _headline(result: RunDifference) -> str:
    """Say first what was the same, then which kinds of things were not."""
    options, data = len(result.of("option")), len(result.of("data"))
    differ = [count(options, "option differs", "options differ")] if options else []
    differ += [count(data, "fact of the data differs", "facts of the data differ")] if data else []
    rows = f"The {' and '.join(result.same_data)} rows are the same. " if result.same_data else ""
    said = f"{'; '.join(differ)}." if differ else "Options and data are the same."
    first, second = (line(record.name, 60) for record in (result.first, result.second))
    return f"{first} and {second}: {rows}{said}"


def _head(result: RunDifference, what: What) -> list[str]:
    names = ["", line(result.first.name, 40), line(result.second.name, 40)]
    return names + {"option": [], "data": ["note"], "result": ["change"]}[what]


def _rows(result: RunDifference, what: What) -> list[list[str]]:
    return [_row(one) for one in result.of(what)[:_ROWS]]


def _row(one: Difference) -> list[str]:
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
        return line(", ".join(f"{role} {of}" for role, of in value.items() if of is not None), 120)
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
