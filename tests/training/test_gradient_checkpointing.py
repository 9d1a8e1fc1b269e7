import numpy as np
import pytest
import torch

from bertmagic.models.fast import attention, dropout, first_token
from bertmagic.training.gradient_checkpointing import recomputing

ROWS = np.arange(12)


def gradients(loop):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        loss, _ = loop.stepper._fitting([ROWS], 1)
    found = {name: parameter.grad.clone() for name, parameter in loop.model.named_parameters()}
    loop.model.zero_grad()
    return loss, found


@pytest.mark.parametrize("own", [True, False], ids=["own masks", "masks of torch"])
def test_the_second_computation_draws_the_masks_of_the_first(make_loop, own):
    plain, twice = make_loop(dropout=0.4), make_loop(dropout=0.4)
    for loop in (plain, twice):
        attention.use(loop.model)
        first_token.use(loop.model)
        if own:
            dropout.use(loop.model, 0)
    expected = [gradients(plain), gradients(plain)]
    with recomputing(twice.model):
        found = [gradients(twice), gradients(twice)]
    for (loss, by_name), (other, others) in zip(found, expected, strict=True):
        assert torch.equal(loss, other)
        for name, gradient in by_name.items():
            assert torch.equal(gradient, others[name]), name


def test_layers_are_computed_twice_while_it_lasts_and_are_left_as_they_were(make_loop):
    loop = make_loop()
    first_token.use(loop.model)
    calls = []
    inner = loop.model.bert.encoder.layer[0].attention
    inner.register_forward_hook(lambda *given: calls.append(1))
    before = [layer.forward for layer in loop.model.bert.encoder.layer]
    with recomputing(loop.model):
        gradients(loop)
    assert len(calls) == 2
    assert [layer.forward for layer in loop.model.bert.encoder.layer] == before
    gradients(loop)
    assert len(calls) == 3
    with recomputing(loop.model), torch.inference_mode():
        loop.model(input_ids=torch.full((1, 3), 2))
    assert len(calls) == 4
