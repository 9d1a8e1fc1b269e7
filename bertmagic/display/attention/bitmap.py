"""A surface whose drawing is a bitmap, by Pillow; and pixels as a PNG file."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

from bertmagic.display.attention.colours import ALPHA_STEPS, rgb

if TYPE_CHECKING:
    from bertmagic.display.attention.colours import Pixels, Theme
    from bertmagic.display.attention.fonts import BitmapLetters
    from bertmagic.display.attention.surface import TextStyle

_FINER = 2
"""Dots for a dot of the file, along each side: their mean gives smooth edges."""
_ANCHORS = {"left": "ls", "right": "rs", "center": "ms"}
_BOLD = 1 / 40
"""Thickness that is added to each side of a letter, in sizes of the font: there is no bold font."""


class Bitmap:
    """Draws on a Pillow image; ``origin`` moves all that follows.

    Parameters
    ----------
    width, height
        In CSS pixels.
    theme
        Its background; transparent where the theme has none.
    letters
        Where fonts come from.
    scale
        Dots of the file for a CSS pixel.
    """

    def __init__(self, width: float, height: float, theme: Theme, letters: BitmapLetters, scale: int = 2) -> None:
        self.origin = (0.0, 0.0)
        self.scale = scale
        self._factor, self._letters = scale * _FINER, letters
        size = (math.ceil(width) * self._factor, math.ceil(height) * self._factor)
        # Below transparent dots lies the colour of the text, which letters are blended into at their edges.
        mode, back = ("RGB", theme.back) if theme.back else ("RGBA", f"{theme.text}00")
        self._image = Image.new(mode, size, back)
        self._draw = ImageDraw.Draw(self._image, "RGBA")

    def rect(self, x: float, y: float, width: float, height: float, colour: str, alpha: float = 1.0) -> None:
        """Fill a rectangle."""
        left, top, right, bottom = self._box(x, y, width, height)
        self._draw.rectangle((left, top, right - 1, bottom - 1), fill=_ink(colour, alpha))

    def frame(self, x: float, y: float, width: float, height: float, colour: str, thickness: float = 1.0) -> None:
        """Draw the edge of a rectangle."""
        half = thickness / 2
        left, top, right, bottom = self._box(x - half, y - half, width + thickness, height + thickness)
        self._draw.rectangle(
            (left, top, right - 1, bottom - 1), outline=_ink(colour), width=round(thickness * self._factor)
        )

    def line(
        self, x1: float, y1: float, x2: float, y2: float, colour: str, thickness: float = 1.0, alpha: float = 1.0
    ) -> None:
        """Draw a straight line."""
        ends = (*self._dot(x1, y1), *self._dot(x2, y2))
        self._draw.line(ends, fill=_ink(colour, alpha), width=max(1, round(thickness * self._factor)))

    def write(self, x: float, y: float, text: str, style: TextStyle) -> None:
        """Write a line of text; ``?`` stands for a letter that no font has."""
        text, font = self._letters.drawable(text), self._letters.font(text, style.size * self._factor)
        bold = style.size * self._factor * _BOLD if style.bold else 0
        known = {"font": font, "anchor": _ANCHORS[style.align], "stroke_width": bold}
        if not style.turned:
            self._draw.text(self._dot(x, y), text, _ink(style.colour), **known)  # type: ignore[arg-type]
            return
        length, (up, down) = math.ceil(font.getlength(text)) + 2, font.getmetrics()
        mask = Image.new("L", (length, up + down))
        ImageDraw.Draw(mask).text((0, up), text, 255, font=font, anchor="ls")
        left, bottom = (round(value) for value in self._dot(x, y))
        self._draw.bitmap((left - up, bottom - length), mask.rotate(90, expand=True), _ink(style.colour))

    def image(self, x: float, y: float, width: float, height: float, pixels: Pixels) -> None:
        """Draw each pixel as a sharp rectangle."""
        left, top, right, bottom = self._box(x, y, width, height)
        picture = Image.fromarray(pixels).resize((right - left, bottom - top), Image.Resampling.NEAREST)
        if self._image.mode == "RGBA":
            self._image.alpha_composite(picture, (left, top))
        else:
            self._image.paste(picture, (left, top), picture)

    def file(self) -> bytes:
        """Return everything that was drawn as a PNG file, with its size on a page."""
        image = self._image.reduce(_FINER)
        if image.mode == "RGBA":
            step = 255 / ALPHA_STEPS
            image.putalpha(image.getchannel("A").point([round(round(alpha / step) * step) for alpha in range(256)]))
        return _encoded(image, self.scale)

    def _dot(self, x: float, y: float) -> tuple[float, float]:
        return (x + self.origin[0]) * self._factor, (y + self.origin[1]) * self._factor

    def _box(self, x: float, y: float, width: float, height: float) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom in dots; no rectangle is thinner than a dot."""
        (left, top), (right, bottom) = self._dot(x, y), self._dot(x + width, y + height)
        x1, y1 = round(left), round(top)
        return x1, y1, max(round(right), x1 + 1), max(round(bottom), y1 + 1)


def _ink(colour: str, alpha: float = 1.0) -> tuple[int, int, int, int]:
    return (*rgb(colour), round(255 * alpha))


def png(pixels: Pixels) -> bytes:
    """Return pixels of shape ``(height, width, 4)`` as a PNG file."""
    return _encoded(Image.fromarray(pixels), 1)


def _encoded(image: Image.Image, scale: int) -> bytes:
    """Return a PNG file for ``scale`` dots per CSS pixel, with a byte for a dot if there are at most 256 colours."""
    if image.getcolors(256) is not None:
        image = _indexed(image.convert("RGBA"))
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True, dpi=(96 * scale, 96 * scale))
    return file.getvalue()


def _indexed(image: Image.Image) -> Image.Image:
    """Return the same picture with a list of its colours; Pillow's own conversions change some."""
    pixels = np.array(image)
    colours, indices = np.unique(pixels.view(np.uint32), return_inverse=True)
    indexed = Image.fromarray(indices.reshape(pixels.shape[:2]).astype(np.uint8)).convert("P")
    indexed.putpalette(colours.tobytes(), "RGBA")
    return indexed
