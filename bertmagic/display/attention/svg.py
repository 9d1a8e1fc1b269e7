"""A surface whose drawing is an SVG file."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from bertmagic.display.attention import png
from bertmagic.display.style import width
from bertmagic.display.writers.elements import Safe, tag

if TYPE_CHECKING:
    from bertmagic.display.attention.colours import Pixels
    from bertmagic.display.attention.surface import Look

_WIDTH = 0.6
"""Of a letter, in its size: the font is the reader's, and cannot be asked."""
_ANCHORS = {"left": "", "right": "end", "center": "middle"}


class Svg:
    """Collects what is drawn as elements; ``origin`` moves all that follows."""

    def __init__(self) -> None:
        self.origin = (0.0, 0.0)
        self._parts: list[Safe] = []

    @staticmethod
    def writes(text: str) -> bool:
        """Whether it has letters for all of a text: the reader's fonts do."""
        return True

    @staticmethod
    def wide(text: str, size: int) -> float:
        """Return about how many pixels a text takes."""
        return _WIDTH * size * width(text)

    def rect(self, x: float, y: float, width: float, height: float, colour: str, alpha: float = 1.0) -> None:
        """Fill a box."""
        opacity = "" if alpha == 1 else _number(alpha)
        self._add("rect", **self._box(x, y, width, height), fill=colour, fill_opacity=opacity)

    def frame(self, x: float, y: float, width: float, height: float, colour: str, thick: float = 1.0) -> None:
        """Draw the edge of a box."""
        self._add("rect", **self._box(x, y, width, height), fill="none", stroke=colour, stroke_width=_number(thick))

    def line(
        self, x1: float, y1: float, x2: float, y2: float, colour: str, thick: float = 1.0, alpha: float = 1.0
    ) -> None:
        """Draw a straight line."""
        (ox, oy), numbers = self.origin, (x1, y1, x2, y2)
        a, b, c, d = (_number(value + add) for value, add in zip(numbers, (ox, oy, ox, oy), strict=True))
        opacity = "" if alpha == 1 else _number(alpha)
        self._add("path", d=f"M{a} {b}L{c} {d}", stroke=colour, stroke_width=_number(thick), stroke_opacity=opacity)

    def words(self, x: float, y: float, text: str, look: Look) -> None:
        """Write a line of text; what is longer than what is written of it is its title."""
        at = {"x": _number(x + self.origin[0]), "y": _number(y + self.origin[1])}
        turned = f"rotate(-90 {at['x']} {at['y']})" if look.turn else ""
        whole = [tag("title", look.full)] if look.full and look.full != text else []
        self._add(
            "text", text, *whole, **at, fill=look.colour, font_size=look.size, font_weight=600 if look.bold else "",
            text_anchor=_ANCHORS[look.align], transform=turned,
        )  # fmt: skip

    def image(self, x: float, y: float, width: float, height: float, pixels: Pixels) -> None:
        """Draw pixels as sharp boxes."""
        href = "data:image/png;base64," + base64.b64encode(png.written(pixels)).decode()
        known = {"preserveAspectRatio": "none", "style": "image-rendering:pixelated"}
        self._add("image", **self._box(x, y, width, height), href=href, **known)

    def file(self, width: float, height: float, title: str) -> str:
        """Return all that was drawn, as a file of its own."""
        known = {"viewBox": f"0 0 {_number(width)} {_number(height)}", "xmlns": "http://www.w3.org/2000/svg"}
        return tag(
            "svg", tag("title", title), *self._parts, width=_number(width), height=_number(height), role="img",
            font_family="system-ui, sans-serif", **known,
        )  # fmt: skip

    def _box(self, x: float, y: float, width: float, height: float) -> dict[str, str]:
        moved = (x + self.origin[0], y + self.origin[1], width, height)
        return dict(zip(("x", "y", "width", "height"), map(_number, moved), strict=True))

    def _add(self, name: str, *children: object, **marks: object) -> None:
        self._parts.append(tag(name, *children, **marks))


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
