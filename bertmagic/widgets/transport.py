"""What the kernel sends: pictures in a byte a weight, thumbnails of a fixed size, and exact numbers on request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bertmagic.display.attention.design import GRID
from bertmagic.display.attention.downsampling import downsampled

if TYPE_CHECKING:
    import numpy.typing as npt

SIDE: int = GRID.thumbnail
"""Pixels of a thumbnail at most: all 144 heads of a BERT base take 58 kB, however long the text is."""


@dataclass(frozen=True, slots=True)
class Bytes:
    """Numbers as square roots in a byte each, so that small weights keep their digits.

    Attributes
    ----------
    data
        uint8; signed numbers are counted from 128.
    scale
        The largest absolute number, which 255 (or 1 and 255) stands for.
    signed
        Whether numbers may be negative.
    """

    data: npt.NDArray[np.uint8]
    scale: float
    signed: bool

    def header(self) -> dict[str, object]:
        """Return what reading the bytes takes."""
        return {"scale": self.scale, "signed": self.signed, "side": self.data.shape[-1]}


def quantised(array: npt.NDArray[np.float32], signed: bool) -> Bytes:
    """Return numbers as bytes; a number is off by less than 0.004 of the largest."""
    scale = float(np.abs(array).max(initial=0.0)) or 1.0
    if signed:
        roots = np.sign(array) * np.sqrt(np.abs(array) / scale)
        return Bytes((128.5 + 127 * roots).astype(np.uint8), scale, True)
    roots = np.sqrt(np.maximum(array, 0) / scale)
    return Bytes((0.5 + 255 * roots).astype(np.uint8), scale, False)


def thumbnails(array: npt.NDArray[np.float32], signed: bool = False, side: int = SIDE) -> Bytes:
    """Return a small picture of each head, ``(layers, heads, side, side)``.

    A pixel is the largest weight of its block.
    """
    return quantised(downsampled(array, side, signed), signed)
