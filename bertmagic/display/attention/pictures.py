"""The four pictures of the view: on any surface the same numbers, places and colours as the page draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display.attention.grid import grid
from bertmagic.display.attention.heat_map import heat_map
from bertmagic.display.attention.lines import lines
from bertmagic.display.attention.running_text import running_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from bertmagic.display.attention.scene import Picture, Scene

PICTURES: dict[str, Callable[[Scene], Picture]] = {
    "grid": grid, "lines": lines, "heat map": heat_map, "text": running_text,
}  # fmt: skip
"""By their names in the settings."""
