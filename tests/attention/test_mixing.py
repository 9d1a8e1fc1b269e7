"""Each method against loops, and what it needs."""

import dataclasses

import numpy as np
import pytest

from bertmagic.attention import METHODS
from bertmagic.attention.maps import Layer
from bertmagic.errors import ModelError, OptionError

from .made import maps

MAPS = maps()
LAYERS, HEADS, MANY, _ = MAPS.array.shape
WEIGHTS = MAPS.array.astype(float)


def each():
    return np.ndindex(LAYERS, MANY, MANY)


def test_weights_are_those_that_were_captured():
    assert MAPS.mixed() is MAPS.array


@pytest.mark.parametrize(("method", "combine"), [("head_mean", lambda all_: sum(all_) / len(all_)), ("head_max", max)])
def test_heads_become_one(method, combine):
    mixed = MAPS.mixed(method)
    assert mixed.shape == (LAYERS, 1, MANY, MANY)
    for layer, i, j in each():
        expected = combine([WEIGHTS[layer, head, i, j] for head in range(HEADS)])
        assert mixed[layer, 0, i, j] == pytest.approx(expected, rel=1e-5)


def test_rollout_follows_every_path():
    """By Abnar and Zuidema: the sum over all paths through the layers below of the products of their steps."""
    steps = [[[(WEIGHTS[layer, :, i, j].mean() + (i == j)) / 2 for j in range(MANY)] for i in range(MANY)]
             for layer in range(LAYERS)]  # fmt: skip
    mixed = MAPS.mixed("rollout")
    for i in range(MANY):
        for j in range(MANY):
            paths = sum(
                steps[2][i][a] * steps[1][a][b] * steps[0][b][j] for a in range(MANY) for b in range(MANY)
            )  # fmt: skip
            assert mixed[2, 0, i, j] == pytest.approx(paths, rel=1e-4)
    np.testing.assert_allclose(mixed.sum(-1), 1, atol=1e-5)


def test_value_norms_weigh_by_the_length_of_values():
    mixed = MAPS.mixed("value_norms")
    for layer in range(LAYERS):
        for head in range(HEADS):
            norms = MAPS.layers[layer].norms[head]
            for i in range(MANY):
                parts = [WEIGHTS[layer, head, i, j] * norms[j] for j in range(MANY)]
                np.testing.assert_allclose(mixed[layer, head, i], np.array(parts) / sum(parts), rtol=1e-4)


def test_value_norms_are_those_of_the_mapped_values(learnt):
    """``|(x W_V + b_V) W_O|``, written with the whole matrices of the model and one head at a time."""
    import torch

    maps_ = learnt.attention("the film was really good")
    layer = learnt.network.bert.encoder.layer[0].attention
    ids = learnt.tokenizer("the film was really good", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        hidden = learnt.network.bert.embeddings(ids)[0]
        values = layer.self.value(hidden)
        for head in range(4):
            own = slice(8 * head, 8 * head + 8)
            mapped = values[:, own] @ layer.output.dense.weight[:, own].T
            np.testing.assert_allclose(maps_.layers[0].norms[head], mapped.norm(dim=-1), rtol=1e-4)


def test_gradient_keeps_what_speaks_for_an_output():
    factors = np.random.default_rng(1).normal(0, 1, MAPS.array.shape).astype(np.float32)
    asked = []
    with_gradients = dataclasses.replace(MAPS, gradients=lambda output: asked.append(output) or factors)
    mixed = with_gradients.mixed("gradient", "good")
    assert asked == ["good"]
    products = [max(a * g, 0) for a, g in zip(WEIGHTS.ravel().tolist(), factors.ravel().tolist(), strict=True)]
    np.testing.assert_allclose(mixed.ravel(), np.array(products) / max(products), atol=1e-6)


def test_the_gradient_of_a_model_is_that_of_its_logit(learnt):
    """A weight is changed a little by hand, and the logit is computed anew."""
    import torch

    from bertmagic.attention import capture

    maps_ = learnt.attention("the film was really good")
    ids = learnt.tokenizer("the film was really good", return_tensors="pt")["input_ids"]
    number = learnt.network.config.label2id["bad"]
    gradient = maps_.gradient("bad")

    def logit(place, step):
        keep = capture.Tape.keep

        def changed(tape, recorded):
            if len(tape.layers) == place[0]:
                recorded.weights = recorded.weights.clone()
                recorded.weights[place[1:]] += step
            keep(tape, recorded)

        with pytest.MonkeyPatch.context() as patch, torch.no_grad():
            patch.setattr(capture.Tape, "keep", changed)
            with capture.recording(learnt.network):
                return float(learnt.network(input_ids=ids).logits[0, number])

    for place in [(0, 1, 2, 3), (0, 3, 0, 5), (1, 2, 0, 5), (1, 0, 0, 2)]:
        slope = (logit(place, 0.01) - logit(place, -0.01)) / 0.02
        assert gradient[place] == pytest.approx(slope, abs=0.02 * float(np.abs(gradient).max()) + 1e-4)


@pytest.mark.parametrize("method", METHODS[:-1])
def test_maps_of_words_are_mixed_from_those_of_tokens(method):
    words = MAPS.merged()
    assert words.mixed(method).shape[-1] == 8
    if method not in ("head_max",):
        np.testing.assert_allclose(words.mixed(method).sum(-1), 1, atol=1e-5)


def test_what_cannot_be_mixed_is_said():
    with pytest.raises(OptionError, match=r"no method 'rolout'\. Did you mean 'rollout'"):
        MAPS.mixed("rolout")
    with pytest.raises(ModelError, match="values of"):
        dataclasses.replace(MAPS, layers=(Layer(),) * LAYERS).mixed("value_norms")
    with pytest.raises(ModelError, match="gradients"):
        MAPS.mixed("gradient")
