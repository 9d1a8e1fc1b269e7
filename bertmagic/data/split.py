"""Holding rows out for validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def holdout(
    targets: npt.NDArray[np.int64], share: float, seed: int
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

    Returns
    -------
    tuple
        The positions of the train rows and of the validation rows, each ascending.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    held = []
    for number in np.unique(targets):
        rows = generator.permutation(np.flatnonzero(targets == number))
        wanted = min(max(round(len(rows) * share), 1), len(rows) - 1)
        held.append(rows[:wanted])
    validation = np.sort(np.concatenate(held))
    return np.setdiff1d(np.arange(len(targets)), validation), validation
