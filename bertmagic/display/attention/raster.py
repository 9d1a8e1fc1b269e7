"""A surface whose drawing is pixels: boxes, lines, letters and maps, in numpy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bertmagic.display.attention import glyphs, png

if TYPE_CHECKING:
    import numpy.typing as npt

    from bertmagic.display.attention.colours import Pixels
    from bertmagic.display.attention.surface import Look


class Raster:
    """Collects what is drawn in one array, transparent where nothing is; ``origin`` moves all that follows.

    Parameters
    ----------
    width, height
        In pixels of the page.
    scale
        Dots for a pixel, 1 or 2.
    """

    def __init__(self, width: float, height: float, scale: int = 2) -> None:
        self.origin = (0.0, 0.0)
        self.scale = scale
        self._dots = np.zeros((math.ceil(height) * scale, math.ceil(width) * scale, 4), np.uint8)

    @staticmethod
    def writes(text: str) -> bool:
        """Whether there are letters for all of a text."""
        return glyphs.known(text)

    @staticmethod
    def wide(text: str, size: int) -> float:
        """Return how many pixels a text takes, whatever size is asked for: there is one."""
        return float(glyphs.ink(text).shape[1] / 2)

    def rect(self, x: float, y: float, width: float, height: float, colour: str, alpha: float = 1.0) -> None:
        """Fill a box."""
        left, top, right, bottom = self._box(x, y, width, height)
        self._over((slice(top, bottom), slice(left, right)), colour, alpha)

    def frame(self, x: float, y: float, width: float, height: float, colour: str, thick: float = 1.0) -> None:
        """Draw the edge of a box."""
        half = thick / 2
        for box in (
            (x - half, y - half, width + thick, thick), (x - half, y + height - half, width + thick, thick),
            (x - half, y + half, thick, height - thick), (x + width - half, y + half, thick, height - thick),
        ):  # fmt: skip
            self.rect(*box, colour)

    def line(
        self, x1: float, y1: float, x2: float, y2: float, colour: str, thick: float = 1.0, alpha: float = 1.0
    ) -> None:
        """Draw a straight line with smooth edges: a short cross section for each dot along its longer side."""
        (ax, ay), (bx, by) = self._dot(x1, y1), self._dot(x2, y2)
        steep = abs(by - ay) > abs(bx - ax)
        if steep:
            ax, ay, bx, by = ay, ax, by, bx
        if ax > bx:
            ax, ay, bx, by = bx, by, ax, ay
        along = np.arange(math.floor(ax), math.ceil(bx) + 1)
        slope = (by - ay) / (bx - ax) if bx > ax else 0.0
        middle = ay + (along + 0.5 - ax) * slope
        half = thick * self.scale / 2 * math.hypot(1, slope)
        reach = np.arange(-math.ceil(half) - 1, math.ceil(half) + 2)
        across = np.floor(middle).astype(int)[:, None] + reach
        cover = np.clip(half + 0.5 - np.abs(across + 0.5 - middle[:, None]), 0, 1)
        rows, columns = (np.broadcast_to(along[:, None], across.shape), across)
        rows, columns = (rows, columns) if steep else (columns, rows)
        inside = (rows >= 0) & (rows < self._dots.shape[0]) & (columns >= 0) & (columns < self._dots.shape[1])
        self._over((rows[inside], columns[inside]), colour, alpha * cover[inside])

    def words(self, x: float, y: float, text: str, look: Look) -> None:
        """Write a line of text, in letters of one size."""
        ink = glyphs.ink(text)
        base, height = glyphs.BASE, glyphs.CELL
        if self.scale == 1:
            ink = np.pad(ink, ((0, 0), (0, ink.shape[1] % 2)))
            ink = ink.reshape(height // 2, 2, -1, 2).mean(axis=(1, 3)).astype(np.uint8)
            base, height = base // 2, height // 2
        if look.bold:
            ink = np.maximum(ink, np.pad(ink, ((0, 0), (1, 0)))[:, :-1])
        left, top = (round(value) for value in self._dot(x, y))
        shift = {"left": 0, "center": ink.shape[1] // 2, "right": ink.shape[1]}[look.align]
        left, top = (left - base, top + shift - ink.shape[1]) if look.turn else (left - shift, top - base)
        self._stamp(left, top, np.rot90(ink) if look.turn else ink, look.colour)

    def image(self, x: float, y: float, width: float, height: float, pixels: Pixels) -> None:
        """Draw pixels as sharp boxes."""
        left, top, right, bottom = self._box(x, y, width, height)
        rows = (np.arange(bottom - top) + 0.5) * len(pixels) / (height * self.scale)
        columns = (np.arange(right - left) + 0.5) * pixels.shape[1] / (width * self.scale)
        places = [np.minimum(at.astype(int), many - 1) for at, many in zip((rows, columns), pixels.shape, strict=False)]
        self._dots[top:bottom, left:right] = pixels[np.ix_(*places)]

    def file(self) -> bytes:
        """Return all that was drawn, as PNG."""
        return png.written(self._dots, self.scale)

    def _stamp(self, left: int, top: int, ink: npt.NDArray[np.uint8], colour: str) -> None:
        """Lay ink down, as far as it is on the page."""
        from_y, from_x = max(0, -top), max(0, -left)
        part = ink[from_y : max(0, self._dots.shape[0] - top), from_x : max(0, self._dots.shape[1] - left)]
        top, left = top + from_y, left + from_x
        place = (slice(top, top + part.shape[0]), slice(left, left + part.shape[1]))
        self._over(place, colour, (part / 255).astype(np.float32))

    def _dot(self, x: float, y: float) -> tuple[float, float]:
        return (x + self.origin[0]) * self.scale, (y + self.origin[1]) * self.scale

    def _box(self, x: float, y: float, width: float, height: float) -> tuple[int, int, int, int]:
        """Return left, top, right and bottom in dots, on the page; no box is thinner than a dot."""
        (left, top), (right, bottom) = self._dot(x, y), self._dot(x + width, y + height)
        ends = (round(left), round(top), max(round(right), round(left) + 1), max(round(bottom), round(top) + 1))
        rows, columns = self._dots.shape[:2]
        return min(max(ends[0], 0), columns), min(max(ends[1], 0), rows), min(ends[2], columns), min(ends[3], rows)

    def _over(self, place: tuple[object, object], colour: str, alpha: float | npt.NDArray[np.float32]) -> None:
        """Mix a colour into dots by how much it covers of each (Porter & Duff 1984, "over")."""
        ink = np.asarray([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.float32)
        if isinstance(alpha, float) and alpha == 1:
            self._dots[place] = [*ink, 255]  # type: ignore[index]
            return
        below = self._dots[place].astype(np.float32)  # type: ignore[index]
        cover = np.broadcast_to(np.asarray(alpha, np.float32), below.shape[:-1])[..., None]
        under = below[..., 3:] / 255 * (1 - cover)
        whole = cover + under
        mixed = (ink * cover + below[..., :3] * under) / np.maximum(whole, 1e-6)
        self._dots[place] = np.concatenate([mixed, 255 * whole], axis=-1).round()  # type: ignore[index]
