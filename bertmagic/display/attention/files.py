"""Exports: what the view shows in one state, as a picture, a page or a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bertmagic.disk import files, paths
from bertmagic.display.attention.bitmap import Bitmap
from bertmagic.display.attention.colours import PAPER
from bertmagic.display.attention.design import DESIGN, PAGE, WORDS, plain_name
from bertmagic.display.attention.fonts import BitmapLetters
from bertmagic.display.attention.letters import short
from bertmagic.display.attention.matrix import shown_matrix
from bertmagic.display.attention.pictures import PICTURES
from bertmagic.display.attention.scene import Picture, Scene
from bertmagic.display.attention.settings import DIFFERENCE, Settings, methods, settings, statistics
from bertmagic.display.attention.surface import Surface, TextStyle
from bertmagic.display.attention.svg import ReaderLetters, Svg
from bertmagic.errors import OptionError, listing, nearest
from bertmagic.text_safety import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bertmagic.attention.maps import AttentionMaps
    from bertmagic.display.attention.matrix import Unit

_SHARP_UP_TO = 4000
"""Height in CSS pixels up to which a PNG has two dots for a pixel, as high-resolution screens do."""
_NOTE_HEIGHT = 20


def export(maps: AttentionMaps, kind: str, path: str | Path | None = None, **state: Any) -> str | bytes:
    """Return what the view shows in a state, and write it to a file if a path is given.

    Parameters
    ----------
    kind
        ``"svg"``, ``"png"``, ``"html"`` or ``"csv"``.
    path
        The file to write.
    state
        Names of `bertmagic.display.attention.settings.Settings`; ``head=3`` is short for ``heads=[3]``.

    Raises
    ------
    OptionError
        If there is no such kind or setting.
    FileError
        If the file cannot be written.
    """
    if kind not in KINDS:
        raise OptionError(f"attention is not exported as {kind!r}.{nearest(kind, KINDS)}", f"Give {listing(KINDS)}.")
    data = KINDS[kind](maps, settings(maps, state, methods(maps), statistics(maps)))
    if path is not None:
        files.write(paths.path(path), data)
    return data


def svg(maps: AttentionMaps, state: Settings) -> str:
    """Return the chosen pictures as SVG."""
    scene = Scene(maps, state, PAPER, shown_matrix(maps, state), ReaderLetters())
    layout, surface, title = _Layout(scene, heading(maps, state)), Svg(), heading(maps, state)
    layout.draw(surface)
    return surface.file(layout.width, layout.height, title)


def png(maps: AttentionMaps, state: Settings) -> bytes:
    """Return the chosen pictures as PNG.

    Letters that no font here has are replaced, and a line below the pictures says so.
    """
    matrix, title = shown_matrix(maps, state), heading(maps, state)
    texts = [title, *(unit.text for unit in (*matrix.rows, *matrix.columns))]
    letters = BitmapLetters(texts)
    layout = _Layout(Scene(maps, state, PAPER, matrix, letters), title)
    all_drawn = all(map(letters.has_all, texts))
    height = layout.height + (0 if all_drawn else _NOTE_HEIGHT)
    surface = Bitmap(layout.width, height, PAPER, letters, 2 if height <= _SHARP_UP_TO else 1)
    layout.draw(surface)
    if not all_drawn:
        surface.write(PAGE.margin, height - 10, WORDS.no_letters, TextStyle(PAPER.faint, 12))
    return surface.file()


def html(maps: AttentionMaps, state: Settings) -> str:
    """Return a page with the view in it, which needs neither kernel nor network."""
    return maps._page(state, heading(maps, state))


def csv(maps: AttentionMaps, state: Settings) -> str:
    """Return the matrix as a table, with a row for each token that attends and a column for each attended to.

    A name that a spreadsheet might compute, or that begins with an apostrophe, gets an apostrophe before it: remove
    one from each name that begins with one, and all names are as they were.
    """
    shown = shown_matrix(maps, state)
    table = [["", *map(_csv_cell, shown.columns)]]
    for unit, numbers in zip(shown.rows, shown.matrix.tolist(), strict=True):
        table.append([_csv_cell(unit), *(f"{number:.9g}" for number in numbers)])
    return "".join(f"{','.join(row)}\r\n" for row in table)


def _csv_cell(unit: Unit) -> str:
    text = f"'{unit.text}" if unit.text.startswith(tuple(DESIGN["formula_starts"])) else unit.text
    quoted = text.replace('"', '""')
    return f'"{quoted}"' if any(sign in text for sign in '",\r\n') or text != text.strip() else text


def heading(maps: AttentionMaps, state: Settings) -> str:
    """Return what is shown, in one line."""
    method = plain_name(state.method)
    if state.method == DIFFERENCE and maps.comparison is not None:
        method += f" from {visible(maps.comparison.second.model)}"
    elif state.method == "gradient" and state.output:
        method += f", towards {visible(state.output)}"
    parts = [visible(maps.model), _place(state), method]
    parts += [state.sentences] * (state.sentences != "all")
    parts += ["whole words"] * state.merge_words + ["no special tokens"] * state.hide_special
    return " · ".join(parts)


def _place(state: Settings) -> str:
    """Return layer and heads; a method that combines all heads of a layer has none to name."""
    layer = f"layer {state.layer}"
    if state.method in DESIGN["layer_methods"]:
        return layer
    several = len(state.heads) > 1
    heads = f"heads {', '.join(map(str, state.heads))} ({state.combine})" if several else f"head {state.heads[0]}"
    return f"{layer}, {heads}"


class _Layout:
    """The chosen pictures side by side, as many as fit in a page's width, below a heading."""

    def __init__(self, scene: Scene, heading: str) -> None:
        self._scene, self._heading = scene, heading
        pictures = [picture(scene) for name, picture in PICTURES.items() if name in scene.state.pictures]
        self._placed = list(_placed(pictures))
        heading_width = scene.letters.width(short(heading, PAGE.heading_columns), PAGE.heading_size)
        widths = [x + picture.width for picture, x, _ in self._placed]
        heights = [y + picture.height for picture, _, y in self._placed]
        self.width = max([*widths, PAGE.margin + heading_width, PAGE.least_width]) + PAGE.margin
        self.height = max([*heights, PAGE.pictures_y]) + PAGE.margin

    def draw(self, surface: Surface) -> None:
        """Draw everything."""
        theme, heading = self._scene.theme, self._heading
        surface.rect(0, 0, self.width, self.height, theme.back)
        style = TextStyle(theme.text, PAGE.heading_size, bold=True, full=heading)
        surface.write(PAGE.margin, PAGE.heading_y, short(heading, PAGE.heading_columns), style)
        for picture, x, y in self._placed:
            surface.origin = (x, y)
            picture.draw(surface)
        surface.origin = (0.0, 0.0)


def _placed(pictures: list[Picture]) -> Iterator[tuple[Picture, float, float]]:
    x, y, bottom = PAGE.margin, PAGE.pictures_y, PAGE.pictures_y
    for picture in pictures:
        if x > PAGE.margin and x + picture.width > PAGE.wrap:
            x, y = PAGE.margin, bottom + PAGE.margin
        yield picture, x, y
        x += picture.width + PAGE.margin
        bottom = max(bottom, y + picture.height)


KINDS: dict[str, Callable[[AttentionMaps, Settings], str | bytes]] = {"svg": svg, "png": png, "html": html, "csv": csv}
"""What can be exported, by the ending of the file."""
