"""A result as a page of HTML that needs nothing else: no script, no link, no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from bertmagic.display.charts.static_svg import DRAWN, svg
from bertmagic.display.registry import describe, figures
from bertmagic.display.style import line
from bertmagic.display.writers.elements import join, tag
from bertmagic.display.writers.html import html, parts
from bertmagic.display.writers.text import text

if TYPE_CHECKING:
    from bertmagic.display.blocks import Figure

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 2rem auto; max-width: 76rem; padding: 0 1.2rem; font: 14px/1.5 system-ui, sans-serif;
  background: #fff; color: #1b1b1b; }
table { border-collapse: collapse; }
thead th { border-bottom: 1px solid currentColor; }
tbody tr:nth-child(even) { background: rgba(128, 128, 128, .09); }
figure { margin: 1.6em 0; max-width: 60rem; overflow-x: auto; }
figcaption { font-weight: bold; }
details > summary { cursor: pointer; }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #e4e6e9; } }
@media print { body { max-width: none; } }
"""


def page(result: object) -> str:
    """Return a result as a page: what a notebook shows of it, with the figures as inline SVG."""
    blocks = describe(result)
    title = line(text(blocks[:1]).split("\n", 1)[0], 120)
    head = join(
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", title), Markup(f"<style>{_STYLE}</style>"),
    )  # fmt: skip
    body = tag("body", tag("main", html(blocks), *map(_figure, figures(result))))
    return f"<!doctype html>\n{tag('html', tag('head', head), body, lang='en')}\n"


def _figure(figure: Figure) -> Markup:
    numbers = tag("details", tag("summary", "The numbers"), parts(figure.numbers))
    untitled = {**figure.plotly, "layout": {**figure.plotly["layout"], "title": ""}}
    can_draw = DRAWN.issuperset(trace["type"] for trace in figure.plotly["data"])
    return tag("figure", tag("figcaption", figure.title), svg(untitled) if can_draw else "", numbers)
