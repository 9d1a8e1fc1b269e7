"""Files that a test writes, read as a user's are."""

import json

import pandas as pd
import pytest

from bertmagic.data import tables
from bertmagic.data.formats.reading import Reading


@pytest.fixture
def read(tmp_path):
    """Return a function that writes a text file and reads it, with the options of files as keywords."""

    def read(name, content, **said):
        (tmp_path / name).write_text(content, encoding="utf-8")
        return tables.read(tables.read_as(tmp_path / name, Reading(**said)))

    return read


@pytest.fixture
def read_export(tmp_path):
    """Return a function that writes a value as JSON, or a list as lines of JSON, and reads its training rows."""

    def read(content, name="export.json", **said):
        lines = name.endswith(".jsonl")
        text = "\n".join(map(json.dumps, content)) if lines else json.dumps(content)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tables.read(tables.read_as(tmp_path / name, Reading(**said)), "train")

    return read


def column(table, name):
    """Return the cells of a column, None where one is missing."""
    return [None if cell is None or cell is pd.NA or cell != cell else cell for cell in table.frame[name].tolist()]
