"""Attention maps without a script: words, one picture of the grid and one head, and the head's largest weights."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bertmagic.display.attention import captions
from bertmagic.display.attention.bitmap import Bitmap
from bertmagic.display.attention.colours import ANY
from bertmagic.display.attention.comparison import difference_table
from bertmagic.display.attention.design import WORDS
from bertmagic.display.attention.downsampling import downsampled
from bertmagic.display.attention.fonts import BitmapLetters
from bertmagic.display.attention.grid import grid
from bertmagic.display.attention.heat_map import heat_map, is_labelled
from bertmagic.display.attention.matrix import shown_matrix
from bertmagic.display.attention.scene import Scene
from bertmagic.display.attention.settings import settings
from bertmagic.display.style import line
from bertmagic.display.writers.elements import box, join, paragraph, table, tag, told_where_lost, warned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markupsafe import Markup

    from bertmagic.attention.maps import AttentionMaps
    from bertmagic.display.attention.settings import Settings

_GAP = 16
_MOST_ROWS = 210
"""Rows of the heat map at most, so that a cell is two dots wide on the page."""

_NO_KERNEL = "The live view needs the kernel that made it: run the cell again to bring it back."

text = captions.text


def markup(maps: AttentionMaps) -> Markup:
    """Return the maps as a picture with its largest weights and its caption, without a script."""
    state = settings(maps, {})
    answer = captions.model_output(maps)
    parts = [paragraph(tag("b", captions.headline(maps)))]
    parts += [paragraph(line(answer, 300))] if answer else []
    parts += [paragraph(warned(line(note, 300))) for note in maps.notes]
    rows = [[line(a, 40), line(b, 40), f"{value:.3f}"] for a, b, value in captions.largest_weights(maps, state)]
    title = f"Largest weights between words: layer {state.layer}, head {state.heads[0]}"
    numbers = table(["from", "to", "weight"], rows, title, left=(0, 1))
    compared = [] if maps.comparison is None else [difference_table(maps.comparison)]
    caption = paragraph(tag("i", captions.caption()))
    return box(*parts, *_image(maps, state), numbers, *compared, caption, told_where_lost(_NO_KERNEL))


def below(maps: AttentionMaps) -> Iterator[dict[str, Any]]:
    """Yield the live view."""
    yield live(maps)


def live(maps: AttentionMaps) -> dict[str, Any]:
    """Return the bundle of a new live view, with words in its place where there is no kernel."""
    data, _ = maps.view()._repr_mimebundle_()
    return {**data, "text/plain": f"{_NO_KERNEL} The picture above stays."}


def _image(maps: AttentionMaps, state: Settings) -> list[Markup]:
    """Return the picture, with a line below it where it lacks letters."""
    data, width, all_drawn = picture(maps, state)
    source = "data:image/png;base64," + base64.b64encode(data).decode()
    alternative = captions.alternative(maps, state)
    image = join(tag("img", src=source, width=width, alt=alternative, style="max-width:100%"))
    return [image] if all_drawn else [image, paragraph(WORDS.no_letters)]


def picture(maps: AttentionMaps, state: Settings) -> tuple[bytes, int, bool]:
    """Return the picture as PNG, its width on the page in CSS pixels, and whether all its labels could be written."""
    if maps.array.shape[-1] > _MOST_ROWS:
        state = replace(state, scale="square root")  # small weights in small cells are not seen otherwise
    shown = shown_matrix(maps, state)
    texts = [unit.text for unit in shown.columns]
    letters = BitmapLetters(texts)
    small = replace(shown, matrix=downsampled(shown.matrix, _MOST_ROWS, shown.signed))
    left, right = (draw(Scene(maps, state, ANY, small, letters)) for draw in (grid, heat_map))
    width, height = round(left.width + _GAP + right.width), max(left.height, right.height)
    surface = Bitmap(width, height, ANY, letters)
    left.draw(surface)
    surface.origin = (left.width + _GAP, 0.0)
    right.draw(surface)
    return surface.file(), width, not is_labelled(len(texts)) or all(map(letters.has_all, texts))
