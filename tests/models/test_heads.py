"""What a head reads: its output layer, and the dense layer before it, in many architectures."""

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM, BertForTokenClassification

from bertmagic.data.batches import Batch
from bertmagic.models import heads

from .heads import CLASSIFIERS, SIZES, classifier


@pytest.fixture
def batch():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        ids = torch.randint(5, 60, (8, 12))
    return Batch(ids, torch.ones_like(ids))


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_logits_are_linear_in_the_features(kind, batch):
    model = classifier(kind)
    output = heads.output_layer(model)
    with torch.no_grad():
        expected = heads.logits(model, batch)
        torch.testing.assert_close(output(heads.features(model, batch)), expected)
    assert output.out_features == 3


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_an_opened_dense_layer_lets_the_vector_through(kind, batch):
    model = classifier(kind)
    with torch.no_grad():
        _, vectors = heads.dense_layer(model, batch)
        heads.open_dense(model, batch)
        seen = heads.features(model, batch)
    alike = torch.corrcoef(torch.stack([vectors.flatten(), seen.flatten()]))[0, 1]
    assert alike > 0.85  # less than 0.3 before; ModernBERT has no bias, so GELU bends its half below zero


def test_a_head_for_each_token_has_no_dense_layer(batch):
    model = BertForTokenClassification(BertConfig(**SIZES)).eval()
    with torch.no_grad():
        assert heads.dense_layer(model, batch) is None
        assert heads.features(model, batch).shape == (8, 12, 32)


def test_only_layers_with_an_output_for_each_label_count():
    assert heads.output_layer(BertForMaskedLM(BertConfig(**SIZES))) is None


def test_hooks_are_gone_afterwards(batch):
    model = classifier("bert")
    with torch.no_grad():
        heads.open_dense(model, batch)
    assert not any(module._forward_pre_hooks for module in model.modules())
