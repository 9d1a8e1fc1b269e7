"""Fewer word embeddings while a run trains: it comes to what a run with all of them comes to."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    BertForSequenceClassification,
    RobertaConfig,
    RobertaForSequenceClassification,
)

from bertmagic.data.batches import BatchSource
from bertmagic.data.tokens import Tokens
from bertmagic.models.fast.word_embeddings import Vocabulary, trim
from bertmagic.run.stopping import StopButton
from bertmagic.training import step
from bertmagic.training.freezing import freeze
from bertmagic.training.loop import Loop
from bertmagic.training.objective import Objective
from bertmagic.training.plan import Plan

SIZES = {
    "vocab_size": 90, "pad_token_id": 1, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 24, "max_position_embeddings": 40, "attention_probs_dropout_prob": 0.0,
}  # fmt: skip
MODELS = {
    "bert": lambda: BertForSequenceClassification(BertConfig(**SIZES)),
    "roberta": lambda: RobertaForSequenceClassification(RobertaConfig(**SIZES)),
}
WORDS = "word_embeddings.weight"
VARIANTS = {
    "plain": {},
    "averaged": {"ema_decay": 0.8},
    "layerwise": {"layerwise_lr_decay": 0.5},
    "clipped and accumulated": {"max_grad_norm": 0.01, "gradient_accumulation_steps": 2},
    "no decay": {"weight_decay": 0.0},
}
MEAN = Objective(lambda outputs, targets: torch.nn.functional.cross_entropy(outputs, targets, reduction="sum"))


@pytest.fixture(params=MODELS)
def kind(request):
    return request.param


@pytest.fixture
def feed():
    """Twenty-four samples of 3 to 9 tokens, of which no id is above 60 nor a multiple of seven."""
    source = np.random.default_rng(0)
    lengths = source.integers(3, 10, 24)
    known = np.array([number for number in range(2, 60) if number % 7])
    ids = source.choice(known, lengths.sum()).astype(np.int32)
    tokens = Tokens(ids, np.concatenate([[0], lengths.cumsum()]), truncated=0, unknown=0.0)
    return BatchSource(tokens, 1, source.integers(0, 2, 24))


def make(kind):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = MODELS[kind]()
    return model


def make_loop(kind, feed, keeper=None, seen=None, **changes):
    """Return a loop of twelve steps that evaluates after every fourth; ``seen`` gets the weights it evaluates."""
    plan = {
        "steps": 12, "batch_size": 4, "lr": 5e-3, "warmup": 0.1, "weight_decay": 0.3, "schedule": "linear", "seed": 0,
        "eval_every": 4, "patience": None, "metric": "loss", "higher_is_better": False, "precision": "fp32",
    } | changes  # fmt: skip
    model = make(kind)

    def measure(trained, check):
        if seen is not None:
            seen.append({name: value.clone() for name, value in trained.state_dict().items()})
        with torch.no_grad():
            trained.eval()
            loss = trained(input_ids=torch.arange(90).view(9, 10)).logits.square().mean().item()
        trained.train()
        return {"loss": loss}

    return Loop(model, feed, Plan(**plan), MEAN, measure, lambda event: None, keeper)


def close(one, two):
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, atol=1e-6, rtol=1e-6, msg=name)


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_a_run_comes_to_what_one_with_all_rows_comes_to(kind, feed, changes, monkeypatch):
    ours, theirs = [], []
    cut = make_loop(kind, feed, seen=ours, **changes)
    assert cut.stepper.vocabulary is not None
    cut.run(StopButton())
    monkeypatch.setattr(step, "trim", lambda model, feed: None)
    whole = make_loop(kind, feed, seen=theirs, **changes)
    start = {name: value.clone() for name, value in whole.model.state_dict().items()}
    whole.run(StopButton())
    assert len(ours) == len(theirs) == 3
    for one, two in zip(theirs, ours, strict=True):
        close(one, two)
    close(whole.model.state_dict(), cut.model.state_dict())
    name = next(name for name in start if name.endswith(WORDS))
    unused = torch.arange(63, 90)
    moved = (theirs[-1][name][unused] / start[name][unused]).nanmean()  # else nothing would be shown
    assert (moved < 0.999) == bool(changes.get("weight_decay", 0.3))


def test_the_gradients_are_those_of_the_whole_matrix_to_the_bit(kind, feed, monkeypatch):
    cut = make_loop(kind, feed)
    monkeypatch.setattr(step, "trim", lambda model, feed: None)
    whole = make_loop(kind, feed)
    for loop in (cut, whole):
        loop.stepper._fitting([np.arange(8)], 1)
    used = cut.stepper.vocabulary._used
    for (name, one), (_, two) in zip(cut.model.named_parameters(), whole.model.named_parameters(), strict=True):
        if name.endswith(WORDS):
            assert torch.equal(one.grad[:-1], two.grad[used])
            assert not one.grad[-1].any()
        else:
            assert torch.equal(one.grad, two.grad), name


class Kept:
    """Keeps the checkpoint of one step."""

    def __init__(self, at):
        self.at = at

    def due(self, step):
        return step == self.at

    def write(self, state, tensors, best):
        if state["step"] == self.at:
            copies = {name: value.clone() for name, value in tensors.items()}
            self.written = state, copies, None if best is None else dict(best)


@pytest.mark.parametrize("at", [3, 6, 8])
def test_a_resumed_run_ends_in_the_same_bits(kind, feed, at):
    kept = Kept(at)
    first = make_loop(kind, feed, kept, ema_decay=0.9)
    first.run(StopButton())
    second = make_loop(kind, feed, ema_decay=0.9)
    with torch.no_grad():
        second.stepper.vocabulary.start.zero_()  # it comes from the checkpoint, not from the model that was loaded
    second.resume(*kept.written)
    second.run(StopButton())
    for name, value in first.model.state_dict().items():
        assert torch.equal(second.model.state_dict()[name], value), name


def test_moments_and_gradients_are_of_the_rows_in_use_only(kind, feed):
    loop = make_loop(kind, feed)
    name = next(name for name, _ in loop.model.named_parameters() if name.endswith(WORDS))
    used = len(set(feed.tokens.ids.tolist()) | {1})
    assert loop.stepper.tensors()[f"exp_avg.{name}"].shape == (used + 1, 16)
    assert loop.stepper.tensors()[f"exp_avg_sq.{name}"].shape == (used + 1, 16)
    assert loop.stepper.tensors()["vocabulary"].shape == (90, 16)


def test_afterwards_the_model_is_as_any_other(kind, feed):
    loop = make_loop(kind, feed)
    loop.run(StopButton())
    embedding = loop.model.get_input_embeddings()
    assert embedding.weight.shape == (90, 16)
    assert "forward" not in vars(embedding)
    assert [name for name, _ in loop.model.named_parameters()] == [name for name, _ in make(kind).named_parameters()]
    loop.model(input_ids=torch.arange(30).view(3, 10))


def test_an_id_that_was_not_seen_is_an_error(feed):
    model = make("bert")
    trim(model, feed)
    with pytest.raises(IndexError):
        model(input_ids=torch.tensor([[2, 70]]))


def every_id(feed):
    ids = np.resize(np.arange(90, dtype=np.int32), len(feed.tokens.ids))
    return replace(feed, tokens=replace(feed.tokens, ids=ids))


def test_it_is_left_off_where_it_cannot_be_or_gains_nothing(feed):
    model = make("bert")
    before = model.get_input_embeddings().weight
    assert trim(model, every_id(feed)) is None
    freeze(model, "embeddings")
    assert trim(model, feed) is None
    assert model.get_input_embeddings().weight is before
    assert trim(BertForMaskedLM(BertConfig(**SIZES)), feed) is None
    assert trim(BertForMaskedLM(BertConfig(**SIZES, tie_word_embeddings=False)), feed) is None
    other = make("bert")
    other.set_input_embeddings(type("Scaled", (torch.nn.Embedding,), {})(90, 16))
    assert trim(other, feed) is None
    shared = make("bert")
    shared.twice = torch.nn.Linear(16, 90)
    shared.twice.weight = shared.get_input_embeddings().weight
    assert trim(shared, feed) is None
    assert isinstance(trim(make("bert"), feed), Vocabulary)
