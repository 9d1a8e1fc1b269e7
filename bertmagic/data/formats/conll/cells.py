"""The cells of a column of a file with one word per line, sentence by sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bertmagic.data import tags
from bertmagic.data.formats.conll import brackets
from bertmagic.data.formats.conll.roles import Kind
from bertmagic.errors import DataError

if TYPE_CHECKING:
    from bertmagic.data.formats.conll.lines import Line
    from bertmagic.data.formats.conll.roles import Column


@dataclass(frozen=True)
class Cells:
    """A reader of one column; equal cells of a file share their memory.

    Attributes
    ----------
    name
        What messages call the file.
    """

    name: str
    column: Column
    _known: dict[str, str] = field(default_factory=dict)

    def raw(self, sentence: list[Line]) -> list[str]:
        """Return the cells of a sentence as they are."""
        known, number = self._known, self.column.number
        return [known.setdefault(fields[number], fields[number]) for _, fields in sentence]

    def words(self, sentence: list[Line]) -> list[str]:
        """Return the words of a sentence.

        Raises
        ------
        DataError
            For a line without a word, with its number.
        """
        cells = self.raw(sentence)
        if "" in cells:
            line, fields = sentence[cells.index("")]
            raise DataError(
                f"{self.name} line {line:,} has a tag, {fields[-1]!r}, but no word.",
                "Remove the line, or give it its word.",
            )
        if not self.column.addition:
            return cells
        bare = map(self.column.bare, cells)
        return [self._known.setdefault(word, word) for word in bare]

    def tags(self, sentence: list[Line]) -> list[str]:
        """Return the tags of a sentence; spans in brackets become tags, types stay as they are.

        Raises
        ------
        DataError
            For a cell that is no tag of the column's scheme, with the number of its line.
        """
        cells = self.raw(sentence)
        if self.column.kind is Kind.BRACKETS:
            try:
                return brackets.to_tags(cells)
            except ValueError as error:
                where = f"{self.name}, the sentence at line {sentence[0][0]:,}"
                raise DataError(f"{where}: {error}.", "Repair the brackets of this sentence.") from None
        if not self.column.has_scheme:
            return cells
        for (line, _), cell in zip(sentence, cells, strict=True):
            if tags.parts(cell) is None and cell != self.column.outside:
                raise DataError(
                    f"{self.name} line {line:,} has {cell!r}, which is not a tag.",
                    f"All cells of {self.column.title} should be tags as in B-PER, I-PER, O; "
                    "columns = (WORD, TAG) names another one.",
                )
        return [tags.OUTSIDE if cell == self.column.outside else cell for cell in cells]
