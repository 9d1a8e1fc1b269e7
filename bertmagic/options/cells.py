"""Options as the source of a notebook cell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bertmagic.options.rates import rate_text

if TYPE_CHECKING:
    from collections.abc import Mapping


def finetuning(name: str, values: Mapping[str, Any], sources: Mapping[str, str], as_magic: bool) -> str:
    """Return the cell of a run, ``%%bert_finetune`` or a call of ``bm.finetune``; parameters as in `cell`."""
    return cell("bert_finetune", name, values, sources) if as_magic else call("finetune", name, values, sources)


def cell(magic: str, name: str, values: Mapping[str, Any], sources: Mapping[str, str] | None = None) -> str:
    """Return the source of a cell with one option per line.

    Parameters
    ----------
    values
        The options, in the order of the lines.
    sources
        The source of values that have no literal, such as the name of the variable that holds a table.
    """
    lines = {option: (sources or {}).get(option) or literal(option, value) for option, value in values.items()}
    width = max(map(len, lines), default=0)
    return "\n".join([f"%%{magic} {name}", *(f"{option:<{width}} = {code}" for option, code in lines.items())])


def call(function: str, name: str, values: Mapping[str, Any], sources: Mapping[str, str] | None = None) -> str:
    """Return the call of a function of bertmagic with one option per line; the parameters are those of `cell`."""
    given = {**values, "name": name}
    codes = {option: (sources or {}).get(option) or literal(option, value) for option, value in given.items()}
    return "\n".join([f"{name} = bm.{function}(", *(f"    {option}={code}," for option, code in codes.items()), ")"])


def literal(option: str, value: Any) -> str:
    """Return a value as Python source; a value without a literal becomes a variable with the name of the option."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple):
        return f"[{', '.join(literal(option, item) for item in value)}]"
    if option == "lr" and isinstance(value, float) and float(rate_text(value)) == value:
        return rate_text(value)
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return repr(value) if value is None or isinstance(value, bool | int) else option
