"""The result of a search for the smallest edit that changes a prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertmagic.result import ExportableResult

if TYPE_CHECKING:
    import pandas as pd

    from bertmagic.explain.edits import Change


@dataclass(frozen=True, repr=False)
class SmallestEdit(ExportableResult):
    """The smallest edit that was found to change a prediction, or the one that came nearest.

    Attributes
    ----------
    before, after
        The text before and after, or both texts of a pair each.
    changes
        What was changed; ``at`` is the number of the word in ``before``.
    spans
        The characters of each changed word: part, start and end, in ``before``; the same in ``after``.
    probabilities
        Probability of each label that is shown, before and after: ``{label: (before, after)}``.
    label, new_label
        The prediction before and after.
    flipped
        Whether the edit changes the prediction as asked.
    target
        The label that was asked for; empty for any other than the predicted one.
    source
        Where the new words come from, in words.
    passes
        How many texts the model has read.
    model
        The name of the model.
    seconds, notes
        How long it took, and what the user should know.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    changes: tuple[Change, ...]
    spans: tuple[tuple[tuple[int, int, int], ...], tuple[tuple[int, int, int], ...]]
    probabilities: dict[str, tuple[float, float]]
    label: str
    new_label: str
    flipped: bool
    target: str
    source: str
    passes: int
    model: str
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> int:
        """How many words are changed."""
        return sum(change.words for change in self.changes)

    @property
    def frame(self) -> pd.DataFrame:
        """A row for each change: ``kind, word`` (its number), ``old, new, fluency``."""
        import pandas as pd

        rows = [(one.kind, one.at, one.old, one.new, one.fluency) for one in self.changes]
        return pd.DataFrame(rows, columns=["kind", "word", "old", "new", "fluency"])
