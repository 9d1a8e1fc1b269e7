"""Large maps made small, for thumbnails."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def shrunk(array: npt.NDArray[np.float32], side: int, signed: bool = False) -> npt.NDArray[np.float32]:
    """Return maps of at most ``side`` rows and columns, ``(heads, side, side)``.

    A number is the largest beneath it: a diagonal of single tokens would vanish in a mean.

    Parameters
    ----------
    array
        Of shape ``(heads, tokens, tokens)``.
    signed
        Whether numbers may be negative; the largest is that of the largest size then.
    """
    tokens = array.shape[-1]
    if tokens <= side:
        return array
    starts = np.arange(side) * tokens // side
    most = np.maximum.reduceat(np.maximum.reduceat(array, starts, axis=1), starts, axis=2)
    if not signed:
        return most
    least = np.minimum.reduceat(np.minimum.reduceat(array, starts, axis=1), starts, axis=2)
    return np.where(-least > most, least, most)
