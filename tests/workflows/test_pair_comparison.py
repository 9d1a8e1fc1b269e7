"""A new model of pairs reads both texts apart where the cosine of their vectors predicts the labels."""

import pytest
import torch

import bertmagic as bm
from bertmagic.errors import OptionError
from bertmagic.models import comparison_layer
from bertmagic.models.fast import first_token
from bertmagic.workflows.resolve import APART_LR

from .test_pair_similarity import alike_pairs, check_plain_logits, check_same_weights, similar_pairs


def finetune(rows, encoder, **given):
    """Return the model of a run, and the notes of its panel."""
    events = []
    known = {"text": ["one", "two"], "model": encoder, "precision": "fp32", "validation": 0, "max_steps": 2}
    model = bm.finetune(rows, show=False, on_event=events.append, **{**known, **given})
    return model, [event.text for event in events if hasattr(event, "text")]


def layers(model):
    return len(first_token.stack(model.network))


def unrelated(count=60):
    return similar_pairs(count).assign(label=[("a", "b")[(at * 7919) % 13 % 2] for at in range(count)])


@pytest.fixture(scope="module")
def apart(encoder):
    return finetune(similar_pairs(), encoder, max_steps=None, batch_size=8, name="apart")


def test_a_cosine_that_predicts_the_labels_has_the_texts_read_apart(apart):
    model, notes = apart
    assert layers(model) == 3
    assert model.card["options"]["read_pairs"] == "apart"
    assert any(note.startswith("The model reads both texts apart") and "read_pairs" in note for note in notes)
    assert any(note.startswith("The head reads the comparison of both texts and starts from") for note in notes)
    assert not any("first learned" in note for note in notes)


def test_it_needs_less_training(apart, encoder):
    """Fewer epochs, and a lower learning rate than the encoder's."""
    model, notes = apart
    assert model.card["options"]["lr"] == pytest.approx(model.card["lr"] * APART_LR)
    assert model.card["options"]["epochs"] == 6
    assert model.card["run"]["step"] == 6 * 8
    assert any("needs less training" in note for note in notes)
    given, _ = finetune(similar_pairs(), encoder, lr=1e-3)
    assert (given.card["options"]["lr"], given.card["run"]["step"]) == (1e-3, 2)


def test_it_predicts_before_it_is_trained(encoder):
    model, _ = finetune(similar_pairs(), encoder, test=similar_pairs(120).iloc[60:], adapt="head", max_steps=None)
    assert layers(model) == 3
    assert model.report.metrics["accuracy"] > 0.75


def test_a_cosine_that_says_little_has_them_read_together(encoder):
    model, notes = finetune(unrelated(), encoder)
    assert layers(model) == 2
    assert model.card["options"]["read_pairs"] == "together"
    assert not any("apart" in note for note in notes)


def test_the_option_decides(encoder):
    assert layers(finetune(similar_pairs(), encoder, read_pairs="together")[0]) == 2
    model, notes = finetune(unrelated(), encoder, read_pairs="apart")
    assert layers(model) == 3
    assert "The model reads both texts apart and compares their vectors." in notes


@pytest.mark.parametrize("given", [{"freeze": "embeddings"}, {"adapt": "lora"}])
def test_what_keeps_the_encoder_has_them_read_together(given, encoder):
    if given.get("adapt"):
        pytest.importorskip("peft")
    assert finetune(similar_pairs(), encoder, **given)[0].card["options"]["read_pairs"] == "together"
    with pytest.raises(OptionError, match='read_pairs = "apart"'):
        finetune(similar_pairs(), encoder, read_pairs="apart", **given)


def test_plain_transformers_reads_the_folder_with_the_same_logits(apart):
    model, _ = apart
    check_plain_logits(model)


def test_the_same_seed_gives_the_same_model(encoder):
    one, two = (finetune(similar_pairs(), encoder, name=name)[0].network for name in ("one", "two"))
    check_same_weights(one, two)


def test_the_baselines_read_the_encoder_as_it_was_before(encoder):
    rows, test = similar_pairs(), similar_pairs(90).iloc[60:]
    model, _ = finetune(rows, encoder, test=test)
    comparison = bm.compare([model, "linear_probe", "cosine"], test, train=rows, show=False)
    for result, contender in zip(model.report.baselines[1:], comparison.contenders[1:], strict=True):
        assert contender.metrics == pytest.approx(dict(result.metrics), abs=1e-3)


def test_a_resumed_run_is_the_uninterrupted_one(encoder):
    rows = similar_pairs()
    known = {"max_steps": 6, "checkpoint_every": 2, "name": "mine"}

    class Interrupted(Exception):
        pass

    def interrupt(event):
        if getattr(event, "step", 0) == 5:
            raise Interrupted

    given = {"text": ["one", "two"], "model": encoder, "precision": "fp32", "validation": 0, "show": False}
    with pytest.raises(Interrupted):
        bm.finetune(rows, on_event=interrupt, **given, **known)
    resumed = bm.finetune(rows, resume=True, **given, **known)
    whole = bm.finetune(rows, **given, **{**known, "name": "whole"})
    states = resumed.network.state_dict(), whole.network.state_dict()
    assert all(torch.equal(a, b) for a, b in zip(*(state.values() for state in states), strict=True))
    assert resumed.card["options"]["lr"] == whole.card["options"]["lr"]


def test_pairs_with_a_number(encoder):
    rows = similar_pairs()
    rows = rows.assign(label=[4.5 if label == "same" else 0.5 + at % 3 / 10 for at, label in enumerate(rows["label"])])
    model, _ = finetune(rows, encoder, task="regression", read_pairs="apart")
    assert layers(model) == 3
    assert model.predict([("the film was good", "the film was good")], show=False) is not None


def test_pairs_of_which_both_vectors_say_more_are_read_together(learnt, tmp_path):
    learnt.save(tmp_path / "knows")
    rows = alike_pairs()
    model, _ = finetune(rows, tmp_path / "knows")
    assert layers(model) == 2
    assert model.card["options"]["read_pairs"] == "together"


def test_the_cosine_counts_more_in_the_linear_model(encoder, monkeypatch):
    monkeypatch.setattr(comparison_layer, "COSINE_WEIGHT", 1e-6)
    without, _ = finetune(similar_pairs(), encoder, adapt="head", max_steps=None)
    column = without.network.classifier.weight[:, comparison_layer.COSINE].abs().max()
    monkeypatch.undo()
    model, _ = finetune(similar_pairs(), encoder, adapt="head", max_steps=None)
    assert model.network.classifier.weight[:, comparison_layer.COSINE].abs().max() > 100 * column


def test_it_is_trained_further_on_pairs_with_the_same_labels_only(apart):
    model, _ = apart
    again = bm.finetune(similar_pairs(), text=["one", "two"], model=model, validation=0, max_steps=1, show=False)
    assert layers(again) == 3
    other = similar_pairs().replace({"label": {"same": "yes", "different": "no"}})
    single = similar_pairs().rename(columns={"one": "text"})[["text", "label"]]
    for rows, text in ((other, ["one", "two"]), (single, "text")):
        with pytest.raises(OptionError, match=r"compares two texts.*\n?.*model = "):
            bm.finetune(rows, text=text, model=model, validation=0, max_steps=1, show=False)
