"""The JavaScript of a view, joined from plain modules: no build step, nothing fetched."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_MODULES = (
    "numbers", "palette", "surface", "store", "pictures", "formula", "export", "controls", "pane", "readings", "saved",
    "attention",
)  # fmt: skip
"""The last one renders."""

_IMPORT = re.compile(r'^import [^;]*? from "\./[a-z]+\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@cache
def script() -> str:
    """Return one module with all of them: imports between them are left out, as their names are now in one scope."""
    return "\n".join(_inlined((_HERE / f"{name}.js").read_text(encoding="utf-8")) for name in _MODULES)


@cache
def style() -> str:
    """Return the CSS of the view."""
    return (_HERE / "attention.css").read_text(encoding="utf-8")


def _inlined(module: str) -> str:
    return _EXPORT.sub("", _IMPORT.sub("", module))
