"""The whole matrix as a heat map: a row attends, a column is attended to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bertmagic.display.attention.colours import paint, strength
from bertmagic.display.attention.design import HEAT_MAP, WORDS
from bertmagic.display.attention.matrix import places
from bertmagic.display.attention.scene import Picture, Scene
from bertmagic.display.attention.surface import TextStyle

if TYPE_CHECKING:
    from bertmagic.display.attention.surface import Surface


def heat_map(scene: Scene) -> Picture:
    """Return the matrix with a cell for each weight, labelled where cells are large enough for letters."""
    matrix = scene.matrix.matrix
    rows, columns = matrix.shape
    side, edge = max(rows, columns, 1), HEAT_MAP.label_edge
    labelled = is_labelled(side)
    room = HEAT_MAP.room - (edge if labelled else HEAT_MAP.plain_left) - HEAT_MAP.end
    cell = min(HEAT_MAP.most_cell, max(1, room // side))
    left, top = (edge, edge) if labelled else (HEAT_MAP.plain_left, HEAT_MAP.plain_top)
    width, height = cell * columns, cell * rows
    shares = np.sign(matrix) * strength(matrix, scene.matrix.peak, scene.state.scale)
    pixels = paint(shares, scene.theme)

    def draw(surface: Surface) -> None:
        if not matrix.size:
            return
        surface.image(left, top, width, height, pixels)
        surface.frame(left - 0.5, top - 0.5, width + 1, height + 1, scene.theme.rule)
        if labelled:
            _labels(surface, scene, cell)
        else:
            surface.write(left, 13, WORDS.axes, scene.small(10))
        units = scene.matrix.rows if scene.forward else scene.matrix.columns
        for at in places(units, scene.state.pinned):
            row = (left - 0.5, top + at * cell - 0.5, width + 1, max(cell, 2) + 1)
            column = (left + at * cell - 0.5, top - 0.5, max(cell, 2) + 1, height + 1)
            surface.frame(*(row if scene.forward else column), scene.theme.orange, 1.5)

    return Picture(left + width + HEAT_MAP.end, top + height + HEAT_MAP.end, draw)


def is_labelled(tokens: int) -> bool:
    """Whether the cells of a map of so many tokens are large enough for labels."""
    return bool((HEAT_MAP.room - HEAT_MAP.label_edge - HEAT_MAP.end) // tokens >= HEAT_MAP.least_labelled)


def _labels(surface: Surface, scene: Scene, cell: float) -> None:
    edge, size = HEAT_MAP.label_edge, min(HEAT_MAP.most_label_size, cell - 1)
    for turned, units in ((False, scene.matrix.rows), (True, scene.matrix.columns)):
        for at, unit in enumerate(units):
            middle = edge + at * cell + cell / 2 + 4
            style = TextStyle(
                scene.text_colour(unit), size, "left" if turned else "right", turned=turned, full=unit.text
            )
            place = (middle, edge - 5) if turned else (edge - 5, middle)
            surface.write(*place, scene.label(unit, HEAT_MAP.label_columns), style)
