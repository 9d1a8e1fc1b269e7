"""The JavaScript and CSS of each view, joined from plain modules: no build step, nothing is fetched."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

from bertmagic.display.attention.design import DESIGN

_HERE = Path(__file__).parent
MODULES = {
    "attention": (
        "element", "keys", "numbers", "palette", "surface", "store", "pictures", "formula", "export", "controls",
        "pane", "readings", "saved", "attention",
    ),
    "panel": (
        "element", "keys", "markup", "clipboard", "panel_field", "panel_form", "panel_run", "panel_attention", "panel",
    ),
}  # fmt: skip
"""The modules of each view. The last one has the function that anywidget calls."""

WITHIN = {"panel": "attention"}
"""The view that a view shows within it; it is a function there, `attentionView`, with a scope of its own."""

_IMPORT = re.compile(r'^import [^;]*? from "[./a-z_]+\.js(?:on" with \{ type: "json" \}|");\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@cache
def script(view: str = "attention") -> str:
    """Return one module with all modules of a view; imports between them are left out, as all share one scope."""
    design = [f"const DESIGN = {json.dumps(DESIGN, separators=(',', ':'))};"] if view == "attention" else []
    modules = (_inlined((_HERE / f"{name}.js").read_text(encoding="utf-8")) for name in MODULES[view])
    inner = [as_function(WITHIN[view])] if view in WITHIN else []
    return "\n".join([*design, *inner, *modules])


def as_function(view: str) -> str:
    """Return a view as a JavaScript function that returns what anywidget would call."""
    return f"function {view}View() {{\n{script(view).replace('export default {', 'return {')}\n}}"


@cache
def style(view: str = "attention") -> str:
    """Return the CSS of a view, with the blue and the orange of the design, and the blue of dark pages."""
    themes = DESIGN["themes"]
    colours = "".join(f"--bm-{name}:{themes['light'][name]};" for name in ("blue", "orange"))
    colours += f"--bm-light-blue:{themes['dark']['blue']};"
    return f".bm-{view}{{{colours}}}\n" + (_HERE / f"{view}.css").read_text(encoding="utf-8")


def _inlined(module: str) -> str:
    return _EXPORT.sub("", _IMPORT.sub("", module))
