"""Large maps made small, for thumbnails and for the picture in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Callable


def downsampled(array: npt.NDArray[np.float32], side: int, signed: bool = False) -> npt.NDArray[np.float32]:
    """Return maps of at most ``side`` rows and columns, of shape ``(…, side, side)``.

    A number is the maximum of its block: a mean would hide a diagonal of single tokens.

    Parameters
    ----------
    array
        Of shape ``(…, tokens, tokens)``.
    signed
        Whether numbers may be negative; then the number of largest absolute value is taken.
    """
    tokens = array.shape[-1]
    if tokens <= side:
        return array
    starts = np.arange(side) * tokens // side
    largest = _reduced(np.max, array, starts)
    if not signed:
        return largest
    smallest = _reduced(np.min, array, starts)
    return np.where(-smallest > largest, smallest, largest)


def _reduced(
    reduce: Callable[..., npt.NDArray[np.float32]], array: npt.NDArray[np.float32], starts: npt.NDArray[np.int_]
) -> npt.NDArray[np.float32]:
    """Reduce blocks of rows, then of columns: in this order numbers that lie together are read together."""
    for axis in (-2, -1):
        blocks = np.split(array, starts[1:], axis=axis)
        array = np.stack([reduce(block, axis=axis) for block in blocks], axis=axis)
    return array
