"""What only a GPU can show: `pytest -m gpu`."""

import gc
import signal

import numpy as np
import pytest
import torch

import bertmagic as bm
from bertmagic.data.batches import BatchSource
from bertmagic.data.tokenization import encode
from bertmagic.errors import Interrupted
from bertmagic.events import Note, Step
from bertmagic.inference import forward
from bertmagic.models import devices
from bertmagic.run.stopping import StopButton

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch sees no CUDA device here"),
]

ROWS = np.arange(32)
MEBIBYTE = 2**20


@pytest.fixture
def cuda():
    return torch.device("cuda:0")


@pytest.fixture
def on_gpu(make_loop, cuda, monkeypatch):
    """Return a function that makes a loop whose model is on the GPU."""
    from transformers import BertForSequenceClassification

    real = BertForSequenceClassification.__init__

    def init(self, config):
        real(self, config)
        self.to(cuda)

    monkeypatch.setattr(BertForSequenceClassification, "__init__", init)
    return make_loop


@pytest.fixture
def quick(encoder, rows):
    def quick(**options):
        return bm.finetune(rows, **({"model": encoder, "max_steps": 30, "show": False, "lr": 1e-3} | options))

    return quick


@pytest.fixture
def scarce(cuda):
    """Leave this process a small share of the GPU's memory for the time of a test."""
    total = torch.cuda.get_device_properties(cuda).total_memory

    def scarce(size):
        devices.release(cuda)
        torch.cuda.set_per_process_memory_fraction(min(1.0, size / total), cuda)

    yield scarce
    torch.cuda.set_per_process_memory_fraction(1.0, cuda)
    devices.release(cuda)


def test_a_run_goes_to_the_gpu_by_itself(quick):
    model = quick()
    assert model.device.type == "cuda"
    assert {parameter.device.type for parameter in model.network.parameters()} == {"cuda"}
    assert model.card["options"]["device"] == "cuda:0"
    assert model.predict(["a good film"]).frame["score"].notna().all()


def test_precision_is_what_the_hardware_multiplies_in(quick, cuda):
    seen = []
    quick(on_event=seen.append)
    expected = "bf16" if torch.cuda.get_device_capability(cuda)[0] >= 8 else "fp16"
    assert any(isinstance(event, Note) and f"{expected} on cuda:0" in event.text for event in seen)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_it_learns_in_each_precision(quick, make_rows, precision):
    model = quick(train=make_rows(400), max_steps=200, lr=2e-3, precision=precision)
    assert {parameter.dtype for parameter in model.network.parameters()} == {torch.float32}
    assert np.isfinite(model.history.steps["loss"]).all()
    assert model.evaluate(make_rows(200, seed=4)).metrics["accuracy"] > 0.9


def test_memory_is_given_back(quick, cuda):
    quick()  # what CUDA itself keeps comes with the first run
    devices.release(cuda)
    before = torch.cuda.memory_allocated(cuda)
    for _ in range(3):
        model = quick()
        assert torch.cuda.memory_allocated(cuda) > before
        model.unload()
        with pytest.raises(Interrupted) as caught:
            quick(on_event=stop_once)
        caught.value.model.unload()
        del caught
        with pytest.raises(ZeroDivisionError):
            quick(on_event=fail_at_once)
    gc.collect()
    devices.release(cuda)
    assert torch.cuda.memory_allocated(cuda) - before < MEBIBYTE


def stop_once(event):
    if isinstance(event, Step) and event.step == 1:
        signal.raise_signal(signal.SIGINT)


def fail_at_once(event):
    if isinstance(event, Step):
        _ = 1 / 0


def test_no_step_waits_for_the_gpu_but_the_tenth(on_gpu):
    loop = on_gpu(steps=40, batch_size=8)
    loop.stepper.step([ROWS], 1e-3, 1)  # libraries are loaded by the first
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        for step in range(2, 8):
            loop.stepper.step([ROWS], 1e-3, step)
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_a_batch_in_pieces_has_the_gradients_of_the_whole(on_gpu, full_over):
    gradients = []
    for fits in (32, 5):
        loop = on_gpu(dropout=0.0)
        full_over(loop.model, fits, torch.cuda.OutOfMemoryError("CUDA out of memory"))
        loop.stepper._fitting([ROWS], 1)
        gradients.append([parameter.grad.clone() for parameter in loop.model.parameters()])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_a_batch_that_fills_the_memory_is_split(encoder, make_rows, cuda, scarce):
    rows = make_rows(512)
    rows["text"] += " really good" * 20
    known = {"model": encoder, "batch_size": 256, "max_steps": 3, "precision": "fp32", "validation": 0, "show": False}
    torch.cuda.reset_peak_memory_stats(cuda)
    whole = bm.finetune(rows, **known)
    peak = torch.cuda.max_memory_reserved(cuda)
    whole.unload()
    seen = []
    scarce(peak // 2)
    model = bm.finetune(rows, on_event=seen.append, **known)
    assert len(model.history.steps) == 3
    assert model.history.steps["rows"].tolist() == [256, 256, 256]
    assert any(isinstance(event, Note) and "too small for 256 rows at once" in event.text for event in seen)


def test_prediction_is_split_too(learnt, make_rows, cuda, scarce, monkeypatch):
    monkeypatch.setitem(forward.TOKEN_BUDGET, "cuda", 2**20)
    tokens = encode(learnt.tokenizer, make_rows(20_000)["text"].tolist(), 64)
    torch.cuda.reset_peak_memory_stats(cuda)
    expected = forward.run_model(learnt.network, BatchSource(tokens, 0), "fp32")
    scarce(torch.cuda.max_memory_reserved(cuda) // 2)
    np.testing.assert_allclose(forward.run_model(learnt.network, BatchSource(tokens, 0), "fp32"), expected, atol=1e-4)


def test_an_update_that_is_not_finite_leaves_the_weights_of_before(on_gpu):
    from bertmagic.training.loop import Diverged

    loop, same = on_gpu(steps=20), on_gpu(steps=3)
    seen = iter(range(1, 100))
    loop.model.classifier.bias.register_hook(lambda gradient: gradient * (float("nan") if next(seen) == 4 else 1.0))
    for one in (loop, same):
        torch.cuda.manual_seed(0)
        if one is loop:
            with pytest.raises(Diverged, match="at step 4 of 20"):
                one.run(StopButton())
        else:
            one.plan = loop.plan  # the same learning rates
            batches = one._batches()
            for _ in range(3):
                one._take(next(batches))
    assert next(seen) > 5  # later steps were taken before the host looked
    for one, other in zip(loop.model.parameters(), same.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0)


def test_a_resumed_run_has_the_losses_of_the_uninterrupted_one(quick):
    known = {"max_steps": 40, "eval_every": 15, "precision": "fp32"}
    whole = quick(name="whole", **known)
    with pytest.raises(Interrupted):
        quick(name="mine", on_event=stop_once, **known)
    again = quick(name="mine", resume=True, **known)
    np.testing.assert_allclose(again.history.steps["loss"], whole.history.steps["loss"], atol=1e-4)
