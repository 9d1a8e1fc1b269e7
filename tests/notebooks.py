"""A pytest plugin for the notebooks: each keeps its runs in a folder of its own, so that several run at once.

``--short-notebooks`` bounds the steps of each training in them, and has a small model stand in for MiniLM. Their cells
are what is tested here, and not how good their models become: `make soak` trains them to the end.
"""

import gc
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from . import forks, stand_in

LONGEST = ("tuning", "labels_and_pairs", "pretraining", "quickstart")
"""They begin first, so that all workers end at about the same time."""

NEEDS = {"tensorflow": "TensorFlow is not installed: make keras"}
"""Notebooks that are skipped where the package of their name is not installed."""

home = Path(tempfile.mkdtemp(prefix="bertmagic-notebooks-"))

STEPS = """
from bertmagic.workflows import resolve

whole_steps = resolve.count_steps
resolve.count_steps = lambda *known: min(whole_steps(*known), 5)
"""
"""What the kernel of a short notebook runs first, with the cell of `stand_in`."""


def pytest_addoption(parser):
    parser.addoption("--short-notebooks", action="store_true", help="five steps of training, with a small model")


def pytest_configure(config):
    is_worker = hasattr(config, "workerinput") or not config.getoption("numprocesses", None)
    if config.getoption("--short-notebooks") and is_worker:
        startup = home / "ipython/profile_default/startup"
        startup.mkdir(parents=True)
        (startup / "short.py").write_text(stand_in.write(home / "packages") + STEPS)


def is_cell(item):
    return item.path.suffix == ".ipynb"


@pytest.hookimpl(tryfirst=True)  # the browser comes before them all
def pytest_collection_modifyitems(items):
    for cell in filter(is_cell, items):
        cell.add_marker(pytest.mark.filterwarnings("ignore"))  # of the transport, and of what a reader's code does
        if (name := cell.path.stem) in NEEDS and find_spec(name) is None:
            cell.add_marker(pytest.mark.skip(reason=NEEDS[name]))
    items.sort(key=lambda cell: LONGEST.index(cell.path.stem) if cell.path.stem in LONGEST else len(LONGEST))


@pytest.hookimpl(tryfirst=True, wrapper=True)  # the kernel of a notebook is started in here
def pytest_runtest_setup(item):
    if not is_cell(item):
        return (yield)
    end = forks.start_kernels()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTMAGIC_HOME", str(home / item.path.stem))
        patch.setenv("IPYTHONDIR", str(home / "ipython"))
        outcome = yield
    end()
    return outcome


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    outcome = yield
    if is_cell(item) and (nextitem is None or nextitem.path != item.path):
        gc.collect()  # a warning of what the transport left open belongs here, and not to a test that comes later
    return outcome


def pytest_unconfigure():
    shutil.rmtree(home, ignore_errors=True)
