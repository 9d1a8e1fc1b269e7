"""Capture from every architecture with every head: nothing changes but that the weights are kept."""

import numpy as np
import pytest
import torch
import transformers

from bertmagic.attention.capture import NAME, layers_of, recording
from bertmagic.errors import ModelError

SIZES = {
    "vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 48,
    "max_position_embeddings": 66, "pad_token_id": 0, "cls_token_id": 1, "sep_token_id": 2, "bos_token_id": None,
    "eos_token_id": None, "initializer_range": 0.3,
}  # fmt: skip
KINDS = {
    "bert": {},
    "roberta": {"type_vocab_size": 1},
    "xlm-roberta": {"type_vocab_size": 1},
    "distilbert": {},
    "albert": {"embedding_size": 16, "num_hidden_groups": 1},
    "electra": {"embedding_size": 16},
    "mobilebert": {"embedding_size": 16, "intra_bottleneck_size": 16, "true_hidden_size": 16},
    "mpnet": {},
    "deberta": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 16},
    "modernbert": {"global_attn_every_n_layers": 3, "local_attention": 8},
    "megatron-bert": {},
}
"""What the config of each says beside the sizes; all but DeBERTa v1 and Megatron show queries, keys and values."""
CLOSED = ("deberta", "megatron-bert")
HEADS = {
    "classification": transformers.AutoModelForSequenceClassification,
    "tokens": transformers.AutoModelForTokenClassification,
    "answers": transformers.AutoModelForQuestionAnswering,
    "masked words": transformers.AutoModelForMaskedLM,
}


def build(kind, head="classification", **changes):
    """Return a random model."""
    config = transformers.AutoConfig.for_model(kind, **SIZES | KINDS[kind] | changes)
    with torch.random.fork_rng():
        torch.manual_seed(5)
        model = HEADS[head].from_config(config).eval()
    return model


def batch(tokens=21):
    ids = torch.randint(3, 60, (1, tokens), generator=torch.Generator().manual_seed(1))
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def logits(output):
    parts = [output[name] for name in ("logits", "start_logits", "end_logits") if name in output]
    return torch.cat([part.detach().flatten() for part in parts])


def forwards(model):
    """Return the methods that instances have in place of their class's."""
    return {name: vars(part)["forward"] for name, part in model.named_modules() if "forward" in vars(part)}


def hooks(model):
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in model.modules())


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_the_ordinary_ones_and_rows_sum_to_one(kind, head):
    model, given = build(kind, head), batch()
    chosen, own = model.config._attn_implementation, forwards(model)
    with torch.no_grad():
        before = logits(model(**given))
        hooked = hooks(model)
        with recording(model) as tape:
            during = logits(model(**given))
        after = logits(model(**given))
    torch.testing.assert_close(during, before, atol=1e-4, rtol=1e-4)
    assert torch.equal(after, before)
    assert (model.config._attn_implementation, forwards(model), hooks(model)) == (chosen, own, hooked)
    assert [layer.weights.shape for layer in tape.layers] == [(4, 21, 21)] * 3
    for layer in tape.layers:
        torch.testing.assert_close(layer.weights.sum(-1), torch.ones(4, 21), atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_those_that_transformers_gives(kind):
    model, given = build(kind), batch()
    with torch.no_grad(), recording(model) as tape:
        model(**given)
    plain = type(model)(model.config).eval()
    plain.load_state_dict(model.state_dict())
    plain.config._attn_implementation = "eager"
    with torch.no_grad():
        expected = plain(**given, output_attentions=True).attentions
    assert len(expected) == len(tape.layers)
    for layer, weights in zip(tape.layers, expected, strict=True):
        torch.testing.assert_close(layer.weights, weights[0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_softmax_of_the_shown_scores_gives_the_weights(kind):
    model = build(kind)
    with torch.no_grad(), recording(model) as tape:
        model(**batch())
    for recorded, layer in zip(tape.layers, layers_of(tape), strict=True):
        if kind in CLOSED:
            assert layer.query is None
            continue
        scores = layer.query @ layer.key.transpose(0, 2, 1) * layer.scale
        assert (layer.bias is not None) == (kind in ("mpnet", "deberta-v2"))
        scores = scores if layer.bias is None else scores + layer.bias
        scores = scores if layer.allowed is None else np.where(layer.allowed, scores, -np.inf)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        np.testing.assert_allclose(weights, recorded.weights, atol=1e-5)


def test_windows_are_kept_where_a_layer_has_them():
    model = build("modernbert")
    with torch.no_grad(), recording(model) as tape:
        model(**batch())
    wide, narrow, _ = layers_of(tape)
    assert wide.allowed is None
    apart = np.abs(np.subtract.outer(np.arange(21), np.arange(21)))
    assert (narrow.allowed == (apart <= 4)).all()
    assert not tape.layers[1].weights[:, torch.from_numpy(apart > 4)].any()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in CLOSED])
def test_the_map_behind_the_heads_is_the_one_that_reads_them(kind):
    model, seen = build(kind), []
    linear = [part for part in model.modules() if isinstance(part, torch.nn.Linear)]
    marks = [part.register_forward_pre_hook(lambda part, given: seen.append((part, given[0]))) for part in linear]
    with torch.no_grad(), recording(model) as tape:
        model(**batch())
    for mark in marks:
        mark.remove()
    for layer in tape.layers:
        mixed = (layer.weights @ layer.value).transpose(0, 1).flatten(1)
        read = [given[0] for part, given in seen if part is layer.output]
        assert any(given.shape == mixed.shape and torch.allclose(given, mixed, atol=1e-5) for given in read)


def fail_while_recording(model):
    with recording(model):
        assert not model.training
        model(**batch())
        raise ValueError("in the middle")


@pytest.mark.parametrize("kind", ["bert", "mpnet", "deberta-v2", "deberta", "modernbert"])
def test_all_is_put_back_after_an_error(kind):
    model = build(kind).train()
    before = (model.config._attn_implementation, model.config.output_attentions, forwards(model), hooks(model))
    with pytest.raises(ValueError, match="in the middle"):
        fail_while_recording(model)
    after = (model.config._attn_implementation, model.config.output_attentions, forwards(model), hooks(model))
    assert after == before
    assert model.training
    assert model.config._attn_implementation != NAME


def test_an_implementation_that_the_user_chose_is_put_back():
    model = build("bert")
    model.set_attn_implementation("eager")
    with torch.no_grad(), recording(model):
        model(**batch())
    assert model.config._attn_implementation == "eager"


def test_gradients_reach_weights_below_frozen_layers():
    model = build("bert")
    model.base_model.requires_grad_(False)
    with recording(model) as tape:
        class_logits = model(**batch()).logits
    gradients = torch.autograd.grad(class_logits[0, 0], [layer.weights for layer in tape.layers])
    assert all(gradient.abs().max() > 0 for gradient in gradients)


def test_a_model_without_attention_is_an_error():
    config = transformers.FNetConfig(
        vocab_size=60, hidden_size=32, num_hidden_layers=2, intermediate_size=48, pad_token_id=0
    )
    model = transformers.FNetForSequenceClassification(config).eval()
    with pytest.raises(ModelError, match="'fnet' model has no attention"), torch.no_grad(), recording(model):
        model(input_ids=batch()["input_ids"])
