"""Parse a whole magic: the line, the body, and the defaults of ``%config``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.errors import OptionError
from bertmagic.magics import body, line
from bertmagic.magics.names import Given, constant, resolve, shortened
from bertmagic.options import Option, Shell, ranges, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bertmagic.options import Command

_SHELL = {entry.name for entry in table(Shell)}

_DISPLAYS = ("[", "(", "{", '"')
"""How the code of a list, tuple, dictionary or text begins: it holds the rows, and is no name for them."""


@dataclass(frozen=True)
class Request:
    """A parsed magic.

    Attributes
    ----------
    command
        The magic.
    given
        The options with a value, by name.
    names
        The namespace of variables.
    out
        The variable that gets the result.
    show_code
        Whether to print the equivalent Python instead of running the magic.
    silent
        Whether the line, or a body of options, ends with a semicolon.
    """

    command: Command
    given: dict[str, Given]
    names: dict[str, Any]
    out: str | None = None
    show_code: bool = False
    silent: bool = False

    @property
    def typed(self) -> Iterator[tuple[Any, str]]:
        """Yield the objects that options of data have, with the code of each: a variable, or an expression of some."""
        for given in self.given.values():
            if given.entry.kind in ("data", "share_or_data", "texts") and not given.code.startswith(_DISPLAYS):
                yield given.value, shortened(given.code, 40)

    @property
    def model(self) -> Option | None:
        """The option of the model whose method is called; None if the command is a function."""
        if not self.command.function.startswith("TextModel."):
            return None
        return next(entry for entry in self.command.options if entry.kind == "model")


def read(command: Command, typed: str, cell: str | None, names: dict[str, Any], defaults: Mapping[str, Any]) -> Request:
    """Return the parsed magic.

    Raises
    ------
    OptionError
        If line or body cannot be parsed, an option is in both, or a required option is missing.
    """
    known = {entry.name: entry for entry in line.options_of(command)}
    if any(entry.searchable for entry in known.values()):
        names = {**names, **ranges.NAMES}
    on_line = {name: resolve(known[name], tokens, names) for name, tokens in line.read(typed, command).items()}
    in_body = _body(command, cell, names, on_line)
    for name in in_body.keys() & on_line.keys():
        raise OptionError(f"{name!r} is both on the line and in the body of the cell.", "Give it once.")
    shell = {name: on_line.pop(name).value for name in _SHELL & on_line.keys()}
    settings = {name: constant(known[name], value) for name, value in defaults.items()}
    given = settings | on_line | in_body
    _complete(command, given)
    silent = line.silenced(typed) or (command.body == "options" and line.body_is_silenced(cell or ""))
    return Request(command, given, names, shell.get("out"), shell.get("show_code", False), silent)


def _body(command: Command, cell: str | None, names: dict[str, Any], on_line: dict[str, Given]) -> dict[str, Given]:
    if cell is None or not cell.strip():
        return {}
    if command.body == "options":
        data = [given.code for given in on_line.values() if given.entry.kind == "data"]
        return body.assignments(cell, command, names, data)
    if command.body == "texts":
        entry = next(entry for entry in command.options if entry.kind == "texts")
        return {entry.name: constant(entry, body.texts(cell))}
    fix = f"Write %{command.magic} with one percent sign, and move the rest to another cell."
    raise OptionError(f"%%{command.magic} takes no body.", fix)


def _complete(command: Command, given: dict[str, Given]) -> None:
    for entry in command.options:
        if entry.required and entry.name not in given:
            place = entry.name.upper() if entry.name in command.positional else f"{entry.long} …"
            body_too = f", or {entry.name} = … in the body of the cell" if command.body == "options" else ""
            raise OptionError(
                f"{entry.name!r} is missing. {entry.help}", f"Give it as %{command.magic} {place}{body_too}."
            )
