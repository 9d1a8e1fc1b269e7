import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
)

from bertmagic.training.freezing import freeze
from bertmagic.training.optimizer import Average, adamw, averaged, moments, norm_of


@pytest.fixture
def model(bert_config):
    return BertForSequenceClassification(BertConfig(**bert_config))


def shares(model, optimizer):
    """Return the share of the learning rate by the name of each parameter."""
    by_id = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    return {name: by_id[id(p)]["share"] for name, p in model.named_parameters() if id(p) in by_id}


def test_only_matrices_are_decayed_and_all_learn_alike(model):
    optimizer = adamw(model, 0.05)
    assert len(optimizer.param_groups) == 2
    for group in optimizer.param_groups:
        assert {p.ndim > 1 for p in group["params"]} == {group["weight_decay"] == 0.05}
        assert group["weight_decay"] in (0.05, 0.0)
        assert group["share"] == 1.0


def test_lower_layers_learn_more_slowly(model):
    factors = shares(model, adamw(model, 0.01, 0.5))
    expected = {"embeddings": 0.25, "layer.0": 0.5, "layer.1": 1.0, "pooler": 1.0, "classifier": 1.0}
    assert len(factors) == len(list(model.parameters()))
    for name, share in factors.items():
        assert share == next(value for part, value in expected.items() if part in name), name


def test_layers_are_found_in_other_encoders_too():
    model = DistilBertForSequenceClassification(
        DistilBertConfig(vocab_size=9, dim=8, n_layers=3, n_heads=1, hidden_dim=8)
    )
    factors = shares(model, adamw(model, 0.01, 0.9))
    assert factors["distilbert.embeddings.word_embeddings.weight"] == pytest.approx(0.9**3)
    assert factors["distilbert.transformer.layer.0.ffn.lin1.weight"] == pytest.approx(0.9**2)
    assert factors["pre_classifier.weight"] == 1.0


def test_what_is_frozen_has_no_moments(model):
    freeze(model, 1)
    state = moments(model, adamw(model, 0.01))
    assert len(state) == 3 * sum(p.requires_grad for p in model.parameters())
    assert not any("embeddings" in name or "layer.0" in name for name in state)


def test_the_moments_are_the_optimizers_own(model):
    optimizer = adamw(model, 0.01)
    before = {name: value.clone() for name, value in moments(model, optimizer).items()}
    assert all((value == 0).all() for value in before.values())
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    optimizer.step()
    state = moments(model, optimizer)
    assert state["step.classifier.bias"] == 1
    torch.testing.assert_close(state["exp_avg.classifier.bias"], torch.full((2,), 0.1))
    torch.testing.assert_close(state["exp_avg_sq.classifier.bias"], torch.full((2,), 0.001))


def test_the_average_follows_the_formula(model):
    average = Average(model, 0.5)
    name, p = "classifier.bias", model.classifier.bias
    expected = p.detach().clone()
    for step in (1, 2, 30):
        with torch.no_grad():
            p.add_(1.0)
        average.update(step, torch.tensor(0.0))
        kept = min(0.5, (1 + step) / (10 + step))
        expected = kept * expected + (1 - kept) * p.detach()
    torch.testing.assert_close(average.tensors()[name], expected)


def test_the_average_stays_where_an_update_was_left_out(model):
    average = Average(model, 0.5)
    before = {name: mean.clone() for name, mean in average.tensors().items()}
    with torch.no_grad():
        model.classifier.bias.add_(1.0)
    average.update(1, torch.tensor(1.0))
    assert all(torch.equal(mean, before[name]) for name, mean in average.tensors().items())


def test_averages_are_in_the_model_for_a_while_only(model):
    average = Average(model, 0.9)
    with torch.no_grad():
        model.classifier.bias.fill_(1.0)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    mean = average.tensors()["classifier.bias"].clone()
    with averaged(average):
        assert torch.equal(model.classifier.bias, mean)
        assert torch.equal(average.tensors()["classifier.bias"], torch.ones(2))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(average.tensors()["classifier.bias"], mean)
    with averaged(None):
        assert torch.equal(model.classifier.bias, torch.ones(2))


def test_the_norm_of_many_gradients_is_that_of_all_their_numbers():
    draw = torch.Generator().manual_seed(0)
    gradients = [torch.randn(size, generator=draw) for size in ((3000, 400), (400,), (7, 5, 3))]
    gradients.append(torch.randn(40, 60, generator=draw).t())  # as a gradient of a transposed weight may lie
    exact = torch.cat([gradient.flatten() for gradient in gradients]).double().norm()
    torch.testing.assert_close(norm_of(gradients).double(), exact, rtol=2e-6, atol=0)


def test_the_norm_of_gradients_that_are_no_numbers_is_none():
    assert norm_of([torch.ones(3), torch.tensor([1.0, float("nan")])]).isnan()
    assert norm_of([torch.ones(3), torch.tensor([float("inf")])]).isinf()
