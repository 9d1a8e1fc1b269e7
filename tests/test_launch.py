"""What a run leaves behind."""

import gc

import pytest
from torch.optim import Optimizer
from transformers import PreTrainedModel

import bertmagic as bm
from bertmagic.models import devices


@pytest.fixture
def collections(monkeypatch):
    """How often a whole collection was asked for; none takes place."""
    asked = []
    gc.collect()
    gc.disable()
    monkeypatch.setattr(devices.gc, "collect", lambda: asked.append(1))
    yield asked
    gc.enable()


def alive(kind):
    return {id(thing) for thing in gc.get_objects() if issubclass(type(thing), kind)}


def test_a_run_that_ends_well_leaves_no_network_to_the_collector(collections, encoder, rows):
    before = alive(PreTrainedModel | Optimizer)
    model = bm.finetune(rows, model=encoder, max_steps=2, eval_every=1, precision="fp32", show=False)
    mine = {id(module) for module in model.network.modules()}
    assert alive(PreTrainedModel | Optimizer) - before <= mine
    assert collections == []
    model.unload()
    assert len(collections) == 1
