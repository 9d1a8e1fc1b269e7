"""The result of looking at a data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bertmagic.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bertmagic.data.profile import Lengths, TextProfile


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know about a data set.

    Attributes
    ----------
    severity
        ``error`` stops a run.
    what, fix
        What it is, and what happens to the rows or what to do.
    rows, count
        The first few rows, by the user's own index, and how many rows there are in all.
    """

    severity: Literal["info", "warning", "error"]
    what: str
    fix: str = ""
    rows: tuple[object, ...] = ()
    count: int = 0

    @property
    def sentence(self) -> str:
        """``what`` and ``fix`` in one line."""
        return f"{self.what} {self.fix}".strip()


@dataclass(frozen=True, slots=True)
class Repeat:
    """A row whose text reads nearly like that of an earlier one.

    Attributes
    ----------
    row, text, label
        The row by the user's own index, with its text and label.
    earlier_row, earlier_text, earlier_label
        The same of the row that it repeats.
    likeness
        The cosine of the character 4-grams of the two texts, at least 0.9.
    contradicts
        Whether the two rows have different classes.
    """

    row: object
    text: str
    label: str
    earlier_row: object
    earlier_text: str
    earlier_label: str
    likeness: float
    contradicts: bool = False


@dataclass(frozen=True, repr=False)
class DataReport(Result):
    """What is in a data set, and what is wrong with it.

    Attributes
    ----------
    data, task
        The name of the data, and the task its columns fit.
    rows, columns, text, label
        The number of rows, all columns, and the two that were chosen; ``label`` may be None.
    findings
        What to know about it, the worst first.
    labels
        How many rows each class has, the largest first; the rows without a label are not counted.
    target_noun, target_caption
        What one of ``labels`` is called, and the caption of their table.
    several_labels
        Whether a row may have several labels: then the share of a label is its share of all rows.
    length_edges, length_counts, length_unit
        A histogram of text lengths: ``counts[i]`` texts have ``edges[i] <= length < edges[i+1]``.
    lengths
        The lengths in three numbers.
    profile
        The languages of the texts, and which of these the encoder cannot read.
    repeats
        Rows that read nearly like an earlier one, those with another label first.
    examples
        A few rows as ``(row, text, label)``.
    """

    data: str
    task: str
    rows: int
    columns: tuple[str, ...]
    text: str
    label: str | None
    findings: tuple[Finding, ...]
    labels: Mapping[str, int]
    length_edges: tuple[int, ...]
    length_counts: tuple[int, ...]
    length_unit: str
    examples: tuple[tuple[object, str, str], ...] = ()
    target_noun: str = "class"
    target_caption: str = "Classes, the largest first."
    several_labels: bool = False
    lengths: Lengths | None = None
    profile: TextProfile | None = None
    repeats: tuple[Repeat, ...] = ()
