"""A magic line -> tokens -> which option each of them is for.

IPython's own ``arg_split`` keeps quotes in the values and cuts ``--path="a b"`` in two, so lines are read here.
"""

from __future__ import annotations

import ast
import re
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from bertmagic.errors import OptionError, listing, nearest
from bertmagic.options import Option, Shell, synonyms, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.options import Command

_FLAG = re.compile(r"--?[A-Za-z]")
_GLUED = re.compile(r"(--?[A-Za-z][\w-]*)=")
_SEMICOLON = re.compile(r"\s*;\s*(#.*)?\Z", re.DOTALL)


@dataclass(frozen=True)
class Token:
    """One piece of a magic line.

    Attributes
    ----------
    text
        What it says, without quotes or braces.
    start, end
        Where it stands in the line.
    kind
        Whether it was typed bare, opened with a quote, or is Python in braces.
    open
        Where the quote or brace stands that is never closed; -1 for none.
    """

    text: str
    start: int
    end: int
    kind: Literal["bare", "quoted", "python"] = "bare"
    open: int = -1

    @property
    def is_flag(self) -> bool:
        """Whether it is a flag rather than a value; ``-1`` is a value."""
        return self.kind == "bare" and bool(_FLAG.match(self.text))


class Pair(NamedTuple):
    """A value and the option it is for; what is None could not be found."""

    entry: Option | None
    flag: Token | None
    value: Token | None


def scan(line: str) -> Iterator[Token]:
    """Yield the tokens of a line, the last one unclosed if the line is; nothing is refused."""
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
        elif _SEMICOLON.match(line, at) or _opens_comment(line, at):
            return
        else:
            token = _token(line, at)
            yield token
            at = token.end


def tokenize(line: str) -> list[Token]:
    """Return the tokens of a line.

    Raises
    ------
    OptionError
        With a caret under the quote or brace that is never closed, or under what follows a brace without a space.
    """
    tokens = list(scan(line))
    for token in tokens:
        if token.open >= 0:
            raise _unclosed(line, token)
    for before, after in pairwise(tokens):
        if before.kind == "python" and before.end == after.start:
            raise pointed(line, after.start, "something follows a closing brace.", "Put a space between them.")
    return tokens


def silenced(line: str) -> bool:
    """Whether the line ends with a semicolon, which silences its result."""
    return bool(_SEMICOLON.match(line, max((token.end for token in scan(line)), default=0)))


def asks_help(line: str) -> bool:
    """Whether the help page is wanted, even where the rest of the line cannot be read."""
    return any(token.is_flag and token.text in ("-h", "--help") for token in scan(line))


def options_of(command: Command) -> tuple[Option, ...]:
    """Return the options of a command's line: its own and those of every magic."""
    return (*command.options, *table(Shell))


def pair(tokens: list[Token], command: Command) -> Iterator[Pair]:
    """Yield each value with the option it is for; nothing is refused, so that completion can use it too."""
    known = {entry.name: entry for entry in options_of(command)}
    flags = {flag: entry for entry in known.values() for flag in (entry.long, entry.short)}
    flags |= {_flag(old): known[new] for old, new in synonyms.RENAMED.items() if new in known}
    queue, found = deque(tokens), []
    while queue:
        token = queue.popleft()
        if token.is_flag:
            entry = flags.get(token.text.replace("_", "-"))
            found += [Pair(entry, token, _value(entry, token, queue)) for _ in range(entry.arity if entry else 1)]
        else:
            found.append(Pair(None, None, token))
    entries = [known[name] for name in command.positional]
    if any(entry.many for entry in entries):  # one that was given by its flag needs no value left to it
        flagged = {one.entry.name for one in found if one.entry and not one.entry.many}
        entries = [entry for entry in entries if entry.name not in flagged]
    places = _places(entries, sum(one.flag is None for one in found))
    for one in found:
        yield one if one.flag else one._replace(entry=next(places, None))


def _places(entries: list[Option], many: int) -> Iterator[Option]:
    """Yield the options of so many values without a flag; one that may repeat leaves a value to each behind it."""
    for at, entry in enumerate(entries):
        behind = len(entries) - at - 1
        taken = max(many - behind, 1) if entry.many else 1
        yield from [entry] * taken
        many -= taken


def read(line: str, command: Command) -> dict[str, list[Token]]:
    """Return the values typed on a magic's line, by option.

    Raises
    ------
    OptionError
        For an unknown flag (the nearest is named), a flag without its value, an option given twice, or a value
        too many.
    """
    typed: dict[str, list[Token]] = {}
    for entry, flag, value in pair(tokenize(line), command):
        spot = flag or value
        assert spot is not None
        if entry is None:
            raise _unknown(line, spot, command)
        if flag:
            synonyms.current(flag.text.lstrip("-").replace("-", "_"))
        if value is None:
            needed = "a value" if entry.arity == 1 else f"{entry.arity} values"
            raise pointed(line, spot.start, f"{spot.text} needs {needed}.", entry.help)
        if entry.name in typed and not entry.many:
            raise pointed(line, spot.start, f"{entry.name!r} is given twice.", "Give it once.")
        typed.setdefault(entry.name, []).append(value)
    return typed


def pointed(line: str, at: int, what: str, fix: str) -> OptionError:
    """Return an error that shows the line with a caret under one place of it."""
    start = max(0, at - 60)
    shown = re.sub(r"\s", " ", line[start : at + 40])
    return OptionError(f"{what}\n  {shown}\n  {' ' * (at - start)}^", fix)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _opens_comment(line: str, at: int) -> bool:
    return line[at] == "#" and (at == 0 or line[at - 1].isspace())


def _token(line: str, at: int) -> Token:
    if glued := _GLUED.match(line, at):
        return Token(glued[1], at, glued.end())
    return _python(line, at) if line[at] == "{" else _word(line, at)


def _python(line: str, at: int) -> Token:
    """Read Python in braces: the first closing brace before which there is a whole expression ends it.

    A brace inside a string, or one that closes a dictionary, leaves something open before it, so it never does.
    """
    for close in (place for place in range(at, len(line)) if line[place] == "}"):
        source = line[at + 1 : close].strip()
        if _is_expression(source):
            return Token(source, at, close + 1, "python")
    return Token(line[at + 1 :].strip(), at, len(line), "python", open=at)


def _is_expression(source: str) -> bool:
    try:
        ast.parse(source, mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True


def _word(line: str, at: int) -> Token:
    kind: Literal["bare", "quoted"] = "quoted" if line[at] in "'\"" else "bare"
    text, end = "", at
    while end < len(line) and not line[end].isspace() and not _SEMICOLON.match(line, end):
        if line[end] not in "'\"":
            text, end = text + line[end], end + 1
            continue
        close = line.find(line[end], end + 1)
        if close < 0:
            return Token(text + line[end + 1 :], at, len(line), kind, open=end)
        text, end = text + line[end + 1 : close], close + 1
    return Token(text, at, end, kind)


def _value(entry: Option | None, flag: Token, queue: deque[Token]) -> Token | None:
    glued = bool(queue) and queue[0].start == flag.end
    if entry is not None and entry.kind == "flag" and not glued:
        return Token("true", flag.start, flag.end)
    if not queue or (queue[0].is_flag and not glued):
        return None
    return queue.popleft()


def _unclosed(line: str, token: Token) -> OptionError:
    if token.kind != "python":
        fix = "Close it, or put a text that holds an apostrophe between double quotes."
        return pointed(line, token.open, "this quote is never closed.", fix)
    if "}" in token.text:
        return pointed(line, token.open, "this is not a Python expression in braces.", "Correct what is in the braces.")
    return pointed(line, token.open, "this brace is never closed.", "Close it, or quote the text that it is part of.")


def _unknown(line: str, token: Token, command: Command) -> OptionError:
    if not token.is_flag:
        takes = listing(name.upper() for name in command.positional) or "no values"
        what = f"%{command.magic} takes {takes}; there is one value too many."
        return pointed(line, token.start, what, "Quote a text that has spaces; give options by their flags.")
    if lines := synonyms.advice(token.text, command.options, flag=True):
        return pointed(line, token.start, *lines)
    flags = [entry.long for entry in options_of(command)]
    what = f"%{command.magic} has no flag {token.text}.{nearest(token.text.replace('_', '-'), flags)}"
    return pointed(line, token.start, what, f"The flags are: {listing(flags, 40)}.")
