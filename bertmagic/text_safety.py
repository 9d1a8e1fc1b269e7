"""Text from data is shown as it is: nothing in it is hidden, moves other text, or becomes markup.

`visible` is the one place that decides which characters are never shown as they are. Terminal text, HTML, Markdown,
LaTeX, the data of scripts and the messages of errors all use it; each then escapes the marks of its own language.
`quoted` and `shortened` keep short what a message quotes.
"""

from __future__ import annotations

import re
import reprlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NEVER_SHOWN = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls: they move the cursor, ring, and colour a terminal
    "\u202a-\u202e\u2066-\u2069"  # embeddings, overrides and isolates: they reorder the text around them
    "\u2028\u2029"  # separators: they end a line where one line was meant
    "\ud800-\udfff"  # halves of a pair: neither UTF-8 nor JSON takes them
    "\ufdd0-\ufdef\ufff0-\ufffb\ufffe\uffff"  # no characters, and marks of annotations
    "\xad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"  # no width: they hide
    "\U000e0000-\U000e0fff"  # tags: whole sentences that nobody sees
)
_KEPT = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,6}\U000e007f"
"""The flags of England, Scotland, Wales and other regions are a black flag that is followed by tags."""

_HIDDEN = re.compile(f"{_KEPT}|\r\n|[{_NEVER_SHOWN}]")
_HIDDEN_IN_TOKEN = re.compile(f"^[\u200c-\u200f\u061c]+|[\u200c-\u200f\u061c]+$|{_KEPT}|[\t\n{_NEVER_SHOWN}]")
"""Joiners and marks of direction have a use between letters, as in Persian; at an end of a token they hide."""

_HALVES = re.compile("[\ud800-\udfff]")
"""Surrogates that are alone: two that belong together are one character of a Python string."""

_SPACE = re.compile(r"\s+")
_MARKDOWN_MARKS = re.compile(r"([\\`*_\[\]<>|~$])")
_MARKDOWN_START = re.compile(r"^([-+=#]|\d+(?=[.)](\s|$)))")


def visible(value: object) -> str:
    """Return a value as text in which every character is seen and keeps its place.

    A control character becomes its picture (``␀``), another one that is hidden or that reorders text its code
    (``⟨U+202E⟩``). Tabs and line ends stay, and text that is written from right to left stays as it is.
    """
    return _HIDDEN.sub(_spelled, str(value))


def visible_token(text: str) -> str:
    """Return the text of one token: as `visible` does, and with line ends, tabs and joiners at its ends spelled too."""
    return _HIDDEN_IN_TOKEN.sub(_spelled, text)


def _spelled(match: re.Match[str]) -> str:
    text = match[0]
    if text == "\r\n":
        return "\n"
    return text if text[0] == "\U0001f3f4" else "".join(map(_code, text))


def _code(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"


def without_surrogates(text: str) -> str:
    """Return a text with ``�`` in the place of each lone surrogate, so that offsets stay.

    Broken scrapes have them, and neither tokenizers nor Arrow, JSON and files take them.
    """
    try:
        text.encode()  # far faster than to search, and hardly any text has one
    except UnicodeEncodeError:
        return _HALVES.sub("�", text)
    return text


def shortened(text: str, most: int) -> str:
    """Return a text of at most ``most`` characters: a longer one loses its middle, which becomes ``…``."""
    if len(text) <= most:
        return text
    end = (most - 1) // 2
    return f"{text[: most - 1 - end]}…{text[len(text) - end :]}"


def quoted(value: object, most: int = 160) -> str:
    """Return a value as Python writes it, in one line of at most ``most`` characters.

    It never fails: objects of users may raise when they are asked, and Python refuses to write a number of more than
    4,300 digits.
    """
    short = _Short()
    short.maxstring = short.maxother = short.maxlong = most
    try:
        text = short.repr(value)
    except Exception:  # it can raise anything: the code is the user's
        text = f"<{type(value).__name__}>"
    return shortened(_SPACE.sub(" ", text), most)


class _Short(reprlib.Repr):
    """Python's notation of values with few items and levels of each."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdict = self.maxdeque = 20
        self.maxarray, self.maxlevel = 20, 4

    def repr_int(self, value: int, level: int) -> str:
        """Return a number; the count of its digits if there are too many to write."""
        try:
            return super().repr_int(value, level)
        except ValueError:
            return f"a whole number of about {round(value.bit_length() * 0.30103):,} digits"

    def repr_instance(self, value: object, level: int) -> str:
        """Return what an object says of itself; its type if that fails."""
        try:
            return shortened(repr(value), self.maxother)
        except Exception:  # see `quoted`
            return f"<{type(value).__name__}>"


def _one_line(value: object, most: int) -> str:
    """Return a value as one visible line of at most ``most`` characters, with ``…`` where it was cut."""
    text = _SPACE.sub(" ", visible(str(value)[: 4 * most])).strip()
    return text if len(text) <= most else text[: most - 1] + "…"


def escaped(value: object, most: int = 400) -> str:
    """Return a value as one line of Markdown that reads as the text it is.

    ``&`` and ``<`` become entities, since what shows Markdown passes HTML on; the other marks get a backslash.
    """
    text = _one_line(value, most).replace("&", "&amp;")
    marked = _MARKDOWN_MARKS.sub(r"\\\1", text).replace(r"\<", "&lt;").replace(r"\>", "&gt;")
    return _MARKDOWN_START.sub(lambda start: f"&#{ord(start[1][0])};{start[1][1:]}", marked)


def code(value: object, most: int = 400) -> str:
    """Return a value as a span of code, fenced by more backticks than it has."""
    text = _one_line(value, most).replace("|", "¦")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}" if text else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], left: Iterable[int] = (0,)) -> str:
    """Return a table of GitHub's Markdown.

    Parameters
    ----------
    head, rows
        Cells that are Markdown already: `escaped` makes them of text.
    left
        The columns that are aligned to the left; the others are numbers.
    """
    wide = frozenset(left)
    rule = [":--" if at in wide else "--:" for at in range(len(head))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))
