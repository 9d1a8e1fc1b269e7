"""Training, loading and prediction whatever another cell left set in torch; it is given back afterwards."""

from contextlib import contextmanager

import numpy as np
import pytest
import torch

import bertmagic as bm


@contextmanager
def dtype(kind):
    torch.set_default_dtype(kind)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@contextmanager
def device(name):
    torch.set_default_device(name)
    try:
        yield
    finally:
        torch.set_default_device(None)


LEFT = {
    "gradients off": torch.no_grad, "inference mode": torch.inference_mode,
    "fp64": lambda: dtype(torch.float64), "bf16": lambda: dtype(torch.bfloat16), "device": lambda: device("meta"),
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
}  # fmt: skip


def state():
    return (
        torch.is_grad_enabled(), torch.is_inference_mode_enabled(), torch.get_default_dtype(),
        torch.get_default_device(), torch.is_autocast_enabled("cpu"),
    )  # fmt: skip


def everything(encoder, rows, background=False):
    """Train, load and predict; return numbers of each."""
    model = bm.finetune(
        rows, text="text", label="label", model=encoder, max_steps=2, precision="fp32", show=False, lr=1e-2,
        background=background, pooling="mean", validation=0,
    )  # fmt: skip
    model = model.wait() if background else model
    vectors = bm.load(encoder, precision="fp32").embed(rows["text"], show=False)
    maps = model.attention("a good film", show=False)
    scores = model.predict(rows["text"].tolist(), show=False).frame["score"].to_numpy(float)
    return model, (scores, vectors, maps.array, maps.gradients(None))


@pytest.fixture(scope="module")
def expected(encoder, make_rows, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTMAGIC_HOME", str(tmp_path_factory.mktemp("home")))
        return everything(encoder, make_rows())[1]


@pytest.mark.parametrize("left", LEFT)
def test_the_numbers_are_the_same_and_what_was_set_is_given_back(encoder, rows, expected, left):
    with LEFT[left]():
        before = state()
        model, numbers = everything(encoder, rows)
        assert state() == before
    for one, other in zip(numbers, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    weights = list(model.network.parameters())
    assert {weight.dtype for weight in weights} == {torch.float32}
    assert not any(weight.is_inference() for weight in weights)


def test_a_job_leaves_the_default_type_of_other_cells_alone(encoder, rows, expected):
    with dtype(torch.float64):
        _, numbers = everything(encoder, rows, background=True)
        assert torch.get_default_dtype() == torch.float64
    np.testing.assert_allclose(numbers[0], expected[0], atol=1e-6)


def test_a_model_loaded_in_inference_mode_can_be_trained_outside(encoder, rows):
    with torch.inference_mode():
        model = bm.load(encoder)
    loss = model.network(torch.ones((1, 3), dtype=torch.long)).last_hidden_state.sum()
    loss.backward()
    assert model.network.embeddings.word_embeddings.weight.grad is not None
