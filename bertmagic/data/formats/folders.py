"""Folders of files: a class in each folder, a file for each split, or a single file of data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from bertmagic.data.formats import archives, lines, parallel, parts, saved
from bertmagic.data.formats.format import Content
from bertmagic.data.formats.source import Source
from bertmagic.data.formats.standoff import brat
from bertmagic.errors import DataError, count, listing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from bertmagic.data.formats.reading import Reading

_TEXT_SUFFIX = re.compile(r"(\.txt|\.text|\.\d+)?", re.IGNORECASE)
_UNLABELLED = frozenset(["unsup", "unlabeled", "unlabelled"])


def read(
    folder: Path,
    reading: Reading,
    read_files: Callable[[Sequence[Path]], Content],
    is_lines: Callable[[Path], bool],
) -> Content:
    """Return the rows of a folder.

    Parameters
    ----------
    read_files
        Reads files of rows as one.
    is_lines
        Whether a file has a text in each line and nothing else.

    Raises
    ------
    DataError
        If the folder has no data, or it does not tell which of its files are meant.
    """
    if saved.holds(folder):
        return saved.read(folder)
    entries = sorted(entry for entry in _listed(folder) if archives.holds_data(entry.name))
    if content := _classes(folder, entries, reading) or brat.of_folder(entries, reading):
        return content
    files = {entry.name: entry for entry in entries if entry.is_file()}
    texts = parallel.without_labels(files)
    if splits := parts.splits(texts):
        chosen = {split: [texts[name] for name in names] for split, names in splits.items()}
        return joined(folder.name, chosen, len(texts), read_files)
    if parts.are_shards(texts):
        return read_files(list(texts.values()))
    if len(texts) == 1 or (files and parallel.belong_together(list(files.values()))):
        return read_files([next(iter(texts.values()))])
    if (labels := parts.classes(texts)) and all(map(is_lines, texts.values())):
        return _class_files(folder, {labels[name]: path for name, path in texts.items()}, reading)
    raise _unclear(folder, entries)


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except PermissionError:
        raise DataError(f"{folder} cannot be opened: you have no permission to read it.", "Ask its owner.") from None


def _unclear(folder: Path, entries: Sequence[Path]) -> DataError:
    if not entries:
        return DataError(f"{folder} is a folder without data.", "Check the path.")
    suffixes = sorted({entry.suffix for entry in entries if entry.is_file()}) or ["/*.csv"]
    kinds = {"*" + suffix for suffix in suffixes} if len(suffixes) < 4 else {"*"}
    return DataError(
        f"{folder} is a folder of {count(len(entries), 'file')}: {listing((entry.name for entry in entries), 5)}.",
        f"Name the files that are meant, as in {folder}/{min(kinds)}.",
    )


def joined(
    name: str, files: Mapping[str, Sequence[Path]], of: int, read_files: Callable[[Sequence[Path]], Content]
) -> Content:
    """Return the rows of one or more files for each split; the note says which of ``of`` files these are.

    Raises
    ------
    DataError
        If a file has splits itself.
    """
    tables, notes = {}, dict[str, None]()
    for split, paths in files.items():
        content = read_files(paths)
        if set(content.tables) != {""}:
            raise DataError(f"{paths[0].name} has the splits {listing(content.tables)} itself.", "Name that file.")
        tables[split] = content.tables[""]
        notes[content.note] = None
    chosen = listing(f"{split} is {_names(paths)}" for split, paths in files.items())
    others = of - sum(map(len, files.values()))
    rest = f"; {count(others, 'other file')} left out" if others else ""
    return Content(tables, " ".join(filter(None, [f"{name} holds splits: {chosen}{rest}.", *notes])))


def _names(paths: Sequence[Path]) -> str:
    names = [archives.located(path)[1] or path.name for path in paths]
    return names[0] if len(names) == 1 else f"{names[0]} to {names[-1]}"


def _classes(folder: Path, entries: Sequence[Path], reading: Reading) -> Content | None:
    """Return a row for each file of folders that are classes; None if they are something else."""
    below = {entry: sorted(_listed(entry)) for entry in entries if entry.is_dir()}
    if classes := _of_texts(below):
        return Content({"": _frame(classes, reading)}, _note(folder, classes))
    splits = {parts.split_of(entry.name)[0]: entry for entry in below}
    if "train" not in splits:
        return None
    tables, notes = {}, []
    for split, entry in splits.items():
        classes = _of_texts({inner: sorted(_listed(inner)) for inner in below[entry] if inner.is_dir()})
        if classes:
            tables[split] = _frame(classes, reading)
            notes.append(_note(entry, classes))
    return Content(tables, " ".join(notes)) if "train" in tables else None


def _of_texts(below: Mapping[Path, Sequence[Path]]) -> dict[str, list[Path]]:
    """Return the text files of each folder; none if there are less than two folders, or files of other kinds."""
    visible = {inner: [path for path in files if archives.holds_data(path.name)] for inner, files in below.items()}
    texts = all(path.is_file() and _TEXT_SUFFIX.fullmatch(path.suffix) for files in visible.values() for path in files)
    classes = {inner.name: files for inner, files in visible.items() if files}
    return classes if texts and len(classes) > 1 else {}


def _frame(classes: Mapping[str, Sequence[Path]], reading: Reading) -> pd.DataFrame:
    import pandas as pd

    labelled = [(label, path) for label, files in classes.items() for path in files if label not in _UNLABELLED]
    return pd.DataFrame(
        {
            "text": [Source(path, reading).text for _, path in labelled],
            "label": [label for label, _ in labelled],
            "file": [f"{label}/{path.name}" for label, path in labelled],
        }
    )


def _class_files(folder: Path, files: Mapping[str, Path], reading: Reading) -> Content:
    """Return a row for each line of files whose names differ in their class, as in ``polarity.pos`` and ``.neg``."""
    import pandas as pd

    rows = [
        (text, label)
        for label, path in files.items()
        for _, text in lines.numbered(Source(path, reading))
        if text.strip()
    ]
    note = f"Each line of the files in {folder.name} is a text, and the name of its file the label: {listing(files)}."
    return Content({"": pd.DataFrame(rows, columns=["text", "label"])}, note)


def _note(folder: Path, classes: Mapping[str, Sequence[Path]]) -> str:
    labels = {label: files for label, files in classes.items() if label not in _UNLABELLED}
    without = [f"{label} ({count(len(files), 'file')})" for label, files in classes.items() if label not in labels]
    rest = f"; left out is {listing(without)}, which has no label" if without else ""
    return f"Each file of {folder.name} is a row, and its folder the label: {listing(labels)}{rest}."
