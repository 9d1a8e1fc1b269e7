"""What stands in a cell of a table: text, or one of these where a writer that can should do more than print it.

Each has ``text``, which is all that a writer needs that cannot do more. All text is data: a writer escapes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bertmagic.display.style import BLUE, MISSING


@dataclass(frozen=True, slots=True)
class Strong:
    """A cell in bold."""

    text: str


@dataclass(frozen=True, slots=True)
class Absent:
    """A cell that says why there is no value."""

    text: str = MISSING


@dataclass(frozen=True, slots=True)
class Caution:
    """A cell that is marked as a warning, or a block that is one."""

    text: str


@dataclass(frozen=True, slots=True)
class Share:
    """A cell with a bar behind its text, as long as ``part`` between 0 and 1."""

    part: float
    text: str


@dataclass(frozen=True, slots=True)
class Shade:
    """A cell whose background is the stronger the larger ``part`` is, between 0 and 1."""

    part: float
    text: str
    colour: str = BLUE
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A marked part of a passage, in characters: an answer, or with ``label`` and ``score`` an entity.

    ``look`` numbers the labels, so that each has its own colour.
    """

    start: int
    end: int
    label: str = ""
    score: float = 0.0
    look: int = 0


@dataclass(frozen=True, slots=True)
class Passage:
    """A cell with text to read, some of it marked.

    Attributes
    ----------
    text, marks
        The whole text, and its marks in their order.
    bytes
        The limit of its HTML; what is cut is counted.
    folded
        From how many characters a text without marks is folded.
    code
        A line to paste, which belongs to the text, and ``about`` what it is.
    """

    text: str
    marks: tuple[Mark, ...] = ()
    bytes: int = 2_000
    folded: int = 160
    code: str = ""
    about: str = ""


_LEAST = 0.05


@dataclass(frozen=True, slots=True)
class Weighted:
    """A cell with text to read, each word of it with a signed score.

    Attributes
    ----------
    text
        The whole text.
    words
        First character, the one behind the last, and score of each word, in their order.
    most
        The largest absolute score of all texts that belong together: it gets the strongest colour.
    bytes
        The limit of its HTML; what is cut is counted.
    """

    text: str
    words: tuple[tuple[int, int, float], ...]
    most: float
    bytes: int = 40_000

    def strength(self, score: float) -> float:
        """Return how strong a score is shown, 0 to 1; 0 for one that is below a twentieth of the largest."""
        part = abs(score) / self.most if self.most > 0 else 0.0
        return min(part, 1.0) if part >= _LEAST else 0.0


@dataclass(frozen=True, slots=True)
class Ranking:
    """A cell with texts and their scores, the best first."""

    pairs: tuple[tuple[str, float], ...]

    @property
    def text(self) -> str:
        """The pairs in one line."""
        return "; ".join(f"{name} {score:.3f}" for name, score in self.pairs)


Cell = str | Strong | Absent | Caution | Share | Shade | Passage | Weighted | Ranking
Row = Sequence[Cell]
