"""Each number of a head against a loop that says what it is."""

import dataclasses
import math

import numpy as np
import pytest

from bertmagic.attention import STATISTICS
from bertmagic.attention.maps import Layer
from bertmagic.attention.statistics import nearly_uniform

from .made import PAIR, maps

MAPS = maps()
MANY = len(PAIR)


def place(piece):
    return [at for at, (one, _, _) in enumerate(PAIR) if one == piece]


def of_row(name, row, i):
    """Return one row's number, from its definition."""
    others = [j for j, (_, _, sentence) in enumerate(PAIR) if sentence >= 0 and sentence != PAIR[i][2]]
    return {
        "entropy": lambda: -sum(a * math.log2(a) for a in row if a > 0),
        "distance": lambda: sum(a * abs(i - j) for j, a in enumerate(row)),
        "self": lambda: row[i],
        "previous": lambda: row[i - 1] if i > 0 else None,
        "next": lambda: row[i + 1] if i + 1 < MANY else None,
        "cls": lambda: row[0],
        "sep": lambda: sum(row[j] for j in place("[SEP]")),
        "other_sentence": lambda: sum(row[j] for j in others) if PAIR[i][2] >= 0 else None,
        "strongest": lambda: max(row),
    }[name]()


@pytest.mark.parametrize("name", STATISTICS[:-1])
def test_a_number_is_the_mean_over_the_rows_of_its_definition(name):
    frame = MAPS.head_statistics().set_index(["layer", "head"])
    for layer in range(3):
        for head in range(4):
            rows = [of_row(name, row.tolist(), i) for i, row in enumerate(MAPS.array[layer, head].astype(float))]
            known = [row for row in rows if row is not None]
            assert frame.loc[(layer, head), name] == pytest.approx(sum(known) / len(known), rel=1e-4)


def test_there_is_a_row_for_each_head_and_a_column_for_each_number():
    frame = MAPS.head_statistics()
    assert list(frame.columns) == ["layer", "head", *STATISTICS[:-1]]
    assert len(frame) == 12
    assert frame["layer"].tolist()[:5] == [0, 0, 0, 0, 1]


def test_importance_is_the_derivative_by_a_gate():
    """``y`` is a sum of all weights with random factors, so a gate's derivative is known."""
    factors = np.random.default_rng(1).normal(0, 1, MAPS.array.shape).astype(np.float32)
    with_gradients = dataclasses.replace(MAPS, gradients=lambda output: factors)

    def output(gates):
        return (MAPS.array.astype(float) * factors * gates[..., None, None]).sum()

    step, ones = 1e-4, np.ones((3, 4))
    expected = np.zeros((3, 4))
    for place_ in np.ndindex(3, 4):
        moved = ones.copy()
        moved[place_] += step
        expected[place_] = abs(output(moved) - output(ones)) / step
    expected /= np.sqrt((expected**2).sum(1, keepdims=True))
    frame = with_gradients.head_statistics(gradient=True)
    np.testing.assert_allclose(frame["importance"].to_numpy().reshape(3, 4), expected, rtol=1e-3)


def test_importance_of_a_model_is_the_derivative_by_its_gates(learnt):
    """The model is run with the mix of each head multiplied by a little more than 1."""
    import torch

    from bertmagic.attention.capture import recording

    maps_ = learnt.attention("the film was really good")
    ids = learnt.tokenizer("the film was really good", return_tensors="pt")["input_ids"]
    label = maps_.outputs[0]
    number = learnt.network.config.label2id[label]

    def logit(gates):
        with torch.no_grad(), recording(learnt.network, gates):
            return float(learnt.network(input_ids=ids).logits[0, number])

    step, expected = 0.05, np.zeros((2, 4))
    for at in np.ndindex(2, 4):
        up, down = torch.ones(2, 4), torch.ones(2, 4)
        up[at] += step
        down[at] -= step
        expected[at] = abs(logit(up) - logit(down)) / (2 * step)
    expected /= np.sqrt((expected**2).sum(1, keepdims=True))
    importance = maps_.head_statistics(gradient=True)["importance"].to_numpy().reshape(2, 4)
    np.testing.assert_allclose(importance, expected, atol=0.02)


def test_a_single_text_has_no_other_sentence():
    frame = maps([part for part in PAIR if part[2] < 1][:6]).head_statistics()
    assert frame["other_sentence"].isna().all()
    assert frame["sep"].notna().all()


def test_a_text_without_special_tokens_has_none_to_look_at():
    frame = maps([part for part in PAIR if part[2] == 0]).head_statistics()
    assert frame[["cls", "sep"]].isna().all().all()


def uniform(**more):
    one = maps()
    return dataclasses.replace(one, array=np.full_like(one.array, 1 / MANY), **more)


def test_heads_that_look_everywhere_alike_are_noticed():
    assert nearly_uniform(uniform())
    assert not nearly_uniform(MAPS)
    one = uniform()
    one.array[1, 2] = MAPS.array[1, 2]
    assert not nearly_uniform(one)


def test_windows_are_uniform_within_themselves():
    apart = np.abs(np.subtract.outer(np.arange(MANY), np.arange(MANY))) <= 2
    array = np.broadcast_to(apart / apart.sum(-1, keepdims=True), (3, 4, MANY, MANY)).astype(np.float32)
    windows = tuple(Layer(allowed=apart) for _ in range(3))
    assert nearly_uniform(dataclasses.replace(maps(), array=array, layers=windows))
    assert not nearly_uniform(dataclasses.replace(maps(), array=array))
