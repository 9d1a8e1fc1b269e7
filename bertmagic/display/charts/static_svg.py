"""A figure of plotly as an inline SVG: no script, no font, the colours of the page it stands on."""

from __future__ import annotations

import html
import math
import re
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from bertmagic.display.charts.curves import ticks
from bertmagic.display.style import BLUE, GREY, ORANGE, number
from bertmagic.display.writers.elements import escape, tag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

WIDTH = 860
_TAG = re.compile(r"<[^>]*>")
_DASHES = {"dash": "7 4", "dot": "2 3", "dashdot": "7 3 2 3"}
_DAY = 86_400.0
DRAWN = frozenset({"bar", "heatmap", "scatter"})
"""The types of traces that are drawn."""


@dataclass(frozen=True)
class _Axis:
    """From values to pixels between ``start`` and ``end``; ``labels`` are the ticks."""

    start: float
    end: float
    low: float
    high: float
    labels: tuple[tuple[float, str], ...]

    def __call__(self, value: float) -> float:
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return round(self.start + (self.end - self.start) * share, 1)


def svg(figure: dict[str, Any]) -> Markup:
    """Return a figure with traces of points, lines, bars and heat maps as it would be drawn, at a fixed width."""
    layout, data = figure["layout"], figure["data"]
    height, rows = float(layout.get("height", 360)), _legend_rows(data)
    left = 60 + min(140, 6 * _longest(layout))
    box = (left, 46.0 + 16 * len(rows), WIDTH - 24.0, height - 52.0)
    parts = [_legend(rows), *(_note(note, box) for note in layout.get("annotations", ())), _headline(layout)]
    for which in sorted({str(trace.get("xaxis", "x"))[1:] for trace in data}):
        parts += _plot(which, [t for t in data if str(t.get("xaxis", "x"))[1:] == which], layout, box)
    label = _plain(_title(layout) or " ".join(str(trace.get("name", "")) for trace in data)) or "figure"
    return tag(
        "svg", Markup("".join(parts)), xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {height:g}",
        role="img",
        aria_label=label, font_size=12, font_family="system-ui, sans-serif", fill="currentColor",
        style="width:100%;height:auto",
    )  # fmt: skip


def _plain(text: Any) -> str:
    """Return a text of plotly, in which it reads tags and entities, as it looks."""
    return html.unescape(_TAG.sub(" ", str(text))).strip()


def _title(part: dict[str, Any]) -> str:
    title = part.get("title", "")
    return str(title.get("text", "")) if isinstance(title, dict) else str(title)


def _longest(layout: dict[str, Any]) -> int:
    return max((len(_plain(name)) for name in layout.get("yaxis", {}).get("ticktext", ())), default=0)


def _plot(which: str, data: list[dict[str, Any]], layout: dict[str, Any], box: tuple[float, ...]) -> list[str]:
    left, top, right, bottom = box
    about_x, about_y = layout.get(f"xaxis{which}", {}), layout.get(f"yaxis{which}", {})
    begin, end = about_x.get("domain", (0.0, 1.0))
    across = _axis(about_x, data, "x", left + (right - left) * begin, left + (right - left) * end)
    edges = (top, bottom) if about_y.get("autorange") == "reversed" else (bottom, top)
    up = _axis(about_y, data, "y", *edges)
    parts = [_frame(across, up, top, bottom, _plain(_title(about_x)), _plain(_title(about_y)))]
    parts += [_shape(shape, across, top, bottom) for shape in layout.get("shapes", ())]
    bars = [trace for trace in data if trace["type"] == "bar"]
    for trace in data:
        if trace["type"] == "heatmap":
            parts.append(_heat(trace, across, up))
        elif trace["type"] == "bar":
            place = (bars.index(trace), len(bars)) if layout.get("barmode") == "group" else (0, 1)
            parts.append(_bars(trace, across, up, *place))
        else:
            parts.append(_scatter(trace, across, up))
    return parts


def _values(values: Sequence[Any]) -> list[float]:
    """Return numbers, and dates as days."""
    return [datetime.fromisoformat(one).timestamp() / _DAY if isinstance(one, str) else float(one) for one in values]


def _points(trace: dict[str, Any]) -> list[tuple[float, float]]:
    pairs = zip(trace["x"], trace["y"], strict=True)
    kept = [(x, y) for x, y in pairs if x is not None and y is not None]
    return list(zip(_values([x for x, _ in kept]), _values([y for _, y in kept]), strict=True))


def _axis(about: dict[str, Any], data: list[dict[str, Any]], which: str, start: float, end: float) -> _Axis:
    if any(trace["type"] == "heatmap" for trace in data):
        names = [_plain(name) for name in about.get("ticktext", ())]
        return _Axis(start, end, -0.5, max(len(names), 1) - 0.5, tuple(enumerate(names)))
    given = [
        value for trace in data for value in (trace[which] if trace[which] is not None else ()) if value is not None
    ]
    values = [value for value in _values(given) if math.isfinite(value)]
    values += [value for trace in data for value in _reach(trace, which)]
    dates = any(isinstance(value, str) for value in given)
    low, high = _limits(about, values, any(trace["type"] == "bar" for trace in data))
    if "tickvals" in about:
        named = zip(about["tickvals"], map(_plain, about.get("ticktext", about["tickvals"])), strict=True)
        return _Axis(start, end, low - 0.5, high + 0.5, tuple((float(at), text) for at, text in named))
    label: Callable[[float], str] = _date if dates else lambda value: number(round(value, 10), 3)
    return _Axis(start, end, low, high, tuple((at, label(at)) for at in ticks(low, high, 3 if dates else 5)))


def _reach(trace: dict[str, Any], which: str) -> list[float]:
    """Return where the error bars of a trace end."""
    error = trace.get(f"error_{which}")
    if not error or trace["type"] == "heatmap":
        return []
    above, beneath = error.get("array", ()), error.get("arrayminus", error.get("array", ()))
    return [v + up for v, up in zip(trace[which], above, strict=False)] + [
        v - down for v, down in zip(trace[which], beneath, strict=False)
    ]


def _limits(about: dict[str, Any], values: list[float], bars: bool) -> tuple[float, float]:
    if "range" in about:
        low, high = _values(about["range"])
        return low, high
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    low = min(low, 0.0) if bars or about.get("rangemode") == "tozero" else low
    margin = 0.05 * (high - low) or abs(high) * 0.05 or 0.5
    return (low if low == 0 else low - margin), high + margin


def _date(days: float) -> str:
    return datetime.fromtimestamp(days * _DAY).strftime("%m-%d %H:%M")


def _text(x: float, y: float, words: str, anchor: str = "middle", **more: Any) -> Markup:
    return tag("text", words, x=round(x, 1), y=round(y, 1), text_anchor=anchor, **more)


def _rule(x1: float, y1: float, x2: float, y2: float, opacity: float = 0.16) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="currentColor" stroke-opacity="{opacity}"/>'


def _frame(across: _Axis, up: _Axis, top: float, bottom: float, x_title: str, y_title: str) -> str:
    parts = []
    for at, words in across.labels:
        x = across(at)
        parts += [_rule(x, top, x, bottom), _text(x, bottom + 16, _cut(words, 18))]
    for at, words in up.labels:
        y = up(at)
        parts += [_rule(across.start, y, across.end, y), _text(across.start - 6, y + 4, _cut(words, 28), "end")]
    parts += [_rule(across.start, bottom, across.end, bottom, 0.6), _rule(across.start, top, across.start, bottom, 0.6)]
    parts.append(_text((across.start + across.end) / 2, bottom + 38, x_title))
    if y_title:
        parts.append(_text(across.start, top - 8, y_title, "start", font_style="italic"))
    return "".join(parts)


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: most - 1] + "…"


def _shape(shape: dict[str, Any], across: _Axis, top: float, bottom: float) -> str:
    if shape.get("yref") != "paper":
        return ""
    x = across(float(shape["x0"]))
    return _rule(x, top, x, bottom, 0.8)


def _scatter(trace: dict[str, Any], across: _Axis, up: _Axis) -> str:
    points = [(across(x), up(y)) for x, y in _points(trace)]
    line, marker = trace.get("line", {}), trace.get("marker", {})
    colour, mode, parts = line.get("color") or marker.get("color") or BLUE, trace.get("mode", "lines"), []
    parts.append(_whiskers(trace, across, up, colour))
    if "lines" in mode and points:
        path = "L".join(f"{x} {y}" for x, y in points)
        dash = f' stroke-dasharray="{_DASHES[line["dash"]]}"' if line.get("dash") in _DASHES else ""
        parts.append(f'<path d="M{path}" fill="none" stroke="{escape(colour)}" stroke-width="2"{dash}/>')
    if "markers" in mode or len(points) == 1:
        size = marker.get("size", 7)
        radius = (float(size) if isinstance(size, int | float) else 7.0) / 2
        parts += [_mark(x, y, radius, str(marker.get("symbol", "circle")), str(colour)) for x, y in points]
    return "".join(parts)


def _whiskers(trace: dict[str, Any], across: _Axis, up: _Axis, colour: Any) -> str:
    """Return the error bars of points."""
    parts = []
    for which in ("x", "y"):
        error = trace.get(f"error_{which}")
        if not error:
            continue
        above, beneath = error["array"], error.get("arrayminus", error["array"])
        for (x, y), more, less in zip(_points(trace), above, beneath, strict=True):
            one = (across(x - less), up(y), across(x + more), up(y)) if which == "x" else (
                across(x), up(y - less), across(x), up(y + more))  # fmt: skip
            path = "M{} {}L{} {}".format(*one)
            parts.append(f'<path d="{path}" stroke="{escape(colour)}" stroke-width="1.6"/>')
    return "".join(parts)


def _mark(x: float, y: float, r: float, symbol: str, colour: str) -> str:
    look = f'fill="{escape(colour)}"'
    if symbol.endswith("-open"):
        look = f'fill="none" stroke="{escape(colour)}" stroke-width="1.6"'
    match symbol.removesuffix("-open"):
        case "square":
            return f'<rect x="{x - r:.1f}" y="{y - r:.1f}" width="{2 * r:g}" height="{2 * r:g}" {look}/>'
        case "diamond":
            return f'<path d="M{x} {y - r:.1f}L{x + r:.1f} {y}L{x} {y + r:.1f}L{x - r:.1f} {y}Z" {look}/>'
        case "triangle-up" | "star" | "pentagon":
            return f'<path d="M{x} {y - r:.1f}L{x + r:.1f} {y + r:.1f}L{x - r:.1f} {y + r:.1f}Z" {look}/>'
        case "cross" | "x":
            stroke = f'stroke="{escape(colour)}" stroke-width="2.4"'
            return f'<path d="M{x - r:.1f} {y}h{2 * r:g}M{x} {y - r:.1f}v{2 * r:g}" {stroke}/>'
    return f'<circle cx="{x}" cy="{y}" r="{r:g}" {look}/>'


def _bars(trace: dict[str, Any], across: _Axis, up: _Axis, at: int, many: int) -> str:
    points = _points(trace)
    spaced = min((b[0] - a[0] for a, b in pairwise(points)), default=(across.high - across.low) / 10)
    gap = trace.get("width", spaced)
    colour = trace.get("marker", {}).get("color", BLUE)
    colour = colour if isinstance(colour, str) else BLUE
    width = abs(across(across.low + gap) - across.start) * 0.9 / many
    floor, parts = up(max(0.0, up.low)), []
    for x, y in points:
        left, height = across(x) - width * many / 2 + at * width, up(y)
        parts.append(
            f'<rect x="{left:.1f}" y="{min(floor, height):.1f}" width="{max(width, 1):.1f}" '
            f'height="{abs(floor - height):.1f}" fill="{escape(colour)}" fill-opacity="0.75"/>'
        )
    return "".join(parts)


def _heat(trace: dict[str, Any], across: _Axis, up: _Axis) -> str:
    """Return cells in the colour of their value, with their numbers."""
    rows, words = trace["z"], trace.get("text") or trace["z"]
    top = float(trace.get("zmax") or max((value for row in rows for value in row), default=1) or 1)
    wide, high = abs(across(1) - across(0)), abs(up(1) - up(0))
    parts = []
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            x, y = across(j), up(i)
            share, colour = min(abs(float(value)) / top, 1.0), BLUE if value >= 0 else ORANGE
            parts.append(
                f'<rect x="{x - wide / 2 + 0.5:.1f}" y="{y - high / 2 + 0.5:.1f}" width="{wide - 1:.1f}" '
                f'height="{high - 1:.1f}" fill="{colour}" fill-opacity="{0.04 + 0.66 * share:.3f}"/>'
            )
            parts.append(_text(x, y + 4, str(words[i][j])))
    return "".join(parts)


def _legend_rows(data: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the traces that are named, some to a row."""
    named = [trace for trace in data if trace.get("showlegend", True) and trace.get("name")]
    named = named if len(data) > 1 else []
    return [named[at : at + 4] for at in range(0, len(named), 4)]


def _legend(rows: list[list[dict[str, Any]]]) -> str:
    parts = []
    for down, row in enumerate(rows):
        for at, trace in enumerate(row):
            x, y = 14.0 + at * WIDTH / 4, 34.0 + 16 * down
            line, marker = trace.get("line", {}), trace.get("marker", {})
            colour = str(line.get("color") or marker.get("color") or GREY)
            if "lines" in trace.get("mode", ""):
                dash = f' stroke-dasharray="{_DASHES[line["dash"]]}"' if line.get("dash") in _DASHES else ""
                parts.append(f'<path d="M{x - 8} {y - 4}h18" stroke="{escape(colour)}" stroke-width="2"{dash}/>')
            else:
                parts.append(_mark(x, y - 4, 4.5, str(marker.get("symbol", "square")), colour))
            parts.append(_text(x + 16, y, _cut(_plain(trace["name"]), 26), "start"))
    return "".join(parts)


def _note(note: dict[str, Any], box: tuple[float, ...]) -> str:
    if note.get("xref") != "paper" or note.get("yref") != "paper":
        return ""
    left, top, right, bottom = box
    x, y = left + (right - left) * float(note["x"]), bottom - (bottom - top) * float(note["y"])
    return _text(x, y - 8, _cut(_plain(note["text"]), 60), "start", font_weight="bold")


def _headline(layout: dict[str, Any]) -> str:
    title = _plain(_title(layout))
    return _text(8, 16, _cut(title, 110), "start", font_weight="bold") if title else ""
