"""The layer that pools by mean: what it computes, and that plain transformers reads the folder of such a model."""

import pytest
import torch
from transformers import AutoModelForSequenceClassification

from bertmagic.data.batches import Batch
from bertmagic.models import mean_layer
from bertmagic.models.fast.working_copy import for_inference

from .heads import CLASSIFIERS, classifier

LAYERED = ("bert", "roberta", "electra", "camembert", "ernie")


@pytest.fixture
def batch():
    mask = torch.tensor([[1] * n + [0] * (11 - n) for n in (11, 5, 1)])
    return Batch(torch.arange(33).view(3, 11).add(3) * mask, mask)


def states(model, batch):
    with torch.no_grad():
        return model.eval().base_model(**batch.inputs).last_hidden_state


@pytest.mark.parametrize("kind", LAYERED)
def test_the_first_token_becomes_the_normalised_mean(kind, batch):
    model = classifier(kind)
    before = states(model, batch)
    mask = batch.mask[:, :, None].float()
    mean = (before * mask).sum(1) / mask.sum(1)
    expected = torch.nn.functional.layer_norm(before[:, 0] + mean_layer.SCALE * mean, mean.shape[-1:])

    mean_layer.add(model)

    torch.testing.assert_close(states(model, batch)[:, 0], expected, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", LAYERED)
def test_a_saved_model_is_one_with_a_further_layer(kind, batch, tmp_path):
    model = classifier(kind)
    mean_layer.add(model)
    model.save_pretrained(tmp_path)

    plain, info = AutoModelForSequenceClassification.from_pretrained(tmp_path, output_loading_info=True)

    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    assert plain.config.num_hidden_layers == 3
    with torch.no_grad():
        assert torch.equal(plain.eval()(**batch.inputs).logits, model.eval()(**batch.inputs).logits)
        fast = for_inference(model, logits_only=True)(**batch.inputs).logits
        torch.testing.assert_close(fast, plain(**batch.inputs).logits)


def test_all_of_the_layer_learns(batch):
    model = classifier("bert").train()
    mean_layer.add(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = {name: value.clone() for name, value in model.named_parameters()}
    for _ in range(3):  # the first step moves the output of the feed-forward layer away from zero
        optimizer.zero_grad()
        model(**batch.inputs).logits.square().sum().backward()
        optimizer.step()

    top = [name for name in before if ".layer.2." in name and "key.bias" not in name]  # softmax ignores a key's bias
    assert top
    assert [name for name in top if torch.equal(before[name], model.get_parameter(name))] == []


def test_modernbert_is_told_by_its_config(batch):
    model = classifier("modernbert")
    assert mean_layer.fits(model)
    mean_layer.add(model)
    assert model.config.classifier_pooling == "mean"
    assert model.config.num_hidden_layers == 2


@pytest.mark.parametrize("kind", sorted(set(CLASSIFIERS) - set(LAYERED) - {"modernbert"}))
def test_other_architectures_are_left_alone(kind):
    assert not mean_layer.fits(classifier(kind))
