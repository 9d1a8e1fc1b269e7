"""What a run or a model may be called: a name becomes a folder, and where a magic binds it a variable."""

from __future__ import annotations

import keyword
import re
import unicodedata

from bertmagic.errors import OptionError
from bertmagic.text_safety import quoted

_MOST_CHARACTERS, _MOST_BYTES = 80, 150
"""File systems take 255 bytes for a name; temporary folders add to it."""

_SEPARATORS = re.compile(r'[<>:"/\\|?*]')
"""Path separators, and what Windows refuses in a file name."""

_RESERVED = re.compile(r"(con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³])(\..*)?", re.IGNORECASE)
"""Devices of Windows, with any ending."""


def folder_name(given: object, option: str = "name") -> str:
    """Return a name that may become a folder, in Unicode's form NFC.

    Raises
    ------
    OptionError
        If it could leave its folder, or some file system does not take it.
    """
    if not isinstance(given, str):
        raise OptionError(f"{option} = {quoted(given)} is not a text.", _FIX)
    name = unicodedata.normalize("NFC", given)
    if why := _fault(name):
        shown = given if len(given) <= _MOST_CHARACTERS else given[:_MOST_CHARACTERS] + "…"
        raise OptionError(f"{option} = {shown!a} cannot name a folder: {why}.", _FIX)
    return name


def variable_name(given: object, option: str = "name") -> str:
    """Return a name that may become a folder and a Python variable, as Python itself would read it.

    Raises
    ------
    OptionError
        If it cannot.
    """
    if not isinstance(given, str) or not given.isidentifier() or keyword.iskeyword(given):
        shown = quoted(given) if not isinstance(given, str) else ascii(given[:_MOST_CHARACTERS])
        raise OptionError(f"{option} = {shown} is not a Python name (letters, digits and _).", _FIX)
    return folder_name(unicodedata.normalize("NFKC", given), option)


_FIX = "A run's name becomes a folder and a variable: give letters, digits and _, such as sentiment_2."


def _fault(name: str) -> str:
    """Return why a name cannot be a folder's; empty where it can."""
    if not name:
        return "it is empty"
    if len(name) > _MOST_CHARACTERS or len(name.encode("utf-8", "surrogatepass")) > _MOST_BYTES:
        return f"it is longer than {_MOST_CHARACTERS} characters, or {_MOST_BYTES} bytes"
    if not name.isprintable():  # control characters, and spaces other than the usual one
        return "it has a character that is not shown"
    if sign := _SEPARATORS.search(name):
        return f"it has a {sign[0]}"
    if name.startswith(".") or name.endswith(".") or name != name.strip():
        return "it begins with a dot, ends with one, or has spaces around it"
    return "Windows reserves it for a device" if _RESERVED.fullmatch(name) else ""
