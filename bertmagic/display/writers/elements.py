"""Blocks of HTML that escape what they are given and still read when their styles are taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import markupsafe
from markupsafe import Markup

from bertmagic.display.style import BLUE, FAINT, ORANGE, WARNING, line
from bertmagic.text_safety import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table with a CSS ``style`` of its own."""

    content: object
    style: str = ""


def escape(value: object) -> Markup:
    """Return ``value`` as HTML: escaped, unless it is `Markup` already."""
    return value if isinstance(value, Markup) else markupsafe.escape(visible(value))


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """Return an element; ``aria_live`` is the attribute ``aria-live``, ``style`` and others as they are."""
    marks = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items() if value != ""
    )
    return Markup(f"<{name}{marks}>{join(*children)}</{name}>")


def frame(page: str, **attributes: object) -> Markup:
    """Return a frame with a page; its double quotes, of which JSON has thousands, stay as they are in single ones."""
    quoted = str(escape(page)).replace(str(markupsafe.escape('"')), '"')
    return Markup(str(tag("iframe", **attributes)).replace("<iframe", f"<iframe srcdoc='{quoted}'", 1))


def join(*children: object, between: str = "") -> Markup:
    """Return children one after the other."""
    return Markup(between.join(map(escape, children)))


def box(*children: object) -> Markup:
    """Return a whole result: one block that takes the page's own font and colour."""
    return tag("div", *children, style="font-size:13px;line-height:1.45;max-width:72em")


def paragraph(*children: object) -> Markup:
    """Return a paragraph with little space around it."""
    return tag("p", *children, style="margin:.4em 0")


def heading(*children: object) -> Markup:
    """Return a heading of a part of a result: bold, and no entry in the notebook's table of contents."""
    return paragraph(tag("b", *children))


def notes(texts: Sequence[str]) -> Markup:
    """Return a list of notes, or nothing; more than three are folded under the first."""
    items = [tag("li", "Note: ", line(text, _NOTE)) for text in texts]
    if len(items) <= _UNFOLDED:
        return tag("ul", *items, style=_LIST) if items else Markup("")
    summary = tag("summary", f"{len(items):,} notes: {line(texts[0], 120)}", style="cursor:pointer")
    return tag("details", summary, tag("ul", *items, style=_LIST))


_UNFOLDED, _NOTE = 3, 2_000
_LIST = "margin:.4em 0;padding-left:1.4em"


def table(
    head: Sequence[object], rows: Iterable[Sequence[object]], caption: object = "", left: Iterable[int] = (0,)
) -> Markup:
    """Return a table whose first column names the rows.

    Parameters
    ----------
    head
        The names of the columns.
    rows
        Cells: `Cell`, `Markup` or any value, which is escaped. A row of one cell goes across the whole table.
    caption
        What the table shows, in words.
    left
        The columns that hold text and are aligned to the left.
    """
    left = frozenset(left)
    top = tag("tr", *(_head(name, i in left) for i, name in enumerate(head)))
    body = [_row(row, left, len(head)) for row in rows]
    above = tag("div", caption, style="margin:.6em 0 .2em") if caption else ""  # a <caption> is as narrow as its table
    inner = tag("table", tag("thead", top), tag("tbody", *body, style="text-align:right"), style=_TABLE)
    return join(above, tag("div", inner, style="overflow-x:auto"))


_PADDING = "padding:2px 8px"
_TABLE = "table-layout:auto;margin:.2em 0 .4em;border-collapse:collapse;font-size:12px"


def _head(name: object, left: bool) -> Markup:
    """Return the head of a column; one without a name is no head, which a screen reader would read as empty."""
    return tag("th", name, scope="col", style=_align(left)) if name else tag("td")


def _row(cells: Sequence[object], left: frozenset[int], across: int) -> Markup:
    if len(cells) == 1 < across:
        return tag("tr", tag("td", cells[0], colspan=across, style="text-align:left;font-style:italic"))
    return tag("tr", *(_cell(cell, i, i in left) for i, cell in enumerate(cells)))


def _cell(cell: object, column: int, left: bool) -> Markup:
    content, own = (cell.content, cell.style) if isinstance(cell, Cell) else (cell, "")
    if column == 0:
        return tag("th", content, scope="row", style=_style("font-weight:400", _align(left), own))
    return tag("td", content, style=_style(_align(left) if left else _PADDING, own))


def _style(*parts: str) -> str:
    return ";".join(filter(None, parts))


def _align(left: bool) -> str:
    return f"text-align:{'left' if left else 'right'};{_PADDING}"


def bar(share: float, words: object, low: bool = False) -> Cell:
    """Return a cell with a bar of a share between 0 and 1 left of its words; ``low`` if the row has several lines."""
    end = f"{100 * min(max(share, 0.0), 1.0):.0f}%"
    place = ".5em .5em" if low else ".5em"
    drawn = f"linear-gradient(90deg,{BLUE} {end},#8884 0){place}/3em .6em no-repeat"
    return Cell(words, f"background:{drawn};padding-left:4em")


def shade(share: float, words: object, colour: str = BLUE) -> Cell:
    """Return a cell whose background is the stronger the larger a share is; the words stay readable on it."""
    alpha = round(0x80 * min(max(share, 0.0), 1.0))
    return Cell(words, f"background:{colour}{alpha:02x}" if alpha else "")


def progress(done: float, total: float, label: str) -> Markup:
    """Return a progress bar, with its numbers for a screen reader; its text says them too."""
    percent = 100 * min(max(done / total, 0.0), 1.0) if total else 0.0
    fill = tag("div", style=f"width:{percent:.1f}%;height:100%;background:{BLUE};border-radius:4px")
    known: dict[str, object] = (
        {"aria_valuemin": 0, "aria_valuemax": 100, "aria_valuenow": round(percent)} if total else {}
    )
    style = f"height:8px;background:{FAINT};border-radius:4px;overflow:hidden;margin:4px 0"
    return tag("div", fill, role="progressbar", aria_label=label, **known, style=style)


def collapsed(text: object, most: int = 160, bytes_: int = 2_000) -> Markup:
    """Return a text whole if it is short, else its beginning, which opens to show all of it.

    Parameters
    ----------
    most
        From how many characters on it is collapsed.
    bytes_
        How large its HTML may be; a longer text is cut, and says so.
    """
    whole = str(text)[: bytes_ + 1]
    if len(whole) <= most and len(escape(whole).encode()) <= bytes_:
        return tag("span", whole, style=_PROSE)
    summary = tag("summary", fitting(line(whole, most - 20), bytes_ // 2), style="cursor:pointer")
    kept = fitting(whole, max(0, bytes_ - len(summary.encode())))
    rest = len(str(text)) - len(kept)
    end = tag("i", f" … {rest:,} more characters") if rest else ""
    return tag("details", summary, tag("div", kept, end, style=_PROSE))


_PROSE = "white-space:pre-wrap;overflow-wrap:anywhere"


def fitting(text: str, bytes_: int) -> str:
    """Return the beginning of a text that takes at most so many bytes as HTML in which it is visible."""
    used = 0
    for position, letter in enumerate(text):
        used += len(escape(letter).encode())
        if used > bytes_:
            return text[:position]
    return text


def warned(text: object) -> Markup:
    """Return a warning that is marked by sign and word, and by colour too."""
    return tag("span", f"{WARNING} Warning: ", text, style=f"border-left:3px solid {ORANGE};padding-left:6px")


def lost_widget(words: str) -> Markup:
    """Return a style that shows words in place of JupyterLab's error if the widget of the next output has no kernel.

    A trusted notebook that is opened with another kernel says "Error displaying widget: model not found"; a notebook
    that is not trusted shows the widget's plain text and drops the style.

    Parameters
    ----------
    words
        Without quotes and backslashes.
    """
    lost = ".jp-OutputArea-child:has(.bm-told) + .jp-OutputArea-child > .jupyter-widgets:not(:has(*))"
    shown = f'content:"{words}";font:italic 13px var(--jp-ui-font-family,sans-serif);color:var(--jp-ui-font-color1)'
    return tag("style", Markup(f"{lost}{{font-size:0}}{lost}::after{{{shown}}}"), class_="bm-told")
