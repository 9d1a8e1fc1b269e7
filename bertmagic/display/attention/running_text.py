"""The text itself, with each token shaded by its weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bertmagic.display.attention.colours import strength
from bertmagic.display.attention.design import TEXT
from bertmagic.display.attention.letters import right_to_left
from bertmagic.display.attention.matrix import weights
from bertmagic.display.attention.scene import Picture, Scene
from bertmagic.display.attention.surface import TextStyle

if TYPE_CHECKING:
    import numpy.typing as npt

    from bertmagic.display.attention.matrix import Unit
    from bertmagic.display.attention.surface import Surface

    Box = tuple[float, float, float, str]
    """Left, top and width of a token, and what is written."""


def running_text(scene: Scene) -> Picture:
    """Return the text, shaded by how much each token is attended to (or attends): by the pinned ones, or on average."""
    units = scene.matrix.columns if scene.forward else scene.matrix.rows
    values = _values(scene)
    shares = strength(values, float(np.abs(values).max(initial=1e-9)), scene.state.scale)
    boxes = _flow(scene, units)

    def draw(surface: Surface) -> None:
        for box, unit, value, share in zip(boxes, units, values.tolist(), shares.tolist(), strict=True):
            _token(surface, scene, box, unit, value, share)

    return Picture(TEXT.width, (boxes[-1][1] if boxes else 0) + TEXT.end, draw)


def _token(surface: Surface, scene: Scene, box: Box, unit: Unit, value: float, share: float) -> None:
    x, y, width, label = box
    surface.rect(x, y + 3, width, 20, scene.theme.of_sign(value), TEXT.shade_alpha * share)
    if not set(scene.state.pinned).isdisjoint(unit.tokens):
        surface.frame(x + 0.5, y + 3.5, width - 1, 19, scene.theme.orange, 2)
    if scene.is_marked(unit):
        surface.rect(x, y + 23, width, 2, scene.theme.orange)
    is_faint = unit.special and share < TEXT.faint_below
    colour = scene.theme.faint if is_faint else scene.theme.text
    surface.write(x + 2, y + 18, label, TextStyle(colour, TEXT.size, full=unit.text))


def _values(scene: Scene) -> npt.NDArray[np.float32]:
    """Return the weights of the pinned tokens, or the mean over all where none is pinned."""
    pinned = weights(scene.matrix, scene.state)
    if pinned is not None:
        return pinned
    axis = 0 if scene.forward else 1
    matrix = scene.matrix.matrix
    return np.asarray(matrix.sum(axis=axis) / max(1, matrix.shape[axis]), np.float32)


def _flow(scene: Scene, units: tuple[Unit, ...]) -> list[Box]:
    """Place tokens in lines; the second text of a pair begins a line."""
    boxes: list[Box] = []
    x = y = 0.0
    sentence = 0
    tokens = (scene.maps.tokens[at] for unit in units if not unit.special for at in unit.tokens)
    is_rtl = right_to_left("".join(token.text for token in tokens))
    for unit in units:
        label = scene.label(unit, TEXT.label_columns)
        width = np.ceil(scene.letters.width(label, TEXT.size)) + TEXT.pad
        gap = TEXT.space if unit.space and x else 0
        begins_second = unit.sentence == 1 and sentence == 0 and len(boxes) > 0
        sentence = max(sentence, unit.sentence)
        x, y = (0.0, y + TEXT.row) if x + gap + width > TEXT.width or begins_second else (x + gap, y)
        boxes.append((TEXT.width - x - width if is_rtl else x, y, width, label))
        x += width
    return boxes
