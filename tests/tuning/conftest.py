"""A search and estimates on a tiny real BERT."""

import pytest

import bertmagic as bm
from bertmagic.options import Finetune
from bertmagic.tuning import estimates
from tests.training.conftest import make_loop  # noqa: F401 - a fixture


@pytest.fixture
def search(encoder, rows):
    """Return a function that searches for a moment."""

    def search(train=rows, **options):
        known = {
            "label": "label", "model": encoder, "max_steps": 4, "eval_every": 2, "precision": "fp32", "show": False,
            "name": "found", "lr": bm.log(1e-5, 1e-2), "trials": 3,
        } | options  # fmt: skip
        return bm.tune(train, **known)

    return search


@pytest.fixture(scope="module")
def options(encoder, make_rows):
    """Options of a run, for 120 rows."""
    return Finetune(train=make_rows(), label="label", model=str(encoder), precision="fp32")


@pytest.fixture(scope="module")
def about(options, tmp_path_factory):
    """The subject of estimates, timed once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTMAGIC_HOME", str(tmp_path_factory.mktemp("home")))
        return estimates.subject(options)
