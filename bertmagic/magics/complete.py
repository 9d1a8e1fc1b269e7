"""Completion after ``%magic``, ``%%magic`` and ``x = %magic``, and in the body of a cell of options.

It is a single context matcher, as IPython does not call its older ``complete_command`` hook for cell magics and
assignments. That interface is provisional; in an IPython without it the magics have no completion.
"""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.magics import candidates, line
from bertmagic.magics.names import columns, lookup
from bertmagic.options import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from IPython.core.interactiveshell import InteractiveShell

    from bertmagic.options import Command, Option

_IDENTIFIER = "bertmagic"
_MAGIC = re.compile(r"\s*(?:[\w\s.,\[\]'\"*]+=\s*)?%%?(?P<name>bert_\w+)(?P<rest>\s.*)\Z", re.DOTALL)
_ASSIGNED = re.compile(r"^(\w+)[ \t]*=[ \t]*(.*)$", re.MULTILINE)
_QUOTED_PARTS = re.compile(r"\"[^\"]*\"|'[^']*'")


@dataclass(frozen=True)
class Offer:
    """Completions for the fragment before the cursor; ``alone`` suppresses those of Python."""

    fragment: str
    texts: Iterable[str]
    alone: bool = True


def attach(shell: InteractiveShell) -> None:
    """Add the completion of magics to a shell."""
    try:
        from IPython.core.completer import SimpleCompletion, SimpleMatcherResult, context_matcher

        matchers = shell.Completer.custom_matchers
    except (ImportError, AttributeError):
        return

    @context_matcher(identifier=_IDENTIFIER)
    def matcher(context: Any) -> Any:
        try:
            offer = complete(context.full_text, context.cursor_line, context.cursor_position, shell.user_ns)
        except Exception:  # attributes of user objects can raise anything, and IPython would print it at the cursor
            offer = Offer("", ())
        completions = [SimpleCompletion(text=text, type="param") for text in dict.fromkeys(offer.texts)]
        return SimpleMatcherResult(
            completions=completions,
            matched_fragment=offer.fragment,
            suppress=offer.alone and bool(completions),
            ordered=True,
        )

    matchers.append(matcher)


def detach(shell: InteractiveShell) -> None:
    """Remove the completion of magics from a shell."""
    matchers = getattr(getattr(shell, "Completer", None), "custom_matchers", [])
    matchers[:] = [entry for entry in matchers if getattr(entry, "matcher_identifier", None) != _IDENTIFIER]


def complete(text: str, row: int, column: int, names: dict[str, Any]) -> Offer:
    """Return the completions at a position of a cell."""
    rows = text.split("\n")
    before = rows[row][:column]
    while row and rows[row - 1].endswith("\\"):
        row -= 1
        before = rows[row][:-1] + "\n" + before
    if magic := _MAGIC.match(before):
        command = COMMANDS.get(magic["name"])
        return _on_line(command, magic["rest"], names) if command else Offer("", ())
    first = _MAGIC.match(rows[0] + " ") if rows[0].startswith("%%") else None
    command = COMMANDS.get(first["name"]) if first and row else None
    if first is None or command is None or command.body != "options":
        return Offer("", ())
    return _in_body(command, first["rest"], rows[1:row], before, rows[row + 1 :], names)


def _on_line(command: Command, rest: str, names: dict[str, Any]) -> Offer:
    typing = _typing(rest)
    if typing is None:
        return Offer("", ())
    pairs = list(line.pair(typing.before, command))
    if typing.is_flag:
        return Offer(typing.fragment, _flags(command, pairs, typing.fragment))
    entries, waiting = _expected(command, pairs)
    known = _columns(_typed(pairs), command, names)
    each = [candidates.values(entry, typing.fragment, names, known) for entry in entries]
    texts = [
        text
        for values in each
        for text in (values.texts if typing.quote else (*values.variables, *map(_quoted_for_line, values.texts)))
    ]
    offered = [text for text in texts if text.lstrip("'\"").startswith(typing.fragment)]
    may_be_flag = not (typing.fragment or typing.quote or waiting)
    return Offer(typing.fragment, [*offered, *(_flags(command, pairs, "") if may_be_flag else ())])


@dataclass(frozen=True)
class _Typing:
    """The fragment of a line before the cursor, and the tokens before that fragment."""

    before: list[line.Token]
    fragment: str = ""
    quote: bool = False
    is_flag: bool = False


def _typing(rest: str) -> _Typing | None:
    """Return the fragment being typed; None inside Python or after a closed quote."""
    before = list(line.scan(rest))
    if not before or before[-1].end < len(rest) or (before[-1].is_flag and rest.endswith("=")):
        return _Typing(before)
    last = before.pop()
    if last.open < 0:
        is_flag = last.is_flag or last.text in ("-", "--")
        return _Typing(before, last.text, is_flag=is_flag) if last.kind == "bare" else None
    return None if last.kind == "python" else _Typing(before, rest[last.open + 1 :], quote=True)


def _typed(pairs: list[line.Pair]) -> dict[str, str]:
    return {pair.entry.name: pair.value.text for pair in pairs if pair.entry and pair.value}


def _flags(command: Command, pairs: list[line.Pair], fragment: str) -> list[str]:
    used = {pair.entry.name for pair in pairs if pair.entry and not pair.entry.many}
    flags = [
        flag
        for entry in line.options_of(command)
        if entry.name not in used
        for flag in (entry.long, entry.short)
        if flag
    ]
    wanted = fragment.replace("_", "-")
    return [flag for flag in flags if flag.startswith(wanted)]


def _expected(command: Command, pairs: list[line.Pair]) -> tuple[list[Option], bool]:
    """Return the options that the next value can belong to, and whether a flag expects it."""
    if pairs and pairs[-1].flag and pairs[-1].value is None:
        return [pairs[-1].entry] if pairs[-1].entry else [], True
    known = {entry.name: entry for entry in command.options}
    places = [known[name] for name in command.positional]
    used = {pair.entry.name for pair in pairs if pair.entry and not pair.entry.many}
    if places and places[0].many:
        return places if pairs else places[:1], False
    return [place for place in places if place.name not in used][:1], False


def _columns(typed: dict[str, str], command: Command, names: dict[str, Any]) -> list[str]:
    """Return the columns of the first table on the line."""
    places = [entry.name for entry in command.options if entry.kind in ("data", "texts")]
    tables = (columns(lookup(typed[name].strip(), names)) for name in places if name in typed)
    return next(filter(None, tables), [])


def _quoted_for_line(text: str) -> str:
    plain = re.fullmatch(r"[^\s'\"#{;-][^\s'\";]*", text)
    return text if plain else f"'{text}'" if '"' in text else f'"{text}"'


def _in_body(
    command: Command, rest: str, above: list[str], before: str, below: list[str], names: dict[str, Any]
) -> Offer:
    if _is_open("\n".join(above)):
        return Offer("", ())
    on_line = {
        pair.entry.name: pair.value.text
        for pair in line.pair(list(line.scan(rest)), command)
        if pair.entry and pair.value
    }
    typed = on_line | dict(_ASSIGNED.findall("\n".join([*above, *below])))
    known = {entry.name: entry for entry in command.options}
    if re.fullmatch(r"\w*", before):
        return Offer(before, [name for name in known if name.startswith(before) and name not in typed])
    assigned = _ASSIGNED.fullmatch(before)
    entry = known.get(assigned[1]) if assigned else None
    if assigned is None or entry is None:
        return Offer("", ())
    return _assigned(entry, assigned[2], names, _columns(typed, command, names))


def _assigned(entry: Option, value: str, names: dict[str, Any], known: list[str]) -> Offer:
    """Return completions after the equals sign, as Python source."""
    rest = _QUOTED_PARTS.sub("", value)
    quote = re.search(r"['\"]", rest)
    if quote:
        fragment = rest[quote.end() :]
        texts: Iterable[str] = candidates.values(entry, fragment, names, known).texts
        return Offer(fragment, [text for text in texts if text.startswith(fragment)])
    if not re.fullmatch(r"[\w.]*", value):
        return Offer("", ())
    values = candidates.values(entry, value, names, known)
    switches = ("True", "False") if entry.kind == "flag" else ()
    offered = [*switches, *values.variables, *(f'"{text}"' for text in values.texts)]
    # Any expression is allowed here, so Python's completions stay, unless only a few words are valid.
    return Offer(
        value, [text for text in offered if text.lstrip('"').startswith(value)], entry.kind in ("choice", "flag")
    )


def _is_open(source: str) -> bool:
    """Whether the value above continues on this line, so that no option starts here."""
    try:
        list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return True
    return False
