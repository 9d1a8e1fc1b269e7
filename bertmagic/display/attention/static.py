"""Attention maps without a script: words, one picture of the grid and one head, and the head's largest weights."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bertmagic.display.attention import captions, comparison
from bertmagic.display.attention.bitmap import Bitmap
from bertmagic.display.attention.colours import ANY
from bertmagic.display.attention.design import HEAT_MAP, WORDS
from bertmagic.display.attention.downsampling import downsampled
from bertmagic.display.attention.fonts import BitmapLetters
from bertmagic.display.attention.grid import grid
from bertmagic.display.attention.heat_map import heat_map, is_labelled
from bertmagic.display.attention.matrix import shown_matrix
from bertmagic.display.attention.scene import Scene
from bertmagic.display.attention.settings import settings
from bertmagic.display.blocks import Block, Headline, Image, LostWidget, Paragraph, Table, Widget, columns
from bertmagic.display.cells import Caution
from bertmagic.display.style import line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bertmagic.attention.maps import AttentionMaps
    from bertmagic.display.attention.settings import Settings

_GAP = 16
_MOST_ROWS = 210
"""Rows of the heat map at most, so that a cell is two dots wide on the page."""

_NO_KERNEL = "The live view needs the kernel that made it: run the cell again to bring it back."

_LINES = 4


def blocks(maps: AttentionMaps) -> list[Block]:
    """Return the maps as a picture with its largest weights and its caption, without a script."""
    state = settings(maps, {})
    notes = [Caution(line(" ".join(maps.notes), 600))] if maps.notes else []
    rows = [[line(a, 40), line(b, 40), f"{value:.3f}"] for a, b, value in captions.largest_weights(maps, state)]
    head = columns((WORDS.attends, WORDS.is_attended_to, f"weight, layer {state.layer}, head {state.heads[0]}"), (0, 1))
    weights = Table(head, rows, explanation="Largest weights between words.", lines=_LINES)
    return [
        Headline(captions.headline(maps)), Paragraph(line(captions.model_output(maps), 300)), *notes,
        *_image(maps, state), weights, *_comparison(maps), Paragraph(captions.caption()), LostWidget(_NO_KERNEL),
    ]  # fmt: skip


def _comparison(maps: AttentionMaps) -> list[Block]:
    """Return how the maps differ from those they are compared with; plain text has the headline of it."""
    if maps.comparison is None:
        return []
    headline, table = comparison.blocks(maps.comparison)
    return [headline, replace(table, lines=0)]


def further(maps: AttentionMaps) -> Iterator[list[Block]]:
    """Yield the live view."""
    yield [Widget(lambda: dict(maps.view()._repr_mimebundle_()[0]), f"{_NO_KERNEL} The picture above stays.")]


def _image(maps: AttentionMaps, state: Settings) -> list[Block]:
    """Return the picture; below it, where no font has some letters, the tokens by what is written for them."""
    png, width, replaced = picture(maps, state)
    image = Image(png, width, captions.alternative(maps, state))
    legend = ", ".join(f"{written} is {line(text, 40)}" for written, text in replaced)
    return [image, Paragraph(f"{WORDS.legend} {legend}.")] if legend else [image]


def picture(maps: AttentionMaps, state: Settings) -> tuple[bytes, int, list[tuple[str, str]]]:
    """Return the picture as PNG, its width on the page in CSS pixels, and the tokens that no font can write.

    Of each what is written for it, such as ``#3``, and its characters.
    """
    if maps.array.shape[-1] > _MOST_ROWS:
        state = replace(state, scale="square root")  # small weights in small cells are not seen otherwise
    shown = shown_matrix(maps, state)
    texts = [unit.text for unit in shown.columns]
    letters = BitmapLetters(texts)
    small = replace(shown, matrix=downsampled(shown.matrix, _MOST_ROWS, shown.signed))
    scene = Scene(maps, state, ANY, small, letters)
    left, right = grid(scene), heat_map(scene)
    width, height = round(left.width + _GAP + right.width), max(left.height, right.height)
    surface = Bitmap(width, height, ANY, letters)
    left.draw(surface)
    surface.origin = (left.width + _GAP, 0.0)
    right.draw(surface)
    return surface.file(), width, _replaced(scene) if is_labelled(len(texts)) else []


def _replaced(scene: Scene) -> list[tuple[str, str]]:
    """Return what is written for the tokens that have letters without a font, and their characters."""
    units = [unit for unit in scene.matrix.columns if not scene.letters.has_all(unit.text)]
    written = [scene.letters.drawable(scene.label(unit, HEAT_MAP.label_columns)) for unit in units]
    return list(dict.fromkeys(zip(written, (unit.characters for unit in units), strict=True)))
