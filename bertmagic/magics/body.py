"""Parse the body of a cell: assignments of options, or one text per line."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from bertmagic.data import pairs
from bertmagic.errors import OptionError, listing, nearest
from bertmagic.magics import names as naming
from bertmagic.magics.names import Given
from bertmagic.magics.syntax import parsed, source_of
from bertmagic.options import check, synonyms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bertmagic.options import Command, Option

_COLUMNS = ("column", "columns")
_SPELLABLE = ("choice", "text", "path", "name", "freeze", *naming.REFERENCES)


@dataclass(frozen=True)
class _Assignment:
    entry: Option
    node: ast.expr
    source: str
    line: int


def texts(cell: str) -> list[str | tuple[str, ...]]:
    """Return the texts of a body, one per line, as typed; blank lines are skipped.

    Only line feeds separate lines: a text can contain other characters that `str.splitlines` splits at.
    """
    lines = (line.removesuffix("\r") for line in cell.split("\n"))
    inputs = (pairs.split(line) for line in lines if line.strip())
    return [texts if len(texts) > 1 else texts[0] for texts in inputs]


def assignments(cell: str, command: Command, names: dict[str, Any], data: Iterable[str] = ()) -> dict[str, Given]:
    """Return the options that a body assigns; their values are evaluated when they are first used.

    ``data`` has the words of the magic line that may name a table, for error messages about columns.

    Raises
    ------
    OptionError
        If a statement is not valid Python or not an assignment, or an option is unknown or assigned twice.
    """
    assigned: dict[str, _Assignment] = {}
    for statement in _parsed(cell).body:
        assignment = _assignment(statement, cell, command)
        if assignment.entry.name in assigned:
            raise _at(statement.lineno, f"{assignment.entry.name!r} is assigned twice.", "Assign it once.")
        assigned[assignment.entry.name] = assignment
    words = [*data, *(assignment.source for assignment in assigned.values() if assignment.entry.kind == "data")]
    return {name: _given(assignment, words, names) for name, assignment in assigned.items()}


def _parsed(cell: str) -> ast.Module:
    try:
        return cast("ast.Module", parsed(cell, "exec"))
    except SyntaxError as error:
        start = max(0, (error.offset or 1) - 60)
        line = (error.text or "").rstrip("\n")[start : start + 100]
        caret = " " * ((error.offset or 1) - 1 - start) + "^"
        what = f"{error.msg}\n  {line}\n  {caret}" if line else f"{error.msg}."
        raise _at(error.lineno or 1, what, "The body is Python: one option per line, name = value.") from None


def _assignment(statement: ast.stmt, cell: str, command: Command) -> _Assignment:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=node):
            return _Assignment(_option(name, statement.lineno, command), node, source_of(cell, node), statement.lineno)
    shown = naming.shortened(source_of(cell, statement), 80)
    what = f"{shown!r} is not an assignment of one option."
    raise _at(statement.lineno, what, "Write one option per line, name = value. Move other code to a cell before.")


def _option(name: str, line: int, command: Command) -> Option:
    known = {entry.name: entry for entry in command.options}
    if (current := synonyms.current(name)) in known:
        return known[current]
    error = synonyms.unknown(name, command.options)
    raise _at(line, error.what, error.fix)


def _given(assignment: _Assignment, data: list[str], names: dict[str, Any]) -> Given:
    entry, node, source = assignment.entry, assignment.node, assignment.source
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and entry.kind in naming.REFERENCES:
        reference = node.value
    else:
        reference = ""

    def read() -> Any:
        if isinstance(node, ast.Name) and node.id not in names and entry.kind in (*_SPELLABLE, *_COLUMNS):
            raise _unquoted(assignment, node.id, data, names)
        return check(entry, naming.evaluate(entry, source, names))

    return Given(entry, naming.argument(source), read, reference)


def _unquoted(assignment: _Assignment, word: str, data: list[str], names: dict[str, Any]) -> OptionError:
    """Return the error for an undefined variable, which may be a column, choice or name without quotes."""
    entry = assignment.entry
    what = f"{entry.name} = {word}: there is no variable {word!r}."
    quoted = f'{entry.name} = "{word}"'
    if entry.kind not in _COLUMNS:
        return _at(assignment.line, what + nearest(word, naming.public(names)), f"Quote a name or a text: {quoted}.")
    known = next(filter(None, (naming.columns(naming.lookup(name, names)) for name in data)), [])
    if known and word not in known:
        fix = f"The data has no column {word!r} either.{nearest(word, known)} The columns are: {listing(known)}."
        return _at(assignment.line, what, fix)
    sure = (
        f"The data has a column of this name; quote it: {quoted}."
        if known
        else f"If it is a column, quote it: {quoted}."
    )
    return _at(assignment.line, what, sure)


def _at(line: int, what: str, fix: str) -> OptionError:
    """Return an error with a line number as in the editor: the magic itself is line 1."""
    return OptionError(f"line {line + 1} of the cell: {what}", fix)
