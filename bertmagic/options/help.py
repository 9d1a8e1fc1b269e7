"""The help page of a magic, generated from the table of options."""

from __future__ import annotations

import inspect
import math
import textwrap
from typing import TYPE_CHECKING

from bertmagic.options.command import Command, Shell
from bertmagic.options.entry import Option, table

if TYPE_CHECKING:
    from collections.abc import Collection

_WIDTH = 100
_INDENT = " " * 6
_VALUES = {
    "flag": "",
    "columns": "COLUMN",
    "int": "N",
    "steps": "N",
    "float": "X",
    "choice": "CHOICE",
    "share_or_data": "SHARE|DATA",
}
_BODIES = {
    "options": "The body of %%{0} is Python: one option per line, name = value.",
    "texts": "The body of %%{0} is literal text: one input per line, ` ||| ` between the texts of a pair.",
    "none": "",
}


def page_of_call(command: Command, call: str, keywords: Collection[str] | None) -> str:
    """Return the help page where there are no magics.

    Parameters
    ----------
    call
        The function or method.
    keywords
        Its parameters; None if it takes all options.
    """
    entries = [_option(one, one.name) for one in command.options if keywords is None or one.name in keywords]
    listed = ["Options", "\n".join(entries)] if entries else []
    return inspect.cleandoc("\n\n".join([command.summary, f"{call}({'…' if entries else ''})", *listed]))


def page(command: Command) -> str:
    """Return the help page of ``%magic?`` and ``%magic --help``."""
    usage = f"%{command.magic} {' '.join(map(_place, _positional(command)))} [--flag VALUE …]".replace("  ", " ")
    entries = [_option(entry, _flags(entry)) for entry in (*command.options, *table(Shell))]
    examples = [textwrap.indent(example, "  ") for example in command.examples]
    body = _BODIES[command.body].format(command.magic)
    parts = [command.summary, usage, body, "Options", "\n".join(entries), "Examples", "\n\n".join(examples)]
    return inspect.cleandoc("\n\n".join(part for part in parts if part))


def _positional(command: Command) -> list[Option]:
    known = {entry.name: entry for entry in command.options}
    return [known[name] for name in command.positional]


def _place(entry: Option) -> str:
    word = entry.name.upper() + (" …" if entry.many else "")
    return word if entry.required else f"[{word}]"


def _flags(entry: Option) -> str:
    value = " ".join([_VALUES.get(entry.kind, entry.kind.upper())] * entry.arity)
    return ", ".join(filter(None, (entry.short, f"{entry.long} {value}".rstrip())))


def _option(entry: Option, called: str) -> str:
    facts = " ".join(filter(None, (entry.help, _allowed(entry), _default(entry))))
    return f"  {called}\n" + textwrap.fill(facts, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _allowed(entry: Option) -> str:
    if entry.choices and entry.kind != "model":  # for a model they are examples, not all values
        return f"One of: {', '.join(entry.choices)}."
    if math.isfinite(entry.low) and math.isfinite(entry.high):
        return f"From {entry.low:.10g} to {entry.high:.10g}."
    return f"At least {entry.low:g}." if math.isfinite(entry.low) else ""


def _default(entry: Option) -> str:
    if entry.required:
        return "Required."
    unsaid = entry.default is None or entry.default is False or entry.default == ()
    return "" if unsaid else f"Default: {entry.default}."
