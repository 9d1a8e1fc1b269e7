"""Products by packed weights against those of autocast."""

import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
)

from bertmagic.models.fast import bf16_linear, first_token, operators

needs_onednn = pytest.mark.skipif(not operators.has_bf16_linear(), reason="oneDNN has no bf16 products here")
SIZES = {"vocab_size": 60, "pad_token_id": 0}


def bert(**changes):
    known = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64} | changes
    return BertForSequenceClassification(BertConfig(**SIZES, **known))


MODELS = {
    "bert": bert,
    "another activation": lambda: bert(hidden_act="gelu_new"),
    "distilbert": lambda: DistilBertForSequenceClassification(
        DistilBertConfig(**SIZES, dim=32, n_layers=2, n_heads=4, hidden_dim=64)
    ),
}


@pytest.fixture(params=MODELS)
def model(request):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        made = MODELS[request.param]().eval()
    with torch.no_grad():
        for parameter in made.parameters():  # outputs of a size that rounding shows in
            parameter.mul_(4 if parameter.ndim > 1 else 1)
    return made


def run(model):
    ids = torch.randint(1, 60, (6, 11), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        return model(input_ids=ids).logits.float()


@needs_onednn
def test_it_gives_what_autocast_gives_and_no_less_exactly(model):
    with torch.inference_mode():
        exact = model(input_ids=torch.randint(1, 60, (6, 11), generator=torch.Generator().manual_seed(0))).logits
    plain = run(model)
    with bf16_linear.packed(model):
        output = run(model)
    torch.testing.assert_close(output, plain, atol=0.05, rtol=0.05)
    assert (output - exact).abs().max() < 1.5 * (plain - exact).abs().max()


@needs_onednn
def test_all_products_of_the_layers_are_packed_and_nothing_is_left_of_it(model):
    linear = [
        part for layer in first_token.stack(model) for part in layer.modules() if isinstance(part, torch.nn.Linear)
    ]
    before = {name: value.clone() for name, value in model.state_dict().items()}
    alone = run(model)
    with bf16_linear.packed(model):
        assert all("forward" in vars(part) for part in linear)
        assert model.state_dict().keys() == before.keys()
    with pytest.raises(ZeroDivisionError), bf16_linear.packed(model):
        _ = 1 / 0
    assert not any("forward" in vars(part) for layer in first_token.stack(model) for part in layer.modules())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(run(model), alone)


@needs_onednn
def test_weights_that_change_are_packed_anew():
    model = bert().eval()
    with bf16_linear.packed(model):
        before = run(model)
    with torch.no_grad():
        model.bert.encoder.layer[0].output.dense.weight.mul_(30)
    with bf16_linear.packed(model):
        assert not torch.equal(run(model), before)


@needs_onednn
def test_gelu_is_taken_along_where_it_is_the_exact_one():
    assert bf16_linear._is_product_and_gelu(bert().bert.encoder.layer[0].intermediate)
    assert not bf16_linear._is_product_and_gelu(bert(hidden_act="gelu_new").bert.encoder.layer[0].intermediate)
    assert not bf16_linear._is_product_and_gelu(bert(hidden_act="relu").bert.encoder.layer[0].intermediate)


def test_a_layer_that_is_not_plain_is_left_alone():
    class Other(torch.nn.Linear):
        pass

    model = bert()
    model.bert.encoder.layer[0].output.dense = Other(64, 32)
    with bf16_linear.packed(model):
        assert "forward" not in vars(model.bert.encoder.layer[0].output.dense)


def test_without_onednn_nothing_is_done(monkeypatch):
    monkeypatch.setattr(operators, "has_bf16_linear", lambda: False)
    model = bert()
    with bf16_linear.packed(model):
        assert not any("forward" in vars(part) for part in model.modules())
