"""Blocks as HTML without a script, which still reads when its styles are taken away."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bertmagic.display import blocks as b
from bertmagic.display import cells as c
from bertmagic.display.charts.curves import chart
from bertmagic.display.style import ORANGE
from bertmagic.display.writers import elements as e
from bertmagic.display.writers.passages import passage, weighted
from bertmagic.errors import count
from bertmagic.text_safety import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_CODE = "padding:8px;border:1px solid #8884;border-radius:4px;overflow-x:auto;background:none;color:inherit"
_ALERT = f"white-space:pre-wrap;border-left:3px solid {ORANGE};padding-left:6px;margin:.4em 0"
_CAUTION = f"white-space:nowrap;border-left:3px solid {ORANGE};padding-left:6px"
_STEP = "display:inline-block;max-width:100%;user-select:all;overflow-wrap:anywhere"
_PROSE = "min-width:12em;max-width:40em"


def html(blocks: Iterable[b.Block]) -> Markup:
    """Return blocks as one element, which takes the font and the colour of its page."""
    return e.box(parts(blocks))


def parts(blocks: Iterable[b.Block]) -> Markup:
    """Return blocks one after the other."""
    return e.join(*(_WRITERS[type(block)](block) for block in blocks))


def _table(block: b.Table) -> Markup:
    caption = " ".join(filter(None, (block.caption, block.explanation)))
    if not block.rows:
        return Markup("")
    shown = block.rows[: block.most]
    tall = any(isinstance(cell, c.Ranking) for row in shown for cell in row)
    rows = [[_cell(cell, column, tall) for cell, column in zip(row, block.columns, strict=False)] for row in shown]
    if len(shown) < len(block.rows):
        rows.append([f"… {count(len(block.rows) - len(shown), 'more row')}; .frame has them all."])
    left = [at for at, column in enumerate(block.columns) if column.kind != "number"]
    return e.table([column.name for column in block.columns], rows, caption, left)


def _cell(cell: c.Cell, column: b.Column, tall: bool) -> object:
    """Return a cell; ``tall`` says whether rows of the table have several lines."""
    style = _PROSE if column.kind == "prose" else ""
    match cell:
        case c.Share(part, text):
            return e.bar(part, text, low=tall)
        case c.Shade(part, text, colour, strong):
            return e.shade(part, e.tag("b", text) if strong else text, colour)
        case c.Ranking(pairs):
            inner = (e.tag("div", text, e.tag("small", f" {score:.3f}")) for text, score in pairs)
            return e.Cell(e.join(*inner), style)
        case c.Passage():
            return e.Cell(passage(cell), style)
        case c.Weighted():
            return e.Cell(weighted(cell), style)
    return e.Cell(_plain_cell(cell), style) if style else _plain_cell(cell)


def _plain_cell(cell: object) -> object:
    match cell:
        case c.Strong(text):
            return e.tag("b", text)
        case c.Absent(text):
            return e.tag("i", text)
        case c.Caution(text):
            return e.tag("span", text, style=_CAUTION) if text else ""
    return cell


def _paragraph(block: b.Paragraph) -> Markup:
    if not block.text and not block.code:
        return Markup("")
    return e.paragraph(block.text, *([" ", e.tag("code", block.code)] if block.code else []))


def _next_steps(block: b.NextSteps) -> Markup:
    """Return lines to copy in one row, which wraps where it is narrow; each is selected as a whole by a click."""
    codes = [e.tag("code", code, style=_STEP) for code in block.codes]
    return e.paragraph("Next: ", e.join(*codes, between=" · "))


def _chart(block: b.Chart) -> Markup:
    drawn = chart(block.title, block.lines, block.end, block.zero, block.about, block.along, block.marks)
    return e.tag("div", drawn, style="max-width:360px")


def _image(block: b.Image) -> Markup:
    source = "data:image/png;base64," + base64.b64encode(block.png).decode()
    return e.tag("img", src=source, width=block.width, alt=block.about, style="max-width:100%")


def _folded(block: b.Folded) -> Markup:
    return e.tag("details", e.tag("summary", block.summary, style="cursor:pointer"), parts(block.blocks))


def _figure(block: b.Figure) -> Markup:
    return e.join(e.heading(block.title), parts(block.numbers))


def _frame(block: b.Frame) -> Markup:
    """Return a sandboxed frame: its script reaches neither the notebook nor the network."""
    size = f"box-sizing:border-box;width:100%;max-width:72em;height:{block.height}px"
    style = f"{size};border:1px solid #8886;border-radius:4px"
    frame = e.frame(block.page, class_="bm-rows", sandbox="allow-scripts", title=block.title, style=style)
    return e.join(e.tag("style", Markup(_THEMES)), frame)


_THEMES = "".join(
    f"body[data-jp-theme-light={light}] .bm-rows{{color-scheme:{ground}}}"
    for light, ground in (("true", "light"), ("false", "dark"))
)
"""The frame cannot ask for JupyterLab's theme: it is light or dark as its element is."""


_WRITERS: dict[type, Callable[[Any], Markup]] = {
    b.Headline: lambda block: e.heading(block.text),
    b.Heading: lambda block: e.heading(block.text),
    b.Paragraph: _paragraph,
    b.Notes: lambda block: e.notes(block.texts[:200]),
    b.NextSteps: _next_steps,
    b.Table: _table,
    b.Code: lambda block: e.tag("pre", visible(block.text), style=_CODE),
    b.Alert: lambda block: e.tag("pre", block.text, role="alert", style=_ALERT),
    c.Caution: lambda block: e.paragraph(e.warned(block.text)),
    b.ProgressBar: lambda block: e.progress(block.done, block.total, block.label),
    b.Chart: _chart,
    b.Image: _image,
    b.Folded: _folded,
    b.Figure: _figure,
    b.Frame: _frame,
    b.Widget: lambda block: Markup(""),
    b.LostWidget: lambda block: e.lost_widget(block.text),
}
