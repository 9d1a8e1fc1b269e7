"""Colours of pictures: Okabe and Ito's blue and orange, over a white page or over whatever page there is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bertmagic.display.style import BLUE, ORANGE

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

_WHITE, _BLUE, _NAVY = (255, 255, 255), (0, 114, 178), (0, 32, 54)
_ORANGE, _BROWN = (213, 94, 0), (84, 36, 0)
_TURN = 0.65
"""At which share the full colour is reached; darker shades tell larger shares apart."""
_STEPS, _LIFT = 16, 0.65
"""Where the page may be dark, small shares are lifted, as blue stands out less; few shades take few bytes."""


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours that a picture is drawn in.

    Attributes
    ----------
    text, faint, rule
        Of words, of words that matter less, and of thin frames.
    back
        Of the page; empty where the picture lies on a page of any colour, and is transparent.
    """

    text: str
    faint: str
    rule: str
    back: str


PAPER = Theme("#222222", "#6b6b6b", "#cccccc", "#ffffff")
"""For files: as in the live view on a light page."""
ANY = Theme("#7a7a7a", "#7a7a7a", "#9a9a9a", "")
"""For the picture in a notebook: read on a light page and on a dark one."""


def strength(values: npt.NDArray[np.float32], peak: float, scale: str) -> npt.NDArray[np.float32]:
    """Return by what share between 0 and 1 each weight is drawn."""
    shares = np.minimum(1, np.abs(values) / np.float32(peak))
    return np.asarray(shares if scale == "linear" else np.sqrt(shares), np.float32)


def painted(shares: npt.NDArray[np.float32], theme: Theme) -> Pixels:
    """Return a pixel for each share between -1 and 1, ``(height, width, 4)``; negative ones are orange."""
    size = np.minimum(np.abs(shares), 1)[..., None]
    below = shares[..., None] < 0
    full = np.where(below, _ORANGE, _BLUE)
    if not theme.back:
        cover = np.round(_STEPS * size**_LIFT) * (255 / _STEPS)
        return np.concatenate([np.broadcast_to(full, (*shares.shape, 3)), cover], axis=-1).astype(np.uint8)
    rising, falling = size / _TURN, (size - _TURN) / (1 - _TURN)
    light = _WHITE + (full - _WHITE) * rising
    dark = full + (np.where(below, _BROWN, _NAVY) - full) * falling
    colours = np.where(size < _TURN, light, dark)
    return np.concatenate([colours, np.full_like(size, 255)], axis=-1).round().astype(np.uint8)


def of_sign(value: float) -> str:
    """Return the colour of a weight or a difference."""
    return ORANGE if value < 0 else BLUE
