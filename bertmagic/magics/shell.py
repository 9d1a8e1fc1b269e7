"""The magics: parse, call `bertmagic.api`, publish the result."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from IPython.core.magic import needs_local_scope, no_var_expand

from bertmagic.data import variables
from bertmagic.errors import Interrupted, TrainingError, UnknownReference, empty_frames, named_memory_errors
from bertmagic.events import Phase
from bertmagic.magics import bind, line, names
from bertmagic.magics.code import python
from bertmagic.magics.request import Request, read
from bertmagic.options import help
from bertmagic.result import Result
from bertmagic.run.stopping import WholeImports
from bertmagic.text_safety import visible

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from bertmagic.options import Command

Magic = Callable[..., Any]


def magic(shell: InteractiveShell, command: Command, defaults: Callable[[Command], Mapping[str, Any]]) -> Magic:
    """Return the function behind ``%command`` and ``%%command``.

    IPython's ``output_can_be_silenced`` is not used: after the magic it tokenizes line or body as Python, and fails on
    other text.
    """

    def run(typed: str, cell: str | None = None, local_ns: dict[str, Any] | None = None) -> Any:
        if line.asks_help(typed):
            return _print(help.page(command))
        try:
            with WholeImports(), named_memory_errors():
                return _execute(shell, command, typed, cell, local_ns or {}, defaults)
        except BaseException as error:
            empty_frames(error)  # but the frame of this function, which holds nothing large
            raise

    run.__name__ = run.__qualname__ = command.magic
    run.__doc__ = help.page(command)
    marked: Magic = no_var_expand(needs_local_scope(run))
    return marked


def _execute(
    shell: InteractiveShell, command: Command, typed: str, cell: str | None, local_ns: dict[str, Any],
    defaults: Callable[[Command], Mapping[str, Any]],
) -> Any:  # fmt: skip
    request = read(command, typed, cell, {**shell.user_ns, **local_ns}, defaults(command))
    return _answer(shell, _from_disk(request), cell is not None)


def _answer(shell: InteractiveShell, request: Request, in_cell: bool) -> Any:
    target = _target(request)
    if request.show_code:
        return _print(python(request, [name for name in (target, request.out) if name]))
    if target:
        bind.guard(target, shell.user_ns)
    if request.out:
        bind.guard_python(request.out, shell.user_ns)
    result = _run(shell, request, target)
    returned = result if not (in_cell or request.silent) else None
    if target and (made := _made(request, result)) is not None:
        bind.put(shell, target, made)
    if request.out:
        bind.put(shell, request.out, result)
    if names.is_job(result):
        variables = [name for name in (target, request.out) if name]
        result.when_done(partial(bind.settle, shell, variables))
    elif names.is_model(result):
        if returned is None:
            bind.keep(shell, result)
    elif in_cell and not request.silent and result is not None:
        _show(result)
    return returned


def _made(request: Request, result: Any) -> Any:
    """Return the value for the variable of a run: a model, or the job that trains one; None if there is neither."""
    return names.model_in(result) if request.command.function == "tune" else result


def _from_disk(request: Request) -> Request:
    """Let a second ``%bert_load sentiment`` load the run of that name, not the model in the variable ``sentiment``."""
    ref = request.given.get("ref")
    held = None if ref is None else request.names.get(ref.code)
    if ref is None or not names.predicts(held):
        return request
    return replace(request, given=request.given | {"ref": names.constant(ref.entry, ref.code)})


def _target(request: Request) -> str | None:
    """Return the variable for the model of a magic that makes one."""
    if request.command.function not in ("finetune", "pretrain", "tune", "load"):
        return None
    if "name" in request.given:
        return str(request.given["name"].value)
    if request.command.function == "load":
        return bind.identifier(request.given["ref"].value)
    return None


def _run(shell: InteractiveShell, request: Request, target: str | None) -> Any:
    try:
        with variables.called(request.typed):
            return _ACTIONS.get(request.command.magic, _call)(shell, request)
    except (Interrupted, TrainingError) as stop:
        if target and stop.model is not None:
            bind.put(shell, target, stop.model)
        elif stop.model is not None:
            bind.keep(shell, stop.model)
        raise
    except UnknownReference as error:
        if variable := _variable_near(error, request):
            raise UnknownReference(error.what, f"There is a variable {variable!r}. {error.fix}".rstrip()) from error
        raise


def _call(shell: InteractiveShell, request: Request) -> Any:
    """Call the API function or the model method of the command."""
    options = {name: given.value for name, given in request.given.items()}
    with _first_sign(request):
        return _called(shell, request, options)


def _called(shell: InteractiveShell, request: Request, options: dict[str, Any]) -> Any:
    from bertmagic import api

    if request.model is None:
        function = getattr(api, request.command.function)
        return function(**options, **_shown(request, function))
    model = api.find(options.pop(request.model.name, None))
    if api.held().get(model.name) is model:  # and not a snapshot of a running job
        bind.keep(shell, model)
    method = getattr(model, request.command.function.removeprefix("TextModel."))
    return method(**options, **_shown(request, method))


@contextmanager
def _first_sign(request: Request, place: Any = None) -> Iterator[None]:
    """Show a bar while a magic works; at once where it imports PyTorch first. A run has a panel of its own."""
    if request.command.function in ("finetune", "pretrain", "tune"):
        yield
        return
    from bertmagic.display import publish

    starting = "torch" not in sys.modules and not _is_light(request)
    with publish.working(not request.silent, place, at_once=starting) as emit:
        if starting:
            emit(Phase("starting PyTorch"))
        yield


def _is_light(request: Request) -> bool:
    """Whether a magic does without PyTorch."""
    function = request.command.function
    return function == "runs" or (function == "catalogue" and "data" not in request.given)


def _shown(request: Request, function: Callable[..., Any]) -> dict[str, bool]:
    """Return ``show=False`` for a magic with a semicolon: no panel, no bar, no report."""
    return {"show": False} if request.silent and "show" in inspect.signature(function).parameters else {}


def _unload(shell: InteractiveShell, request: Request) -> None:
    model = bind.held(request.given["name"].value)
    name, lost = model.name, "" if model.is_in_folder else f" {model.folder} no longer has its weights."
    freed = model.unload()
    bind.forget(shell, model)
    _print(f"{name} is unloaded; {freed / 1e6:,.0f} MB were freed.{lost}")


def _tune(shell: InteractiveShell, request: Request) -> Any:
    from bertmagic import api

    options = {name: given.value for name, given in request.given.items()}
    sources = {name: given.code for name, given in request.given.items()}
    return api.tune(**options, sources=sources, show=not request.silent)


def _panel(shell: InteractiveShell, request: Request) -> Any:
    def started(job: Any) -> None:
        bind.put(shell, job.name, job)
        job.when_done(partial(bind.settle, shell, [job.name]))

    options = {name: given.value for name, given in request.given.items()}
    code = {"train": request.given["data"].code} if "data" in request.given else {}
    from bertmagic.display import publish

    place = publish.Handle() if publish.is_notebook() else None
    with _first_sign(request, place):
        from bertmagic.widgets.panel import panel

        return panel(
            **options, sources=code, names=shell.user_ns, place=place,
            guard=partial(bind.guard, space=shell.user_ns), started=started,
        )  # fmt: skip


_ACTIONS: dict[str, Callable[[Any, Request], Any]] = {"bert_unload": _unload, "bert_tune": _tune, "bert_panel": _panel}
"""Magics that do more than call the API; others need no entry."""


def _variable_near(error: UnknownReference, request: Request) -> str:
    """Return the variable that an unknown reference may stand for; the API does not know the user's variables."""
    unknown = [given.reference for given in request.given.values() if given.reference and given.reference in error.what]
    return next(filter(None, (names.near(reference, request.names) for reference in unknown)), "")


def _print(text: str) -> None:
    sys.stdout.write(visible(text) + "\n")


def _show(result: Any) -> None:
    if isinstance(result, list):  # one result for each line of the cell
        for item in result:
            _show(item)
        return None
    if not isinstance(result, Result):  # such as the path of a saved model
        return _print(repr(result))
    from bertmagic.display.publish import show

    return show(result)
