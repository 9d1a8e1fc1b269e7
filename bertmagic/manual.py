"""``bm.help``: an overview of bertmagic, the page of a magic, and the entry of an option, as plain text."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module

from bertmagic.errors import UnknownReference, nearest
from bertmagic.magic_words import has_magics
from bertmagic.options import COMMANDS, Command, Option
from bertmagic.options.document import entry_text
from bertmagic.options.files import FileOptions
from bertmagic.options.help import page, page_of_call
from bertmagic.options.synonyms import SYNONYMS

_FIRST = "bertmagic fine-tunes BERT-family models on your own table, from a notebook cell or from Python.\n\n"
_MAGICS = """In a notebook:

  %load_ext bertmagic
  import bertmagic as bm
  reviews = bm.samples.load("reviews", "train")

  %%bert_finetune sentiment
  train  = reviews
  text   = "review"
  label  = "sentiment"
  epochs = 3

  %bert_predict "I would buy it again" -m sentiment
  %bert_evaluate sample:reviews@test -m sentiment

The same in Python:

"""
_CALLS = """In Python:

  import bertmagic as bm
  reviews = bm.samples.load("reviews", "train")

"""
_OVERVIEW = """  model = bm.finetune(reviews, text="review", label="sentiment", epochs=3)
  model.predict(["I would buy it again"]).frame
  model.evaluate("sample:reviews@test")
  model.save("models/sentiment")

{about}:

{commands}

{python}.

bm.help("finetune") prints the options of one command{too}; bm.help("lr") explains an option.
"""


ESTIMATORS = ("BertClassifier", "BertRegressor", "BertVectorizer")
"""The classes of `bertmagic.sklearn`, which is imported when one of them is asked for: it needs a second."""


def help(topic: str = "") -> None:
    """Print an overview with examples, or the help of one topic.

    Parameters
    ----------
    topic
        A magic (``"%bert_finetune"``), function or method (``"finetune"``, ``"TextModel.predict"``), an option
        (``"lr"``), or the name of an option in another tool (``"learning_rate"``). Empty for the overview.

    Raises
    ------
    UnknownReference
        If there is no such topic; with the most similar one.

    Examples
    --------
    >>> help("epochs")  # doctest: +ELLIPSIS
    epochs: an option of bm.finetune...
    """
    sys.stdout.write(text(topic).rstrip() + "\n")


def text(topic: str = "") -> str:
    """Return what `help` prints."""
    name = topic.strip().strip("%?()-").removeprefix("bm.").rpartition(".")[2].replace("-", "_")
    if not name:
        return overview()
    if found := commands_of(name):
        return "\n\n\n".join(map(page if has_magics() else _page_of_call, found))
    if name in ESTIMATORS:
        return f"{name}{_documented(getattr(import_module('bertmagic.sklearn'), name))}"
    documented = [f"{name}{owner[name]}" for owner in (_public(), _methods()) if name in owner]
    meant = (name, *(synonym.option for synonym in SYNONYMS.get(name, ())))
    explained = [_option(option) for option in dict.fromkeys(meant) if option in _options()]
    if not documented and not explained:
        known = [
            *COMMANDS,
            *map(_function, COMMANDS.values()),
            *_public(),
            *_methods(),
            *ESTIMATORS,
            *_options(),
            *SYNONYMS,
        ]
        raise UnknownReference(f"bm.help knows no {topic!r}.{nearest(name, known)}", "bm.help() lists the topics.")
    return "\n\n".join([*documented, *explained])


def overview() -> str:
    """Return the page that `help` prints without a topic."""
    python = ", ".join([f"bm.{name}" for name in _public()] + [f"model.{name}" for name in _methods()])
    python += f".\nFor scikit-learn: {', '.join(ESTIMATORS)} in bertmagic.sklearn"
    calls = [f"{_call(one):<22} {one.summary.splitlines()[0]}" for one in COMMANDS.values()]
    if not has_magics():
        lines = "\n".join(f"  {call}" for call in calls)
        known = {"about": "The functions", "commands": lines, "python": f"There are, too: {python}", "too": ""}
        return _FIRST + _CALLS + _OVERVIEW.format(**known)
    lines = "\n".join(f"  %{one.magic:<15} {call}" for one, call in zip(COMMANDS.values(), calls, strict=True))
    known = {"about": "Magics and functions have the same options", "commands": lines}
    known |= {"python": f"Only in Python: {python}", "too": ", as %bert_finetune? does"}
    return _FIRST + _MAGICS + _OVERVIEW.format(**known)


def _page_of_call(command: Command) -> str:
    from bertmagic.text_model import TextModel

    owner = TextModel if command.function.startswith("TextModel.") else import_module("bertmagic")
    parameters = inspect.signature(getattr(owner, _function(command))).parameters
    takes_all = any(one.kind is one.VAR_KEYWORD and one.name == "options" for one in parameters.values())
    return page_of_call(command, _call(command), None if takes_all else [*parameters, *FileOptions.__annotations__])


def commands_of(name: str) -> list[Command]:
    """Return the commands with this magic, with or without ``bert_``, or with this function."""
    return [one for one in COMMANDS.values() if name in (one.magic, one.magic.removeprefix("bert_"), _function(one))]


def _function(command: Command) -> str:
    return command.function.removeprefix("TextModel.")


def _call(command: Command) -> str:
    owner = "model" if command.function.startswith("TextModel.") else "bm"
    return f"{owner}.{_function(command)}"


@cache
def _options() -> dict[str, dict[str, list[tuple[Option, str]]]]:
    """Return by name, then by help text, the options and the functions that have them."""
    known: dict[str, dict[str, list[tuple[Option, str]]]] = {}
    for command in COMMANDS.values():
        for entry in command.options:
            known.setdefault(entry.name, {}).setdefault(entry.help, []).append((entry, _call(command)))
    return known


def _option(name: str) -> str:
    return "\n\n".join(
        f"{name}: an option of {', '.join(function for _, function in uses)}.\n\n{entry_text(uses[0][0])}"
        for uses in _options()[name].values()
    )


@cache
def _public() -> dict[str, str]:
    """Return signature and docstring of the public functions that have no magic."""
    bertmagic = import_module("bertmagic")
    functions = {_function(one) for one in COMMANDS.values()}
    members = {name: getattr(bertmagic, name) for name in bertmagic.__all__ if name not in functions}
    return {name: _documented(one) for name, one in members.items() if inspect.isfunction(one) and name != "help"}


@cache
def _methods() -> dict[str, str]:
    """Return signature and docstring of the methods of a model that have no magic."""
    from bertmagic.text_model import TextModel

    functions = {_function(one) for one in COMMANDS.values()}
    members = {name: member for name, member in vars(TextModel).items() if inspect.isfunction(member)}
    return {n: _documented(member) for n, member in members.items() if not n.startswith("_") and n not in functions}


def _documented(member: Callable[..., object]) -> str:
    """Return the parameters without their types, which the docstring names, and the docstring."""
    shown = [
        one.replace(annotation=one.empty)
        for name, one in inspect.signature(member).parameters.items()
        if name != "self"
    ]
    return f"{inspect.Signature(shown)}\n\n{inspect.getdoc(member)}"
