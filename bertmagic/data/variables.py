"""What the user calls the rows that a function or a magic gets: the name of a variable.

Objects do not know their names. A magic knows them, as they were typed; of a function they are looked for among the
variables of its caller. The search compares identities only: it calls nothing of any object.
"""

from __future__ import annotations

import functools
import os
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from types import FrameType

P = ParamSpec("P")
R = TypeVar("R")

_PACKAGE = __name__.partition(".")[0]
_names: ContextVar[Mapping[int, str]] = ContextVar("names of variables")
"""Names by the `id` of their object, while a call that holds the object goes on. A job's thread has a copy."""


@contextmanager
def called(named: Iterable[tuple[Any, str]]) -> Iterator[None]:
    """Call objects by these names within a block; a name that an outer block gives counts more."""
    inner = {id(value): name for value, name in named if _may_be_rows(value)}
    token = _names.set({**inner, **_names.get({})})
    try:
        yield
    finally:
        _names.reset(token)


def known(value: Any) -> str:
    """Return what the user calls an object, or an empty text."""
    return _names.get({}).get(id(value), "")


def name_of(value: Any) -> str:
    """Return what the user calls an object; if that is not known, its kind, such as ``the DataFrame``."""
    return known(value) or f"the {type(value).__name__}"


def names_by_caller(function: Callable[P, R]) -> Callable[P, R]:
    """Return a decorator for a public function: its arguments are called as the variables of its caller."""

    @functools.wraps(function)
    def named(*args: P.args, **kwargs: P.kwargs) -> R:
        given = [value for value in (*args, *kwargs.values()) if _may_be_rows(value)]
        with called(_variables(given, sys._getframe(1)) if given else ()):
            return function(*args, **kwargs)

    return named


def _may_be_rows(value: Any) -> bool:
    """Whether a value is an object with rows, and no reference to them and no plain option."""
    return not (value is None or issubclass(type(value), str | bytes | int | float | os.PathLike))


def _variables(values: list[Any], frame: FrameType | None) -> Iterator[tuple[Any, str]]:
    """Yield the objects that are variables of the nearest frame outside of this package, with their names."""
    while frame is not None and _is_own(frame):
        frame = frame.f_back
    if frame is None:
        return
    variables = [*frame.f_locals.items(), *frame.f_globals.items()]
    for value in values:
        found = (name for name, held in variables if held is value and name.isidentifier() and name[0] != "_")
        if name := next(found, ""):
            yield value, name


def _is_own(frame: FrameType) -> bool:
    module = frame.f_globals.get("__name__")
    return isinstance(module, str) and module.partition(".")[0] == _PACKAGE
