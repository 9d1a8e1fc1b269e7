"""Maps in bytes for the page: a byte for each weight, thumbnails of a fixed size, and messages of a bounded size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bertmagic.display.attention.design import GRID
from bertmagic.display.attention.downsampling import downsampled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

SIDE: int = GRID.thumbnail
"""Pixels along the side of a thumbnail: all 144 heads of a BERT base take 58 kB for a text of any length."""


PIECE = 700_000
"""The most bytes of a message: some front ends send them as base64, and then they are a third more."""


@dataclass(frozen=True, slots=True)
class QuantisedMap:
    """Numbers in a byte each, as square roots, so that small weights keep their digits.

    Attributes
    ----------
    data
        uint8; 128 is 0 if numbers are signed.
    scale
        The largest absolute number, stored as 255 (signed: as 1 or 255).
    signed
        Whether numbers may be negative.
    """

    data: npt.NDArray[np.uint8]
    scale: float
    signed: bool

    def header(self) -> dict[str, object]:
        """Return what the page needs to read the bytes."""
        return {"scale": self.scale, "signed": self.signed, "side": self.data.shape[-1]}


def quantised(array: npt.NDArray[np.float32], signed: bool) -> QuantisedMap:
    """Return numbers as bytes, with an error below 0.004 of the largest."""
    scale = float(np.abs(array).max(initial=0.0)) or 1.0
    if signed:
        roots = np.sign(array) * np.sqrt(np.abs(array) / scale)
        return QuantisedMap((128.5 + 127 * roots).astype(np.uint8), scale, True)
    roots = np.sqrt(np.maximum(array, 0) / scale)
    return QuantisedMap((0.5 + 255 * roots).astype(np.uint8), scale, False)


def thumbnails(array: npt.NDArray[np.float32], signed: bool = False, side: int = SIDE) -> QuantisedMap:
    """Return a small picture of each head, ``(layers, heads, side, side)``.

    A pixel is the largest weight of its block.
    """
    return quantised(downsampled(array, side, signed), signed)


def messages(header: dict[str, Any], buffers: Sequence[bytes]) -> Iterator[tuple[dict[str, Any], list[bytes]]]:
    """Yield an answer as one message, or as several of at most `PIECE` bytes that ``store.js`` puts together.

    The first one has the header, and ``sizes``, the bytes of each buffer; each has ``part`` and ``parts``.
    """
    if sum(map(len, buffers)) <= PIECE:
        yield header, list(buffers)
        return
    whole = memoryview(b"".join(buffers))
    parts = -(-len(whole) // PIECE)
    for part in range(parts):
        about = {"part": part, "parts": parts} | (header | {"sizes": [*map(len, buffers)]} if part == 0 else {})
        yield about, [bytes(whole[part * PIECE : (part + 1) * PIECE])]
