"""How a text's token vectors become one vector, and what a folder of sentence-transformers says about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

from bertmagic.disk import json_files
from bertmagic.errors import FileError, listing
from bertmagic.options.terms import Pooling

if TYPE_CHECKING:
    from pathlib import Path

POOLINGS: tuple[Pooling, ...] = get_args(Pooling)

FILES = ("modules.json", "*_Pooling/config.json")
"""The files of a model folder that declare its pooling."""

_NAMES: dict[str, Pooling] = {
    "mean_tokens": "mean", "mean": "mean", "cls_token": "first", "cls": "first", "first": "first",
}  # fmt: skip
_PLAIN = re.compile(r"\w[\w.-]*")
_FLAG = "pooling_mode_"


def declared(folder: Path) -> Pooling | None:
    """Return the pooling that a folder declares; None if it declares none, or one that is not in `POOLINGS`."""
    modes = _modes(folder)
    return _NAMES.get(modes[0]) if len(modes) == 1 else None


def choose(folder: Path) -> tuple[Pooling, str]:
    """Return the pooling to use by default, and the reason in one sentence."""
    chosen, modes = declared(folder), _modes(folder)
    if chosen:
        return chosen, f"Pooling: {chosen}, which the model's folder declares."
    if modes:
        return "mean", f"Pooling: mean. The model's folder declares {listing(modes)}, which bertmagic does not compute."
    return "mean", "Pooling: mean. The model's folder declares none."


def _modes(folder: Path) -> list[str]:
    """Return the poolings that a folder declares, by the names of sentence-transformers.

    Its config names them in ``pooling_mode``, as a text or a list; that of older versions has a flag for each:
    ``pooling_mode_mean_tokens: true``. Several modes are concatenated there. A folder that bertmagic saved has no such
    config, but the name of the pooling in its card.
    """
    config = _read(folder / _subfolder(folder) / "config.json")
    if not isinstance(config, dict):
        card = _read(folder / "bertmagic.json")
        return [str(card["pooling"])] if isinstance(card, dict) and "pooling" in card else []
    named = config.get("pooling_mode")
    if named is None:
        return [key.removeprefix(_FLAG) for key, value in config.items() if key.startswith(_FLAG) and value is True]
    return [str(mode) for mode in (named if isinstance(named, list) else [named])]


def _subfolder(folder: Path) -> str:
    """Return the subfolder of the pooling's config: the one in ``modules.json``, by default ``1_Pooling``.

    One that leads out of the folder is not followed.
    """
    modules = _read(folder / "modules.json")
    for module in modules if isinstance(modules, list) else []:
        if isinstance(module, dict) and str(module.get("type")).endswith(".Pooling"):
            path = str(module.get("path"))
            return path if _PLAIN.fullmatch(path) else "1_Pooling"
    return "1_Pooling"


def _read(path: Path) -> Any:
    """Return the content of a JSON file; None if there is none that can be read."""
    try:
        return json_files.read(path)
    except FileError:
        return None
