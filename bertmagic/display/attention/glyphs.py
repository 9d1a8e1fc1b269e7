"""Letters as pixels, for pictures that need no font: Latin, Greek, Cyrillic and the signs around them.

``glyphs.png`` holds them in cells of 32 × 32 pixels, in the order of `_RANGES`: DejaVu Sans of 24 pixels in white on
black, 2 pixels from the left and with 24 above the base line.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bertmagic.display.attention import png

if TYPE_CHECKING:
    import numpy.typing as npt

    Ink = npt.NDArray[np.uint8]

SIZE = 12
"""Pixels of the letters, on a page that has two dots for a pixel."""
CELL, BASE = 32, 24
_SPACE, _BETWEEN = 8, 3
_RANGES = (
    "!~", "¡¬", "®ſ", "ΆΆ", "ΈΊ", "ΌΌ", "ΎΡ", "Σώ", "Ѐџ", "Ґґ", "‐―", "‘„", "†•", "……", "‰‰", "€€", "←↓", "−−", "√√",
    "≈≈", "␀␟", "⟨⟩", "▁▁", "��",
)  # fmt: skip
_MISSING = "�"


@cache
def _places() -> dict[str, int]:
    letters = (chr(code) for ends in _RANGES for code in range(ord(ends[0]), ord(ends[1]) + 1))
    return {letter: at for at, letter in enumerate(letters)}


@cache
def _atlas() -> Ink:
    pixels = png.read((Path(__file__).parent / "glyphs.png").read_bytes())[..., 0]
    rows, columns = pixels.shape[0] // CELL, pixels.shape[1] // CELL
    return pixels.reshape(rows, CELL, columns, CELL).swapaxes(1, 2).reshape(-1, CELL, CELL)


def known(text: str) -> bool:
    """Whether there is a picture of every letter of a text."""
    return all(letter in _places() or letter == " " for letter in _plain(text))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text)


@cache
def _letter(letter: str) -> Ink:
    """Return the ink of a letter, as wide as it is."""
    cell: Ink = _atlas()[_places().get(letter, _places()[_MISSING])]
    inked = np.flatnonzero(cell.any(axis=0))
    return cell[:, inked[0] : inked[-1] + 1]


def ink(text: str) -> Ink:
    """Return a line of text as ink from 0 to 255, ``(CELL, width)``."""
    parts = [np.zeros((CELL, 1), np.uint8)]
    for letter in _plain(text):
        parts += [np.zeros((CELL, _SPACE if letter == " " else _BETWEEN), np.uint8)]
        parts += [] if letter == " " else [_letter(letter)]
    return np.concatenate(parts, axis=1)
