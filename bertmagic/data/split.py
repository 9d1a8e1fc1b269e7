"""Holding rows out for validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_CHUNK = 65_536


def holdout(
    targets: npt.NDArray[np.int64], share: float, seed: int, copies: npt.NDArray[np.int64] | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Split rows into train and validation, with the same share of each class.

    Parameters
    ----------
    targets
        Class numbers of shape ``(rows,)``.
    share
        The share of each class to hold out; of a class with two rows or more at least one goes to each side.
    seed
        The same seed gives the same split.
    copies
        The same number for rows with the same text, shape ``(rows,)``: they go to the same side, so that no text is
        used for both training and validation.

    Returns
    -------
    tuple
        The positions of the train rows and of the validation rows, each ascending.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    copies = np.arange(len(targets)) if copies is None else copies
    firsts = np.sort(np.unique(copies, return_index=True)[1])
    held = np.zeros(len(targets), dtype=bool)
    for number in np.unique(targets[firsts]):
        rows = generator.permutation(firsts[targets[firsts] == number])
        wanted = min(max(round(len(rows) * share), 1), len(rows) - 1)
        held |= isin_sorted(copies, np.unique(copies[rows[:wanted]]))
    # A class whose texts are all copies of texts of another class may be held out as a whole: it goes back to train.
    lost = np.setdiff1d(targets, targets[~held])
    if len(lost):
        held &= ~isin_sorted(copies, np.unique(copies[np.isin(targets, lost)]))
    return np.flatnonzero(~held), np.flatnonzero(held)


def isin_sorted(values: npt.NDArray[np.int64], ascending: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return whether each value is in a sorted array, in little memory.

    `numpy.isin` sorts both with their inverse, which takes 60 bytes per value.
    """
    import numpy as np

    result = np.zeros(len(values), bool)
    for start in range(0, len(values) if len(ascending) else 0, _CHUNK):
        part = values[start : start + _CHUNK]
        places = np.searchsorted(ascending, part).clip(max=len(ascending) - 1)
        result[start : start + _CHUNK] = ascending[places] == part
    return result
