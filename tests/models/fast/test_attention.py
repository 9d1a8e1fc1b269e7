"""The attention of our own against the plain one of transformers, in fp32."""

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

from bertmagic.models.fast import attention, dropout

SIZES = {"vocab_size": 50, "pad_token_id": 0, "max_position_embeddings": attention.SHORT + 40}
MODELS = {
    "bert": lambda: BertForSequenceClassification(
        BertConfig(**SIZES, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48)
    ),
    "distilbert": lambda: DistilBertForSequenceClassification(
        DistilBertConfig(**SIZES, dim=32, n_layers=2, n_heads=4, hidden_dim=48)
    ),
    # Windows of 16 tokens: padding that is far from any word sees nothing but padding.
    "modernbert": lambda: ModernBertForSequenceClassification(
        ModernBertConfig(
            **SIZES, hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=48,
            local_attention=16, global_attn_every_n_layers=3, cls_token_id=1, sep_token_id=2, bos_token_id=1,
            eos_token_id=2,
        )
    ),
}  # fmt: skip


def batch(tokens):
    """Return ids and mask ``(4, tokens)``: full, half, three tokens and one token long."""
    generator = torch.Generator().manual_seed(tokens)
    ids = torch.randint(3, 50, (4, tokens), generator=generator)
    mask = torch.zeros(4, tokens, dtype=torch.long)
    for row, length in enumerate((tokens, max(tokens // 2, 1), min(3, tokens), 1)):
        mask[row, :length] = 1
    return ids * mask, mask


def run(model, ids, mask):
    model.zero_grad()
    logits = model(input_ids=ids, attention_mask=mask).logits
    logits.square().sum().backward()
    return logits.detach(), [parameter.grad.clone() for parameter in model.parameters() if parameter.grad is not None]


@pytest.mark.parametrize("plain", [True, False], ids=["plain products", "fused"])
@pytest.mark.parametrize("tokens", [1, 7, 33, 128, attention.SHORT, attention.SHORT + 30])
@pytest.mark.parametrize("kind", MODELS)
def test_it_equals_eager_attention_forward_and_backward(kind, tokens, plain, monkeypatch):
    monkeypatch.setattr(attention, "PLAIN", (torch.float32,) if plain else ())
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = MODELS[kind]().eval()
    ids, mask = batch(tokens)
    model.set_attn_implementation("eager")
    logits, gradients = run(model, ids, mask)
    model.set_attn_implementation("sdpa")
    attention.install_attention(model)
    assert model.config._attn_implementation == attention.NAME
    ours, our_gradients = run(model, ids, mask)
    torch.testing.assert_close(ours, logits, atol=1e-5, rtol=1e-4)
    for actual, expected in zip(our_gradients, gradients, strict=True):
        torch.testing.assert_close(actual, expected, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_dropout_falls_in_training_only(dropout):
    generator = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(2, 4, 9, 8, generator=generator) for _ in range(3))
    module = torch.nn.Module()
    module.is_causal = False
    module.train()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        dropped, _ = attention.attention(module, query, key, value, None, dropout=dropout)
    whole, _ = attention.attention(module.eval(), query, key, value, None, dropout=0.0)
    assert torch.equal(dropped, whole) == (dropout == 0.0)
    assert whole.shape == (2, 9, 4, 8)


@pytest.mark.parametrize("rate", [0.0, 0.5])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("queries", [1, 5])
def test_gradients_are_those_that_differences_show(rate, masked, queries, monkeypatch):
    monkeypatch.setattr(attention, "PLAIN", (torch.float64,))
    generator = torch.Generator().manual_seed(0)
    shapes = ((2, 3, queries, 4), (2, 3, 5, 4), (2, 3, 5, 4))
    given = [torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_() for shape in shapes]
    mask = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])[:, None, None] if masked else None
    module = torch.nn.Module()
    module.is_causal = False
    module.dropout = torch.nn.Dropout(rate)

    def mixed(*given):
        dropout.install_dropout(module, 0)  # the same elements are dropped each time
        return attention.attention(module, *given, mask, dropout=rate)[0]

    assert torch.autograd.gradcheck(mixed, given)
    assert "MatmulAttention" in mixed(*given).grad_fn.name()


@pytest.mark.parametrize("tokens", [9, attention.SHORT + 2])
@pytest.mark.parametrize("kind", MODELS)
def test_masks_of_attention_come_from_the_generator_of_the_model(kind, tokens):
    """What another cell draws meanwhile must not change a run that goes on in the background."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = MODELS[kind]()
        for name in ("attention_probs_dropout_prob", "attention_dropout"):
            if hasattr(model.config, name):
                setattr(model.config, name, 0.4)
        model = type(model)(model.config).train()
    attention.install_attention(model)
    outputs = []
    for seed in (1, 2):
        dropout.install_dropout(model, 0)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            outputs.append(run(model, *batch(tokens))[0])
    assert torch.equal(*outputs)
    dropout.install_dropout(model, 1)
    assert not torch.equal(run(model, *batch(tokens))[0], outputs[0])


def test_a_model_that_reads_from_left_to_right_still_does():
    module = torch.nn.Module()
    module.is_causal = True
    query = torch.randn(1, 2, 5, 4, generator=torch.Generator().manual_seed(0))
    mixed, _ = attention.attention(module, query, query, query, None)
    torch.testing.assert_close(mixed[:, 0], query[:, :, 0])  # the first token sees itself only


def test_a_model_with_attention_of_its_own_keeps_it():
    model = MODELS["bert"]()
    model.set_attn_implementation("eager")
    attention.install_attention(model)
    assert model.config._attn_implementation == "eager"


@pytest.mark.parametrize(
    ("kind", "tokens", "learns", "fused"),
    [
        (torch.float32, 9, True, True),
        (torch.bfloat16, 9, True, False),
        (torch.bfloat16, 9, False, True),
        (torch.bfloat16, attention.SHORT + 1, True, True),
    ],
)
def test_the_number_format_the_length_and_whether_it_learns_choose(monkeypatch, kind, tokens, learns, fused):
    from transformers.integrations import sdpa_attention

    calls, real = [], sdpa_attention.sdpa_attention_forward
    monkeypatch.setattr(
        sdpa_attention, "sdpa_attention_forward", lambda *given, **known: calls.append(1) or real(*given, **known)
    )
    module = torch.nn.Module()
    module.is_causal = False
    query = torch.ones(1, 2, tokens, 4, dtype=kind, requires_grad=learns)
    attention.attention(module, query, query, query, None)
    assert bool(calls) == fused
