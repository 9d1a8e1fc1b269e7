"""Exports: what one state shows, as a picture, a page or a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bertmagic.display.attention.colours import PAPER
from bertmagic.display.attention.letters import visible
from bertmagic.display.attention.pictures import PICTURES, Picture, Scene, scene
from bertmagic.display.attention.raster import Raster
from bertmagic.display.attention.settings import DIFFERENCE, Settings, methods, settings, statistics
from bertmagic.display.attention.shown import shown
from bertmagic.display.attention.surface import Look, Surface, short
from bertmagic.display.attention.svg import Svg
from bertmagic.errors import OptionError, listing, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bertmagic.attention.maps import AttentionMaps
    from bertmagic.display.attention.shown import Unit

_SPACE, _HEAD, _PAGE = 18, 40, 1100
_SHARP = 4000
"""Up to which height a PNG has two pixels for one, as sharp screens do."""

_FORMULA = tuple("=+-@'\t\r\n＝＋－＠")
"""How a cell begins that a spreadsheet may compute, or that would be taken for one that was kept from it."""


def export(maps: AttentionMaps, kind: str, path: str | Path | None = None, **state: Any) -> str | bytes:
    """Return what the view shows in a state, and write it to a file where a path is given.

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
        If there is no such kind or setting, or the file cannot be written.
    """
    if kind not in KINDS:
        raise OptionError(f"attention is not exported as {kind!r}.{nearest(kind, KINDS)}", f"Give {listing(KINDS)}.")
    data = KINDS[kind](maps, settings(maps, state, methods(maps), statistics(maps)))
    if path is not None:
        _write(Path(path).expanduser(), data)
    return data


def _write(path: Path, data: str | bytes) -> None:
    try:
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    except OSError as error:
        raise OptionError(f"{path} cannot be written: {error.strerror or error}.", "Give another path.") from error


def svg(maps: AttentionMaps, wanted: Settings) -> str:
    """Return the chosen pictures as SVG."""
    surface, title = Svg(), heading(maps, wanted)
    width, height = composed(scene(maps, wanted, PAPER, Svg), surface, title)
    return surface.file(width, height, title)


def png(maps: AttentionMaps, wanted: Settings) -> bytes:
    """Return the chosen pictures as PNG, twice as sharp as the page unless they are very high."""
    seen, title = scene(maps, wanted, PAPER, Raster), heading(maps, wanted)
    _, width, height = placed(seen, title)
    surface = Raster(width, height, 2 if height <= _SHARP else 1)
    composed(seen, surface, title)
    return surface.file()


def html(maps: AttentionMaps, wanted: Settings) -> str:
    """Return a page with the view in it, that needs neither kernel nor network."""
    from bertmagic.widgets.page import page  # its script and its data are the widget's

    return page(maps, wanted, heading(maps, wanted))


def csv(maps: AttentionMaps, wanted: Settings) -> str:
    """Return the matrix as a table, with a row for each token that attends and a column for each attended to.

    A name that a spreadsheet might compute, or that begins with an apostrophe, has an apostrophe before it: take one
    away from any name that begins with one, and all names are as they were.
    """
    found = shown(maps, wanted)
    table = [["", *map(_named, found.columns)]]
    for unit, numbers in zip(found.rows, found.matrix.tolist(), strict=True):
        table.append([_named(unit), *(f"{number:.9g}" for number in numbers)])
    return "".join(f"{','.join(row)}\r\n" for row in table)


def _named(unit: Unit) -> str:
    kept = f"'{unit.text}" if unit.text.startswith(_FORMULA) else unit.text
    quoted = kept.replace('"', '""')
    return f'"{quoted}"' if any(sign in kept for sign in '",\r\n') or kept != kept.strip() else kept


def heading(maps: AttentionMaps, wanted: Settings) -> str:
    """Return what is shown, in one line."""
    several = len(wanted.heads) > 1
    heads = f"heads {', '.join(map(str, wanted.heads))} ({wanted.combine})" if several else f"head {wanted.heads[0]}"
    method = wanted.method.replace("_", " ")
    if wanted.method == DIFFERENCE and maps.comparison is not None:
        method += f" from {visible(maps.comparison.second.model)}"
    elif wanted.method == "gradient" and wanted.output:
        method += f", towards {visible(wanted.output)}"
    parts = [visible(maps.model), f"layer {wanted.layer}, {heads}", method]
    parts += [wanted.sentences] * (wanted.sentences != "all")
    parts += ["whole words"] * wanted.merge_words + ["no special tokens"] * wanted.hide_special
    return " · ".join(parts)


def composed(seen: Scene, surface: Surface, title: str) -> tuple[float, float]:
    """Draw the chosen pictures below a title, and return how wide and high that is."""
    pictures, width, height = placed(seen, title)
    if seen.theme.back:
        surface.rect(0, 0, width, height, seen.theme.back)
    surface.words(_SPACE, 24, short(title, 120), Look(seen.theme.text, 14, bold=True, full=title))
    for picture, x, y in pictures:
        surface.origin = (x, y)
        picture.draw(surface)
    surface.origin = (0.0, 0.0)
    return width, height


def placed(seen: Scene, title: str) -> tuple[list[tuple[Picture, float, float]], float, float]:
    """Return pictures with their place, beside each other as far as a page is wide, and the size of all."""
    chosen = [make(seen) for name, make in PICTURES.items() if name in seen.wanted.pictures]
    found = list(_placed(chosen))
    wide_ = max([x + picture.width for picture, x, _ in found] + [seen.kind.wide(short(title, 120), 14), 300])
    return found, wide_ + _SPACE, max([y + picture.height for picture, _, y in found] + [_HEAD]) + _SPACE


def _placed(chosen: list[Picture]) -> Iterator[tuple[Picture, float, float]]:
    x, y, low = _SPACE, _HEAD, _HEAD
    for picture in chosen:
        if x > _SPACE and x + picture.width > _PAGE:
            x, y = _SPACE, low + _SPACE
        yield picture, x, y
        x += round(picture.width) + _SPACE
        low = max(low, y + round(picture.height))


KINDS: dict[str, Callable[[AttentionMaps, Settings], str | bytes]] = {"svg": svg, "png": png, "html": html, "csv": csv}
"""What can be exported, by the ending of the file."""
