"""Variables of the user's namespace: bound to models, never over something else, and let go of again."""

from __future__ import annotations

import keyword
import re
import sys
from typing import TYPE_CHECKING, Any

from bertmagic.errors import OptionError, UnknownReference, listing, nearest
from bertmagic.magics import names

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_UNDERSCORES = ("_", "__", "___")
_UNNAMED = "_bert_model"


def guard(name: str, space: dict[str, Any]) -> None:
    """Refuse to bind a model to a variable that holds something else.

    Raises
    ------
    OptionError
        That names what the variable holds and what to do.
    """
    if name in space and not names.is_model(space[name]):
        held = type(space[name]).__name__
        what = f"the variable {name!r} holds a value of type {held}, not a model, and would be lost."
        raise OptionError(what, f"Give the model another name, or run `del {name}` first.")


def identifier(reference: object) -> str:
    """Return the last part of a path or hub id as a Python name.

    >>> identifier("owner/distilbert-base.v2")
    'distilbert_base_v2'
    """
    parts = re.split(r"[\\/]", str(reference).rstrip("\\/"))
    word = re.sub(r"\W+", "_", parts[-1]).strip("_") or "model"
    return word if word.isidentifier() and not keyword.iskeyword(word) else f"model_{word}"


def keep(shell: InteractiveShell, model: object) -> None:
    """Hold a model that no variable holds, in place of the one before.

    The API holds models weakly: without this, one loaded for a single line would be loaded again for the next.
    """
    if not any(value is model for value in shell.user_ns.values()):
        shell.user_ns[_UNNAMED] = model


def held(reference: Any) -> Any:
    """Return a model that is in memory; one that would have to be loaded first is none.

    Raises
    ------
    UnknownReference
        That lists the models held.
    """
    if names.is_model(reference):
        return reference
    from bertmagic import api

    models = api.held()
    if reference not in models:
        what = f"no model named {reference!r} is held in memory.{nearest(reference, models)}"
        raise UnknownReference(what, f"Held are: {listing(models) or 'none'}.")
    return models[reference]


def forget(shell: InteractiveShell, model: object) -> None:
    """Remove every reference that IPython and the user's variables hold to a model.

    One left behind, such as a frame of the last traceback, would keep its memory.
    """
    space = shell.user_ns
    for name in [name for name, value in space.items() if value is model]:
        if name in _UNDERSCORES:
            space[name] = ""  # as IPython starts with: its display hook expects them to be there
        else:
            del space[name]
    outputs = space.get("Out", {})
    for number in [number for number, value in outputs.items() if value is model]:
        del outputs[number]
    for name in _UNDERSCORES:
        if getattr(shell.displayhook, name, None) is model:
            setattr(shell.displayhook, name, "")
    last = shell.last_execution_result
    if last is not None and last.result is model:
        last.result = None
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        vars(sys).pop(name, None)
