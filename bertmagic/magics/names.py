"""What a typed word means: a variable, Python, or a text for the API to look up."""

from __future__ import annotations

import ast
import dataclasses
import difflib
import json
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bertmagic.errors import OptionError, nearest
from bertmagic.options import check

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bertmagic.magics.line import Token
    from bertmagic.options import Option

REFERENCES = ("data", "model", "share_or_data")
"""The kinds of option whose text may name a variable, a sample, a run, a path or a hub id."""

_MISSING = object()


@dataclass(frozen=True)
class Given:
    """One option as the user gave it.

    Attributes
    ----------
    entry
        The option.
    code
        The Python text that stands for the value.
    read
        Evaluates and checks the value; `value` calls it once, and showing the code never does.
    reference
        The text that the API has to look up; empty where Python found the value.
    """

    entry: Option
    code: str
    read: Callable[[], Any]
    reference: str = ""

    @cached_property
    def value(self) -> Any:
        """The value, evaluated when it is first asked for."""
        return self.read()


def resolve(entry: Option, tokens: list[Token], names: dict[str, Any]) -> Given:
    """Return what was typed on the line for one option."""
    parts = [_one(entry, token, names) for token in tokens]
    if entry.kind in ("texts", "columns") and len(parts) == 1:
        return parts[0]
    if not entry.many:
        return parts[-1]
    code = f"[{', '.join(part.code for part in parts)}]"
    return Given(entry, code, lambda: _together(entry, [part.value for part in parts]))


def constant(entry: Option, value: Any) -> Given:
    """Return a value that needs no reading as a given one."""
    reference = value if entry.kind in REFERENCES and isinstance(value, str) else ""
    return Given(entry, literal(value), lambda: value, reference)


def evaluated(entry: Option, source: str, names: dict[str, Any]) -> Given:
    """Return Python source as a given value, evaluated when it is read."""
    return Given(entry, argument(source), lambda: check(entry, evaluate(entry, source, names)))


def evaluate(entry: Option, source: str, names: dict[str, Any]) -> Any:
    """Return the value of an expression in the user's namespace.

    Raises
    ------
    OptionError
        That names the option, the exception and its message.
    """
    try:
        return eval(compile(f"(\n{source}\n)", f"<{entry.name}>", "eval"), names)
    except Exception as error:
        near = nearest(error.name, public(names)) if isinstance(error, NameError) else ""
        what = f"{entry.name} = {shortened(source)} raises {type(error).__name__}: {shortened(str(error))}"
        raise OptionError(what + ("." + near if near else ""), entry.help) from error


def lookup(word: str, names: Mapping[str, Any]) -> Any:
    """Return what a word such as ``df`` or ``df.review`` is bound to; `missing` tells when it is nothing."""
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
    """Return Python source for a value, texts between double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' * (len(value) == 1)})"
    return repr(value)


def argument(source: str) -> str:
    """Return source that may stand as an argument of a call: a bare tuple, say, gets parentheses."""
    try:
        call = ast.parse(f"_(x={source}\n)", mode="eval").body
    except SyntaxError:
        return f"({source})"
    whole = isinstance(call, ast.Call) and len(call.keywords) == 1 and not call.args
    return source if whole else f"({source})"


def public(names: Mapping[str, Any]) -> list[str]:
    """Return the names that a user may have given; those of IPython and of history are left out."""
    return [name for name in names if not name.startswith("_") and name not in ("In", "Out", "exit", "quit")]


def near(word: str, names: Mapping[str, Any]) -> str:
    """Return the variable whose name is nearest to a word, or an empty text."""
    close = difflib.get_close_matches(word, public(names), n=1, cutoff=0.6)
    return close[0] if close else ""


def is_model(value: object) -> bool:
    """Whether a value is a TextModel; asks only the API that is already imported, as it is heavy."""
    api = sys.modules.get("bertmagic.api")
    return api is not None and isinstance(value, api.TextModel)


def is_search(value: object) -> bool:
    """Whether a value is what a search found; asks only the module that is already imported."""
    results = sys.modules.get("bertmagic.tuning.results")
    return results is not None and isinstance(value, results.Search)


def is_job(value: object) -> bool:
    """Whether a value is a Job; asks only the module that is already imported, as none is made without it."""
    jobs = sys.modules.get("bertmagic.run.jobs")
    return jobs is not None and isinstance(value, jobs.Job)


def predicts(value: object) -> bool:
    """Whether a value is a model, or a job that may have one."""
    return is_model(value) or is_job(value)


def model_in(value: Any) -> Any:
    """Return the model that a variable's value is, or that a job has; None if it has none."""
    if is_job(value) or is_search(value):
        return value.model
    return value if is_model(value) else None


def columns(value: Any) -> list[str]:
    """Return the column names of anything like a table; empty where there are none."""
    if isinstance(value, dict):
        return [key for key, held in value.items() if isinstance(key, str) and isinstance(held, list | tuple)]
    for attribute in ("column_names", "columns"):
        # Asked of the type: an instance may answer any attribute, or run code to do so.
        if hasattr(type(value), attribute):
            with suppress(Exception):  # a view of a closed database, say
                return [str(name) for name in getattr(value, attribute)]
    return []


def shortened(text: str, most: int = 160) -> str:
    """Return the text in one line of bounded length, so that an error stays short."""
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
    """Whether a number was typed that is good Python, so that 1e-4 is shown as typed and not as 0.0001."""
    try:
        return not isinstance(value, str | bool) and bool(ast.literal_eval(text) == value)
    except (SyntaxError, ValueError):
        return False


def _together(entry: Option, values: list[Any]) -> Any:
    if entry.kind == "texts" and not all(isinstance(value, str) for value in values):
        fix = "Give one variable that holds them all, or {an expression} that joins them."
        raise OptionError("several texts are given, and one of them is not a text.", fix)
    return check(entry, values)


def _no_text(word: str, names: Mapping[str, Any]) -> OptionError:
    first, _, rest = word.partition(".")
    if first in names:
        what = f"{first!r} has no attribute {rest!r}.{nearest(rest, columns(names[first]))}"
    else:
        what = f"there is no variable {word!r}.{nearest(word, public(names))}"
    return OptionError(what, f'Quote a text: "{word} …"; put a Python expression in braces: {{…}}.')
