"""The text of a cell that stands for options."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def cell(magic: str, name: str, values: Mapping[str, Any], sources: Mapping[str, str] | None = None) -> str:
    """Return a cell of a magic with one option a line.

    Parameters
    ----------
    values
        The options in order.
    sources
        How options are written whose value is no literal, such as the variable that holds a table.
    """
    told = {option: (sources or {}).get(option) or literal(option, value) for option, value in values.items()}
    width = max(map(len, told), default=0)
    return "\n".join([f"%%{magic} {name}", *(f"{option:<{width}} = {code}" for option, code in told.items())])


def literal(option: str, value: Any) -> str:
    """Return a value as Python; of what has no literal, a variable named as the option is."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        return f"[{', '.join(literal(option, item) for item in value)}]"
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return repr(value) if value is None or isinstance(value, bool | int) else option
