"""Dropout with masks of its own: the rate, the scale, the gradient, and a generator that nobody else moves."""

import copy

import pytest
import torch

from bertmagic.models.fast import dropout


@pytest.fixture
def layers():
    model = torch.nn.Sequential(torch.nn.Dropout(0.1), torch.nn.Sequential(torch.nn.Dropout(0.5)))
    dropout.install_dropout(model, seed=1)
    return model.train()


def test_drops_the_share_and_scales_the_rest(layers):
    values = layers[0](torch.ones(1000, 1001))
    assert abs((values == 0).float().mean() - 0.1) < 0.002
    assert sorted(set(values.flatten().tolist())) == pytest.approx([0, 1 / 0.9], rel=1e-4)
    assert abs(values.mean() - 1) < 0.002


@pytest.mark.parametrize("apart", [1, 2, 4, 1000])
def test_draws_are_independent_of_each_other(layers, apart):
    kept = (layers[1][0](torch.ones(1_000_000)) > 0).float()
    assert abs(torch.corrcoef(torch.stack([kept[apart:], kept[:-apart]]))[0, 1]) < 0.005


def test_the_gradient_passes_where_the_value_did(layers):
    values = torch.ones(50, 7, requires_grad=True)
    out = layers[0](values)
    out.sum().backward()
    assert torch.equal(values.grad, out.detach())


@pytest.mark.parametrize("number_format", [torch.bfloat16, torch.float32])
def test_keeps_the_number_format_and_the_shape(layers, number_format):
    out = layers[0](torch.ones(3, 1, 5, dtype=number_format))
    assert (out.dtype, out.shape) == (number_format, (3, 1, 5))


def test_does_nothing_when_not_training(layers):
    values = torch.ones(9)
    assert layers.eval()[0](values) is values


def test_nobody_else_moves_the_masks_and_they_move_nobody(layers):
    saved = dropout.state(layers)
    torch.manual_seed(5)
    first = layers(torch.ones(100))
    assert torch.equal(torch.rand(3), torch.rand(3, generator=torch.Generator().manual_seed(5)))
    dropout.restore(layers, saved)
    assert torch.equal(layers(torch.ones(100)), first)
    assert not torch.equal(layers(torch.ones(100)), first)


def test_the_layers_share_one_generator_also_in_a_copy(layers):
    twin = copy.deepcopy(layers)
    assert twin[0].source is twin[1][0].source
    assert twin[0].source is not layers[0].source
    assert torch.equal(twin(torch.ones(100)), layers(torch.ones(100)))


def test_a_model_without_own_masks_has_no_state():
    model = torch.nn.Sequential(torch.nn.Dropout(0.1))
    assert dropout.state(model) is None
    dropout.restore(model, None)
