"""What only a CUDA device can show."""

import pytest
import torch

import bertmagic as bm
from bertmagic import events
from bertmagic.models import devices

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]


def failing(event):
    if isinstance(event, events.Step):
        raise ValueError("a callback")


def stopped(encoder, rows):
    job = bm.finetune(
        rows, model=encoder, name="mine", epochs=500, eval_every=5, device="cuda", background=True, show=False
    )
    while not job.progress.step:
        job.join(0.01)
    job.stop()
    return job.wait()


def test_memory_comes_back_after_runs_stops_and_errors(encoder, rows):
    sizes = []
    for _ in range(3):
        known = {"model": encoder, "name": "mine", "device": "cuda", "show": False}
        model = bm.finetune(rows, max_steps=5, **known)
        model.unload()
        stopped(encoder, rows).unload()
        with pytest.raises(ValueError, match="a callback"):
            bm.finetune(rows, max_steps=5, on_event=failing, **known)
        devices.release()
        sizes.append(torch.cuda.memory_allocated())
    assert max(sizes) - min(sizes) <= 1e6
