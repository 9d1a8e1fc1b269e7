"""A command: a magic, the function behind it, and its options."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from bertmagic.options.entry import Option, option, table

Table = TypeVar("Table", bound=type[Any])

COMMANDS: dict[str, Command] = {}
"""All commands by the name of their magic."""


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Flags of every magic."""

    out: str | None = option(None, "name", "Bind the result to this variable.", short="-o")
    show_code: bool = option(False, "flag", "Print the equivalent Python instead of running it.")
    help: bool = option(False, "flag", "Show this page.", short="-h")


@dataclass(frozen=True)
class Command:
    """A magic, its options, and how they are typed.

    Attributes
    ----------
    magic
        The name of the magic without percent signs.
    function
        The function of `bertmagic.api`, or the method of `TextModel`, that the magic calls.
    table
        The dataclass of the options.
    positional
        The options that can be typed without a flag, in order.
    body
        The content of the cell body: assignments of options, one text per line, or nothing.
    examples
        Example cells for the help page.
    """

    magic: str
    function: str
    table: type[Any]
    positional: tuple[str, ...] = ()
    body: Literal["options", "texts", "none"] = "none"
    examples: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first line of the help page."""
        return inspect.getdoc(self.table) or ""

    @property
    def options(self) -> tuple[Option, ...]:
        """The options of the command, without those of `Shell`."""
        return table(self.table)


def command(
    magic: str, function: str, *, positional: tuple[str, ...] = (), body: Literal["options", "texts", "none"] = "none",
    examples: tuple[str, ...] = (),
) -> Callable[[Table], Table]:  # fmt: skip
    """Make a dataclass of options a command; the parameters are those of `Command`."""

    def register(options: Table) -> Table:
        COMMANDS[magic] = Command(magic, function, options, positional, body, examples)
        return options

    return register
