"""Resolve a typed word: a variable, a Python expression, or a text that the API looks up."""

from __future__ import annotations

import ast
import dataclasses
import json
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bertmagic.data.object_types import is_instance
from bertmagic.errors import OptionError, most_similar, nearest
from bertmagic.magics.syntax import parsed
from bertmagic.options import check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bertmagic.magics.line import Token
    from bertmagic.options import Option

REFERENCES = ("data", "model", "share_or_data")
"""Kinds of option whose text can be a variable, a sample, a run, a path or a hub id."""

_MISSING = object()


@dataclass(frozen=True)
class Given:
    """An option with the value that the user gave.

    Attributes
    ----------
    entry
        The option.
    code
        The Python source of the value.
    read
        Evaluates and checks the value. `value` calls it once; ``--show-code`` never does.
    reference
        The text that the API has to look up; empty if the value is a Python object.
    """

    entry: Option
    code: str
    read: Callable[[], Any]
    reference: str = ""

    @cached_property
    def value(self) -> Any:
        """The value, evaluated at first use."""
        return self.read()


def resolve(entry: Option, tokens: list[Token], names: dict[str, Any]) -> Given:
    """Return the value of one option from its tokens on the line."""
    parts = [_one(entry, token, names) for token in tokens]
    if entry.kind in ("texts", "columns") and len(parts) == 1:
        return parts[0]
    if not entry.many:
        return parts[-1]
    code = f"[{', '.join(part.code for part in parts)}]"
    return Given(entry, code, lambda: _together(entry, [part.value for part in parts]))


def constant(entry: Option, value: Any) -> Given:
    """Return a `Given` for a value that is already parsed."""
    reference = value if entry.kind in REFERENCES and isinstance(value, str) else ""
    return Given(entry, literal(value), lambda: value, reference)


def evaluated(entry: Option, source: str, names: dict[str, Any]) -> Given:
    """Return a `Given` for Python source, which is evaluated at first use."""
    return Given(entry, argument(source), lambda: check(entry, evaluate(entry, source, names)))


def evaluate(entry: Option, source: str, names: dict[str, Any]) -> Any:
    """Return the value of an expression in the user's namespace.

    Raises
    ------
    OptionError
        With the option, the exception and its message.
    """
    try:
        return eval(compile(f"(\n{source}\n)", f"<{entry.name}>", "eval"), names)
    except Exception as error:
        near = nearest(error.name, public(names)) if isinstance(error, NameError) else ""
        what = f"{entry.name} = {shortened(source)} raises {type(error).__name__}: {shortened(str(error))}"
        raise OptionError(what + ("." + near if near else ""), entry.help) from error


def lookup(word: str, names: Mapping[str, Any]) -> Any:
    """Return the object behind a word such as ``df`` or ``df.review``; test the result with `missing`."""
    first, *rest = word.split(".")
    if first not in names or not all(part.isidentifier() for part in (first, *rest)):
        return _MISSING
    value = names[first]
    for part in rest:
        value = getattr(value, part, _MISSING)
    return value


def missing(value: object) -> bool:
    """Whether a `lookup` found nothing."""
    return value is _MISSING


def literal(value: Any) -> str:
    """Return Python source for a value, with texts in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' * (len(value) == 1)})"
    return repr(value)


def argument(source: str) -> str:
    """Return source that is valid as an argument of a call: a bare tuple gets parentheses."""
    try:
        tree: Any = parsed(f"_(x={source}\n)")
    except SyntaxError:
        return f"({source})"
    call = tree.body
    whole = isinstance(call, ast.Call) and len(call.keywords) == 1 and not call.args
    return source if whole else f"({source})"


def public(names: Mapping[str, Any]) -> list[str]:
    """Return the user's names, without those of IPython and its history."""
    given = [name for name in names if is_instance(name, str)]  # a program may have put anything into a namespace
    return [name for name in given if not name.startswith("_") and name not in ("In", "Out", "exit", "quit")]


def near(word: str, names: Mapping[str, Any]) -> str:
    """Return the variable with the most similar name, or an empty string."""
    return most_similar(word, public(names))


def is_model(value: object) -> bool:
    """Whether a value is a TextModel. Does not import the API, which is slow: without it there is no model."""
    api = sys.modules.get("bertmagic.api")
    return api is not None and is_instance(value, api.TextModel)


def is_search(value: object) -> bool:
    """Whether a value is the result of a search. Does not import the module: without it there is no result."""
    results = sys.modules.get("bertmagic.tuning.results")
    return results is not None and is_instance(value, results.Search)


def is_job(value: object) -> bool:
    """Whether a value is a Job. Does not import the module: without it there is no job."""
    jobs = sys.modules.get("bertmagic.run.jobs")
    return jobs is not None and is_instance(value, jobs.Job)


def predicts(value: object) -> bool:
    """Whether a value is a model, or a job that will have one."""
    return is_model(value) or is_job(value)


def model_in(value: Any) -> Any:
    """Return the model of a value: the model itself, or that of a job or search; None if there is none."""
    if is_job(value) or is_search(value):
        return value.model
    return value if is_model(value) else None


def columns(value: Any) -> list[str]:
    """Return the column names of a table-like object; empty for other objects."""
    if isinstance(value, dict):
        return [key for key, held in value.items() if isinstance(key, str) and isinstance(held, list | tuple)]
    for attribute in ("column_names", "columns"):
        # check the type: an instance can have every attribute, or run code for it
        if hasattr(type(value), attribute):
            with suppress(Exception):  # for example a view of a closed database
                return [str(name) for name in getattr(value, attribute)]
    return []


def shortened(text: str, most: int = 160) -> str:
    """Return the text on one line of at most ``most`` characters."""
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def _one(entry: Option, token: Token, names: dict[str, Any]) -> Given:
    if token.kind == "python":
        return evaluated(entry, token.text, names)
    if token.kind == "bare" and entry.kind in (*REFERENCES, "texts"):
        value = lookup(token.text, names)
        if not missing(value):
            return Given(entry, token.text, lambda: check(entry, value))
        if entry.kind == "texts":
            raise _no_text(token.text, names)
    given = constant(entry, check(dataclasses.replace(entry, many=False), token.text))
    return dataclasses.replace(given, code=token.text) if _is_number(token.text, given.value) else given


def _is_number(text: str, value: Any) -> bool:
    """Whether the text is a Python number, so that 1e-4 is shown as typed and not as 0.0001."""
    try:
        return not isinstance(value, str | bool) and bool(ast.literal_eval(text) == value)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _together(entry: Option, values: list[Any]) -> Any:
    if entry.kind == "texts" and not all(isinstance(value, str) for value in values):
        fix = "Give one variable with all of them, or {an expression} that joins them."
        raise OptionError("several inputs are given, and one of them is not a text.", fix)
    return check(entry, values)


def _no_text(word: str, names: Mapping[str, Any]) -> OptionError:
    first, _, rest = word.partition(".")
    if first in names:
        what = f"{first!r} has no attribute {rest!r}.{nearest(rest, columns(names[first]))}"
    else:
        what = f"there is no variable {word!r}.{nearest(word, public(names))}"
    return OptionError(what, f'Quote a text: "{word} …". Put a Python expression in braces: {{…}}.')
