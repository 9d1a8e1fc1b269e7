"""Parse a magic line: text -> tokens -> values of options.

IPython's ``arg_split`` keeps the quotes in values and splits ``--path="a b"`` in two, so bertmagic has its own parser.
"""

from __future__ import annotations

import io
import re
import tokenize as tokens
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from bertmagic.errors import OptionError, listing
from bertmagic.magics.syntax import reads
from bertmagic.options import Option, Shell, synonyms, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.options import Command

_FLAG = re.compile(r"--?[A-Za-z]")
_GLUED = re.compile(r"(--?[A-Za-z][\w-]*)=")
_MOST_READ = 2_000_000
"""Characters that are parsed to find the brace that closes an expression: each brace before it is tried."""
_SEMICOLON = re.compile(r"\s*;\s*(#.*)?\Z", re.DOTALL)


@dataclass(frozen=True)
class Token:
    """A token of a magic line.

    Attributes
    ----------
    text
        The text without quotes or braces.
    start, end
        The position in the line.
    kind
        Bare, quoted, or Python in braces.
    open
        The position of an unclosed quote or brace; -1 if there is none.
    """

    text: str
    start: int
    end: int
    kind: Literal["bare", "quoted", "python"] = "bare"
    open: int = -1

    @property
    def is_flag(self) -> bool:
        """Whether the token is a flag; ``-1`` is a value."""
        return self.kind == "bare" and bool(_FLAG.match(self.text))


class Pair(NamedTuple):
    """A value and its option. ``entry`` is None for an unknown flag, ``value`` for a flag without one."""

    entry: Option | None
    flag: Token | None
    value: Token | None


def scan(line: str) -> Iterator[Token]:
    """Yield the tokens of a line without raising errors; the last token may be unclosed."""
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
        With a caret under an unclosed quote or brace, or under text that follows a closing brace without a space.
    """
    tokens = list(scan(line))
    for token in tokens:
        if token.open >= 0:
            raise _unclosed(line, token)
    for before, after in pairwise(tokens):
        if before.kind == "python" and before.end == after.start:
            raise pointed(line, after.start, "there is text right after a closing brace.", "Put a space between them.")
    return tokens


def silenced(line: str) -> bool:
    """Whether the line ends with a semicolon, which suppresses the output."""
    return bool(_SEMICOLON.match(line, max((token.end for token in scan(line)), default=0)))


def body_is_silenced(body: str) -> bool:
    """Whether the last statement of a body of assignments ends with a semicolon: IPython's own rule for a cell."""
    marks = (tokens.NEWLINE, tokens.NL, tokens.COMMENT, tokens.DEDENT, tokens.ENDMARKER)
    last = ""
    try:
        for token in tokens.generate_tokens(io.StringIO(body).readline):
            last = last if token.type in marks else token.string
    except (tokens.TokenError, SyntaxError):  # reading the body raises an error that shows the place
        return False
    return last == ";"


def asks_help(line: str) -> bool:
    """Whether the line has -h or --help, even if the rest of it cannot be parsed."""
    return any(token.is_flag and token.text in ("-h", "--help") for token in scan(line))


def options_of(command: Command) -> tuple[Option, ...]:
    """Return the options that a line can have: those of the command and those of every magic."""
    return (*command.options, *table(Shell))


def pair(tokens: list[Token], command: Command) -> Iterator[Pair]:
    """Yield each value with its option, without raising errors, so that completion can use it, too."""
    known = {entry.name: entry for entry in options_of(command)}
    flags = {flag: entry for entry in known.values() for flag in (entry.long, entry.short)}
    flags |= {_flag(old): known[new] for old, new in synonyms.RENAMED.items() if new in known}
    queue, pairs = deque(tokens), []
    while queue:
        token = queue.popleft()
        if token.is_flag:
            entry = flags.get(token.text.replace("_", "-"))
            pairs += [Pair(entry, token, _value(entry, token, queue)) for _ in range(entry.arity if entry else 1)]
        else:
            pairs.append(Pair(None, None, token))
    entries = [known[name] for name in command.positional]
    if any(entry.many for entry in entries):  # an option given by its flag takes no positional value
        flagged = {given.entry.name for given in pairs if given.entry and not given.entry.many}
        entries = [entry for entry in entries if entry.name not in flagged]
    places = _places(entries, sum(given.flag is None for given in pairs))
    for given in pairs:
        yield given if given.flag else given._replace(entry=next(places, None))


def _places(entries: list[Option], values: int) -> Iterator[Option]:
    """Yield the options of positional values; a repeatable option leaves one value for each option after it."""
    for at, entry in enumerate(entries):
        behind = len(entries) - at - 1
        taken = max(values - behind, 1) if entry.many else 1
        yield from [entry] * taken
        values -= taken


def read(line: str, command: Command) -> dict[str, list[Token]]:
    """Return the typed values of a line, by option.

    Raises
    ------
    OptionError
        For an unknown flag (with the nearest one), a flag without a value, an option given twice, or too many values.
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
    """Return an error that shows the line with a caret under one position."""
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
    """Return a token of Python in braces: it ends at the first closing brace after a complete expression.

    Before a brace that is part of a string or a dictionary, the expression is incomplete.
    """
    read = 0
    for close in (place for place in range(at, len(line)) if line[place] == "}"):
        read += close - at
        if read > _MOST_READ:
            break
        source = line[at + 1 : close].strip()
        if reads(source):
            return Token(source, at, close + 1, "python")
    return Token(line[at + 1 :].strip(), at, len(line), "python", open=at)


def _word(line: str, at: int) -> Token:
    kind: Literal["bare", "quoted"] = "quoted" if line[at] in "'\"" else "bare"
    parts: list[str] = []
    end = at
    while end < len(line) and not line[end].isspace() and not (line[end] == ";" and _SEMICOLON.match(line, end)):
        if line[end] not in "'\"":
            parts.append(line[end])
            end += 1
            continue
        close = line.find(line[end], end + 1)
        if close < 0:
            return Token("".join(parts) + line[end + 1 :], at, len(line), kind, open=end)
        parts.append(line[end + 1 : close])
        end = close + 1
    return Token("".join(parts), at, end, kind)


def _value(entry: Option | None, flag: Token, queue: deque[Token]) -> Token | None:
    glued = bool(queue) and queue[0].start == flag.end
    if entry is not None and entry.kind == "flag" and not glued:
        return Token("true", flag.start, flag.end)
    if not queue or (queue[0].is_flag and not glued):
        return None
    return queue.popleft()


def _unclosed(line: str, token: Token) -> OptionError:
    if token.kind != "python":
        fix = "Close it. Put a text that contains an apostrophe in double quotes."
        return pointed(line, token.open, "this quote is never closed.", fix)
    if "}" in token.text:
        return pointed(
            line, token.open, "the text in these braces is not a Python expression.", "Correct the expression."
        )
    return pointed(line, token.open, "this brace is never closed.", "Close it, or quote the text that contains it.")


def _unknown(line: str, token: Token, command: Command) -> OptionError:
    if not token.is_flag:
        takes = listing(name.upper() for name in command.positional) or "no values"
        what = f"%{command.magic} takes {takes}; there is one value too many."
        return pointed(line, token.start, what, "Quote a text that contains spaces. Give options by their flags.")
    if lines := synonyms.advice(token.text, command.options, flag=True):
        return pointed(line, token.start, *lines)
    flags = [entry.long for entry in options_of(command)]
    meant = synonyms.suggestion(token.text, options_of(command), flag=True)
    what = f"%{command.magic} has no flag {token.text}.{meant}"
    return pointed(line, token.start, what, f"The flags are: {listing(flags, 40)}.")
