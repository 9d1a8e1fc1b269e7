"""What the kernel sends: pictures in a byte a weight, thumbnails of a fixed size, and exact numbers on request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

SIDE = 20
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

    A pixel is the largest weight beneath it: a diagonal of single tokens would vanish in a mean.
    """
    tokens = array.shape[-1]
    if tokens > side:
        edges = np.arange(side + 1) * tokens // side
        most = _pooled(array, edges, np.max)
        array = np.where(-(least := _pooled(array, edges, np.min)) > most, least, most) if signed else most
    return quantised(array, signed)


def _pooled(
    array: npt.NDArray[np.float32], edges: npt.NDArray[np.int_], reduce: Callable[..., npt.NDArray[np.float32]]
) -> npt.NDArray[np.float32]:
    """Return what is left of blocks of rows and of columns: rows first, whose numbers lie together."""
    for axis in (-2, -1):
        blocks = np.split(array, edges[1:-1], axis=axis)
        array = np.stack([reduce(block, axis=axis) for block in blocks], axis=axis)
    return array
