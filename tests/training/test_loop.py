"""The loop by itself, on a tiny real BERT, with the metric put in by the test."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from bertmagic.data.batches import BatchSource
from bertmagic.data.tokenization import encode
from bertmagic.errors import TrainingError
from bertmagic.events import Evaluated, Step
from bertmagic.run.stopping import StopButton
from bertmagic.training.loop import Loop
from bertmagic.training.objective import Objective
from bertmagic.training.plan import Plan, count_steps, default_epochs, steps_an_epoch

ROWS = 40


@pytest.fixture
def run(bert_config, tokenizer, make_rows):
    """Return a function that runs a loop and returns the model, the events and the end of it."""
    rows = make_rows(ROWS)
    tokens = encode(tokenizer, rows["text"].tolist(), 64)
    targets = (rows["label"] == "good").to_numpy().astype(np.int64)

    def run(scores=(), button=None, listener=lambda event: None, **changes):
        known = {
            "steps": 10, "batch_size": 8, "lr": 1e-3, "warmup": 0.1, "weight_decay": 0.01, "schedule": "linear",
            "seed": 0, "eval_every": None, "patience": None, "metric": "accuracy", "higher_is_better": True,
            "precision": "fp32",
        } | changes  # fmt: skip
        given, events, weights = iter(scores), [], {}

        def measure(trained, check):
            check()
            weights[loop.step] = {name: value.clone() for name, value in trained.state_dict().items()}
            score = next(given)
            accuracy, value = score if isinstance(score, tuple) else (score, 0.5)
            return {"accuracy": accuracy, "loss": value}

        def emit(event):
            events.append(event)
            listener(event)

        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = BertForSequenceClassification(BertConfig(**bert_config))
            loss = Objective(partial(torch.nn.functional.cross_entropy, reduction="sum"))
            loop = Loop(model, BatchSource(tokens, 0, targets), Plan(**known), loss, measure if scores else None, emit)
            with button or StopButton() as pressed:
                ended = loop.run(pressed)
        return model, events, ended, weights

    return run


def equal(model, weights):
    return all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("steps", [1, 4, 5, 13])
def test_it_takes_exactly_the_planned_steps(run, steps):
    _, events, ended, _ = run(steps=steps)
    assert [event.step for event in events] == list(range(1, steps + 1))
    assert (ended.reason, ended.step, ended.best_step) == ("finished", steps, steps)
    assert ended.rows == sum(event.rows for event in events) == 8 * steps
    assert ended.tokens == sum(event.tokens for event in events) <= ended.slots


def test_a_step_tells_what_it_did(run):
    _, events, _, _ = run(steps=10, warmup=2, schedule="linear")
    for event in events:
        assert math.isfinite(event.loss)
        assert event.grad_norm > 0
        assert 0 < event.tokens <= event.slots
        assert event.memory > 1e6
    assert [event.epoch for event in events] == pytest.approx([0.2 * (i + 1) for i in range(10)])
    assert [event.lr for event in events[:3]] == pytest.approx([1e-3 / 3, 2e-3 / 3, 1e-3])
    assert events[-1].lr == pytest.approx(1e-3 / 8)
    seconds = [event.seconds for event in events]
    assert seconds == sorted(seconds)


def test_an_epoch_sees_every_row_once(run):
    _, events, ended, _ = run(steps=5)
    assert ended.rows == ROWS
    assert sum(event.rows for event in events) == ROWS


def test_the_best_weights_are_restored(run):
    model, events, ended, weights = run([0.5, 0.9, 0.7, 0.9, 0.6], eval_every=2)
    assert ended.best_step == 4
    assert equal(model, weights[4])
    assert not equal(model, weights[10])
    best = [event.best for event in events if isinstance(event, Evaluated)]
    assert best == [True, True, False, False, False]


def test_of_equal_metrics_the_one_with_the_lower_loss_is_the_best(run):
    model, events, ended, weights = run(scores=((0.7, 0.5), (0.7, 0.4), (0.6, 0.1)), steps=15)
    assert ended.best_step == 10
    assert equal(model, weights[10])
    assert [event.best for event in events if isinstance(event, Evaluated)] == [True, True, False]


def test_the_last_weights_can_be_kept(run):
    model, events, ended, weights = run(scores=(0.9, 0.5, 0.4), steps=15, keep="last")
    assert ended.best_step == 15
    assert equal(model, weights[15])
    assert [event.best for event in events if isinstance(event, Evaluated)] == [False, False, False]


def test_a_run_without_steps_leaves_the_model(run):
    model, _, ended, _ = run(scores=(0.9,), steps=0)
    untouched, *_ = run(scores=(0.9,), steps=0)
    assert (ended.reason, ended.step) == ("finished", 0)
    assert equal(model, untouched.state_dict())


def test_a_loss_is_better_when_it_is_lower(run):
    model, _, ended, weights = run([0.5, 0.2, 0.7, 0.3, 0.6], eval_every=2, higher_is_better=False)
    assert ended.best_step == 4
    assert equal(model, weights[4])


@pytest.mark.parametrize(("patience", "last"), [(1, 6), (2, 8), (None, 20)])
def test_patience_ends_the_run(run, patience, last):
    scores = [0.5, 0.9, 0.9, 0.6, 0.95, *[0.1] * 5]
    _, _, ended, _ = run(scores, steps=20, eval_every=2, patience=patience)
    assert ended.step == last
    assert ended.reason == ("finished" if patience is None else "stopped early")
    assert ended.best_step == (10 if patience is None else 4)


@pytest.mark.parametrize(
    ("eval_every", "expected"), [(None, [5, 10, 12]), (4, [4, 8, 12]), (5, [5, 10, 12]), (50, [12])]
)
def test_it_evaluates_when_asked_and_at_the_end(run, eval_every, expected):
    _, events, _, _ = run([0.1] * 5, steps=12, eval_every=eval_every)
    assert [event.step for event in events if isinstance(event, Evaluated)] == expected


def test_the_same_seed_gives_the_same_bits(run):
    one, events, _, _ = run(steps=6)
    two, again, _, _ = run(steps=6)
    assert equal(one, two.state_dict())
    assert [event.loss for event in events] == [event.loss for event in again]
    other, _, _, _ = run(steps=6, seed=1)
    assert not equal(one, other.state_dict())


def test_a_loss_that_is_no_number_ends_the_run_with_advice(run):
    seen = []
    with pytest.raises(TrainingError, match=r"the (loss|gradient) is (nan|inf) at step \d+ of 50") as caught:
        run(steps=50, lr=1e30, warmup=0, listener=seen.append)
    assert "Lower lr (it is 1e+30)" in caught.value.fix
    assert len(seen) < 10
    assert (seen[-1].reason, seen[-1].detail) == ("failed", str(caught.value))


def test_a_gradient_that_is_no_number_is_not_trained_on(run, monkeypatch):
    from bertmagic.training import step

    monkeypatch.setattr(step, "norm_of", lambda gradients: torch.tensor(float("nan")))
    with pytest.raises(TrainingError, match="the gradient is nan at step 1 of 3"):
        run(steps=3)


@pytest.mark.parametrize("bad", [1, 3, 7, 10, 12])
def test_a_bad_step_is_told_where_losses_are_read_seldom(run, monkeypatch, bad):
    """As on a GPU: the steps after it are taken, and change nothing."""
    from bertmagic.training import loop as loops
    from bertmagic.training import step

    monkeypatch.setitem(loops._SYNC_EVERY, "cpu", 10)
    real, calls = step.Stepper._backward, []

    def backward(stepper, pieces, number):
        result = real(stepper, pieces, number)
        calls.append(stepper)
        if number == bad:
            next(stepper.model.parameters()).grad[0] = math.nan
        return result

    with monkeypatch.context() as patch:
        patch.setattr(step.Stepper, "_backward", backward)
        seen = []
        with pytest.raises(TrainingError, match=f"the gradient is nan at step {bad} of 12") as caught:
            run(steps=12, ema_decay=0.8, schedule="constant", warmup=0, listener=seen.append)
    assert len(calls) == (10 if bad <= 10 else 12)
    assert [event.step for event in seen[:-1]] == list(range(1, bad + 1))
    assert (caught.value.ended.step, caught.value.ended.best_step) == (bad - 1, bad - 1)
    if bad > 1:
        expected, _, _, _ = run(steps=bad - 1, ema_decay=0.8, schedule="constant", warmup=0)
        assert equal(calls[0].model, expected.state_dict())


def test_the_stop_button_ends_after_the_step_with_the_best_weights(run):
    button = StopButton()

    def press(event):
        if isinstance(event, Step) and event.step == 7:
            button.pressed = True

    model, events, ended, weights = run([0.5, 0.9, 0.7], eval_every=2, steps=100, button=button, listener=press)
    assert (ended.reason, ended.step, ended.best_step) == ("interrupted", 7, 4)
    assert equal(model, weights[4])
    assert events[-1].step == 7


def test_the_stop_button_ends_an_evaluation_too(run):
    button = StopButton()
    _, _, ended, _ = run(
        [0.5, 0.9], eval_every=2, steps=100, button=button,
        listener=lambda event: setattr(button, "pressed", isinstance(event, Step) and event.step == 4),
    )  # fmt: skip
    assert (ended.reason, ended.step, ended.best_step) == ("interrupted", 4, 2)


def test_bf16_trains_too(run):
    _, events, ended, _ = run(steps=5, precision="bf16")
    assert ended.step == 5
    assert all(math.isfinite(event.loss) for event in events)


@pytest.mark.parametrize(
    ("rows", "batch_size", "epochs", "max_steps", "expected"),
    [(100, 32, 3, None, 12), (100, 32, 0.5, None, 2), (100, 32, 3, 5, 5), (100, 32, 1, 50, 4), (3, 32, 0.01, None, 1)],
)
def test_the_number_of_steps(rows, batch_size, epochs, max_steps, expected):
    assert count_steps(steps_an_epoch(rows, batch_size), epochs, max_steps) == expected


@pytest.mark.parametrize(("rows", "epochs"), [(10, 10), (1000, 10), (2000, 5), (3200, 3), (10**6, 3)])
def test_few_rows_are_seen_more_often(rows, epochs):
    assert default_epochs(steps_an_epoch(rows, 32), None) == epochs


@pytest.mark.parametrize(("rows", "epochs"), [(60, 10), (200, 6), (1500, 6), (2000, 5), (3200, 3)])
def test_a_head_that_starts_from_a_linear_model_needs_fewer_epochs(rows, epochs):
    assert default_epochs(steps_an_epoch(rows, 32), None, warm=True) == epochs
