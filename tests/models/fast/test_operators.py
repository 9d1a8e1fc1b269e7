"""What is not public in PyTorch may be gone tomorrow: then the same comes from its public operators."""

import types

import pytest
import torch

from bertmagic.inference.forward import run_model
from bertmagic.models.fast import bf16_linear, operators
from bertmagic.training.optimizer import adamw

CHECKS = ("_softmax_backward", "_lerp", "has_scaling_adamw", "has_bf16_linear")


@pytest.fixture(autouse=True)
def tried_anew():
    """Forget what was tried before and after a test."""
    for name in CHECKS:
        getattr(operators, name).cache_clear()
    yield
    for name in CHECKS:
        getattr(operators, name).cache_clear()


def refuse(*given, **known):
    raise TypeError("takes other arguments now")


def other(*given, **known):
    return torch.zeros(7)


@pytest.fixture(params=["as it is", "gone", "other arguments", "another result"])
def change(request, monkeypatch):
    """Return a function that has an operator be gone, raise or return something else; and whether it is as it was."""

    def change(owner, name):
        if request.param == "gone":
            monkeypatch.delattr(owner, name)
        elif request.param != "as it is":
            monkeypatch.setattr(owner, name, refuse if request.param == "other arguments" else other)
        return request.param == "as it is"

    return change


def test_softmax_backward(change):
    there = change(torch, "_softmax_backward_data")
    scores = torch.randn(3, 5, generator=torch.Generator().manual_seed(0)).requires_grad_()
    gradient = torch.randn(3, 5, generator=torch.Generator().manual_seed(1))
    weights = scores.softmax(-1)
    (expected,) = torch.autograd.grad(weights, scores, gradient)
    torch.testing.assert_close(operators.softmax_backward(gradient, weights.detach()), expected)
    assert operators._softmax_backward().__name__ == ("fused" if there else "plain")


def test_lerp(change):
    there = change(torch, "_foreach_lerp_")
    means, weights = [torch.ones(2), torch.zeros(3)], [torch.full((2,), 3.0), torch.ones(3)]
    operators.lerp(means, weights, torch.tensor(0.25))
    torch.testing.assert_close(means, [torch.full((2,), 1.5), torch.full((3,), 0.25)])
    assert operators._lerp().__name__ == ("fused" if there else "plain")


@pytest.mark.parametrize("ignored", ["grad_scale", "found_inf", None])
def test_an_adamw_that_does_not_scale_is_not_taken(make_loop, monkeypatch, ignored):
    """Then gradients are divided before it, and the host looks whether an update is skipped."""
    real = torch.optim.AdamW.step

    def step(optimizer, *given):
        for name in (ignored,) if ignored else ():
            if hasattr(optimizer, name):
                delattr(optimizer, name)
        return real(optimizer, *given)

    reference = make_loop(max_grad_norm=0.5, dropout=0.0)
    operators.has_scaling_adamw.cache_clear()
    monkeypatch.setattr(torch.optim.AdamW, "step", step)
    loop = make_loop(max_grad_norm=0.5, dropout=0.0)
    assert reference.stepper.optimizer.param_groups[0]["fused"]
    assert bool(adamw(loop.model, 0.0).param_groups[0]["fused"]) == (ignored is None)
    monkeypatch.undo()
    for one in (reference, loop):
        one.stepper.step([torch.arange(8).numpy()], 1e-3, 1)
    for mine, theirs in zip(loop.model.parameters(), reference.model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)


ONEDNN = ("_is_mkldnn_bf16_supported", "_reorder_linear_weight", "_linear_pointwise")


@pytest.mark.parametrize("missing", [*ONEDNN, None])
@pytest.mark.parametrize("raises", [True, False])
def test_without_products_of_onednn_those_of_torch_are_taken(learnt, monkeypatch, missing, raises):
    from bertmagic.data.batches import BatchSource
    from bertmagic.data.tokenization import encode
    from bertmagic.inference import forward

    there = operators.has_bf16_linear()
    known = {name: getattr(torch.ops.mkldnn, name) for name in ONEDNN if name != missing} if there else {}
    if missing and raises:
        known[missing] = refuse
    monkeypatch.setattr(torch.ops, "mkldnn", types.SimpleNamespace(**known))
    operators.has_bf16_linear.cache_clear()
    assert operators.has_bf16_linear() == (there and missing is None)
    with bf16_linear.packed(learnt.network):
        changed = any("forward" in vars(part) for part in learnt.network.modules())
    assert changed == operators.has_bf16_linear()
    monkeypatch.setitem(forward.TOKEN_BUDGET, "cpu", 20)  # of several batches, so that packing is worth it
    tokens = encode(learnt.tokenizer, ["a good film", "bad"] * 8, 64)
    exact = run_model(learnt.network, BatchSource(tokens, 0), "fp32")
    torch.testing.assert_close(
        torch.from_numpy(run_model(learnt.network, BatchSource(tokens, 0), "bf16")), torch.from_numpy(exact),
        atol=0.1, rtol=0.1,
    )  # fmt: skip
