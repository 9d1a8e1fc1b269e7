"""What pictures are drawn from: the numbers on screen, the colours of a page, the letters of a surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertmagic.display.attention.colours import strength
from bertmagic.display.attention.letters import short
from bertmagic.display.attention.surface import Letters, Surface, TextStyle

if TYPE_CHECKING:
    from collections.abc import Callable

    from bertmagic.attention.maps import AttentionMaps
    from bertmagic.display.attention.colours import Theme
    from bertmagic.display.attention.matrix import ShownMatrix, Unit
    from bertmagic.display.attention.settings import Settings


@dataclass(frozen=True)
class Picture:
    """A picture and its size in CSS pixels."""

    width: float
    height: float
    draw: Callable[[Surface], None]


@dataclass(frozen=True)
class Scene:
    """Maps in one state of the view, with what drawing them takes.

    Attributes
    ----------
    matrix
        The numbers of the chosen heads in that state.
    """

    maps: AttentionMaps
    state: Settings
    theme: Theme
    matrix: ShownMatrix
    letters: Letters

    @property
    def forward(self) -> bool:
        """Whether the pinned tokens are those that attend."""
        return self.state.direction == "attends to"

    def label(self, unit: Unit, most: int) -> str:
        """Return what is written for a token: its text, or its position where fonts lack most of its letters."""
        return short(
            unit.text if self.letters.has_most(unit.characters) else f"{unit.unknown} #{unit.tokens[0]}".strip(), most
        )

    def share(self, value: float) -> float:
        """Return the share between 0 and 1 of full colour that a weight is drawn with."""
        return float(strength(value, self.matrix.peak, self.state.scale))  # type: ignore[arg-type]

    def is_marked(self, unit: Unit) -> bool:
        """Whether a token has the text that the user looks for."""
        part = self.state.find.strip().lower()
        return bool(part) and part in unit.text.lower()

    def text_colour(self, unit: Unit) -> str:
        """Return the colour of a token's label."""
        return self.theme.faint if unit.special else self.theme.text

    def small(self, size: float, **style: object) -> TextStyle:
        """Return the style of captions and numbers."""
        return TextStyle(self.theme.faint, size, **style)  # type: ignore[arg-type]
