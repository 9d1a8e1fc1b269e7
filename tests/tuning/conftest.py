"""A search on a tiny real BERT."""

import pytest

import bertmagic as bm
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
