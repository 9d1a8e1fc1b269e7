"""The static face of attention maps: words, one picture of the grid and the most telling head, and its numbers."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bertmagic.display.attention import words
from bertmagic.display.attention.colours import ANY
from bertmagic.display.attention.differences import told
from bertmagic.display.attention.letters import visible
from bertmagic.display.attention.pictures import grid, heat, scene
from bertmagic.display.attention.raster import Raster
from bertmagic.display.attention.settings import settings
from bertmagic.display.attention.shrinking import shrunk
from bertmagic.display.style import line
from bertmagic.display.writers.elements import Safe, box, join, paragraph, table, tag, told_where_lost, warned

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import numpy.typing as npt

    from bertmagic.attention.maps import AttentionMaps
    from bertmagic.display.attention.settings import Settings

_GAP = 16
_CELLS = 210
"""How many rows the map of the picture has at most, so that a cell is two dots wide on the page."""

_LOST = "The live view needs the kernel that made it: run the cell again to bring it back."

text = words.text


def markup(maps: AttentionMaps) -> Safe:
    """Return the maps as a picture with its numbers and its caption, without a script."""
    wanted = settings(maps, {})
    parts = [paragraph(tag("b", words.headline(maps)))]
    parts += [paragraph(line(said, 300))] if (said := words.said(maps)) else []
    parts += [paragraph(warned(line(visible(note), 300))) for note in maps.notes]
    rows = [[line(a, 40), line(b, 40), f"{value:.3f}"] for a, b, value in words.strongest(maps, wanted)]
    title = f"Where layer {wanted.layer}, head {wanted.heads[0]} looks most firmly"
    numbers = table(["from", "to", "weight"], rows, title, left=(0, 1))
    compared = [] if maps.comparison is None else [told(maps.comparison)]
    caption = paragraph(tag("i", words.caption()))
    return box(*parts, _image(maps, wanted), numbers, *compared, caption, told_where_lost(_LOST))


def below(maps: AttentionMaps) -> Iterator[dict[str, Any]]:
    """Yield the live view."""
    yield live(maps)


def live(maps: AttentionMaps) -> dict[str, Any]:
    """Return the bundle of a new live view, that says in words what it is where there is no kernel."""
    data, _ = maps.view()._repr_mimebundle_()
    return {**data, "text/plain": f"{_LOST} The picture above stays."}


def _image(maps: AttentionMaps, wanted: Settings) -> Safe:
    data, width = picture(maps, wanted)
    source = "data:image/png;base64," + base64.b64encode(data).decode()
    return join(tag("img", src=source, width=width, alt=words.alternative(maps, wanted), style="max-width:100%"))


def picture(maps: AttentionMaps, wanted: Settings) -> tuple[bytes, int]:
    """Return the picture in a notebook as PNG, and how wide it is on the page."""
    if maps.array.shape[-1] > _CELLS:
        wanted = replace(wanted, scale="square root")  # dots so small are not seen otherwise
    seen = scene(maps, wanted, ANY, Raster)
    left, right = grid(seen), heat(replace(seen, found=replace(seen.found, matrix=_fewer(seen.found.matrix))))
    width, height = round(left.width + _GAP + right.width), max(left.height, right.height)
    surface = Raster(width, height)
    left.draw(surface)
    surface.origin = (left.width + _GAP, 0.0)
    right.draw(surface)
    return surface.file(), width


def _fewer(matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    small: npt.NDArray[np.float32] = shrunk(matrix[None], _CELLS)[0]
    return small
