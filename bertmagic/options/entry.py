"""What is known of one option."""

from __future__ import annotations

import dataclasses
import inspect
import math
from dataclasses import dataclass, field
from typing import Any, Literal, cast

Kind = Literal[
    "data",
    "model",
    "texts",
    "column",
    "columns",
    "name",
    "path",
    "text",
    "choice",
    "int",
    "float",
    "flag",
    "share_or_data",
    "steps",
    "freeze",
    "run",
    "metric",
    "probe",
]

REQUIRED: Any = inspect.Parameter.empty
"""The default of an option that has none."""


@dataclass(frozen=True)
class Option:
    """What is known of one option.

    Attributes
    ----------
    name
        The name in a cell body and in Python.
    kind
        What a value of it is, which decides how a typed string is read.
    default
        The value when nothing is given; `REQUIRED` where there is none.
    help
        One sentence for the user, with the unit.
    choices
        The allowed values of a choice.
    low, high
        The allowed range, both ends included.
    log_scale
        Whether a slider for it should be logarithmic.
    short, flag
        A one-letter flag, and a long flag where it differs from the name.
    many
        Whether it may be given more than once.
    arity
        How many values follow its flag.
    reason
        Why the default is what it is, with its source.
    slider_range
        The ends of a slider for it, where its whole range is too wide to be set by hand.
    when_to_change
        Which curves of a run ask for another value, and which value.
    searchable
        Whether the command takes a range of values for it.
    """

    name: str
    kind: Kind
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    log_scale: bool = False
    short: str = ""
    flag: str = ""
    many: bool = False
    arity: int = 1
    reason: str = ""
    slider_range: tuple[float, float] | None = None
    when_to_change: str = ""
    searchable: bool = False

    @property
    def long(self) -> str:
        """The long flag, such as ``--batch-size``."""
        return "--" + (self.flag or self.name).replace("_", "-")

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return self.default is REQUIRED


def option(default: Any, kind: Kind, help: str, **known: Any) -> Any:
    """Declare a field of a command that is an option."""
    metadata = {"kind": kind, "help": help, **known}
    if default is REQUIRED:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


def table(of: type[Any]) -> tuple[Option, ...]:
    """Return the options of a command's dataclass, in the order they are declared."""
    searched = getattr(of, "searched", ())
    return tuple(
        Option(
            name=f.name,
            default=REQUIRED if f.default is dataclasses.MISSING else f.default,
            searchable=f.name in searched,
            **cast("dict[str, Any]", dict(f.metadata)),
        )
        for f in dataclasses.fields(of)
    )
