"""A model that reads both texts of a pair together learns their cosine before it sees a label."""

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModelForSequenceClassification

import bertmagic as bm
from bertmagic.evaluation import linear
from bertmagic.evaluation.baselines import cosines, pair_features
from bertmagic.events import Phase
from bertmagic.workflows import pair_similarity

from ..conftest import BAD, FORMS, GOOD, THINGS

PHASE = "learning how two texts compare"


def similar_pairs(count=60):
    """Rows whose label is whether both texts are the same."""
    draws = np.random.default_rng(0)
    texts = [form.format(thing, word) for form in FORMS for thing in THINGS for word in (*GOOD, *BAD)]
    first, other = draws.choice(texts, count), draws.choice(texts, count)
    same = np.arange(count) % 2 == 0
    return pd.DataFrame(
        {"one": first, "two": np.where(same, first, other), "label": np.where(same, "same", "different")}
    )


def check_plain_logits(model):
    """Hold plain transformers, which reads the model's folder, to the model's own logits."""
    plain = AutoModelForSequenceClassification.from_pretrained(model.folder).eval()
    encoded = model.tokenizer("the film was good", "the book was bad", return_tensors="pt")
    with torch.no_grad():
        assert torch.equal(plain(**encoded).logits, model.network.eval()(**encoded).logits)


def check_same_weights(one, two):
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))


def finetune(rows, encoder, **given):
    """Return the model of a run, and its events."""
    events = []
    known = {"text": ["one", "two"], "model": encoder, "precision": "fp32", "validation": 0, "max_steps": 4}
    known["read_pairs"] = "together"
    return bm.finetune(rows, show=False, on_event=events.append, **{**known, **given}), events


def learned(events):
    return [event.done for event in events if isinstance(event, Phase) and event.what == PHASE]


def test_a_run_takes_half_as_many_steps_before_its_own(encoder):
    model, events = finetune(similar_pairs(), encoder, max_steps=5)
    assert learned(events) == [1, 2]
    assert model.card["run"]["step"] == 5
    notes = [event.text for event in events if hasattr(event, "text")]
    first = "The model first learned how similar two texts are, the cosine of their vectors: 2 steps on 64 pairs"
    assert any(note.startswith(first) for note in notes)


def test_the_targets_are_the_cosines_of_the_encoder(encoder, monkeypatch):
    drawn, targets = [], []
    draw, loop = pair_similarity.draw_pairs, pair_similarity.Loop

    def kept(model, feed, *given):
        targets.append(feed.targets)
        return loop(model, feed, *given)

    monkeypatch.setattr(pair_similarity, "draw_pairs", lambda *given: drawn.append(draw(*given)) or drawn[-1])
    monkeypatch.setattr(pair_similarity, "Loop", kept)
    rows = similar_pairs()
    finetune(rows, encoder)
    ((first, second),) = drawn
    vectors = bm.load(str(encoder)).embed([*rows["one"], *rows["two"]], pooling="mean")
    expected = cosines(vectors[first], vectors[second])[:, 0]
    np.testing.assert_allclose(targets[0][:, 0], (expected - expected.mean()) / expected.std(), atol=1e-3)


def alike_pairs(count=60):
    """Rows of two texts that are equally alike; the label is whether both of them praise."""
    draws = np.random.default_rng(0)
    praise = np.arange(count) % 2 == 0
    words = [[(BAD, GOOD)[good][at] for at in draws.integers(6, size=2)] for good in praise.astype(int)]
    return pd.DataFrame(
        {
            "one": [f"the {THINGS[at % len(THINGS)]} was {one}" for at, (one, _) in enumerate(words)],
            "two": [f"the {THINGS[at % len(THINGS)]} was {two}" for at, (_, two) in enumerate(words)],
            "label": np.where(praise, "praise", "blame"),
        }
    )


@pytest.mark.parametrize(("rows_that_are_few", "steps"), [(500, 2), (50, 4)])
def test_where_both_vectors_say_more_the_model_learns_what_a_linear_model_of_them_predicts(
    rows_that_are_few, steps, learnt, tmp_path, monkeypatch
):
    drawn, targets = [], []
    draw, loop = pair_similarity.draw_pairs, pair_similarity.Loop
    monkeypatch.setattr(pair_similarity, "_FEW", rows_that_are_few)
    monkeypatch.setattr(pair_similarity, "draw_pairs", lambda *given: drawn.append(draw(*given)) or drawn[-1])
    monkeypatch.setattr(
        pair_similarity, "Loop", lambda model, feed, *given: targets.append(feed.targets) or loop(model, feed, *given)
    )
    learnt.save(tmp_path / "knows")
    rows = alike_pairs()
    _, events = finetune(rows, tmp_path / "knows")
    assert learned(events) == list(range(1, steps + 1))
    notes = [event.text for event in events if hasattr(event, "text")]
    assert any(
        note.startswith(f"The model first learned what a linear model of the vectors of both texts predicts: {steps}")
        for note in notes
    )
    vectors = bm.load(str(tmp_path / "knows")).embed([*rows["one"], *rows["two"]], pooling="mean")
    features = pair_features(vectors[:60], vectors[60:])
    fitted = linear.fit("classes", features, (rows["label"] == "praise").to_numpy().astype(int), 2)
    ((first, second),) = drawn
    scores = fitted.scores(pair_features(vectors[first], vectors[second]))
    scores -= scores.mean(axis=0)
    np.testing.assert_allclose(targets[0], scores / scores.std(), atol=2e-2)


def test_the_baselines_read_the_encoder_as_it_was_before(encoder):
    rows, test = similar_pairs(), similar_pairs(90).iloc[60:]
    model, events = finetune(rows, encoder, test=test, lr=2e-2)
    assert learned(events)
    comparison = bm.compare([model, "linear_probe", "cosine"], test, train=rows, show=False)
    for result, contender in zip(model.report.baselines[1:], comparison.contenders[1:], strict=True):
        assert contender.metrics == pytest.approx(dict(result.metrics), abs=1e-3)


def test_the_folder_is_read_by_plain_transformers_with_the_same_logits(encoder):
    model, _ = finetune(similar_pairs(), encoder)
    check_plain_logits(model)


def test_the_same_seed_gives_the_same_model(encoder):
    one, two = (finetune(similar_pairs(), encoder, name=name)[0].network for name in ("one", "two"))
    check_same_weights(one, two)


@pytest.mark.parametrize("given", [{"adapt": "head"}, {"freeze": "embeddings"}, {"max_steps": 1}])
def test_a_run_that_keeps_the_encoder_or_hardly_trains_does_not_learn_it(given, encoder):
    assert learned(finetune(similar_pairs(), encoder, **given)[1]) == []


def test_a_cosine_that_says_nothing_about_the_labels_is_not_learned(encoder):
    rows = similar_pairs().assign(label=[("a", "b")[(at * 7919) % 13 % 2] for at in range(60)])
    assert learned(finetune(rows, encoder)[1]) == []


def test_pairs_are_drawn_of_different_similarity():
    vectors = np.random.default_rng(1).normal(size=(200, 8)).astype(np.float32)
    first, second = pair_similarity.draw_pairs(vectors, 1000, np.random.default_rng(0))
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similarity = units @ units.T
    partners = second == (first + 100) % 200
    rank = (similarity[first] > similarity[first, second][:, None]).sum(axis=1)  # 0 is the text itself
    assert np.bincount(first).tolist() == [5] * 200
    assert 0.35 < partners.mean() < 0.45
    assert 0.38 < ((rank >= 1) & (rank <= 20)).mean() < 0.52
    again = pair_similarity.draw_pairs(vectors, 1000, np.random.default_rng(0))
    assert np.array_equal(first, again[0])
    assert np.array_equal(second, again[1])


def test_one_row_has_pairs():
    first, second = pair_similarity.draw_pairs(np.eye(2, dtype=np.float32), 8, np.random.default_rng(0))
    assert set(first) | set(second) <= {0, 1}
