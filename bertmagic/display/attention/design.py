"""Sizes, colours and words of the attention pictures, read from the file that the live view's JavaScript reads too."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

DESIGN: dict[str, Any] = json.loads((Path(__file__).parent / "design.json").read_text(encoding="utf-8"))
"""The whole file. Sizes are CSS pixels unless their name says otherwise."""

GRID, LINES, HEAT_MAP, TEXT = (SimpleNamespace(**DESIGN[name]) for name in ("grid", "lines", "heat map", "text"))
"""Sizes of the four pictures."""
PAGE = SimpleNamespace(**DESIGN["page"])
"""How an exported file places pictures."""
FONT = SimpleNamespace(**DESIGN["font"])
WORDS = SimpleNamespace(**DESIGN["words"])


def plain_name(name: str) -> str:
    """Return a method's or a statistic's name as it is shown: ``value_norms`` is ``value norms``."""
    return str(DESIGN["names"].get(name, name.replace("_", " ")))
