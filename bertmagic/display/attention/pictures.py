"""The four pictures of the view, drawn on any surface: the same numbers, places and colours as the page draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bertmagic.display.attention.colours import of_sign, painted, strength
from bertmagic.display.attention.letters import right_to_left
from bertmagic.display.attention.settings import Settings, values
from bertmagic.display.attention.shown import links, mixed, places, shown, weights
from bertmagic.display.attention.shrinking import shrunk
from bertmagic.display.attention.surface import Look, Surface, short
from bertmagic.display.style import ORANGE
from bertmagic.display.style import words as spoken

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from bertmagic.attention.maps import AttentionMaps
    from bertmagic.display.attention.colours import Theme
    from bertmagic.display.attention.shown import Shown, Unit

_THUMB, _ACROSS, _DOWN = 20, 24, 29
_LEFT, _TOP = 26, 18
_ROW, _NUMBER, _GAP = 20, 52, 160
_ROOM = 440
"""Pixels of a heat map and its labels; a map of more tokens has a pixel for each."""
_LINE, _PAGE = 26, 760


@dataclass(frozen=True)
class Picture:
    """A picture, and how large it is in pixels."""

    width: float
    height: float
    draw: Callable[[Surface], None]


@dataclass(frozen=True)
class Scene:
    """What pictures are drawn from: maps in one state, the colours of a page, and a kind of surface for its letters."""

    maps: AttentionMaps
    wanted: Settings
    theme: Theme
    found: Shown
    kind: type[Surface]

    def label(self, unit: Unit, most: int = 22) -> str:
        """Return what is written for a token: its text, or its number where there are no letters for it."""
        label = short(unit.text, most)
        return label if self.kind.writes(label) else f"#{unit.pieces[0]}"


def scene(maps: AttentionMaps, wanted: Settings, theme: Theme, kind: type[Surface]) -> Scene:
    """Return what all pictures of one state are drawn from."""
    return Scene(maps, wanted, theme, shown(maps, wanted), kind)


def grid(seen: Scene) -> Picture:
    """Return all heads as thumbnails, with a bar for the chosen statistic below each."""
    array = mixed(seen.maps, seen.wanted.method, seen.wanted.output)
    layers, heads = array.shape[:2]
    numbers = values(seen.maps, seen.wanted.statistic) if heads == seen.maps.array.shape[1] else None
    order = list(np.ndindex(layers, heads))
    is_sorted = seen.wanted.order == "statistic" and numbers is not None
    if numbers is not None and is_sorted:
        order.sort(key=lambda at: -np.nan_to_num(numbers[at], nan=-np.inf))
    atlas = _atlas(seen, array, order)

    def draw(on: Surface) -> None:
        _numbered(on, seen, layers, heads, is_sorted)
        on.image(_LEFT, _TOP, atlas.shape[1], atlas.shape[0], atlas)
        for at, place in enumerate(order):
            _thumb(on, seen, _LEFT + at % heads * _ACROSS, _TOP + at // heads * _DOWN, place, numbers)

    return Picture(max(_LEFT + heads * _ACROSS + 4, 150), _TOP + layers * _DOWN, draw)


def _atlas(seen: Scene, array: npt.NDArray[np.float32], order: list[tuple[int, ...]]) -> npt.NDArray[np.uint8]:
    layers, heads = array.shape[:2]
    out = np.zeros((layers * _DOWN, heads * _ACROSS, 4), np.uint8)
    peak = float(np.abs(array).max(initial=0)) or 1.0
    small = [shrunk(layer, _THUMB, seen.found.signed) for layer in array]
    stretch = np.arange(_THUMB) * small[0].shape[-1] // _THUMB
    for at, (layer, head) in enumerate(order):
        one = small[layer][head][np.ix_(stretch, stretch)]
        y, x = at // heads * _DOWN, at % heads * _ACROSS
        shares = np.sign(one) * strength(one, peak, "square root")
        out[y : y + _THUMB, x : x + _THUMB] = painted(shares, seen.theme)
    return out


def _numbered(on: Surface, seen: Scene, layers: int, heads: int, is_sorted: bool) -> None:
    faint = Look(seen.theme.faint, 10)
    if is_sorted:
        return on.words(_LEFT, 12, f"most {spoken(seen.wanted.statistic)} first", faint)
    for head in range(heads if heads > 1 else 0):
        on.words(_LEFT + head * _ACROSS + _THUMB / 2, 12, str(head), Look(seen.theme.faint, 10, "center"))
    for layer in range(layers):
        on.words(20, _TOP + layer * _DOWN + 14, str(layer), Look(seen.theme.faint, 10, "right"))
    return None


def _thumb(
    on: Surface, seen: Scene, x: float, y: float, place: tuple[int, ...], numbers: npt.NDArray[np.float64] | None
) -> None:
    on.frame(x - 0.5, y - 0.5, _THUMB + 1, _THUMB + 1, seen.theme.rule)
    if numbers is not None and np.isfinite(numbers[place]):
        low, high = np.nanmin(numbers), np.nanmax(numbers)
        if high > low:
            on.rect(x, y + _THUMB + 2, max(1.0, _THUMB * (numbers[place] - low) / (high - low)), 3, ORANGE)
    layer, head = place
    if layer == seen.wanted.layer and (numbers is None or head in seen.wanted.heads):
        on.frame(x - 1.5, y - 1.5, _THUMB + 3, _THUMB + 3, ORANGE, 3)


def lines(seen: Scene) -> Picture:
    """Return two columns of tokens, with lines between them as strong as the weights."""
    found = seen.found
    left, right = (
        _NUMBER + max([seen.kind.wide(seen.label(unit), 12) for unit in units] + [30]) + 6 for units in _sides(found)
    )

    def draw(on: Surface) -> None:
        on.words(left - 4, 13, "attends", Look(seen.theme.faint, 10, "right"))
        on.words(left + _GAP + 4, 13, "is attended to", Look(seen.theme.faint, 10))
        for row, column, value in links(found, seen.wanted):
            share = float(strength(np.float32(value), found.peak, seen.wanted.scale))  # type: ignore[arg-type]
            ends = (left + 2, _middle(row), left + _GAP - 2, _middle(column))
            on.line(*ends, of_sign(value), 0.75 + 3 * share, 0.12 + 0.88 * share)
        _side(on, seen, found.rows, left, rows=True)
        _side(on, seen, found.columns, right, rows=False, edge=left + _GAP)

    return Picture(left + _GAP + right, 24 + _ROW * max(map(len, _sides(found))), draw)


def _sides(found: Shown) -> tuple[tuple[Unit, ...], tuple[Unit, ...]]:
    return found.rows, found.columns


def _middle(at: int) -> float:
    return at * _ROW + 20 + _ROW / 2


def _side(on: Surface, seen: Scene, units: tuple[Unit, ...], band: float, rows: bool, edge: float = _NUMBER) -> None:
    """Write tokens one below the other: the pinned ones framed, the others shaded by the weights of these."""
    forward = seen.wanted.direction == "attends to"
    chosen = set(places(units, seen.wanted.pinned)) if rows == forward else set()
    shares = None if rows == forward else weights(seen.found, seen.wanted)
    x = edge + band - _NUMBER - 4 if rows else edge + 4
    for at, unit in enumerate(units):
        y, value = _middle(at), 0.0 if shares is None else float(shares[at])
        _shade(on, seen, edge, y - 9, band - _NUMBER, 18, value, 0.45)
        if at in chosen:
            on.frame(edge + 0.5, y - 9.5, band - _NUMBER - 1, 19, ORANGE, 2)
        if _marked(unit, seen.wanted):
            on.line(edge, y + 8, edge + band - _NUMBER, y + 8, ORANGE, 2)
        colour = seen.theme.faint if unit.special else seen.theme.text
        look = Look(colour, align="right" if rows else "left", bold=at in chosen, full=unit.text)
        on.words(x, y + 4, seen.label(unit), look)
        if abs(value) >= max(seen.wanted.threshold, 0.005):
            place, align = (edge - 4, "right") if rows else (edge + band - _NUMBER + 4, "left")
            on.words(place, y + 4, f"{value:.3f}", Look(seen.theme.faint, 10, align))  # type: ignore[arg-type]


def _shade(
    on: Surface, seen: Scene, x: float, y: float, width: float, height: float, value: float, most: float
) -> None:
    share = float(strength(np.float32(value), seen.found.peak, seen.wanted.scale))  # type: ignore[arg-type]
    if share > 0.01:
        on.rect(x, y, width, height, of_sign(value), most * share)


def _marked(unit: Unit, wanted: Settings) -> bool:
    """Whether a token has the text that was looked for."""
    part = wanted.find.strip().lower()
    return bool(part) and part in unit.text.lower()


def heat(seen: Scene) -> Picture:
    """Return the whole matrix: a row attends, a column is attended to."""
    found = seen.found
    many, across = found.matrix.shape
    side = max(many, across, 1)
    labelled = (_ROOM - 74) // side >= 11
    edge = 74 if labelled else 4
    cell = min(26, max(1, (_ROOM - edge) // side))
    width, height = cell * across, cell * many
    shares = np.sign(found.matrix) * strength(found.matrix, found.peak, seen.wanted.scale)
    pixels = painted(shares, seen.theme)

    def draw(on: Surface) -> None:
        if not found.matrix.size:
            return
        on.image(edge, edge, width, height, pixels)
        on.frame(edge - 0.5, edge - 0.5, width + 1, height + 1, seen.theme.rule)
        if labelled:
            _labels(on, seen, edge, cell)
        forward = seen.wanted.direction == "attends to"
        for at in places(found.rows if forward else found.columns, seen.wanted.pinned):
            box = (
                (-0.5, at * cell - 0.5, width + 1, cell + 1)
                if forward
                else (at * cell - 0.5, -0.5, cell + 1, height + 1)
            )
            on.frame(edge + box[0], edge + box[1], box[2], box[3], ORANGE, 1.5)

    return Picture(edge + width + 4, edge + height + 4, draw)


def _labels(on: Surface, seen: Scene, edge: float, cell: float) -> None:
    for turn, units in ((False, seen.found.rows), (True, seen.found.columns)):
        for at, unit in enumerate(units):
            middle = edge + at * cell + cell / 2 + 4
            colour = seen.theme.faint if unit.special else seen.theme.text
            look = Look(colour, 11, "left" if turn else "right", turn=turn, full=unit.text)
            on.words(*((middle, edge - 5) if turn else (edge - 5, middle)), seen.label(unit, 10), look)


def text(seen: Scene) -> Picture:
    """Return the text, shaded by how much each token is attended to (or attends): by the pinned ones, or on average."""
    forward = seen.wanted.direction == "attends to"
    units = seen.found.columns if forward else seen.found.rows
    shares = _shares(seen, 0 if forward else 1)
    sizes = strength(shares, float(np.abs(shares).max(initial=1e-9)), seen.wanted.scale)
    boxes = _flowed(seen, units)

    def draw(on: Surface) -> None:
        for (x, y, width, words), unit, value, size in zip(boxes, units, shares, sizes, strict=True):
            on.rect(x, y + 3, width, 20, of_sign(value), 0.6 * float(size))
            if not set(seen.wanted.pinned).isdisjoint(unit.pieces):
                on.frame(x + 0.5, y + 3.5, width - 1, 19, ORANGE, 2)
            if _marked(unit, seen.wanted):
                on.line(x, y + 24, x + width, y + 24, ORANGE, 2)
            colour = seen.theme.faint if unit.special else seen.theme.text
            on.words(x + 2, y + 18, words, Look(colour, 13, full=unit.text))

    return Picture(_PAGE, (boxes[-1][1] if boxes else 0) + 28, draw)


def _shares(seen: Scene, axis: int) -> npt.NDArray[np.float32]:
    """Return the weights of the pinned tokens, or where none is pinned the mean of all."""
    pinned = weights(seen.found, seen.wanted)
    return seen.found.matrix.sum(axis=axis) / max(1, seen.found.matrix.shape[axis]) if pinned is None else pinned


def _flowed(seen: Scene, units: tuple[Unit, ...]) -> list[tuple[float, float, float, str]]:
    """Return where each token stands in lines as wide as the page: x, y, width and what is written."""
    boxes: list[tuple[float, float, float, str]] = []
    x = y = 0.0
    rtl = right_to_left("".join(unit.text for unit in units if not unit.special))
    for at, unit in enumerate(units):
        words = seen.label(unit, 60)
        long = seen.kind.wide(words, 13) + 4
        gap = 5 if unit.space and x else 0
        turns = unit.sentence == 1 and at and 1 not in {one.sentence for one in units[:at]}
        x, y = (0.0, y + _LINE) if x + gap + long > _PAGE or turns else (x + gap, y)
        boxes.append((_PAGE - x - long if rtl else x, y, long, words))
        x += long
    return boxes


PICTURES: dict[str, Callable[[Scene], Picture]] = {"grid": grid, "lines": lines, "heat map": heat, "text": text}
"""By their names in the settings."""
