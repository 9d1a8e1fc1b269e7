"""The result of a prediction of entities."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bertmagic.data import tags
from bertmagic.data.labels import missing
from bertmagic.data.words import listed
from bertmagic.inference.predictions import Predictions
from bertmagic.text_safety import without_surrogates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.data.rows import TextRows
    from bertmagic.tasks.token_classification.alignment import Alignment


@dataclass(frozen=True, repr=False)
class Entities(Predictions):
    """The entities of texts, in the order of the texts and within them.

    Attributes
    ----------
    frame
        One row an entity: ``row`` (the user's index of its text), ``start`` and ``end`` in characters of the text,
        ``text`` (``whole_text[start:end]``), ``label`` and ``score``, the mean over its words of the probability that
        the word is of this type. Of a text given as a list of words, characters are those of the words with a space
        between.
    labels
        The types.
    given
        The texts, with the user's index.
    rows
        The position in ``given`` of each entity's text, shape ``(entities,)``.
    """

    given: pd.Series = field(kw_only=True)
    rows: npt.NDArray[np.int64] = field(kw_only=True)

    def text(self, at: int) -> str | None:
        """Return a text by its position; None if it is missing."""
        cell = self.given.iloc[at]
        words = None if isinstance(cell, str) else listed(cell)
        text = " ".join(map(str, words)) if words is not None else "" if missing(cell) else str(cell)
        return text if text.strip() else None

    def decisions(self) -> list[Any]:
        """Return start, end and type of the entities of each text."""
        found: list[Any] = [[] for _ in range(len(self.given))]
        columns = (self.frame[name].tolist() for name in ("start", "end", "label"))
        for at, *entity in zip(self.rows.tolist(), *columns, strict=True):
            found[at].append(tuple(entity))
        return found

    def of(self, at: int) -> pd.DataFrame:
        """Return the entities of a text by its position."""
        low, high = self.rows.searchsorted([at, at + 1])
        return self.frame.iloc[low:high]


def entities_of(
    given: pd.Series,
    rows: TextRows,
    alignment: Alignment,
    tag_rows: Iterable[Sequence[str]],
    chances: Mapping[str, npt.NDArray[np.float32]],
    **known: Any,
) -> Entities:
    """Return the entities that tags mark, with their characters.

    Parameters
    ----------
    given
        The texts as they were given.
    rows
        Those of them that could be read; ``alignment`` and ``tag_rows`` are theirs.
    tag_rows
        The IOB2 tags of the words of each row.
    chances
        The probability of each type for each word that has a token of its own, shape ``(words,)``.
    known
        Further fields of the result.
    """
    import numpy as np
    import pandas as pd

    words, own = alignment.words, np.concatenate([[0], np.cumsum(alignment.own)])
    lines: list[tuple[Any, int, int, str, str, float]] = []
    at: list[int] = []
    for row, (text, of_row) in enumerate(zip(rows.texts, tag_rows, strict=True)):
        begin = int(words.offsets[row])
        for first, behind, label in tags.entities(of_row):
            start, end = int(words.spans[begin + first, 0]), int(words.spans[begin + behind - 1, 1])
            score = chances[label][own[begin + first] : own[begin + behind]].mean()
            lines.append((rows.index[row], start, end, without_surrogates(text[start:end]), label, float(score)))
            at.append(int(rows.positions[row]))
    columns = ["row", "start", "end", "text", "label", "score"]
    kinds = {"start": "int64", "end": "int64", "text": "string", "label": "string", "score": "float64"}
    frame = pd.DataFrame(lines, columns=columns).astype(kinds)
    return Entities(frame=frame, given=given, rows=np.asarray(at, np.int64), **known)
