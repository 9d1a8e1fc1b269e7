"""The equivalent Python of a magic, for ``--show-code``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bertmagic.magics import names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bertmagic.magics.request import Request

_WIDTH = 100


def python(request: Request, targets: Sequence[str] = ()) -> str:
    """Return the equivalent program, with the user's own source for every value.

    Parameters
    ----------
    request
        The parsed magic.
    targets
        The variables to assign the result to.
    """
    call = f"{_callee(request)}({_arguments(request)})"
    return "import bertmagic as bm\n\n" + "".join(f"{name} = " for name in targets) + call


def _callee(request: Request) -> str:
    function = request.command.function
    if request.model is None:
        return f"bm.{function}"
    return f"{_model(request)}.{function.removeprefix('TextModel.')}"


def _model(request: Request) -> str:
    assert request.model is not None
    given = request.given.get(request.model.name)
    if given is None:
        return _last(request)
    if given.reference:
        return f"bm.load({given.code})"
    return given.code if re.fullmatch(r"[\w.]+", given.code) else f"({given.code})"


def _last(request: Request) -> str:
    """Return the variable of the model that was used last, or the code that loads it."""
    from bertmagic import api

    model = api.find(None)
    bound = [name for name in names.public(request.names) if request.names[name] is model]
    return bound[0] if bound else f"bm.load({names.literal(model.name)})"


def _arguments(request: Request) -> str:
    entries = [entry for entry in request.command.options if entry != request.model]
    first = next((entry.name for entry in entries if entry.kind != "name"), "")
    given = [item for item in request.given.values() if item.entry in entries]
    given.sort(key=lambda item: (item.entry.name != first, item.entry.kind == "name"))
    shown = [item.code if item.entry.name == first else f"{item.entry.name}={item.code}" for item in given]
    line = ", ".join(shown)
    return line if len(line) <= _WIDTH else "\n    " + ",\n    ".join(shown) + ",\n"
