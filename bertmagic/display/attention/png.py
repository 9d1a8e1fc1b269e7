"""Pixels as a PNG file, and back: so little of the format that a library for it is not needed."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _INDEXED, _FULL = 0, 3, 6
"""Kinds of colour: one number a pixel; one that stands for a colour of a list; red, green, blue and alpha."""
_LISTED = 256
_UP = 2
"""A row less the one above (PNG 1.2, section 6.4): where they are equal, as those of one cell are, zeros are left."""


def written(pixels: Pixels, scale: int = 1) -> bytes:
    """Return ``(height, width, 1 or 4)`` as a file that is to be shown ``scale`` times smaller.

    Few colours are written once, with a byte a pixel.
    """
    height, width, numbers = pixels.shape
    kind, rows, colours = (_GREY, pixels, b"") if numbers == 1 else _indexed(pixels)
    rows = rows.reshape(height, -1)
    equal = np.concatenate([[False], (rows[1:] == rows[:-1]).all(axis=1)])[:, None]
    lines = np.concatenate([equal * np.uint8(_UP), np.where(equal, 0, rows)], axis=1, dtype=np.uint8)
    head = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    density = struct.pack(">IIB", *[round(96 * scale / 0.0254)] * 2, 1)  # pixels a metre
    data = _chunk(b"IDAT", zlib.compress(lines.tobytes(), 9))
    return _SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"pHYs", density) + colours + data + _chunk(b"IEND", b"")


def _indexed(pixels: Pixels) -> tuple[int, Pixels, bytes]:
    """Return the kind of colour, its numbers, and the chunks of the list where there is one."""
    whole = np.ascontiguousarray(pixels).view(np.uint32)
    known = np.unique(whole)
    if len(known) > _LISTED:
        return _FULL, pixels, b""
    colours = known.view(np.uint8).reshape(-1, 4)
    chunks = _chunk(b"PLTE", colours[:, :3].tobytes()) + _chunk(b"tRNS", colours[:, 3].tobytes())
    return _INDEXED, np.searchsorted(known, whole).astype(np.uint8), chunks


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def read(file: bytes) -> Pixels:
    """Return the pixels of a file that `written` made."""
    chunks = dict(_chunks(file))
    width, height, _, kind = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    own = np.maximum.accumulate(np.where(lines[:, 0] == _UP, 0, np.arange(height)))  # the row that each is equal to
    numbers = lines[own, 1:].reshape(height, width, -1)
    if kind != _INDEXED:
        return numbers
    colours = np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)
    alphas = np.frombuffer(chunks[b"tRNS"], np.uint8)[:, None]
    return np.concatenate([colours, alphas], axis=1)[numbers[..., 0]]


def _chunks(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(file):
        (many,) = struct.unpack(">I", file[at : at + 4])
        yield file[at + 4 : at + 8], file[at + 8 : at + 8 + many]
        at += many + 12
