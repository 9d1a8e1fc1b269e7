import numpy as np
import pytest
import torch

from bertmagic.models.fast import dropout, working_copy

ROWS = np.arange(12)


def gradients(loop):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        loss, _ = loop.stepper._fitting([ROWS], 1)
    by_name = {name: parameter.grad.clone() for name, parameter in loop.model.named_parameters()}
    loop.model.zero_grad()
    return loss, by_name


@pytest.mark.parametrize("own", [True, False], ids=["own masks", "masks of torch"])
def test_the_second_computation_draws_the_masks_of_the_first(make_loop, monkeypatch, own):
    if not own:
        monkeypatch.setattr(working_copy, "install_dropout", lambda model, seed: None)
    plain, twice = make_loop(dropout=0.4), make_loop(dropout=0.4, gradient_checkpointing=True)
    assert (dropout.state(plain.model) is not None) == own
    expected = [gradients(plain), gradients(plain)]
    recomputed = [gradients(twice), gradients(twice)]
    for (loss, by_name), (other, others) in zip(recomputed, expected, strict=True):
        assert torch.equal(loss, other)
        for name, gradient in by_name.items():
            assert torch.equal(gradient, others[name]), name


def test_layers_are_computed_twice_in_a_step_and_once_elsewhere(make_loop):
    loop = make_loop(gradient_checkpointing=True)
    calls = []
    inner = loop.model.bert.encoder.layer[0].attention
    inner.register_forward_hook(lambda *given: calls.append(1))
    gradients(loop)
    assert len(calls) == 2
    with torch.inference_mode():
        loop.model(input_ids=torch.full((1, 3), 2))
    assert len(calls) == 3
