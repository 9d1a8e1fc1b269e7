"""What pictures are drawn on: the few operations that an SVG file and a bitmap both have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from bertmagic.display.attention.colours import Pixels


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How a line of text is written.

    Attributes
    ----------
    turned
        Whether it runs upwards.
    full
        The whole text, where only its beginning is written.
    """

    colour: str
    size: float = 12
    align: Literal["left", "right", "center"] = "left"
    bold: bool = False
    turned: bool = False
    full: str = ""


class Letters(Protocol):
    """The font of a surface."""

    def has_all(self, text: str) -> bool:
        """Whether the font has every letter of a text."""

    def has_most(self, text: str) -> bool:
        """Whether the font has at least half of the letters of a text."""

    def drawable(self, text: str) -> str:
        """Return a text with ``?`` for each letter that the font lacks."""

    def width(self, text: str, size: float) -> float:
        """Return the width of a text in pixels."""


class Surface(Protocol):
    """See `bertmagic.display.attention.svg.Svg`; coordinates are CSS pixels, moved by ``origin``."""

    origin: tuple[float, float]

    def rect(self, x: float, y: float, width: float, height: float, colour: str, alpha: float = 1.0) -> None:
        """Fill a rectangle."""

    def frame(self, x: float, y: float, width: float, height: float, colour: str, thickness: float = 1.0) -> None:
        """Draw the edge of a rectangle."""

    def line(
        self, x1: float, y1: float, x2: float, y2: float, colour: str, thickness: float = 1.0, alpha: float = 1.0
    ) -> None:
        """Draw a straight line."""

    def write(self, x: float, y: float, text: str, style: TextStyle) -> None:
        """Write a line of text; ``y`` is its baseline."""

    def image(self, x: float, y: float, width: float, height: float, pixels: Pixels) -> None:
        """Draw each pixel as a sharp rectangle."""
