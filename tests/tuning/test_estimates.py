"""What a run will take, beside what it takes; benchmarks/estimates.py measures how near."""

import re
from dataclasses import replace

import numpy as np
import pytest

import bertmagic as bm
from bertmagic.events import Phase, Started
from bertmagic.run import folders
from bertmagic.training.optimizer import adamw
from bertmagic.tuning import calibration, estimates


@pytest.mark.parametrize(
    "given",
    [
        {}, {"epochs": 2, "batch_size": 16}, {"max_steps": 7}, {"gradient_accumulation_steps": 3, "epochs": 1},
    ],
    ids=str,
)  # fmt: skip
def test_the_steps_are_those_of_the_run(options, about, given):
    seen = []

    class Enough(Exception):
        pass

    def stop(event):
        if isinstance(event, Started):
            seen.append(event)
            raise Enough

    given_ = {"label": "label", "model": options.model, "precision": "fp32", "show": False} | given
    with pytest.raises(Enough):
        bm.finetune(options.train, on_event=stop, **given_)
    estimate = estimates.estimate(replace(options, **given), about)
    assert (estimate.steps, estimate.epochs) == (seen[0].steps, pytest.approx(seen[0].epochs))


def test_more_rows_longer_texts_and_more_epochs_cost_more(options, about):
    about = replace(about, costs=replace(about.costs, new_shape=0.0))  # what epochs do not add to
    base = estimates.estimate(replace(options, epochs=2, max_length=8), about)
    assert estimates.estimate(replace(options, epochs=4, max_length=8), about).seconds > 1.5 * base.seconds
    longer = estimates.estimate(replace(options, epochs=2, max_length=64), about)
    assert longer.memory["activations"] > base.memory["activations"]
    larger = estimates.estimate(replace(options, epochs=2, max_length=8, batch_size=64), about)
    assert larger.memory["activations"] > base.memory["activations"]
    assert {name for name in base.memory if larger.memory[name] != base.memory[name]} == {"activations"}


def test_a_step_of_few_rows_takes_what_a_pass_takes_at_least(options, about):
    small = estimates.estimate(replace(options, epochs=1, batch_size=1), about)
    assert small.seconds >= about.rows * (about.costs.per_pass + about.costs.update)
    slow = replace(about, costs=replace(about.costs, per_pass=1.0))
    assert estimates.estimate(replace(options, epochs=1, batch_size=1), slow).seconds > about.rows


def test_the_share_of_cut_texts_is_counted(options, about):
    cut = estimates.estimate(replace(options, max_length=10), about)
    assert cut.truncated == pytest.approx((about.lengths > 10).mean())
    assert estimates.estimate(options, about).truncated == 0


def test_weights_gradients_and_moments_are_those_of_the_model(options, about, encoder):
    from bertmagic.models import loading

    model = loading.headed(encoder, "sequence", ("a", "b")).network
    held = sum(p.numel() for p in model.parameters())
    estimate = estimates.estimate(replace(options, validation=0), replace(about, validation_rows=0))
    optimizer = adamw(model, 0.01)
    moments = sum(t.numel() * 4 for state in optimizer.state.values() for name, t in state.items() if name != "step")
    words = model.get_input_embeddings().weight.numel()
    used = about.pieces * about.costs.width
    assert estimate.memory["weights"] == 4 * (held + used)
    assert estimate.memory["gradients"] == 4 * (held - words + used)
    assert estimate.memory["optimizer"] == moments - 8 * (words - used)
    assert estimate.memory["best weights"] == 0


def test_adapters_need_less(options, about, own_folder):
    lora = replace(options, adapt="lora")
    adapted, full = estimates.estimate(lora, estimates.subject(lora)), estimates.estimate(options, about)
    for part in ("gradients", "optimizer", "best weights"):
        assert adapted.memory[part] < full.memory[part] / 2


def test_a_head_alone_takes_no_steps_and_little_memory(options, about):
    head = replace(options, adapt="head")
    trained = estimates.subject(head).costs.trained
    known = replace(about, costs=replace(about.costs, trained=trained, embeddings=0))  # the seconds of one measurement
    alone, full = estimates.estimate(head, known), estimates.estimate(options, about)
    assert alone.steps == 0
    assert 0 < alone.seconds < full.seconds
    assert alone.memory["gradients"] < full.memory["gradients"] / 2


def test_the_layer_for_the_mean_costs_what_a_layer_costs(options, about, own_folder):
    mean = replace(options, pooling="mean")
    one_more, plain = estimates.subject(mean).costs, about.costs
    assert one_more.parameters > plain.parameters
    assert one_more.embeddings == plain.embeddings


def test_a_machine_times_a_model_once(options):
    first, second = [], []
    estimates.subject(options, first.append)
    again = estimates.subject(options, second.append)
    timing = [
        [event for event in seen if isinstance(event, Phase) and "timing" in event.what] for seen in (first, second)
    ]
    assert timing[0]
    assert not timing[1]
    assert len(list((folders.home() / "cache" / "calibration").glob("*.json"))) == 1
    estimates.subject(replace(options, freeze="encoder"))
    assert len(list((folders.home() / "cache" / "calibration").glob("*.json"))) == 2
    assert again.costs.lengths[0] == calibration.LENGTHS[0]


def test_what_is_kept_for_the_backward_pass_grows_with_the_length(about):
    assert list(about.costs.kept) == sorted(about.costs.kept)
    assert about.costs.at(about.costs.kept, np.asarray([20]))[0] < about.costs.kept[1]
    assert about.costs.kept[0] > 0


def test_an_estimate_says_itself_and_warns(options, about):
    estimate = estimates.estimate(replace(options, epochs=2), about)
    assert re.search(r"steps +6  2 epochs of", repr(estimate))
    assert "weights" in repr(estimate)
    assert "may not fit" not in repr(estimate)
    assert "may not fit" in replace(estimate, free=1)._repr_mimebundle_()["text/html"]
