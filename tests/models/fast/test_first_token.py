"""Finding layers; the last one for the first token alone, against the whole: the same logits, the same gradients."""

import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertForTokenClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    ElectraConfig,
    ElectraForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)

from bertmagic.models.fast import attention as kernels
from bertmagic.models.fast import first_token

SIZES = {
    "vocab_size": 50, "pad_token_id": 0, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 48,
}  # fmt: skip
MODELS = {
    "bert": lambda: BertForSequenceClassification(BertConfig(**SIZES)),
    "roberta": lambda: RobertaForSequenceClassification(RobertaConfig(**SIZES)),
    "xlm-roberta": lambda: XLMRobertaForSequenceClassification(XLMRobertaConfig(**SIZES)),
    "electra": lambda: ElectraForSequenceClassification(ElectraConfig(**SIZES, embedding_size=16)),
}


@pytest.fixture(params=MODELS)
def model(request):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return MODELS[request.param]().eval()


@pytest.fixture
def batch():
    """Ids and mask ``(3, 11)`` with rows of 11, 5 and 1 tokens."""
    mask = torch.tensor([[1] * n + [0] * (11 - n) for n in (11, 5, 1)])
    return {"input_ids": torch.arange(33).view(3, 11).add(3) * mask, "attention_mask": mask}


def run(model, batch):
    model.zero_grad()
    logits = model(**batch).logits
    logits.square().sum().backward()
    return logits.detach(), {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}


def widths(model, batch):
    """How many tokens the feed-forward part of each layer sees."""
    seen = []
    hooks = [
        layer.intermediate.register_forward_hook(lambda module, given, out: seen.append(out.shape[1]))
        for layer in model.base_model.encoder.layer
    ]
    model(**batch)
    for hook in hooks:
        hook.remove()
    return seen


def test_layers_and_embeddings_are_found(model):
    assert list(first_token.stack(model)) == list(model.base_model.encoder.layer)
    assert first_token.embeddings(model)[0] is model.base_model.embeddings


@pytest.mark.parametrize("attention", ["plain products", "sdpa"])
def test_logits_and_gradients_are_those_of_the_whole_layer(model, batch, attention):
    if attention == "plain products":
        kernels.install_attention(model)
    assert widths(model, batch) == [11, 11]
    logits, gradients = run(model, batch)
    first_token.compute_first_token_only(model)
    assert widths(model, batch) == [11, 1]
    ours, our_gradients = run(model, batch)
    torch.testing.assert_close(ours, logits, atol=1e-5, rtol=1e-5)
    assert our_gradients.keys() == gradients.keys()
    for name, expected in gradients.items():
        torch.testing.assert_close(our_gradients[name], expected, atol=1e-5, rtol=1e-4, msg=name)


def test_the_state_dict_is_untouched(model):
    before = list(model.state_dict())
    first_token.compute_first_token_only(model)
    assert list(model.state_dict()) == before


def test_attention_that_gives_its_weights_away_gets_the_whole_layer(model, batch):
    first_token.compute_first_token_only(model)
    model.set_attn_implementation("eager")
    assert widths(model, batch) == [11, 11]
    assert model(**batch, output_attentions=True).attentions[-1].shape == (3, 4, 11, 11)


def test_a_layer_that_is_computed_twice_is_computed_whole(model, batch):
    first_token.compute_first_token_only(model)
    getattr(model, "activation_checkpointing_enable", model.gradient_checkpointing_enable)()  # the older name
    assert widths(model.train(), batch) == [11, 11]


def test_a_head_that_reads_all_tokens_gets_them_all(batch):
    model = BertForTokenClassification(BertConfig(**SIZES)).eval()
    first_token.compute_first_token_only(model)
    assert model(**batch).logits.shape[:2] == (3, 11)


def test_a_model_that_is_built_otherwise_is_left_alone(batch):
    model = DistilBertForSequenceClassification(
        DistilBertConfig(vocab_size=50, dim=32, n_layers=2, n_heads=4, hidden_dim=48)
    )
    assert list(first_token.stack(model)) == list(model.distilbert.transformer.layer)
    expected = model.eval()(**batch).logits
    first_token.compute_first_token_only(model)
    assert torch.equal(model(**batch).logits, expected)
