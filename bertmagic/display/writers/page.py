"""Results to take along: a page of HTML that needs nothing else, Markdown, and LaTeX."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bertmagic import text_safety as md
from bertmagic.display import _face, below
from bertmagic.display.charts.figures import MIMETYPE
from bertmagic.display.charts.static_svg import svg
from bertmagic.display.style import clean, line
from bertmagic.display.writers.elements import join, tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.display.grid import Grid

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 2rem auto; max-width: 76rem; padding: 0 1.2rem; font: 14px/1.5 system-ui, sans-serif;
  background: #fff; color: #1b1b1b; }
table { border-collapse: collapse; }
thead th { border-bottom: 1px solid currentColor; }
tbody tr:nth-child(even) { background: rgba(128, 128, 128, .09); }
figure { margin: 1.6em 0; max-width: 60rem; overflow-x: auto; }
details > summary { cursor: pointer; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e4e6e9; } }
@media print { body { max-width: none; } }
"""


def page(result: object) -> str:
    """Return a result as a page: what a notebook shows of it, with the figures as inline SVG. No script, no link."""
    figures = join(*(_figure(drawn, twin) for drawn, twin in _figures(result)))
    title = line(str(_face(result).text(result)).split("\n", 1)[0], 120)
    head = join(
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", title), Markup(f"<style>{_STYLE}</style>"),
    )  # fmt: skip
    body = tag("body", tag("main", Markup(str(_face(result).markup(result))), figures))
    return "<!doctype html>\n" + str(tag("html", tag("head", head), body, lang="en")) + "\n"


def _figures(result: Any) -> Iterator[tuple[dict[str, Any], Markup]]:
    """Yield the figures as plotly reads them, each with its numbers as a table."""
    if type(result).__name__ == "Report":
        from bertmagic.display.results import figure as pictures

        for name in result.pictures:
            figure = result.figure(name)
            yield pictures.drawn(figure), Markup(str(pictures.markup(figure)))
        return
    for shown in below(result):
        if MIMETYPE in shown:
            yield shown[MIMETYPE], Markup(str(shown["text/html"]))


def _figure(drawn: dict[str, Any], twin: Markup) -> Markup:
    numbers = tag("details", tag("summary", "The numbers"), twin)
    return tag("figure", svg(drawn), numbers)


def _grids(result: object) -> list[Grid]:
    return list(_face(result).grids(result))


def markdown(result: object) -> str:
    """Return the tables of a result as Markdown."""
    first = str(_face(result).text(result)).split("\n", 1)[0]
    grids = _grids(result)
    parts = [md.escaped(clean(first))] if not grids or grids[0].caption != first else []
    for grid in grids:
        rows = [[md.escaped(clean(cell)) for cell in row] for row in grid.rows]
        head = [md.escaped(clean(name)) or " " for name in grid.head]
        parts += [md.escaped(clean(grid.caption)), md.table(head, rows, grid.left)]
    return "\n\n".join(filter(None, parts)) + "\n"


_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "[": "{[}", "]": "{]}", "*": "{*}", "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
}  # fmt: skip
"""Brackets and stars too: behind ``\\\\`` at the end of a row they would be read as its options."""


def latex_escaped(value: object) -> str:
    """Return a value as LaTeX that prints the text it is."""
    flat = re.sub(r"\s+", " ", clean(value)).strip()
    return "".join(_LATEX.get(letter, letter) for letter in flat)


def latex(result: object) -> str:
    """Return the tables of a result as LaTeX: each a table with rules of ``booktabs``."""
    return "\n\n".join(map(_table, _grids(result))) + "\n"


def _table(grid: Grid) -> str:
    sides = "".join("l" if at in grid.left else "r" for at in range(len(grid.head)))
    rows = [" & ".join(map(latex_escaped, row)) + r" \\" for row in grid.rows]
    caption = latex_escaped(grid.caption)
    return "\n".join([
        r"\begin{table}", r"\centering", rf"\caption{{{caption}}}", rf"\begin{{tabular}}{{{sides}}}",
        r"\toprule", " & ".join(map(latex_escaped, grid.head)) + r" \\", r"\midrule", *rows, r"\bottomrule",
        r"\end{tabular}", r"\end{table}",
    ])  # fmt: skip
