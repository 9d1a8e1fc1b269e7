"""Real kernels in a folder of their own, with a tiny encoder and rows on disk."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .client import Kernel
from .tiny import rows

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def encoder(tmp_path_factory):
    """The folder of a tiny encoder, written by a process of its own: this one needs no torch."""
    folder = tmp_path_factory.mktemp("tiny") / "tinybert"
    code = f"import pathlib, runpy; runpy.run_path({str(HERE / 'tiny.py')!r})['save'](pathlib.Path({str(folder)!r}))"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def env():
    """The environment of kernels: no hub, and one thread, as a tiny model gains nothing by more."""
    return {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "BERTMAGIC_HOME": ""}


@pytest.fixture(scope="session")
def workplace(tmp_path_factory, encoder):
    """A user's folder: the rows to train on, and the encoder beside them."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "reviews.json").write_text(json.dumps(rows(400)), encoding="utf-8")
    (folder / "tinybert").symlink_to(encoder)
    return folder


@pytest.fixture(scope="module")
def kernel(workplace, env):
    """One kernel for the tests of a module, which run in order as the cells of a notebook do."""
    kernel = Kernel(workplace, env)
    yield kernel
    kernel.close()
