"""Pixels as a PNG file, and back: so little of the format that a library for it is not needed."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = {1: 0, 4: 6}
"""Numbers of a pixel: its kind of colour, grey or red-green-blue-alpha."""
_UP = 2
"""Each row less the one above (PNG 1.2, section 6.4): rows of one cell are all zeros."""


def written(pixels: Pixels, scale: int = 1) -> bytes:
    """Return ``(height, width, 1 or 4)`` as a file that is to be shown ``scale`` times smaller."""
    height, width, numbers = pixels.shape
    rows = pixels.reshape(height, width * numbers)
    above = np.concatenate([np.zeros_like(rows[:1]), rows[:-1]])
    lines = np.concatenate([np.full((height, 1), _UP, np.uint8), rows - above], axis=1)
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOURS[numbers], 0, 0, 0)
    density = struct.pack(">IIB", *[round(96 * scale / 0.0254)] * 2, 1)  # pixels a metre
    parts = [(b"IHDR", head), (b"pHYs", density), (b"IDAT", zlib.compress(lines.tobytes(), 6)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(_chunk(name, data) for name, data in parts)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def read(file: bytes) -> Pixels:
    """Return the pixels of a file that `written` made."""
    at, packed, shape = len(_SIGNATURE), b"", (0, 0, 0)
    while at < len(file):
        (many,), name = struct.unpack(">I", file[at : at + 4]), file[at + 4 : at + 8]
        data = file[at + 8 : at + 8 + many]
        if name == b"IHDR":
            width, height, _, colour = struct.unpack(">IIBB", data[:10])
            shape = (height, width, 4 if colour == _COLOURS[4] else 1)
        packed += data if name == b"IDAT" else b""
        at += many + 12
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(shape[0], -1)
    return np.add.accumulate(lines[:, 1:], axis=0, dtype=np.uint8).reshape(shape)
