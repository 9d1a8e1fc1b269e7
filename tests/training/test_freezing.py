import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    ModernBertConfig,
    ModernBertForSequenceClassification,
)

import bertmagic as bm
from bertmagic.errors import OptionError
from bertmagic.models import loading
from bertmagic.training.freezing import freeze


@pytest.fixture
def model(bert_config):
    return BertForSequenceClassification(BertConfig(**bert_config))


def frozen(model):
    return {name for name, parameter in model.named_parameters() if not parameter.requires_grad}


def named(model, *parts):
    return {name for name, _ in model.named_parameters() if any(part in name for part in parts)}


@pytest.mark.parametrize(
    ("what", "parts"),
    [
        (None, ()),
        ("embeddings", ("bert.embeddings",)),
        ("encoder", ("bert.",)),
        (0, ("bert.embeddings",)),
        (1, ("bert.embeddings", "layer.0.")),
        (2, ("bert.embeddings", "layer.")),
    ],
)
def test_what_is_frozen(model, what, parts):
    note = freeze(model, what)
    assert frozen(model) == named(model, *parts)
    assert bool(note) == (what is not None)


def test_more_layers_than_there_are_is_an_error(model):
    with pytest.raises(OptionError, match="freeze = 3: BertForSequenceClassification has 2 layers"):
        freeze(model, 3)


def test_other_architectures_have_layers_too():
    distil = DistilBertForSequenceClassification(
        DistilBertConfig(vocab_size=9, dim=8, n_layers=2, n_heads=1, hidden_dim=8)
    )
    freeze(distil, 1)
    assert frozen(distil) == named(distil, "distilbert.embeddings", "layer.0.")
    sizes = {
        "vocab_size": 9,
        "hidden_size": 8,
        "num_hidden_layers": 2,
        "num_attention_heads": 1,
        "intermediate_size": 8,
    }
    special = {"pad_token_id": 0, "cls_token_id": 1, "sep_token_id": 2, "bos_token_id": 1, "eos_token_id": 2}
    config = ModernBertConfig(**sizes, **special)
    modern = ModernBertForSequenceClassification(config)
    freeze(modern, 1)
    assert frozen(modern) == named(modern, "model.embeddings", "layers.0.")


@pytest.mark.parametrize("what", ["embeddings", "encoder", 1])
def test_what_is_frozen_does_not_change_in_training(encoder, rows, what):
    start = loading.headed(encoder, "sequence", ("bad", "good")).network
    model = bm.finetune(rows, model=encoder, freeze=what, max_steps=3, lr=0.01, weight_decay=0.5, keep="last",
                        pooling="first", show=False)  # fmt: skip
    freeze(start, what)
    before, after = dict(start.named_parameters()), dict(model.network.named_parameters())
    for name in frozen(start):
        if "pooler" in name:
            continue  # it begins as the identity
        assert torch.equal(before[name], after[name]), name
    changed = [name for name in before.keys() - frozen(start) if not torch.equal(before[name], after[name])]
    assert "classifier.weight" in changed
