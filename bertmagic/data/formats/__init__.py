"""Files of rows, in the formats that people have them in: each module reads some of them.

What a file is, its content says first; its suffix decides where several readings are possible, and the user where that
is not enough. How it was read stands in the note that comes with the rows.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

from bertmagic.data.formats import (
    archives,
    columnar,
    conll,
    database,
    delimited,
    folders,
    lines,
    markup,
    parallel,
    parts,
    rasa,
    records,
    refusals,
    standoff,
    trees,
    workbook,
)
from bertmagic.data.formats.conll import webanno
from bertmagic.data.formats.format import Content, Fit, Format
from bertmagic.data.formats.reading import Reading
from bertmagic.data.formats.source import Source
from bertmagic.errors import DataError, count, listing, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMATS: tuple[Format, ...] = (
    *columnar.FORMATS,
    workbook.FORMAT,
    database.FORMAT,
    records.FORMAT,
    records.PLAIN,
    lines.FASTTEXT,
    lines.TREC,
    trees.FORMAT,
    rasa.FORMAT,
    markup.FORMAT,
    *standoff.FORMATS,
    parallel.FORMAT,
    webanno.FORMAT,
    conll.FORMAT,
    delimited.FORMAT,
    lines.LABEL_FIRST,
    lines.FORMAT,
)
"""All formats; of those that are sure of a file, the first one reads it."""

_NOTES = 3
"""How many different notes are shown on files that are read as one table."""

NAMES = tuple(known.name for known in FORMATS)
SUFFIXES = tuple(suffix for known in FORMATS for suffix in known.suffixes)


def read(paths: Sequence[Path], reading: Reading = Reading()) -> Content:  # noqa: B008 - frozen
    """Return the rows of files with the same columns, one file after the other.

    Raises
    ------
    DataError
        For a file that is empty, cannot be decoded or read, or can be read in several ways.
    """
    contents = [_read(Source(path, reading)) for path in paths]
    return contents[0] if len(contents) == 1 else _joined(paths, contents)


def _joined(paths: Sequence[Path], contents: Sequence[Content]) -> Content:
    import pandas as pd

    frames = []
    for path, content in zip(paths, contents, strict=True):
        if set(content.tables) != {""}:
            raise DataError(f"{path.name} holds {listing(content.tables)}.", "Read such files one by one.")
        frames.append(content.tables[""])
    first = set(frames[0].columns)
    for path, frame in zip(paths, frames, strict=True):
        if set(frame.columns) != first:
            differ = listing(sorted(map(str, first ^ set(frame.columns))))
            raise DataError(f"{path.name} has other columns than {paths[0].name} ({differ}).", "Read them one by one.")
    notes = list(dict.fromkeys(content.note for content in contents if content.note))
    if len(notes) > _NOTES:
        notes[_NOTES:] = [f"{count(len(notes) - _NOTES, 'other note')} on further files."]
    return Content({"": pd.concat(frames, ignore_index=True)}, " ".join(notes))


def _read(source: Source) -> Content:
    if source.path.is_dir():
        return folders.read(
            source.path,
            source.reading,
            lambda paths: read(paths, source.reading),
            lambda path: _is_lines(Source(path, source.reading)),
        )
    before = source.file.stat()
    if not stat.S_ISREG(before.st_mode):  # it may have no end, or be waited for
        raise DataError(
            f"{source.file} is a pipe, a socket or a device, and no file.",
            "Write what it gives to a file, or read it yourself and give the DataFrame.",
        )
    if before.st_size == 0:
        raise DataError(f"{source.file} is empty (0 bytes).", "Check how it was written.")
    if not source.member and archives.is_archive(source.file):
        return _of_archive(source)
    content = choose(source).read(source)
    after = source.file.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise DataError(f"{source.name} changed while it was read.", "Read it again when it is written to its end.")
    return content


def _is_lines(source: Source) -> bool:
    """Whether a file is text that no other format is likely to read."""
    try:
        refusals.check(source)
        refusals.check_text(source)
    except DataError:
        return False
    others = [known for known in FORMATS if known is not lines.FORMAT]
    return not any(known.fit(source) is Fit.SURE or source.suffix in {*known.suffixes} - {".txt"} for known in others)


def _of_archive(source: Source) -> Content:
    """Return the rows of the only file in a zip archive, or of a file for each split."""
    names = archives.data_members(source.file)
    paths = {name: Path(f"{source.file}:{name}") for name in names}
    if len(names) == 1:
        return _read(Source(paths[names[0]], source.reading))
    if splits := parts.splits(names):
        chosen = {split: [paths[name] for name in files] for split, files in splits.items()}
        return folders.joined(source.name, chosen, len(names), lambda files: read(files, source.reading))
    raise DataError(
        f"{source.name} holds {count(len(names), 'file')}: {listing(names, 5)}.",
        f"Name one, as in {source.name}:{names[0]}; or unpack it.",
    )


def choose(source: Source) -> Format:
    """Return the format of a file: what the user says, what its content shows, or what its suffix names.

    Raises
    ------
    DataError
        If the user names a format that is not known, no format fits, or several fit and the suffix does not decide.
    """
    refusals.check(source)
    if source.reading.format:
        return named(source.reading.format)
    possible = []
    for known in FORMATS:
        fit = known.fit(source)
        if fit is Fit.SURE:
            return known
        if fit is Fit.POSSIBLE:
            possible.append(known)
    refusals.check_text(source)
    by_suffix = [known for known in possible or FORMATS if source.suffix in known.suffixes]
    chosen = by_suffix if len(by_suffix) == 1 else possible
    if len(chosen) == 1:
        return chosen[0]
    if not chosen:
        raise DataError(
            f"{source.name} is of an unknown kind.",
            f'format = "lines" reads each line as a text; or say what it is: {listing(NAMES, 40)}.',
        )
    names = [known.name for known in chosen]
    ways = "\n".join(f'format = "{name}"' for name in names)
    raise DataError(f"{source.name} can be read in several ways: {listing(names)}.", f"Say which:\n{ways}")


def named(name: str) -> Format:
    """Return a format by its name."""
    for known in FORMATS:
        if known.name == name:
            return known
    raise DataError(f"there is no format {name!r}.{nearest(name, NAMES)}", f"Known are {listing(NAMES, 40)}.")
