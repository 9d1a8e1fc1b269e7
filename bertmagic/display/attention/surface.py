"""What pictures are drawn on: a few verbs that an SVG file and pixels both have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from bertmagic.display.style import width

if TYPE_CHECKING:
    from bertmagic.display.attention.colours import Pixels


@dataclass(frozen=True, slots=True)
class Look:
    """How words are written.

    Attributes
    ----------
    turn
        Whether they run upwards.
    full
        The whole text, where a part of it is written.
    """

    colour: str
    size: int = 12
    align: Literal["left", "right", "center"] = "left"
    bold: bool = False
    turn: bool = False
    full: str = ""


class Surface(Protocol):
    """See `bertmagic.display.attention.svg.Svg`; coordinates are pixels at the size of the page."""

    origin: tuple[float, float]

    @staticmethod
    def writes(text: str) -> bool:
        """Whether it has letters for all of a text."""

    @staticmethod
    def wide(text: str, size: int) -> float:
        """Return how many pixels a text takes."""

    def rect(self, x: float, y: float, width: float, height: float, colour: str, alpha: float = 1.0) -> None:
        """Fill a box."""

    def frame(self, x: float, y: float, width: float, height: float, colour: str, thick: float = 1.0) -> None:
        """Draw the edge of a box."""

    def line(
        self, x1: float, y1: float, x2: float, y2: float, colour: str, thick: float = 1.0, alpha: float = 1.0
    ) -> None:
        """Draw a straight line."""

    def words(self, x: float, y: float, text: str, look: Look) -> None:
        """Write a line of text."""

    def image(self, x: float, y: float, width: float, height: float, pixels: Pixels) -> None:
        """Draw pixels as sharp boxes."""


def short(text: str, most: int = 18) -> str:
    """Return a text of at most so many columns, with ``…`` where it was cut."""
    if width(text[: 2 * most + 1]) <= most:
        return text
    kept = text[:most]
    while width(kept) > most - 1:
        kept = kept[:-1]
    return kept + "…"
