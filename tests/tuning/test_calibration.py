"""What a model costs on this machine: steps of the real engine, after which all is as it was."""

import gc
import random
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch

import bertmagic as bm
from bertmagic.data.batches import padded
from bertmagic.events import Evaluated, Step, ignore
from bertmagic.models.fast import allocator, attention, dropout, first_token
from bertmagic.tuning import calibration, estimates


@pytest.fixture
def heavy(about):
    """The subject, of a model whose activations are most of its memory."""
    return replace(about, costs=replace(about.costs, kept=tuple(1000 * kept for kept in about.costs.kept)))


@pytest.fixture
def seen(monkeypatch):
    """The models that steps were timed of."""
    models, real = [], calibration.Stepper

    def spy(*given):
        stepper = real(*given)
        models.append(stepper.model)
        return stepper

    monkeypatch.setattr(calibration, "Stepper", spy)
    return models


def layers(model):
    return [type(layer).__name__ for layer in first_token.stack(model)]


def test_what_is_timed_has_the_layers_of_a_run(encoder, options, seen, own_folder):
    calibration.load_or_measure(encoder, options, ignore)
    (model,) = seen
    assert model.config._attn_implementation == attention.NAME
    assert layers(model) == ["BertLayer", "FirstTokenBertLayer"]
    drops = [module for module in model.modules() if isinstance(module, torch.nn.Dropout | dropout.Dropout)]
    assert {type(module) for module in drops} == {dropout.Dropout}
    assert model.config.attention_probs_dropout_prob == options.attention_dropout == 0


def test_what_is_timed_is_frozen_and_recomputed_as_the_run(encoder, options, seen, own_folder):
    costs = calibration.load_or_measure(
        encoder, replace(options, freeze="encoder", gradient_checkpointing=True), ignore
    )
    assert layers(seen[0]) == ["RecomputedBertLayer", "RecomputedFirstTokenBertLayer"]
    assert costs.embeddings == 0
    assert costs.trained < costs.parameters / 10
    assert costs.words > 0


def test_a_calibration_leaves_random_states_and_memory_as_they_were(encoder, options, seen, own_folder):
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    calibration.load_or_measure(encoder, options, ignore)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])
    assert random.getstate() == before[2]
    assert allocator._runs == 0
    (model,) = seen
    assert all(parameter.grad is None for parameter in model.parameters())
    left = weakref.ref(model)
    seen.clear()
    del model
    gc.collect()
    assert left() is None


def test_costs_are_known_for_short_and_long_rows_and_a_longer_one_holds_more(about):
    costs = about.costs
    assert len(costs.lengths) > 1
    assert all(seconds > 0 for seconds in (*costs.train, *costs.read))
    assert costs.kept[-1] > costs.kept[0] > 0
    assert costs.per_pass >= 0
    assert costs.update > 0


def test_a_step_holds_gradients_beside_activations_from_its_second_pass_on(options, heavy):
    one, two = (
        estimates.estimate(replace(options, gradient_accumulation_steps=many, epochs=1), heavy) for many in (1, 2)
    )
    assert abs(two.bytes - one.bytes - one.memory["gradients"]) <= 2


def test_the_best_weights_are_held_beside_activations_where_training_goes_on(options, heavy):
    last, often = (estimates.estimate(replace(options, epochs=epochs), heavy) for epochs in (1, 2))
    assert abs(often.bytes - last.bytes - last.memory["best weights"]) <= 2


def test_the_batches_are_those_of_the_run(options, about, own_folder):
    tokens = []
    bm.finetune(
        options.train, label="label", model=options.model, precision="fp32", epochs=1, show=False,
        on_event=lambda event: tokens.append(event.tokens) if isinstance(event, Step) else None,
    )  # fmt: skip
    batches = estimates.training_batches(about.lengths, options.batch_size, options.seed, 0)
    assert tokens == [about.lengths[batch].sum() for batch in batches]


def test_an_evaluation_begins_with_what_steps_left_given_back(options, monkeypatch, own_folder):
    order, trim = [], allocator.trim
    monkeypatch.setattr(allocator, "trim", lambda: (order.append("trim"), trim()))
    bm.finetune(
        options.train, label="label", model=options.model, precision="fp32", max_steps=2, show=False,
        on_event=lambda event: order.append(type(event)),
    )  # fmt: skip
    at = order.index(Evaluated)
    assert "trim" in order[at - order[:at][::-1].index(Step) : at]


def test_each_new_shape_takes_its_time_once(options, about):
    plain, compiled = (replace(about, costs=replace(about.costs, new_shape=seconds)) for seconds in (0.0, 100.0))
    one, four = (replace(options, epochs=epochs) for epochs in (1, 4))
    batches = estimates.training_batches(about.lengths, options.batch_size, options.seed, 0)
    shapes = {(len(batch), padded(int(about.lengths[batch].max()))) for batch in batches}
    for given in (one, four):
        more = estimates.estimate(given, compiled).seconds - estimates.estimate(given, plain).seconds
        assert more == pytest.approx(100 * len(shapes))


def test_what_is_compiled_for_new_shapes_is_held(options, about):
    options = replace(options, batch_size=4)
    batches = estimates.training_batches(about.lengths, options.batch_size, options.seed, 0)
    shapes = {(len(batch), padded(int(about.lengths[batch].max()))) for batch in batches}
    of_calibration = 1 + len(about.costs.lengths)
    few = replace(about, costs=replace(about.costs, lengths=(8,), train=(1.0,), read=(1.0,), kept=(1.0,)))
    for known, counted in ((about, len(shapes) - of_calibration), (few, len(shapes) - 2)):
        none, some = (replace(known, costs=replace(known.costs, compiled=held)) for held in (0.0, 1e6))
        more = estimates.estimate(options, some).memory["other"] - estimates.estimate(options, none).memory["other"]
        assert more == 1e6 * max(0, counted)
    assert len(shapes) > 2
