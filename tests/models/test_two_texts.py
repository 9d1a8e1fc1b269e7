"""An encoder that reads two texts as if each stood alone, and the layer that compares them."""

import pytest
import torch
import transformers
from transformers import AutoModelForSequenceClassification

from bertmagic.data.batches import Batch
from bertmagic.models import comparison_layer, two_texts
from bertmagic.models.fast import first_token

SIZES = {
    "vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
    "max_position_embeddings": 64, "type_vocab_size": 2, "pad_token_id": 0,
}  # fmt: skip


def classifier(kind="bert", **sizes):
    config = transformers.AutoConfig.for_model(kind, **(SIZES | sizes))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = AutoModelForSequenceClassification.from_config(config, attn_implementation="eager").eval()
        for name, weight in model.named_parameters():
            if weight.ndim == 2:  # larger than at their start, so that tokens differ
                torch.nn.init.normal_(weight, std=1.0 if "embeddings" in name else 0.2)
    return model


def pairs(seed, rows=24, start=3):
    """Pairs of random tokens, each text of 4 to 9 of them; token 1 begins a row, and 2 ends a text."""
    draws = torch.Generator().manual_seed(seed)
    ids, mask, types = (torch.zeros(rows, 24, dtype=torch.long) for _ in range(3))
    for row in range(rows):
        one, two = (
            torch.randint(start, 64, (int(torch.randint(4, 10, (), generator=draws)),), generator=draws)
            for _ in range(2)
        )
        tokens = torch.cat([torch.tensor([1]), one, torch.tensor([2]), two, torch.tensor([2])])
        ids[row, : len(tokens)], mask[row, : len(tokens)] = tokens, 1
        types[row, len(one) + 2 : len(tokens)] = 1
    return Batch(ids, mask, types)


def separated(kind="bert"):
    model = classifier(kind)
    return model, two_texts.separate(model, two_texts.observe(model, [pairs(0), pairs(1)]))


def of_text(batch, text):
    """Which tokens belong to a text, the first of a row aside."""
    tokens = batch.mask.bool() & (batch.types == text)
    tokens[:, 0] = False
    return tokens


@pytest.mark.parametrize("kind", ["bert", "electra", "roberta", "ernie"])
def test_no_token_attends_to_the_other_text(kind):
    known = {"embedding_size": 32} if kind == "electra" else {}
    model, batch = classifier(kind, **known), pairs(5)
    one, two = of_text(batch, 0), of_text(batch, 1)
    across = one[:, :, None] & two[:, None, :] | two[:, :, None] & one[:, None, :]

    def most():
        with torch.no_grad():
            weights = model(**batch.inputs, output_attentions=True).attentions
        return [float(layer.transpose(0, 1)[:, across].max()) for layer in weights]

    assert min(most()) > 0.1
    two_texts.separate(model, two_texts.observe(model, [pairs(0), pairs(1)]))
    assert max(most()) < 0.02


def test_within_a_text_attention_stays_nearly_as_it_was():
    model, batch = classifier(), pairs(5)
    whole = batch.mask.bool()[:, :, None] & batch.mask.bool()[:, None, :]
    alone = {**batch.inputs, "token_type_ids": torch.zeros_like(batch.types)}

    def weights():
        with torch.no_grad():
            return model(**alone, output_attentions=True).attentions[0].transpose(0, 1)[:, whole]

    before = weights()
    two_texts.separate(model, two_texts.observe(model, [pairs(0), pairs(1)]))
    assert (
        torch.corrcoef(torch.stack([before.flatten(), weights().flatten()]))[0, 1] > 0.85
    )  # 4 of 32 coordinates and 2 of 8 directions are gone


def test_marks_are_carried_through_all_layers():
    model, marks = separated()
    batch = pairs(5)
    with torch.no_grad():
        for states in model(**batch.inputs, output_hidden_states=True).hidden_states:
            for text, (plus, minus) in enumerate((marks.first, marks.second)):
                mark = (states[..., plus] - states[..., minus]) / 2
                assert 0.5 < float(mark[of_text(batch, text)].median()) < 2
                assert mark[of_text(batch, text)].min() > 0
                assert mark[of_text(batch, 1 - text)].abs().max() < 1e-5
                assert mark[:, 0].abs().max() < 1e-5


def test_observing_leaves_a_model_as_it_was():
    model = classifier().train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    two_texts.observe(model, [pairs(0)])
    assert model.training
    assert not any(module._forward_pre_hooks for module in model.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def compared():
    """A separated model with a comparison layer."""
    model, marks = separated()
    comparison_layer.add(model, marks, torch.eye(32).double())
    return model, pairs(7, rows=64)


@pytest.fixture(scope="module")
def comparison():
    """The vectors of pairs in the directions that are compared, each ``(pairs, 16)``, and the first token's output."""
    model, marks = separated()
    draws = torch.Generator().manual_seed(0)
    first, noise = torch.randn(200, 32, generator=draws), torch.randn(200, 32, generator=draws)
    share = torch.linspace(-1, 1, 200)[:, None]
    second = share * first + (1 - share**2).sqrt() * noise  # as long as the first, at any angle
    states = torch.zeros(200, 8, 32)
    offsets = torch.randn(200, 3, 32, generator=draws)
    for text, vectors in enumerate((first, second)):
        tokens = slice(2 + 3 * text, 5 + 3 * text)
        states[:, tokens] = vectors[:, None] + offsets - offsets.mean(1, keepdim=True)
        states[:, tokens, marks.all] = 0
        plus, minus = (marks.first, marks.second)[text]
        strength = torch.tensor([0.3, 1.0, 3.0])  # as layer norms leave them
        states[:, tokens, plus], states[:, tokens, minus] = strength, -strength
    products = torch.diag(torch.linspace(2, 1, 32)).double()
    comparison_layer.add(model, marks, products)
    top = first_token.stack(model)[-1]
    with torch.no_grad():
        outputs = top(states[:, 2:])  # without tokens of neither text
    kept = [at for at in range(32) if at not in marks.all][:16]
    return first[:, kept], second[:, kept], (outputs[0] if isinstance(outputs, tuple) else outputs)[:, 0]


def correlation(one, two):
    return float(torch.corrcoef(torch.stack([one, two]))[0, 1])


def test_the_first_token_has_the_cosine_of_both_texts(comparison):
    one, two, first = comparison
    assert correlation(torch.cosine_similarity(one, two), first[:, comparison_layer.COSINE]) > 0.97


def test_the_first_token_has_differences_and_products(comparison):
    one, two, first = comparison
    length = (one**2 + two**2).sum(dim=1, keepdim=True).sqrt()
    for at in range(13):  # three coordinates have another use
        assert correlation((one - two).abs()[:, at] / length[:, 0], first[:, at]) > 0.9
        assert correlation((one * two)[:, at] / length[:, 0] ** 2, first[:, 16 + at]) > 0.9


def test_plain_transformers_reads_it_with_the_same_logits(tmp_path):
    model, batch = compared()
    model.save_pretrained(tmp_path)
    plain, info = AutoModelForSequenceClassification.from_pretrained(tmp_path, output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    assert len(first_token.stack(plain)) == 3
    with torch.no_grad():
        expected = model(**batch.inputs).logits
        torch.testing.assert_close(plain.eval()(**batch.inputs).logits, expected, atol=1e-4, rtol=1e-4)


def test_every_matrix_learns():
    model, batch = compared()
    model.train()(**batch.inputs, labels=torch.arange(64) % 2).loss.backward()
    assert all(weight.grad is not None and weight.grad.any() for _, weight in model.named_parameters())


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        ("bert", {"type_vocab_size": 1}),
        ("bert", {"num_attention_heads": 1}),
        ("bert", {"num_attention_heads": 8}),  # 4 directions a head, and two would be lost
        ("bert", {"intermediate_size": 48}),
        ("electra", {"embedding_size": 16}),
        ("albert", {"embedding_size": 16}),
        ("mpnet", {}),
        ("deberta-v2", {}),
    ],
)
def test_other_models_are_left_alone(kind, sizes):
    assert not two_texts.fits(classifier(kind, **sizes))
    assert two_texts.fits(classifier())
