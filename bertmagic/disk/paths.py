"""Paths that users name: refused where no file system could hold them, so that nothing behind meets a raw error."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from bertmagic.errors import OptionError
from bertmagic.text_safety import quoted

_MOST_BYTES = 255
"""No file system in use takes a longer name of a file; Linux takes 4,096 bytes for a path."""


def path(given: str | os.PathLike[str], option: str = "path") -> Path:
    """Return a path with the home folder in the place of ``~``.

    Raises
    ------
    OptionError
        If no file can have it: it is empty, has a NUL or half a character, a name in it is too long, or ``~NAME`` is
        no user of this machine.
    """
    text = path_text(given, option)
    try:
        return Path(text).expanduser()
    except RuntimeError:
        user = text.replace("\\", "/").partition("/")[0]
        raise OptionError(
            f"{option} = {quoted(text)}: there is no user {quoted(user[1:])} on this machine, or no home folder.",
            "Write the folder out; a name that begins with ~ is ./~NAME.",
        ) from None


def path_text(given: object, option: str = "path") -> str:
    """Return a path as it was typed; see `path`."""
    text: Any = os.fspath(given) if isinstance(given, os.PathLike) else given
    if not isinstance(text, str) or not text:
        raise OptionError(f"{option} = {quoted(given)} is not a path.", "Give a path as a text, or as a pathlib.Path.")
    if why := _fault(text):
        raise OptionError(f"{option} = {quoted(text)} cannot be a path: {why}.", "Check how it was written.")
    return text


def can_be_path(text: str) -> bool:
    """Whether some file system may hold a path, so that it can be looked for."""
    return not _fault(text)


def _fault(text: str) -> str:
    if "\0" in text:
        return "it has a NUL character"
    try:
        name = os.fsencode(text)
    except UnicodeEncodeError:
        return "it has half a character, a lone surrogate"
    if len(name) > 16 * _MOST_BYTES or any(len(part) > _MOST_BYTES for part in name.split(b"/")):
        return f"a name in it is longer than {_MOST_BYTES} bytes, or all of it than {16 * _MOST_BYTES:,}"
    return ""
