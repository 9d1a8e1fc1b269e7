"""Parse and check a user's values of options."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import os
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from bertmagic.disk.paths import path_text
from bertmagic.errors import OptionError, nearest
from bertmagic.options import synonyms
from bertmagic.options.entry import Kind, Option, table
from bertmagic.options.files import Files
from bertmagic.options.names import folder_name, variable_name
from bertmagic.options.ranges import HOW, Range, checked
from bertmagic.text_safety import quoted, without_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")


def read(command: type[T], given: Mapping[str, object]) -> T:
    """Return the options of a command, with the given values parsed and checked.

    Raises
    ------
    OptionError
        For an unknown name (with what it is called here, or the nearest name), an option given twice or not at all,
        and a value of the wrong type, outside its range or not among its choices.
    """
    known = {entry.name: entry for entry in table(command)}
    for name in given.keys() & synonyms.RENAMED.keys():
        if synonyms.RENAMED[name] in given:
            raise OptionError(
                f"{name} is the earlier name of {synonyms.RENAMED[name]}, and both are given.", "Give it once."
            )
    given = {synonyms.current(name): value for name, value in given.items()}
    for name in given:
        if name not in known:
            raise synonyms.unknown(name, known.values())
    for entry in known.values():
        if entry.required and given.get(entry.name) is None:
            raise OptionError(f"{entry.name!r} is missing. {entry.help}", f"Give {entry.name} = ….")
    return command(**{name: check(known[name], value) for name, value in given.items()})


def check(entry: Option, value: Any) -> Any:
    """Return the value converted to the type of the option, or raise an `OptionError` that says what was expected."""
    if value is None and not entry.required:
        return entry.default
    if isinstance(value, Range) and entry.kind in _READERS:
        return checked(entry, value, check)
    if entry.searchable and isinstance(value, list | range | set | tuple) and not entry.many:
        kind = type(value).__name__
        raise OptionError(f"{entry.name} = {quoted(value)} is a {kind}, not a range to search.", f"Write {HOW}.")
    reader = _READERS.get(entry.kind)
    return reader(entry, value) if reader else value


def signature(options: type[Any], function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of a function with ``**options`` replaced by the options of a command.

    Editors and ``?`` show it. The other parameters of the function stay as they are.
    """
    own = inspect.signature(function)
    named = [p for p in own.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    written = [
        inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=f.type)
        for f in dataclasses.fields(options)
        if f.name not in own.parameters
    ]
    return own.replace(parameters=[*named, *written])


def keywords(options: type[Any]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that reads the arguments of a function, as `read` does those of a run.

    It checks each value that is given, and explains an unknown name: Python's ``TypeError`` does not know those of
    other tools. The ``**`` parameter of a function stands for the options of `Files`.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        parameters = inspect.signature(function).parameters
        takes_files = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
        accepted = {*parameters, *(entry.name for entry in table(Files) if takes_files)}
        known = {entry.name: entry for entry in (*table(Files), *table(options)) if entry.name in accepted}

        def read_one(name: str, value: Any) -> Any:
            return check(known[name], value) if name in known else value

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            for name in kwargs:
                if name not in accepted:
                    raise synonyms.unknown(name, [entry for entry in table(options) if entry.name in accepted])
            given: Any = args
            placed: Any = [read_one(*one) for one in zip(parameters, given, strict=False)]
            named: Any = {name: read_one(name, value) for name, value in kwargs.items()}
            return function(*placed, *given[len(placed) :], **named)

        return checked

    return decorate


def _wrong(entry: Option, value: object, expected: str) -> OptionError:
    return OptionError(f"{entry.name} = {quoted(value)} is not {expected}.", entry.help)


def _number(entry: Option, value: Any) -> float:
    try:
        number = float(_scalar(value))
    except Exception:  # a value of another library can raise anything
        raise _wrong(entry, value, "a number") from None
    if not (math.isfinite(number) and entry.low <= number <= entry.high):
        raise _wrong(entry, value, _range(entry))
    return number


def _scalar(value: Any) -> Any:
    """Return a number or a text of one; an array or column of one number is none, although Python would convert it."""
    dimensions: Any = getattr(value, "ndim", None)
    single = value.item() if dimensions == 0 else value
    if isinstance(single, bool) or dimensions or (hasattr(single, "__len__") and not isinstance(single, str)):
        raise TypeError
    return single


def _range(entry: Option) -> str:
    if math.isinf(entry.high):
        return f"a number of at least {entry.low:g}"
    return f"between {entry.low:g} and {entry.high:g}"


def _whole(entry: Option, value: Any) -> int:
    number = _number(entry, value)
    if number != int(number) or abs(number) > _LARGEST:
        raise _wrong(entry, value, "a whole number" + (f" of at most {_LARGEST:,}" if number == int(number) else ""))
    return int(number)


def _steps(entry: Option, value: Any) -> int | None:
    return None if isinstance(value, str) and value == "epoch" else _whole(entry, value)


def _choice(entry: Option, value: Any) -> Any:
    if entry.many:
        single = dataclasses.replace(entry, many=False)
        items = (item for part in _several(value) for item in _several(part))  # each value of a line is one of several
        return tuple(_choice(single, item) for item in items)
    if isinstance(value, str) and value in entry.choices:
        return str(value)
    meant = nearest(value, entry.choices) if isinstance(value, str) else ""
    raise _wrong(entry, value, f"one of {', '.join(entry.choices)}." + meant.rstrip("."))


def _flag(entry: Option, value: Any) -> bool:
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise _wrong(entry, value, "True or False")


def _text(entry: Option, value: Any) -> Any:
    if entry.many:
        single = dataclasses.replace(entry, many=False)
        return tuple(
            item if entry.kind == "column" and callable(item) else _text(single, item)
            for part in _several(value)
            for item in (part if isinstance(part, tuple) else (part,))  # an expression in braces was parsed on its own
        )
    if not isinstance(value, str) or not value:
        raise _wrong(entry, value, "a text")
    return without_surrogates(value)


def _label(entry: Option, value: Any) -> str:
    """Return a label as text; those of training data may be numbers or truth values."""
    single = value.item() if getattr(value, "ndim", None) == 0 else value
    is_number = isinstance(single, float) or (isinstance(single, int) and single.bit_length() <= 64)
    text: str = _text(entry, str(single) if is_number else single)
    return text


def _names(entry: Option, value: Any) -> tuple[str, ...]:
    """Return names, or numbers as text; one text may hold several between commas."""
    given = [str(item) if type(item) is int and abs(item) < _LARGEST else item for item in _several(value)]
    single = dataclasses.replace(entry, many=False)
    return tuple(name.strip() for item in given for name in _text(single, item).split(","))


def _columns(entry: Option, value: Any) -> str | tuple[str, ...]:
    """Return one column, or several as a tuple."""
    columns = _text(dataclasses.replace(entry, many=True), value)
    if not columns:
        raise _wrong(entry, value, "a column")
    return columns[0] if len(columns) == 1 else columns  # type: ignore[no-any-return]


def _several(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _path(entry: Option, value: Any) -> str:
    return path_text(value, entry.name)


def _identifier(entry: Option, value: Any) -> str:
    return variable_name(value, entry.name)


def _file_name(entry: Option, value: Any) -> str:
    return folder_name(value, entry.name)


def _share_or_data(entry: Option, value: Any) -> Any:
    if isinstance(value, bool):
        raise _wrong(entry, value, "a share or a data set")
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return value
    return _number(entry, value) if isinstance(value, int | float) else _reference(entry, value)


def _reference(entry: Option, value: Any) -> Any:
    """Return rows or a model as they are, and a name of some, which may be a path, if it can be one."""
    if entry.many:
        single = dataclasses.replace(entry, many=False)
        # Each value of a line was read on its own, as a list of one.
        items = (item for part in _several(value) for item in (part if isinstance(part, list) else [part]))
        return [_reference(single, item) for item in items]
    if isinstance(value, str | os.PathLike) and not path_text(value, entry.name).strip():
        raise _wrong(entry, value, "a name")
    return value


def _freeze(entry: Option, value: Any) -> str | int:
    if isinstance(value, str) and value in ("embeddings", "encoder"):
        return str(value)
    try:
        return _whole(dataclasses.replace(entry, low=0), value)
    except OptionError:
        raise _wrong(entry, value, "'embeddings', 'encoder' or a number of layers") from None


_LARGEST = 2**53
"""Beyond it a float does not hold every whole number, and nothing that is counted here comes near."""

_READERS: dict[Kind, Any] = {
    "int": _whole,
    "float": _number,
    "choice": _choice,
    "flag": _flag,
    "text": _text,
    "label": _label,
    "names": _names,
    "column": _text,
    "run": _text,
    "metric": _text,
    "columns": _columns,
    "path": _path,
    "name": _identifier,
    "file_name": _file_name,
    "data": _reference,
    "model": _reference,
    "share_or_data": _share_or_data,
    "steps": _steps,
    "freeze": _freeze,
}
