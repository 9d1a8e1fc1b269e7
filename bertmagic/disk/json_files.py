"""Reads JSON that may be damaged: whatever is wrong with a file is one error that names it and what to do."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

from bertmagic.disk import files
from bertmagic.errors import FileError
from bertmagic.text_safety import without_surrogates

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path, fix: str = "Delete it, or put back a copy of it.") -> Any:
    """Return the value in a JSON file, with ``�`` in the place of each lone surrogate: Arrow does not take them.

    Parameters
    ----------
    fix
        What to do where it is damaged.

    Raises
    ------
    FileError
        If there is none, it cannot be read, or is not JSON.
    """
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise FileError(f"{path} is damaged: it is not a file.", fix)
        text = path.read_text(encoding="utf-8")
        return _mended(json.loads(text)) if _SURROGATE.search(text) else json.loads(text)
    except FileNotFoundError:
        raise FileError(f"there is no file {path}.", fix) from None
    except (UnicodeDecodeError, ValueError) as error:
        raise FileError(f"{path} is damaged: it is not JSON ({str(error)[:200]}).", fix) from None
    except RecursionError:
        raise FileError(f"{path} is damaged: its lists are nested too deep.", fix) from None
    except OSError as error:
        raise FileError(f"{path} cannot be read: {files.reason(error)}.", fix) from None


def has_half_characters(path: Path) -> bool:
    """Whether strings in a JSON file have lone surrogates, which `read` replaces; false where it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        return bool(_SURROGATE.search(text)) and _mended(value := json.loads(text)) != value
    except (OSError, ValueError, RecursionError):
        return False


def is_number(value: Any) -> bool:
    """Whether a value is a finite number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return without_surrogates(value)
    if isinstance(value, dict):
        return {_mended(name): _mended(inside) for name, inside in value.items()}
    return list(map(_mended, value)) if isinstance(value, list) else value


_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_object(path: Path, fix: str = "Delete it, or put back a copy of it.") -> dict[str, Any]:
    """Return the object in a JSON file; see `read`."""
    value = read(path, fix)
    if not isinstance(value, dict):
        raise FileError(f"{path} is damaged: it is not a JSON object.", fix)
    return value
