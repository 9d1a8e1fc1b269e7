"""Small inline SVG charts of curves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from bertmagic.display.style import number
from bertmagic.display.writers.elements import escape, tag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bertmagic.display.charts.trail import Points

WIDTH, HEIGHT = 300, 165
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 8, 20, 32
BEHIND = 0.7
"""The opacity of a curve behind its smoothed one; a fainter one is lost on dark pages."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of a chart: how it is called and drawn. ``dots`` also marks each point, ``filled`` fills what is below."""

    name: str
    points: Points
    colour: str
    width: float = 1.8
    opacity: float = 1.0
    dots: bool = False
    filled: bool = False


def chart(
    title: str, curves: Sequence[Curve], across: float, zero: bool = False, aria: str = "", along: str = "step",
    marks: Sequence[tuple[float, str]] = (), write: Callable[[float], str] | None = None,
) -> Markup:  # fmt: skip
    """Return curves over steps as an SVG image.

    Parameters
    ----------
    title
        The name and unit of the vertical axis.
    curves
        What to draw, the back first.
    across
        The last step of the horizontal axis.
    zero
        Whether the vertical axis starts at 0.
    aria
        What the chart shows, in words, for a screen reader.
    along
        The name and unit of the horizontal axis.
    marks
        Where the horizontal axis has which label; by default round numbers.
    write
        How the numbers of the vertical axis are written; by default with as many digits as tell them apart.
    """
    drawn = [curve for curve in curves if curve.points]
    bottom, top = limits(drawn, zero)
    frame = _Frame(max(across, 1.0), bottom, top)
    inner = "".join(
        [
            _axes(frame, (title, along), bool(drawn), marks, write),
            *(_line(frame, curve) for curve in drawn),
            _legend(drawn),
        ]
    )
    return tag(
        "svg", Markup(inner), xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", width=WIDTH,
        height=HEIGHT, role="img", aria_label=aria or title, font_size=12,
        fill="currentColor", style="width:100%;height:auto",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Frame:
    """From steps and values to pixels; values outside are drawn at the edge."""

    across: float
    bottom: float
    top: float

    def x(self, step: float) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * min(max(step / self.across, 0.0), 1.0)

    def y(self, value: float) -> float:
        share = (value - self.bottom) / (self.top - self.bottom)
        return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * min(max(share, 0.0), 1.0)


def limits(curves: Sequence[Curve], zero: bool = False) -> tuple[float, float]:
    """Return the lowest and the highest value of the vertical axis.

    The lines in full colour set them. A faint one, the loss of each step, widens them by its spread, but by no more
    than the height of the others on each side: else single outliers would flatten all that matters.
    """
    firm = [y for curve in curves if curve.opacity == 1 for _, y in curve.points]
    faint = sorted(y for curve in curves if curve.opacity < 1 for _, y in curve.points)
    low, high = (min(firm), max(firm)) if firm else (0.0, 1.0)
    if faint and firm:
        spare, reach = len(faint) // 20, (high - low) or math.inf
        low, high = min(low, max(faint[spare], low - reach)), max(high, min(faint[-1 - spare], high + reach))
    low = min(0.0, low) if zero else low
    flat = high - low <= 1e-9 * max(abs(high), abs(low))
    margin = (abs(high) / 10 or 0.5) if flat else 0.06 * (high - low)
    return (low if zero else low - margin), high + margin


def ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Return at most ``most`` round numbers (1, 2 or 5 times a power of ten apart) from ``low`` to ``high``."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    gap = next(power * step for step in (1, 2, 5, 10) if power * step >= rough * 0.999)
    first, last = math.ceil(low / gap - 1e-9), math.floor(high / gap + 1e-9)
    return [at * gap for at in range(first, last + 1)]


def _axes(
    frame: _Frame, names: tuple[str, str], drawn: bool, marks: Sequence[tuple[float, str]],
    write: Callable[[float], str] | None,
) -> str:  # fmt: skip
    right, floor = WIDTH - _RIGHT, HEIGHT - _BOTTOM
    parts = [_label(2, 11, names[0], "start", bold=True), _label(right, HEIGHT - 3, names[1], "end")]
    heights = ticks(frame.bottom, frame.top) if drawn else []
    for value in heights:
        y = round(frame.y(value), 1)
        words = write(value) if write else _height_label(value, heights)
        parts += [_rule(_LEFT, y, right, y), _label(_LEFT - 4, y + 3, words, "end")]
    for step, words in marks or [(step, _short(step)) for step in ticks(0, frame.across, 5) if step == int(step)]:
        anchor = "middle" if step < 0.95 * frame.across else "end"
        parts.append(_label(round(frame.x(step), 1), floor + 14, words, anchor))
    if not drawn:
        parts.append(_label((_LEFT + right) / 2, HEIGHT / 2, "no values yet", "middle"))
    return "".join([_rule(_LEFT, floor, right, floor, ".6"), *parts])


def _height_label(value: float, all_: list[float]) -> str:
    gap = all_[-1] - all_[0]
    if abs(value) < gap * 1e-9:
        return "0"
    digits = 1 + math.ceil(math.log10(max(abs(all_[0]), abs(all_[-1])) / gap) + 0.5) if gap else 3
    return number(value, max(2, digits))


def _short(step: float) -> str:
    for unit, scale in (("M", 1e6), ("k", 1e3)):
        if step >= 10 * scale or (step >= scale and scale == 1e6):
            return f"{step / scale:g}{unit}"
    return f"{step:,.0f}"


def _label(x: float, y: float, text: str, anchor: str, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'


def _rule(x1: float, y1: float, x2: float, y2: float, opacity: str = ".15") -> str:
    return f'<path d="M{x1} {y1}L{x2} {y2}" stroke="currentColor" stroke-opacity="{opacity}"/>'


def _line(frame: _Frame, curve: Curve) -> str:
    pixels = [(f"{frame.x(x):.1f}", f"{frame.y(y):.1f}") for x, y in curve.points]
    path = "L".join(f"{x} {y}" for x, y in pixels)
    look = f'stroke="{curve.colour}" stroke-width="{curve.width}" stroke-opacity="{curve.opacity}"'
    dash = ' stroke-dasharray="4 3"' if curve.dots else ""
    area = f'fill="{curve.colour}" fill-opacity=".3"' if curve.filled else 'fill="none"'
    drawn = f'<path d="M{path}" {area} {look}{dash} stroke-linejoin="round"/>'
    marked = curve.dots or len(pixels) == 1  # a path of one point shows nothing
    return drawn + (_dots(pixels, curve.colour) if marked else "")


def _dots(pixels: list[tuple[str, str]], colour: str) -> str:
    """Return round dots, all in one path: lines of no length with round ends, 15 bytes each."""
    shape = "".join(f"M{x} {y}h0" for x, y in pixels)
    return f'<path d="{shape}" stroke="{colour}" stroke-width="6" stroke-linecap="round"/>'


def _legend(curves: Sequence[Curve]) -> str:
    if len(curves) < 2:
        return ""
    parts, x = [], 2.0
    for curve in curves:
        look = f'stroke="{curve.colour}" stroke-width="{curve.width}" stroke-opacity="{curve.opacity}"'
        parts.append(f'<path d="M{x:.0f} {HEIGHT - 6}h12" {look}/>')
        parts.append(_dots([(f"{x + 6:.0f}", f"{HEIGHT - 6}")], curve.colour) if curve.dots else "")
        parts.append(_label(round(x + 15), HEIGHT - 3, curve.name, "start"))
        x += 23 + 7 * len(curve.name)  # the width of the font is not known here: room for a wide one
    return "".join(parts)
