"""Rows that a model can read, with their targets if these are known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from bertmagic.data.split import isin_sorted

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    from bertmagic.data.labels import Labels
    from bertmagic.data.texts import Texts


@dataclass(frozen=True)
class TextRows:
    """Rows that a model can read: what is left of a table after the checks.

    Attributes
    ----------
    name
        What messages call the rows.
    texts
        The text of each row, the first one of a pair, or the question.
    index
        The user's own index, shape ``(rows,)``.
    second
        The second texts of pairs, or the contexts of questions; None for single texts.
    """

    name: str
    texts: Texts
    index: pd.Index
    second: Texts | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def positions(self) -> npt.NDArray[np.int64]:
        """The positions of the rows in the table, shape ``(rows,)``."""
        return self.texts.positions

    def take(self, rows: npt.NDArray[Any], name: str = "") -> Self:
        """Return some of the rows, by position."""
        return replace(
            self,
            name=name or self.name,
            texts=self.texts.take(rows),
            index=self.index[rows],
            second=None if self.second is None else self.second.take(rows),
        )

    def text(self, at: int) -> str:
        """Return the text of a row; for a pair both texts, with a space between."""
        return self.texts[at] if self.second is None else f"{self.texts[at]} {self.second[at]}"

    def duplicate_keys(self) -> npt.NDArray[np.int64]:
        """Return the same number for rows that read the same; see `duplicate_keys`."""
        keys = duplicate_keys(self.texts)
        # The factor makes (a, b) another pair than (b, a); an odd one loses no bit.
        return keys if self.second is None else keys * 3 + duplicate_keys(self.second)


@dataclass(frozen=True)
class LabelledRows(TextRows):
    """Rows with their targets.

    Attributes
    ----------
    targets
        What the model learns to predict, one entry a row; the task chooses the dtype.
    labels
        The classes, for tasks that have classes.
    """

    targets: npt.NDArray[Any] = field(kw_only=True)
    labels: Labels | None = field(default=None, kw_only=True)

    def take(self, rows: npt.NDArray[Any], name: str = "") -> Self:
        """Return some of the rows, by position."""
        return replace(super().take(rows, name), targets=self.targets[rows])


def with_targets(rows: TextRows, targets: npt.NDArray[Any], labels: Labels | None = None) -> LabelledRows:
    """Return rows with their targets."""
    return LabelledRows(rows.name, rows.texts, rows.index, rows.second, targets=targets, labels=labels)


def duplicate_keys(texts: Iterable[str]) -> npt.NDArray[np.int64]:
    """Return a number for each text, the same for texts that differ in case or spaces only. Shape ``(rows,)``.

    The number is a hash of 64 bits that stays the same in this process: a dict of a million texts would be larger than
    the texts. The probability that two of n different texts have the same number is n² / 2⁶⁵: 3e-8 for a million.
    """
    import numpy as np

    return np.fromiter((hash(normal(text)) for text in texts), np.int64)


def repeated_keys(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the keys that several rows have, ascending."""
    import numpy as np

    ascending = np.sort(keys)
    return np.unique(ascending[1:][ascending[1:] == ascending[:-1]])


def normal(text: str) -> str:
    """Return a text without what makes no difference to `duplicate_keys`."""
    return " ".join(text.lower().split())


def overlap(train: LabelledRows, validation: LabelledRows) -> npt.NDArray[np.int64]:
    """Return the positions in ``train`` of texts that are in ``validation``, too."""
    import numpy as np

    return np.flatnonzero(isin_sorted(train.duplicate_keys(), np.unique(validation.duplicate_keys())))
