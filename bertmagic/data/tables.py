"""Tables by name: what a user gives, a file, a sample or a data set of the hub, and the split of it that is meant."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bertmagic.data import formats, frames, samples, surrogates, variables
from bertmagic.data.formats import archives, words
from bertmagic.data.formats import reading as readings
from bertmagic.data.formats.reading import Reading
from bertmagic.disk import paths
from bertmagic.errors import DataError, UnknownReference, listing, nearest
from bertmagic.text_safety import without_surrogates

if TYPE_CHECKING:
    import pandas as pd


Role = Literal["train", "validation", "test", "any"]
_SPLIT_NAMES: dict[Role, tuple[str, ...]] = {
    "train": ("train",),
    "validation": ("validation", "valid", "dev", "val"),
    "test": ("test", "validation", "valid", "dev"),
    "any": ("train",),
}
"""The names of splits for each role, the preferred one first."""

SUFFIXES = (*formats.SUFFIXES, *archives.SUFFIXES, ".zip")
"""The suffixes that stand for files of data."""


@dataclass(frozen=True)
class Table:
    """Rows with the user's index, what messages call them, and a sentence on how they were read; else empty."""

    name: str
    frame: pd.DataFrame
    note: str = ""

    @cached_property
    def columns(self) -> list[str]:
        """The names of the columns. Each is looked for among them, so they are listed once."""
        return [str(column) for column in self.frame.columns]


@dataclass(frozen=True)
class FileReference:
    """A path or glob, and the options for its files."""

    reference: str
    reading: Reading


@dataclass(frozen=True)
class Splits:
    """The tables of a data set, by the name of their split; a table without splits is called ``""``."""

    tables: Mapping[str, Table]

    def has(self, role: Role) -> bool:
        """Whether one of the splits is meant for a role."""
        return any(name in self.tables for name in _SPLIT_NAMES[role])

    def choose(self, role: Role) -> Table:
        """Return the split for a role, or the only one there is, as it was read.

        Raises
        ------
        DataError
            If there are several splits and none is meant for the role.
        """
        for name in (*_SPLIT_NAMES[role], *(self.tables if len(self.tables) == 1 else ())):
            if name in self.tables:
                return self.tables[name]
        raise DataError(
            f"the data has no {_SPLIT_NAMES[role][0]!r} split; it has {listing(self.tables)}.",
            "Choose one with NAME@SPLIT or data['split'].",
        )


def read(source: Any, role: Role = "any", may_be_empty: bool = False) -> Table:
    """Return one table with columns that have different names, all of them text; of several splits, that for a role.

    Parameters
    ----------
    source
        A DataFrame or Series, a frame of another library, a Dataset or DatasetDict, a dict of columns, a list of
        dicts, ``sample:NAME[@SPLIT]``, a path or glob of CSV, TSV, JSON, JSONL, Parquet or text files, or a hub id
        ``OWNER/NAME[:CONFIG][@SPLIT]``; or the `Splits` of one of these.

    Raises
    ------
    DataError
        If the object holds no rows that can be read, or has none.
    UnknownReference
        If the string names nothing known.
    """
    table = read_splits(source).choose(role)
    if not (len(table.frame) or may_be_empty):
        raise DataError(f"{table.name} has no rows.", "Check the file, or the filter that made it.")
    # Options name columns by text, and so a column 0 of an array or of a file without a header becomes "0".
    frame, mended = surrogates.mended(table.frame)
    names = [str(column) for column in frame.columns]
    if list(frame.columns) != names:
        frame = frame.set_axis(names, axis=1)
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()]
        raise DataError(f"{table.name} has two columns named {twice[0]!r}.", "Rename one of them.")
    note = " ".join(filter(None, (table.note, mended)))
    return Table(without_surrogates(table.name), words.grouped(frame), note)


def read_as(source: Any, reading: Reading, may_be_object: bool = False) -> Any:
    """Return a source with the options for its files, for `read`.

    Parameters
    ----------
    may_be_object
        Whether the options may be meant for another source, so that an object stays as it is.

    Raises
    ------
    DataError
        If there are options, and the source is an object.
    """
    if reading and isinstance(source, str | os.PathLike):
        return FileReference(paths.path_text(source, "data"), reading)
    if reading and not may_be_object:
        raise no_file(f"a {type(source).__name__}", reading)
    return source


def no_file(what: str, reading: Reading) -> DataError:
    """Return an error for options of files that were given for something else."""
    return DataError(
        f"{listing(reading.names)} {'says' if len(reading.names) == 1 else 'say'} how a file is read, and the data is "
        f"{what}.",
        'Leave that out; or write it behind the path of the file that is meant, as in "reviews.csv?sep=;".',
    )


def read_splits(source: Any) -> Splits:
    """Return all splits of a source; see `read`."""
    if isinstance(source, Splits):
        return source
    if isinstance(source, Table):
        return Splits({"": source})
    if isinstance(source, str | os.PathLike | FileReference):
        return Splits(_named(source))
    if isinstance(source, Mapping) and source and all(map(frames.holds_rows, source.values())):
        variable = variables.known(source)
        called = {name: f"{variable}[{name!r}]" if variable else str(name) for name in source}
        return Splits({str(name): Table(called[name], frames.read(rows)) for name, rows in source.items()})
    return Splits({"": Table(variables.name_of(source), frames.read(source))})


def _named(source: str | os.PathLike[str] | FileReference) -> dict[str, Table]:
    files = located(source)
    if files.paths:
        return _of_files(files)
    reference = files.name
    if files.reading:
        raise no_file(repr(reference), files.reading)
    if reference.startswith("sample:"):
        return _sample(reference)
    from bertmagic.data import hub

    name = re.split("[@:]", reference)[0]
    if hub.looks_like_id(reference) and not hub.is_mistyped(name, _neighbours(name)):
        return {split: Table(f"{reference}@{split}" if split else reference, frames.read(rows))
                for split, rows in hub.load(reference).items()}  # fmt: skip
    raise UnknownReference(
        f"there is no data named {reference!r}: no file, sample or hub id.{nearest(reference, _neighbours(reference))}",
        "Give a variable, a path, sample:NAME or OWNER/NAME of the hub.",
    )


@dataclass(frozen=True)
class Files:
    """The files that a reference names.

    Attributes
    ----------
    name
        The reference without the options behind it.
    paths
        The files; none if something else is named.
    split
        The split of them that is meant; empty if none is named.
    reading
        How they are to be read; what stands behind the path counts more than other options.
    """

    name: str
    paths: Sequence[Path]
    split: str
    reading: Reading


def located(source: str | os.PathLike[str] | FileReference) -> Files:
    """Return the files that ``PATH[@SPLIT][?OPTION=…]`` or a glob names."""
    whole = source if isinstance(source, FileReference) else FileReference(_text(source), Reading())
    reference, behind = readings.of_reference(whole.reference)
    reading = behind.over(whole.reading)
    if reference.startswith("sample:"):
        return Files(reference, (), "", reading)
    path, split = _split_of(reference)
    found = _paths(path)
    return Files(path if found else reference, found, split if found else "", reading)


def _text(source: str | os.PathLike[str]) -> str:
    """Return a reference; that of a path object, which can be nothing else, only if it can be a path."""
    return source if isinstance(source, str) else paths.path_text(source, "data")


def _split_of(path: str) -> tuple[str, str]:
    """Part ``PATH@SPLIT``, unless there is a file of that name."""
    before, _, split = path.rpartition("@")
    may_be = before and paths.can_be_path(path)
    named = may_be and not paths.path(path, "data").exists() and paths.path(before, "data").exists()
    return (before, split) if named else (path, "")


def _of_files(files: Files) -> dict[str, Table]:
    """Return the tables of files, or the one of a split."""
    path, split, content = files.name, files.split, formats.read(files.paths, files.reading)
    tables = {name: Table(f"{path}@{name}" if name else path, frame, content.note)
              for name, frame in content.tables.items()}  # fmt: skip
    if split and split not in tables:
        has = f"the splits {listing(tables)}" if set(tables) != {""} else "no splits"
        raise UnknownReference(f"{path} has no split {split!r}: it has {has}.{nearest(split, tables)}")
    return {"": tables[split]} if split else tables


def _sample(reference: str) -> dict[str, Table]:
    name, _, split = reference.removeprefix("sample:").partition("@")
    if split:
        return {"": Table(reference, samples.load(name, split))}
    return {key: Table(f"sample:{name}@{key}", frame) for key, frame in samples.splits(name).items()}


def _paths(reference: str) -> list[Path]:
    """Return the files that a path or glob names; an empty list if it names something else."""
    if not paths.can_be_path(reference):
        return []
    path = paths.path(reference, "data")
    if path.exists() or archives.located(path)[1]:
        return [path]
    if glob.has_magic(reference):
        matches = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207 - absolute globs
        if not matches:
            raise UnknownReference(f"no file matches {reference!r}.", f"The current folder is {Path.cwd()}.")
        return matches
    if path.is_symlink():
        raise UnknownReference(
            f"{reference!r} is a link to a file that is not there.", f"It leads to {path.readlink()}."
        )
    if path.suffix.lower() in SUFFIXES:
        near = nearest(path.name, _neighbours(reference))
        raise UnknownReference(f"there is no file {reference!r}.{near}", f"The current folder is {Path.cwd()}.")
    return []


def _neighbours(reference: str) -> list[str]:
    """Return the names that a misspelt reference may have meant."""
    folder = paths.path(reference, "data").parent if paths.can_be_path(reference) else Path()
    file_names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return [*file_names, *(f"sample:{name}" for name in samples.names())]
