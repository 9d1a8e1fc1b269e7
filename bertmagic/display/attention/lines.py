"""Two columns of tokens, with lines between them as strong as the weights."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from bertmagic.display.attention.design import LINES, WORDS
from bertmagic.display.attention.matrix import links, places, weights
from bertmagic.display.attention.scene import Picture, Scene
from bertmagic.display.attention.surface import TextStyle

if TYPE_CHECKING:
    from bertmagic.display.attention.matrix import Unit
    from bertmagic.display.attention.surface import Surface


def lines(scene: Scene) -> Picture:
    """Return the tokens that attend on the left, those attended to on the right, and lines between them."""
    matrix = scene.matrix
    left, right = (_label_width(scene, units) for units in (matrix.rows, matrix.columns))
    start, end = LINES.number + left, LINES.number + left + LINES.gap

    def draw(surface: Surface) -> None:
        surface.write(start - 4, 13, WORDS.attends, scene.small(LINES.number_size, align="right"))
        surface.write(end + 4, 13, WORDS.is_attended_to, scene.small(LINES.number_size))
        for row, column, value in links(matrix, scene.state):
            share, colour = scene.share(value), scene.theme.of_sign(value)
            thickness = LINES.thinnest + LINES.thicker * share
            alpha = LINES.least_alpha + (1 - LINES.least_alpha) * share
            surface.line(start + 2, _middle(row), end - 2, _middle(column), colour, thickness, alpha)
        _tokens(surface, scene, LINES.number, left, is_left=True)
        _tokens(surface, scene, end, right, is_left=False)

    many = max(len(matrix.rows), len(matrix.columns))
    return Picture(end + right + LINES.number, LINES.top + 4 + LINES.row * many, draw)


def _label_width(scene: Scene, units: tuple[Unit, ...]) -> float:
    labels = [scene.label(unit, LINES.label_columns) for unit in units]
    widest = max([scene.letters.width(label, LINES.label_size) for label in labels] + [LINES.least_label])
    return float(widest + LINES.pad)


def _middle(at: int) -> float:
    return float(at * LINES.row + LINES.top + LINES.row / 2)


def _tokens(surface: Surface, scene: Scene, x: float, width: float, is_left: bool) -> None:
    """Write tokens one below the other: the pinned ones framed, the others shaded by the weights of these."""
    units = scene.matrix.rows if is_left else scene.matrix.columns
    is_pinned_side = is_left == scene.forward
    pinned = set(places(units, scene.state.pinned)) if is_pinned_side else set()
    shares = None if is_pinned_side else weights(scene.matrix, scene.state)
    for at, unit in enumerate(units):
        value = None if shares is None else float(shares[at])
        _token(surface, scene, unit, (x, _middle(at), width), value, at in pinned, is_left)


def _token(
    surface: Surface, scene: Scene, unit: Unit, box: tuple[float, float, float], value: float | None, is_pinned: bool,
    is_left: bool,
) -> None:  # fmt: skip
    x, y, width = box
    align: Literal["left", "right"] = "right" if is_left else "left"
    if value is not None and scene.share(value) > 0.01:
        surface.rect(x, y - 9, width, 18, scene.theme.of_sign(value), LINES.shade_alpha * scene.share(value))
    if is_pinned:
        surface.frame(x + 0.5, y - 9.5, width - 1, 19, scene.theme.orange, 2)
    if scene.is_marked(unit):
        surface.rect(x, y + 7, width, 2, scene.theme.orange)
    style = TextStyle(scene.text_colour(unit), LINES.label_size, align, bold=is_pinned, full=unit.text)
    surface.write(x + width - 4 if is_left else x + 4, y + 4, scene.label(unit, LINES.label_columns), style)
    peak = scene.matrix.peak
    if value is not None and abs(value) >= max(scene.state.threshold, LINES.least_number) * peak:
        place = x - 4 if is_left else x + width + 4
        surface.write(place, y + 4, _number(value, peak), scene.small(LINES.number_size, align=align))


def _number(value: float, peak: float) -> str:
    """Return a weight with three decimals, or with as many as three digits of the largest one on screen take."""
    decimals = min(9, max(3, 2 + math.ceil(-math.log10(peak))))
    return f"{value:.{decimals}f}"
