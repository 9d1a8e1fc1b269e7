"""The JavaScript and CSS of the attention view, joined from plain modules: no build step, nothing is fetched."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from bertmagic.display.attention.design import DESIGN

_HERE = Path(__file__).parent
_MODULES = (
    "numbers", "palette", "surface", "store", "pictures", "formula", "export", "controls", "pane", "readings", "saved",
    "attention",
)  # fmt: skip
"""The last one has the function that anywidget calls."""

_IMPORT = re.compile(r'^import [^;]*? from "[./a-z]+\.js(?:on" with \{ type: "json" \}|");\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@cache
def script() -> str:
    """Return one module with the design and all modules; imports between them are left out, as all share one scope."""
    design = f"const DESIGN = {json.dumps(DESIGN, separators=(',', ':'))};"
    return "\n".join([design, *(_inlined((_HERE / f"{name}.js").read_text(encoding="utf-8")) for name in _MODULES)])


@cache
def style() -> str:
    """Return the CSS of the view, with the blue and the orange of the design."""
    colours = "".join(f"--bm-{name}:{DESIGN['themes']['light'][name]};" for name in ("blue", "orange"))
    return f".bm-attention{{{colours}}}\n" + (_HERE / "attention.css").read_text(encoding="utf-8")


def _inlined(module: str) -> str:
    return _EXPORT.sub("", _IMPORT.sub("", module))
