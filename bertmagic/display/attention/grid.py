"""All heads as thumbnails: a row for each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bertmagic.display.attention.colours import paint, strength
from bertmagic.display.attention.design import GRID, WORDS, plain_name
from bertmagic.display.attention.downsampling import downsampled
from bertmagic.display.attention.matrix import mixed
from bertmagic.display.attention.scene import Picture, Scene
from bertmagic.display.attention.settings import values

if TYPE_CHECKING:
    import numpy.typing as npt

    from bertmagic.display.attention.surface import Surface

    Heads = npt.NDArray[np.float64]
    Place = tuple[int, ...]


def grid(scene: Scene) -> Picture:
    """Return all heads as thumbnails, with a bar for the chosen statistic below each."""
    maps, state = scene.maps, scene.state
    array = mixed(maps, state.method, state.output)
    layers, heads = array.shape[:2]
    statistic = values(maps, state.statistic) if heads == maps.array.shape[1] else None
    is_sorted = state.order == "statistic" and statistic is not None and heads > 1
    order = _ordered(layers, heads, statistic if is_sorted else None)
    thumbnails = _thumbnails(scene, array, order)

    def draw(surface: Surface) -> None:
        _captions(surface, scene, layers, heads, is_sorted)
        surface.image(GRID.left, GRID.top, thumbnails.shape[1], thumbnails.shape[0], thumbnails)
        for at, place in enumerate(order):
            x, y = GRID.left + at % heads * GRID.column, GRID.top + at // heads * GRID.row
            surface.frame(x - 0.5, y - 0.5, GRID.thumbnail + 1, GRID.thumbnail + 1, scene.theme.rule)
            if statistic is not None:
                _bar(surface, scene, x, y, statistic, place)
            if place[0] == state.layer and (heads == 1 or place[1] in state.heads):
                edge, side = (GRID.chosen_line / 2, GRID.thumbnail + GRID.chosen_line)
                surface.frame(x - edge, y - edge, side, side, scene.theme.orange, GRID.chosen_line)

    width = max(GRID.left + heads * GRID.column + 4, GRID.least_width)
    return Picture(width, GRID.top + layers * GRID.row, draw)


def _ordered(layers: int, heads: int, statistic: Heads | None) -> list[Place]:
    """Return layer and head of each thumbnail, as in the model or with the largest statistic first."""
    order: list[Place] = list(np.ndindex(layers, heads))
    if statistic is None:
        return order
    return sorted(order, key=lambda place: -np.nan_to_num(statistic[place], nan=-np.inf))


def _thumbnails(scene: Scene, array: npt.NDArray[np.float32], order: list[Place]) -> npt.NDArray[np.uint8]:
    """Return all thumbnails in one image, transparent between them, of shape ``(height, width, 4)``."""
    layers, heads = array.shape[:2]
    side = GRID.thumbnail
    image = np.zeros((layers * GRID.row, heads * GRID.column, 4), np.uint8)
    peak = float(np.abs(array).max(initial=0)) or 1.0
    small = [downsampled(layer, side, scene.matrix.signed) for layer in array]
    tokens = small[0].shape[-1]
    enlarged = (2 * np.arange(side) + 1) * tokens // (2 * side)  # nearest pixel, as browsers take it
    for at, (layer, head) in enumerate(order):
        thumbnail = small[layer][head][np.ix_(enlarged, enlarged)]
        shares = np.sign(thumbnail) * strength(thumbnail, peak, "square root")
        y, x = at // heads * GRID.row, at % heads * GRID.column
        image[y : y + side, x : x + side] = paint(shares, scene.theme)
    return image


def _captions(surface: Surface, scene: Scene, layers: int, heads: int, is_sorted: bool) -> None:
    style: dict[str, Any] = {"size": GRID.label_size}
    if is_sorted:
        words = WORDS.sorted.replace("{name}", plain_name(scene.state.statistic))
        return surface.write(GRID.left, 12, words, scene.small(**style))
    for head in range(heads if heads > 1 else 0):
        x = GRID.left + head * GRID.column + GRID.thumbnail / 2
        surface.write(x, 12, str(head), scene.small(**style, align="center"))
    for layer in range(layers):
        y = GRID.top + layer * GRID.row + 14
        surface.write(GRID.left - 6, y, str(layer), scene.small(**style, align="right"))
    return None


def _bar(surface: Surface, scene: Scene, x: float, y: float, statistic: Heads, place: Place) -> None:
    """Draw a bar from the smallest statistic of all heads (empty) to the largest (full)."""
    low, high = np.nanmin(statistic), np.nanmax(statistic)
    if not (np.isfinite(statistic[place]) and high > low):
        return
    share = float((statistic[place] - low) / (high - low))
    top, width, least = y + GRID.thumbnail + GRID.bar_gap, max(1.0, GRID.thumbnail * share), GRID.bar_least_alpha
    surface.rect(x, top, GRID.thumbnail, GRID.bar_height, scene.theme.rule, GRID.track_alpha)
    surface.rect(x, top, width, GRID.bar_height, scene.theme.blue, least + (1 - least) * share)
