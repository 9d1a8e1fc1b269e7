"""What the tests of the public functions share: a short fine-tuning, and no models of other tests."""

import pytest

import bertmagic as bm
from bertmagic import registry


@pytest.fixture(autouse=True)
def no_models_of_before():
    """Forget the models of other tests, as a fresh kernel would."""
    before, newest = dict(registry._held), registry._newest
    registry._held.clear()
    registry._newest = lambda: None
    yield
    registry._held.clear()
    registry._held.update(before)
    registry._newest = newest


@pytest.fixture
def quick(encoder, rows):
    """Return a function that fine-tunes for a moment."""

    def quick(train=rows, **options):
        return bm.finetune(
            train, **({"model": encoder, "max_steps": 3, "precision": "fp32", "keep": "best", "show": False} | options)
        )

    return quick
