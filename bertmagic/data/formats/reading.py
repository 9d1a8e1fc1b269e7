"""How a user says that a file is to be read, where its content leaves that open."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from bertmagic.errors import DataError

if TYPE_CHECKING:
    from bertmagic.options.files import Files

_QUERY = re.compile(r"(?P<path>.+)\?(?P<query>(?:format|header|columns|encoding|sep)=.*)", re.DOTALL)
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The options of a file that the user gave; None, or an empty tuple, where its content decides.

    Attributes
    ----------
    format
        A name of `formats.NAMES`.
    header
        Whether the first row of a table holds the names of its columns.
    columns
        Names for the columns of a table that has none; or, of a file with a word a line, the column of words and that
        of tags, by name or by number from 1.
    encoding
        The encoding of text, as Python names it.
    sep
        What stands between two fields.
    """

    format: str | None = None
    header: bool | None = None
    columns: tuple[str, ...] = ()
    encoding: str | None = None
    sep: str | None = None

    def __bool__(self) -> bool:
        return bool(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the options that have a value."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) not in (None, ()))

    def over(self, other: Reading) -> Reading:
        """Return the values of this one, and those of another where this one has none."""
        return replace(other, **{name: getattr(self, name) for name in self.names})


def of_options(options: Files) -> Reading:
    """Return what the options of a command say."""
    return Reading(**{field.name: getattr(options, field.name) for field in fields(Reading)})


def of_reference(reference: str) -> tuple[str, Reading]:
    """Split ``PATH?format=conll&columns=2,3`` into the path and its options.

    Raises
    ------
    DataError
        For a name or a value that is not known.
    """
    match = _QUERY.fullmatch(reference)
    if match is None:
        return reference, Reading()
    given: dict[str, Any] = dict(parse_qsl(match["query"], keep_blank_values=True, encoding="utf-8"))
    unknown = given.keys() - {field.name for field in fields(Reading)}
    if unknown:
        raise DataError(
            f"{reference!r} says {min(unknown)!r}, which is not known.",
            "Known are format, header, columns, encoding and sep.",
        )
    if "header" in given:
        if given["header"].lower() not in _TRUTH:
            raise DataError(f"header={given['header']} in {reference!r} is not yes or no.", "Write header=no.")
        given["header"] = _TRUTH[given["header"].lower()]
    if "columns" in given:
        given["columns"] = tuple(name.strip() for name in given["columns"].split(","))
    if "sep" in given:
        given["sep"] = given["sep"].replace("\\t", "\t")
    return match["path"], Reading(**given)
