"""Folders that ``save_to_disk`` of `datasets` writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.data.formats.format import Content
from bertmagic.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

_OF_SPLITS, _OF_ROWS = "dataset_dict.json", "state.json"


def holds(folder: Path) -> bool:
    """Whether a folder is a saved ``Dataset``, or a ``DatasetDict`` with its splits."""
    return (folder / _OF_SPLITS).is_file() or (folder / _OF_ROWS).is_file()


def read(folder: Path) -> Content:
    """Return the rows of a saved data set; those of a ``DatasetDict`` by split.

    Raises
    ------
    DataError
        If a file is missing or broken.
    """
    import datasets
    import pyarrow as pa

    from bertmagic.data import frames

    try:
        loaded = datasets.load_from_disk(str(folder))
        parts = loaded if (folder / _OF_SPLITS).is_file() else {"": loaded}
        return Content({split: frames.read(rows) for split, rows in parts.items()})
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
        what = str(error).strip().split("\n")[0].rstrip(".")
        raise DataError(f"the data set saved in {folder} cannot be read: {what}.", "Save it again.") from None
