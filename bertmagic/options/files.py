"""Options that say how a file of data is read, where its content leaves that open."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from typing import TypedDict, cast

from bertmagic.options.entry import option

FORMATS = (
    "table", "lines", "json", "records", "conll", "webanno", "brat", "pubtator", "semeval", "triples", "parallel",
    "fasttext", "trec", "label_first", "trees", "rasa", "markup", "excel", "sqlite", "parquet", "feather",
    "arrow", "orc",
)  # fmt: skip
"""What a file can be, as in `data.formats.NAMES`."""

_option = partial(option, last=True)


@dataclass(frozen=True, kw_only=True)
class Files:
    """Options of every command that reads data."""

    format: str | None = _option(
        None, "choice", "What a file is; by default what its content shows.", choices=FORMATS,
        reason="The content of a file says more than its suffix: a .txt may be a table, or words with tags.",
    )  # fmt: skip
    header: bool | None = _option(
        None, "flag", "Whether the first row of a file holds the names of its columns; by default what it looks like."
    )
    columns: tuple[str, ...] = _option(
        (),
        "names",
        "Names for the columns of a file without a header; of CoNLL files, which columns are word and tag, as in 2,3.",
        many=True,
    )
    encoding: str | None = _option(None, "text", "The encoding of a text file; by default UTF-8, or what a mark says.")
    sep: str | None = _option(
        None, "text", "What separates the fields of a file, such as ; or |; by default what parts it into equal rows."
    )


class FileOptions(TypedDict, total=False):
    """The same as keywords of a method."""

    format: str | None
    header: bool | None
    columns: tuple[str, ...]
    encoding: str | None
    sep: str | None


def as_keywords(options: Files) -> FileOptions:
    """Return these options of a command, as keywords."""
    return cast("FileOptions", {field.name: getattr(options, field.name) for field in fields(Files)})
