"""Batches in which no token has a target: they are skipped, counted, and taken for no divergence."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

import bertmagic as bm
from bertmagic.data.batches import IGNORED
from bertmagic.events import Note, Step
from bertmagic.run.stopping import StopButton
from bertmagic.training.objective import Objective

LABELLED = Objective(
    lambda logits, targets: torch.nn.functional.cross_entropy(logits, targets, reduction="sum", ignore_index=IGNORED),
    lambda targets: float((targets != IGNORED).sum()),
)
HIDDEN = "\u200b \u200b"
"""Words that no tokenizer sees: zero-width spaces."""


def text_of(events):
    return [event.text for event in events if isinstance(event, Note) and "nothing to learn" in event.text]


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
@pytest.mark.parametrize("empty", [1, 7, 40])
def test_a_step_with_nothing_to_learn_changes_nothing_and_is_counted(make_loop, empty, precision):
    events = []
    loop = make_loop(
        events.append, steps=40, batch_size=1, objective=LABELLED, weight_decay=0.1, ema_decay=0.9, precision=precision
    )
    loop.stepper.feed.targets[:empty] = IGNORED
    real, unchanged = loop.stepper.step, []

    def step(batches, lr, number):
        before = {name: value.clone() for name, value in loop.stepper.tensors().items()}
        result = real(batches, lr, number)
        if result is None:
            after = loop.stepper.tensors()
            unchanged.append(all(torch.equal(value, after[name]) for name, value in before.items()))
        return result

    loop.stepper.step = step
    ended = loop.run(StopButton())
    steps = [event for event in events if isinstance(event, Step)]
    assert (ended.reason, ended.step, ended.rows, len(steps)) == ("finished", 40, 40 - empty, 40 - empty)
    assert all(math.isfinite(event.loss) for event in steps)
    assert unchanged == [True] * empty
    assert text_of(events) == [f"There was nothing to learn in {empty} of 40 steps: they were skipped."]


def test_rows_with_nothing_among_others_are_no_empty_step(make_loop):
    events = []
    loop = make_loop(events.append, steps=5, objective=LABELLED)
    loop.stepper.feed.targets[::2] = IGNORED
    loop.run(StopButton())
    assert len(events) == 5
    assert text_of(events) == []


def test_the_count_goes_through_a_checkpoint_and_one_of_an_older_version_has_none(make_loop):
    kept = []

    class Keeping:
        def due(self, step):
            return step == 20

        def write(self, state, tensors, best):
            kept.append((dict(state), {name: value.clone() for name, value in tensors.items()}, best))
            return True

    known = {"steps": 40, "batch_size": 1, "objective": LABELLED}
    first = make_loop(checkpointer=Keeping(), **known)
    first.stepper.feed.targets[:] = IGNORED
    first.run(StopButton())
    state, tensors, best = kept[0]
    for counted in (True, False):
        events = []
        second = make_loop(events.append, **known)
        if not counted:
            del state["empty"]
        second.resume(state, tensors, best)
        second.stepper.feed.targets[:] = IGNORED
        second.run(StopButton())
        assert text_of(events)[0].startswith(f"There was nothing to learn in {40 if counted else 20} of 40 steps")


@pytest.mark.parametrize("task", ["token_classification", "masked_language_modeling"])
def test_rows_without_visible_words_end_no_run(encoder, task):
    """In batches of one row: some have none of the words that a model sees, or none that is masked."""
    events = []
    options = {"model": encoder, "name": "m", "batch_size": 1, "precision": "fp32", "validation": 0.2, "show": False}
    if task == "token_classification":
        tags = [["O", "B-X", "O"] if at % 3 else ["O", "O"] for at in range(30)]
        tokens = [["the", "film", str(at)] if at % 3 else ["\u200b", "\u200d"] for at in range(30)]
        rows = pd.DataFrame({"tokens": tokens, "tags": tags})
        model = bm.finetune(rows, max_steps=24, on_event=events.append, **options)
    else:
        texts = [f"the film was good {at}" if at % 3 else HIDDEN * (at + 1) for at in range(30)]
        model = bm.pretrain(texts, max_steps=24, max_length=16, on_event=events.append, **options)
    steps = [event for event in events if isinstance(event, Step)]
    assert np.isfinite([event.loss for event in steps]).all()
    assert all(math.isfinite(value) for value in model.report.metrics.values())
    assert (len(steps) < 24) == bool(text_of(events))
    if task == "token_classification":
        assert len(steps) < 24
