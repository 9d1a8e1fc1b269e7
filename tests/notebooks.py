"""A pytest plugin for the notebooks: each keeps its runs in a folder of its own, so that two can be run at once."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests import forks

LONGEST = ("tuning", "labels_and_pairs", "entities", "quickstart", "evaluation")
"""They begin first, so that all workers end at about the same time."""

home = Path(tempfile.mkdtemp(prefix="bertmagic-notebooks-"))


def pytest_collection_modifyitems(items):
    items.sort(key=lambda cell: LONGEST.index(cell.path.stem) if cell.path.stem in LONGEST else len(LONGEST))


def pytest_configure():
    """Start no kernel with imports of its own: they would take a minute of a processor for all notebooks."""
    forks.address()
    forks.start_kernels()


@pytest.hookimpl(tryfirst=True)  # before the kernel of the notebook is started
def pytest_runtest_setup(item):
    os.environ["BERTMAGIC_HOME"] = str(home / item.path.stem)


def pytest_unconfigure():
    shutil.rmtree(home, ignore_errors=True)
