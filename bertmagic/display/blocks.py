"""What a result is described with: a short list of blocks, which every writer can render.

All text in a block is data: a writer escapes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from bertmagic.display.cells import Caution

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bertmagic.display.cells import Row
    from bertmagic.display.charts.curves import Curve


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name
        Its head.
    kind
        ``number`` is aligned to the right, ``word`` and ``prose`` to the left; ``prose`` gets most of the width.
    width
        How many characters of a cell fit into a line of plain text; 0 for all.
    plain
        Where plain text has it: ``column``, or in lines ``below`` the table, or ``no``.
    """

    name: str
    kind: Literal["number", "word", "prose"] = "number"
    width: int = 0
    plain: Literal["column", "below", "no"] = "column"


@dataclass(frozen=True, slots=True)
class Headline:
    """What a result says in one sentence. The first block of most results, and the title of their page."""

    text: str


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of what follows."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or two, with ``code`` to type at their end."""

    text: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class NextSteps:
    """Lines to copy into the next cell; plain text has them only where ``plain`` is true."""

    codes: Sequence[str]
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Notes:
    """What the user should know; plain text has the first ``lines`` of them and counts the others.

    HTML folds more than three.
    """

    texts: Sequence[str]
    lines: int = 10


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns; the first column names the rows, and a row of one cell goes across all columns.

    Attributes
    ----------
    caption, explanation
        What the table shows; and how to read it, which plain text leaves out.
    lines
        How many rows plain text has; None for all, 0 where it leaves the table out.
    rest
        What plain text says of the rows that it leaves out.
    most
        How many rows HTML has, where Markdown and LaTeX have all.
    listed
        Whether plain text has each row as a sentence, since its cells are too long for columns.
    """

    columns: Sequence[Column]
    rows: Sequence[Row]
    caption: str = ""
    explanation: str = ""
    lines: int | None = None
    rest: str = ""
    most: int | None = None
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """Lines of code to copy."""

    text: str


@dataclass(frozen=True, slots=True)
class Alert:
    """An error, in one to three lines."""

    text: str


@dataclass(frozen=True, slots=True)
class ProgressBar:
    """How far some work is; another block has the numbers in words."""

    done: int
    total: int
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A small picture of curves, drawn without a script; its numbers stand in a table or in words.

    Attributes
    ----------
    title, along
        The names of the vertical and the horizontal axis, with their units.
    lines, end
        The curves, the back first, and the right end of the horizontal axis.
    about
        What the chart shows, in words, for a screen reader.
    marks
        Labels of the horizontal axis, by place; round numbers where there are none.
    zero
        Whether the vertical axis starts at 0.
    """

    title: str
    along: str
    lines: Sequence[Curve]
    end: float
    about: str
    marks: Sequence[tuple[float, str]] = ()
    zero: bool = False


@dataclass(frozen=True, slots=True)
class Image:
    """A PNG picture of a width in pixels, with what it shows in words."""

    png: bytes
    width: int
    about: str


@dataclass(frozen=True, slots=True)
class Folded:
    """Blocks that HTML opens at a click; plain text has them only where ``plain`` is true."""

    summary: str
    blocks: Sequence[Block]
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """An interactive figure, with its numbers as blocks for where it is not drawn.

    Attributes
    ----------
    title
        What it shows, as a sentence.
    plotly
        The figure as plotly reads it: ``data``, ``layout``, ``config``.
    numbers
        The same as tables.
    plain
        Whether plain text has the numbers too.
    """

    title: str
    plotly: dict[str, Any]
    numbers: Sequence[Block]
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """A page with a script of its own, which a notebook shows in a sandboxed frame.

    Attributes
    ----------
    title, about
        The name of the frame; and what plain text says in its place.
    page
        The HTML document.
    height
        In pixels.
    """

    title: str
    about: str
    page: str
    height: int


@dataclass(frozen=True, slots=True)
class Widget:
    """A live view, alone in an output of its own.

    Attributes
    ----------
    view
        Makes the view and returns its MIME bundle; called only where it is shown.
    about
        What stands in its place where there is no kernel.
    """

    view: Callable[[], dict[str, Any]]
    about: str


@dataclass(frozen=True, slots=True)
class LostWidget:
    """What a notebook says in place of the widget in the next output, where the kernel that made it is gone."""

    text: str


Block = (
    Headline | Heading | Paragraph | Notes | Table | Code | Alert | Caution | ProgressBar | Chart | Image | Folded
    | Figure | Frame | Widget | LostWidget | NextSteps
)  # fmt: skip


def columns(names: Sequence[str], words: Iterable[int] = (0,)) -> tuple[Column, ...]:
    """Return columns by name; those at the places ``words`` hold words, the others numbers."""
    places = frozenset(words)
    return tuple(Column(name, "word" if at in places else "number") for at, name in enumerate(names))
