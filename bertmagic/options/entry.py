"""One option of a command."""

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
    "file_name",
    "path",
    "text",
    "label",
    "names",
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
"""The default of an option that must be given."""


@dataclass(frozen=True)
class Option:
    """One option of a command.

    Attributes
    ----------
    name
        The name in a cell body and as a Python keyword.
    kind
        The kind of value, which decides how a typed string is parsed.
    default
        The default value, or `REQUIRED`.
    help
        One sentence for the user, with the unit.
    choices
        The allowed values of an option of kind ``choice``; for a model, values that are offered.
    low, high
        The allowed range, both ends included.
    log_scale
        Whether its slider is logarithmic.
    short, flag
        The one-letter flag, and the long flag if it differs from the name.
    many
        Whether it can be given more than once.
    arity
        The number of values after the flag.
    reason
        The reason for the default, with its source.
    slider_range
        The ends of its slider, if the allowed range is too wide for one.
    when_to_change
        Which training curves ask for another value, and which value.
    searchable
        Whether the command searches over it, given a range of values.
    last
        Whether it is listed behind the other options of a command.
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
    last: bool = False

    @property
    def long(self) -> str:
        """The long flag, such as ``--batch-size``."""
        return "--" + (self.flag or self.name).replace("_", "-")

    @property
    def required(self) -> bool:
        """Whether the user must give a value."""
        return self.default is REQUIRED


def option(default: Any, kind: Kind, help: str, **known: Any) -> Any:
    """Declare a field of a command that is an option."""
    metadata = {"kind": kind, "help": help, **known}
    if default is REQUIRED:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


def table(command: type[Any]) -> tuple[Option, ...]:
    """Return the options of a command in the order of their declaration, those that come last behind the others."""
    searched = getattr(command, "searched", ())
    declared = sorted(dataclasses.fields(command), key=lambda f: bool(f.metadata.get("last")))
    return tuple(
        Option(
            name=f.name,
            default=REQUIRED if f.default is dataclasses.MISSING else f.default,
            searchable=f.name in searched,
            **cast("dict[str, Any]", dict(f.metadata)),
        )
        for f in declared
    )
