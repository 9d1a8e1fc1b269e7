"""A surface whose drawing is an SVG file."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from bertmagic.display.attention.bitmap import png
from bertmagic.display.attention.design import FONT
from bertmagic.display.attention.letters import columns
from bertmagic.display.writers.elements import tag

if TYPE_CHECKING:
    from markupsafe import Markup

    from bertmagic.display.attention.colours import Pixels
    from bertmagic.display.attention.surface import TextStyle

_ANCHORS = {"left": "", "right": "end", "center": "middle"}


class ReaderLetters:
    """The fonts of whoever opens the file: unknown, so they are assumed to have every letter."""

    def has_all(self, text: str) -> bool:
        """Whether the font has every letter of a text."""
        return True

    def has_most(self, text: str) -> bool:
        """Whether the font has at least half of the letters of a text."""
        return True

    def drawable(self, text: str) -> str:
        """Return a text with ``?`` for each letter that the font lacks."""
        return text

    def width(self, text: str, size: float) -> float:
        """Return the estimated width of a text in pixels."""
        return float(FONT.column_width * size * columns(text))


class Svg:
    """Collects what is drawn as elements; ``origin`` moves all that follows."""

    def __init__(self) -> None:
        self.origin = (0.0, 0.0)
        self._parts: list[Markup] = []

    def rect(self, x: float, y: float, width: float, height: float, colour: str, alpha: float = 1.0) -> None:
        """Fill a rectangle."""
        opacity = "" if alpha == 1 else _number(alpha)
        self._add("rect", **self._box(x, y, width, height), fill=colour, fill_opacity=opacity)

    def frame(self, x: float, y: float, width: float, height: float, colour: str, thickness: float = 1.0) -> None:
        """Draw the edge of a rectangle."""
        edge = {"stroke": colour, "stroke_width": _number(thickness)}
        self._add("rect", **self._box(x, y, width, height), fill="none", **edge)

    def line(
        self, x1: float, y1: float, x2: float, y2: float, colour: str, thickness: float = 1.0, alpha: float = 1.0
    ) -> None:
        """Draw a straight line."""
        (dx, dy), ends = self.origin, (x1, y1, x2, y2)
        a, b, c, d = (_number(value + moved) for value, moved in zip(ends, (dx, dy, dx, dy), strict=True))
        opacity = "" if alpha == 1 else _number(alpha)
        self._add("path", d=f"M{a} {b}L{c} {d}", stroke=colour, stroke_width=_number(thickness), stroke_opacity=opacity)

    def write(self, x: float, y: float, text: str, style: TextStyle) -> None:
        """Write a line of text; where only its beginning is written, the whole is its tooltip."""
        place = {"x": _number(x + self.origin[0]), "y": _number(y + self.origin[1])}
        turned = f"rotate(-90 {place['x']} {place['y']})" if style.turned else ""
        tooltip = [tag("title", style.full)] if style.full and style.full != text else []
        self._add(
            "text", text, *tooltip, **place, fill=style.colour, font_size=_number(style.size),
            font_weight=600 if style.bold else "", text_anchor=_ANCHORS[style.align], transform=turned,
        )  # fmt: skip

    def image(self, x: float, y: float, width: float, height: float, pixels: Pixels) -> None:
        """Draw each pixel as a sharp rectangle."""
        href = "data:image/png;base64," + base64.b64encode(png(pixels)).decode()
        sharp = {"preserveAspectRatio": "none", "style": "image-rendering:pixelated"}
        self._add("image", **self._box(x, y, width, height), href=href, **sharp)

    def file(self, width: float, height: float, title: str) -> str:
        """Return everything that was drawn as one SVG file."""
        box = {"viewBox": f"0 0 {_number(width)} {_number(height)}", "xmlns": "http://www.w3.org/2000/svg"}
        drawing = tag(
            "svg", tag("title", title), *self._parts, width=_number(width), height=_number(height), role="img",
            font_family=FONT.family, **box,
        )  # fmt: skip
        return str(drawing)

    def _box(self, x: float, y: float, width: float, height: float) -> dict[str, str]:
        moved = (x + self.origin[0], y + self.origin[1], width, height)
        return dict(zip(("x", "y", "width", "height"), map(_number, moved), strict=True))

    def _add(self, name: str, *children: object, **attributes: object) -> None:
        self._parts.append(tag(name, *children, **attributes))


def _number(value: float) -> str:
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
