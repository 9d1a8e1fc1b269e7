"""Colours of pictures: Okabe and Ito's blue and orange, on a white page or on a page of unknown colour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from bertmagic.display.attention.design import DESIGN

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]

ALPHA_STEPS, _ALPHA_POWER = 15, 0.65
"""On a page of unknown colour: few steps compress well, and the power lifts small weights, which stand out less."""


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours that a picture is drawn in, as ``#rrggbb``.

    Attributes
    ----------
    name
        Its name in the design file.
    text, faint, rule
        Of words, of less important words, and of thin frames.
    back
        Of the page; empty where the page's colour is unknown, and the picture is transparent.
    blue, orange
        Of positive and of negative numbers; orange also marks what is chosen.
    """

    name: str
    text: str
    faint: str
    rule: str
    back: str
    blue: str
    orange: str

    def of_sign(self, value: float) -> str:
        """Return the colour of a weight or a difference."""
        return self.orange if value < 0 else self.blue


PAPER = Theme("light", **DESIGN["themes"]["light"])
"""For files: the colours of the live view on a light page."""
ANY = Theme("any", **DESIGN["themes"]["any"])
"""For the picture in a notebook, which is read on light and on dark pages."""


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue of ``#rrggbb``."""
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def strength(values: npt.NDArray[Any], peak: float, scale: str) -> npt.NDArray[np.float64]:
    """Return the share between 0 and 1 of full colour that each weight is drawn with."""
    shares = np.minimum(1, np.abs(np.asarray(values, np.float64)) / peak)
    return shares if scale == "linear" else np.sqrt(shares)


def paint(shares: npt.NDArray[np.float64], theme: Theme) -> Pixels:
    """Return a pixel for each share between -1 and 1, of shape ``(height, width, 4)``; negative ones are orange."""
    size = np.minimum(np.abs(shares), 1)
    if not theme.back:
        return _transparent(size, shares < 0, theme)
    up, down = _ramp(theme.name, "positive"), _ramp(theme.name, "negative")
    shade = np.floor(size * (len(up) - 1) + 0.5).astype(int)
    colours = np.where((shares < 0)[..., None], down[shade], up[shade])
    return np.concatenate([colours, np.full((*shares.shape, 1), 255)], axis=-1).astype(np.uint8)


def _transparent(size: npt.NDArray[np.float64], negative: npt.NDArray[np.bool_], theme: Theme) -> Pixels:
    colours = np.where(negative[..., None], rgb(theme.orange), rgb(theme.blue))
    alpha = np.round(ALPHA_STEPS * size**_ALPHA_POWER) * (255 / ALPHA_STEPS)
    return np.concatenate([colours, alpha[..., None]], axis=-1).astype(np.uint8)


@cache
def _ramp(theme: str, sign: str) -> npt.NDArray[np.float64]:
    """Return the shades for shares from 0 to 1, of shape ``(shades, 3)``.

    The full colour is reached at a share below 1; darker shades tell larger shares apart.
    """
    low, middle, high = (np.asarray(rgb(colour), float) for colour in DESIGN["ramps"][theme][sign])
    shades, full = DESIGN["ramp"]["shades"], DESIGN["ramp"]["full_colour"]
    share = np.linspace(0, 1, shades)[:, None]
    below, above = low + (middle - low) * (share / full), middle + (high - middle) * ((share - full) / (1 - full))
    return np.asarray(np.floor(np.where(share < full, below, above) + 0.5))
