"""Bind models to variables of the user, without overwriting other values, and release them again."""

from __future__ import annotations

import builtins
import keyword
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from bertmagic.errors import OptionError, UnknownReference, listing, nearest
from bertmagic.magics import names
from bertmagic.models import devices
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from IPython.core.interactiveshell import InteractiveShell

_UNDERSCORES = ("_", "__", "___")
_RESULT = re.compile(r"_\d+")
_UNNAMED = "_bert_model"


def guard(name: str, space: dict[str, Any]) -> None:
    """Raise an error if a variable holds something other than a model, or a running job, or hides what Python has.

    Raises
    ------
    OptionError
        With what the variable holds, and what to do.
    """
    value: Any = space.get(name)
    guard_python(name, space)
    if names.is_job(value):
        if not value.done:
            fix = f"Stop it with {name}.stop(), wait for it with {name}.wait(), or choose another name."
            raise OptionError(f"the variable {name!r} holds a job that is running.", fix)
    elif name in space and not names.is_model(value):
        held = type(value).__name__
        what = f"the variable {name!r} holds a value of type {held}, not a model, and would be overwritten."
        raise OptionError(what, f"Choose another name for the model, or run `del {name}` first.")


def guard_python(name: str, space: dict[str, Any]) -> None:
    """Raise an `OptionError` if a variable would hide a function of Python, such as ``print``, for the first time."""
    if name not in space and hasattr(builtins, name):
        raise OptionError(f"{name!r} is a name of Python itself, which other cells need.", "Choose another name.")


def identifier(reference: object) -> str:
    """Return the last part of a path or hub id as a Python name.

    >>> identifier("owner/distilbert-base.v2")
    'distilbert_base_v2'
    """
    text = str(reference) if isinstance(reference, str | os.PathLike) else "model"  # what is no name is refused later
    parts = re.split(r"[\\/]", text.rstrip("\\/"))
    word = re.sub(r"\W+", "_", parts[-1]).strip("_") or "model"
    return word if word.isidentifier() and not keyword.iskeyword(word) else f"model_{word}"


def put(shell: InteractiveShell, name: str, value: object) -> None:
    """Bind a variable, and release the model it held if no other variable of the user holds that model."""
    before = names.model_in(shell.user_ns.get(name))
    shell.push({name: value})
    if before is not None and before is not names.model_in(value) and not _bound(shell, before):
        release(shell, before)


def settle(shell: InteractiveShell, variables: Sequence[str], job: Any) -> None:
    """Replace a finished job by its model in the variables that still hold the job; runs in the thread of the job.

    A job without a model stays, so that its error can be read.
    """
    if job.model is None:
        return
    for name in variables:
        if shell.user_ns.get(name) is job:
            put(shell, name, job.model)
    keep(shell, job.model)


def keep(shell: InteractiveShell, model: object) -> None:
    """Keep a reference to a model that no variable holds, in place of the previous one.

    The API has weak references only: without this, a model loaded for one line would be loaded again for the next.
    """
    if not any(value is model for value in list(shell.user_ns.values())):
        shell.user_ns[_UNNAMED] = model


def held(reference: Any) -> Any:
    """Return a model that is in memory; none is loaded.

    Raises
    ------
    UnknownReference
        With the models in memory.
    OptionError
        If it is a running job.
    """
    if names.is_job(reference) and not reference.done:
        raise OptionError(f"{reference.name!r} is still being trained.", f"Stop it first with {reference.name}.stop().")
    if (model := names.model_in(reference)) is not None:
        return model
    from bertmagic import api

    models = api.held()
    if not isinstance(reference, str) or reference not in models:
        near = nearest(reference, models) if isinstance(reference, str) else ""
        what = f"no model named {quoted(reference)} is in memory.{near}"
        raise UnknownReference(what, f"In memory: {listing(models) or 'none'}.")
    return models[reference]


def forget(shell: InteractiveShell, model: object) -> None:
    """Remove all references to a model from the user's variables and from IPython.

    A single one left, such as a frame of the last traceback, would keep its memory allocated.
    """
    for name in _bound(shell, model):
        del shell.user_ns[name]
    release(shell, model)


def release(shell: InteractiveShell, model: object) -> None:
    """Remove IPython's own references to a model: results of cells, and frames of the last error."""
    for space in (shell.user_ns, shell.user_ns_hidden):
        for name in [name for name, value in list(space.items()) if names.model_in(value) is model]:
            if name in _UNDERSCORES:
                space[name] = ""  # IPython's initial value; its display hook needs these names
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
    """Return the user's variables that hold a model, without IPython's names for results."""
    holding = [name for name, value in list(shell.user_ns.items()) if names.model_in(value) is model]
    return [name for name in holding if name not in _UNDERSCORES and not _RESULT.fullmatch(name)]
