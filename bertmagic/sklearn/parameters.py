"""Parameters of estimators from the table of options, as scikit-learn reads them: from a signature."""

from __future__ import annotations

import inspect
import textwrap
from typing import TYPE_CHECKING, Any, TypeVar

from bertmagic import options as table
from bertmagic.errors import InputError, OptionError
from bertmagic.options import synonyms
from bertmagic.options.files import Files

if TYPE_CHECKING:
    from collections.abc import Callable

    from bertmagic.options.entry import Option

Class = TypeVar("Class", bound=type[Any])

_OF_A_CALL = frozenset(
    ["train", "test", "text", "label", "question", "context", "answers", "task", "max_answer_length",
     "label_all_pieces", "background", "resume", "checkpoint_every", "checkpoint_minutes", "baselines", "keep_rows",
     "save_to", "log_to"]
) | {entry.name for entry in table.table(Files)}  # fmt: skip
"""Options that name data or files, or are for a run in a notebook: an estimator has none of them."""

_NAME = "The name of the run to keep in the folder of runs; by default nothing is kept on the disk."


def chosen(without: frozenset[str] = frozenset()) -> tuple[Option, ...]:
    """Return the options of fine-tuning that an estimator has."""
    return tuple(entry for entry in table.table(table.Finetune) if entry.name not in _OF_A_CALL | without)


def parameters(without: frozenset[str] = frozenset()) -> Callable[[Class], Class]:
    """Return a decorator that gives a class the options of fine-tuning as the parameters of its constructor.

    They are set as they are given, and read by ``fit``: scikit-learn's `clone` compares them by identity.
    """
    entries = chosen(without)
    defaults: dict[str, Any] = {entry.name: entry.default for entry in entries} | {"show": False}

    def decorate(kind: Class) -> Class:
        def __init__(self: Any, **given: Any) -> None:
            for name in given:
                if name not in defaults:
                    raise synonyms.unknown(name, entries)
            for name, value in (defaults | given).items():
                setattr(self, name, value)

        own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        keywords = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value) for name, value in defaults.items()
        ]
        __init__.__signature__ = inspect.Signature([own, *keywords])  # type: ignore[attr-defined]
        __init__.__qualname__ = f"{kind.__qualname__}.__init__"
        __init__.__doc__ = "Set the parameters; `fit` checks them."
        kind.__init__ = __init__
        before, heading, after = (inspect.getdoc(kind) or "").partition("Attributes\n---")
        kind.__doc__ = f"{before}Parameters\n----------\n{_described(entries)}\n\n{heading}{after}"
        return kind

    return decorate


def _described(entries: tuple[Option, ...]) -> str:
    """Return the parameters in numpy's form."""
    helps = {entry.name: _NAME if entry.name == "name" else entry.help for entry in entries}
    helps["show"] = "Whether to show the panel of the run."
    return "\n".join(f"{name}\n{textwrap.indent(textwrap.fill(text, 110), '    ')}" for name, text in helps.items())


def read(given: dict[str, Any], **fixed: Any) -> table.Finetune:
    """Return the options of a run with the values of an estimator.

    Raises
    ------
    InputError
        If a value cannot be used.
    """
    share = given.get("validation")
    if share is not None and (isinstance(share, bool) or not hasattr(share, "__float__")):
        raise InputError(
            f"validation is an object of type {type(share).__name__}, not a share of the rows.",
            "Give a number such as 0.1, or 0 to train on all rows.",
        )
    known = {name: value for name, value in given.items() if name != "show"}
    try:
        return table.read(table.Finetune, {**known, **fixed})
    except OptionError as error:
        raise InputError(error.what, error.fix) from None
