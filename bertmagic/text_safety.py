"""Text that Markdown shows as it is: names from data cannot become markup, links or columns of a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MARKS = re.compile(r"([\\`*_\[\]<>|~$])")
_SPACE = re.compile(r"\s+")
_ODD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_LEADING = re.compile(r"^([-+=#]|\d+(?=[.)](\s|$)))")


def escaped(value: object, most: int = 400) -> str:
    """Return a value as one line of Markdown that reads as the text it is.

    ``&`` and ``<`` become entities, since what shows Markdown passes HTML on; the other marks get a backslash.
    """
    text = _SPACE.sub(" ", _ODD.sub("�", str(value)[: 4 * most])).strip()
    text = text if len(text) <= most else text[: most - 1] + "…"
    marked = _MARKS.sub(r"\\\1", text.replace("&", "&amp;")).replace(r"\<", "&lt;").replace(r"\>", "&gt;")
    return _LEADING.sub(_spelled, marked)


def _spelled(found: re.Match[str]) -> str:
    """Return what would begin a heading, a rule or a list in a spelling that begins none."""
    return f"&#{ord(found[1][0])};{found[1][1:]}"


def code(value: object, most: int = 400) -> str:
    """Return a value as a span of code, fenced by more backticks than it has."""
    text = _SPACE.sub(" ", _ODD.sub("�", str(value)[: 4 * most])).strip()[:most].replace("|", "¦")
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
