"""Real kernels in a folder of their own, with a tiny encoder and rows on disk."""

import os

import pytest

from .. import forks
from .client import Kernel


@pytest.fixture(scope="module", autouse=True)
def forked_kernels():
    """Kernels that need not import torch; a module that tests imports has a fixture of the same name instead."""
    end = forks.start_kernels()
    yield
    end()


@pytest.fixture(scope="session")
def env():
    """The environment of kernels: no hub, and one thread, as a tiny model gains nothing by more."""
    return {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "BERTMAGIC_HOME": ""}


@pytest.fixture(scope="session")
def workplace(tmp_path_factory, encoder, make_rows):
    """A user's folder: the rows to train on, and the encoder beside them."""
    folder = tmp_path_factory.mktemp("project")
    rows = make_rows(400).rename(columns={"text": "review", "label": "mood"})
    rows.to_json(folder / "reviews.json", orient="records")
    (folder / "tinybert").symlink_to(encoder)
    return folder


@pytest.fixture(scope="module")
def kernel(workplace, env):
    """One kernel for the tests of a module, which run in order as the cells of a notebook do."""
    kernel = Kernel(workplace, env)
    yield kernel
    kernel.close()
