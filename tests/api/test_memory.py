"""What an error and `unload` leave in memory: nothing."""

import gc
import traceback
import weakref

import pandas as pd
import pytest
import torch
from transformers import BertForSequenceClassification

import bertmagic as bm
from bertmagic import api, events
from bertmagic.errors import ModelError, UnknownReference
from bertmagic.models import devices

WAIT = 300
"""Seconds before a test is given up; nothing is measured by it."""


def test_an_error_does_not_keep_network_and_optimizer(quick):
    before, references = _networks(), []
    with pytest.raises(ValueError, match="a callback") as caught:
        quick(on_event=_failing(references))
    assert sum(one() is None for one in references) >= 2  # its network and its optimizer are gone
    assert [one for one in references if one() is not None and one() not in before] == []
    lines = "".join(traceback.format_exception(caught.value))
    assert "in fail" in lines
    assert "training/loop.py" in lines


def test_a_job_that_fails_keeps_its_error_and_not_its_network(quick):
    before, references = _networks(), []
    job = quick(background=True, on_event=_failing(references))
    with pytest.raises(ValueError, match="a callback") as caught:
        job.wait(WAIT)
    assert job.error is caught.value
    with pytest.raises(ModelError, match="left no model: a callback"):
        api.find(job)
    assert sum(one() is None for one in references) >= 2  # its network and its optimizer are gone
    assert [one for one in references if one() is not None and one() not in before] == []


def _failing(references):
    """Return a callback that fails at the first step, with weak references to what is in memory then."""

    def fail(event):
        if isinstance(event, events.Step):
            kinds = (BertForSequenceClassification, torch.optim.Optimizer)
            references.extend(weakref.ref(thing) for thing in gc.get_objects() if issubclass(type(thing), kinds))
            raise ValueError("a callback")

    return fail


def _networks():
    return [model.network for model in gc.get_objects() if type(model) is bm.TextModel and model.bytes]


def test_unloading_gives_the_memory_back(quick, monkeypatch):
    released = []
    model = quick(name="mine")
    monkeypatch.setattr(devices, "release", lambda release=devices.release: released.append(release()))
    network, size = weakref.ref(model.network), model.bytes
    tensors = [weakref.ref(parameter) for parameter in model.network.parameters()]
    assert [held.name for held in bm.status().held] == ["mine"]
    assert size == sum(p.numel() * 4 for p in model.network.parameters()) + sum(
        buffer.numel() * buffer.element_size() for buffer in model.network.buffers()
    )
    assert model.unload() == size
    assert released == [None]
    assert network() is None
    assert all(tensor() is None for tensor in tensors)
    assert (model.bytes, bm.status().held) == (0, ())
    assert "unloaded" in repr(model)
    for use in (
        lambda: model.predict("x"),
        lambda: model.predict([]),
        lambda: model.evaluate(pd.DataFrame({"text": ["a"], "label": ["b"]})),
        lambda: model.save("x"),
    ):
        with pytest.raises(ModelError, match="'mine' was unloaded") as caught:
            use()
        assert "%bert_load" in caught.value.fix
    assert model.unload() == 0
    with pytest.raises(UnknownReference):
        api.find()
    assert bm.load("mine").bytes == size
