"""Variables of the user's namespace: bound to models, never over something else, and let go of again."""

from __future__ import annotations

import keyword
import re
import sys
from typing import TYPE_CHECKING, Any

from bertmagic.errors import OptionError, UnknownReference, listing, nearest
from bertmagic.magics import names
from bertmagic.models import devices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from IPython.core.interactiveshell import InteractiveShell

_UNDERSCORES = ("_", "__", "___")
_RESULT = re.compile(r"_\d+")
_UNNAMED = "_bert_model"


def guard(name: str, space: dict[str, Any]) -> None:
    """Refuse to bind a model to a variable that holds something else, or a job that is running.

    Raises
    ------
    OptionError
        That names what the variable holds and what to do.
    """
    value: Any = space.get(name)
    if names.is_job(value):
        if not value.done:
            fix = f"Stop it with {name}.stop(), wait for it with {name}.wait(), or take another name."
            raise OptionError(f"the variable {name!r} holds a job that is running.", fix)
    elif name in space and not names.is_model(value):
        held = type(value).__name__
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


def put(shell: InteractiveShell, name: str, value: object) -> None:
    """Bind a variable, and release the model that it held if no other variable of the user has it."""
    before = names.model_in(shell.user_ns.get(name))
    shell.push({name: value})
    if before is not None and before is not names.model_in(value) and not _bound(shell, before):
        release(shell, before)


def settle(shell: InteractiveShell, variables: Sequence[str], job: Any) -> None:
    """Let the variables that still hold a job hold its model, now that it is done; called in the job's thread.

    A job without a model stays: its error can be looked at.
    """
    if job.model is None:
        return
    for name in variables:
        if shell.user_ns.get(name) is job:
            put(shell, name, job.model)
    keep(shell, job.model)


def keep(shell: InteractiveShell, model: object) -> None:
    """Hold a model that no variable holds, in place of the one before.

    The API holds models weakly: without this, one loaded for a single line would be loaded again for the next.
    """
    if not any(value is model for value in list(shell.user_ns.values())):
        shell.user_ns[_UNNAMED] = model


def held(reference: Any) -> Any:
    """Return a model that is in memory; one that would have to be loaded first is none.

    Raises
    ------
    UnknownReference
        That lists the models held.
    OptionError
        If it is a job that is running.
    """
    if names.is_job(reference) and not reference.done:
        raise OptionError(f"{reference.name!r} is still being trained.", "Stop it first, with its stop().")
    if (model := names.model_in(reference)) is not None:
        return model
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
    for name in _bound(shell, model):
        del shell.user_ns[name]
    release(shell, model)


def release(shell: InteractiveShell, model: object) -> None:
    """Remove what IPython remembers of a model: as a result of cells, or in the frames of the last error."""
    for space in (shell.user_ns, shell.user_ns_hidden):
        for name in [name for name, value in list(space.items()) if names.model_in(value) is model]:
            if name in _UNDERSCORES:
                space[name] = ""  # as IPython starts with: its display hook expects them to be there
            elif _RESULT.fullmatch(name):
                del space[name]
    outputs = shell.user_ns.get("Out", {})
    for number in [number for number, value in list(outputs.items()) if names.model_in(value) is model]:
        del outputs[number]
    for name in _UNDERSCORES:
        if names.model_in(getattr(shell.displayhook, name, None)) is model:
            setattr(shell.displayhook, name, "")
    _release_errors(shell, model)
    devices.release()


def _release_errors(shell: InteractiveShell, model: object) -> None:
    last = shell.last_execution_result
    if last is not None:
        last.error_in_exec = None
        if names.model_in(last.result) is model:
            last.result = None
    shell.InteractiveTB.tb = None
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        vars(sys).pop(name, None)


def _bound(shell: InteractiveShell, model: object) -> list[str]:
    """Return the variables that hold a model, without those that IPython makes of results."""
    found = [name for name, value in list(shell.user_ns.items()) if names.model_in(value) is model]
    return [name for name in found if name not in _UNDERSCORES and not _RESULT.fullmatch(name)]
