"""The training rows behind a prediction."""

import numpy as np
import pytest
import torch

from bertmagic.data.rows import LabelledRows
from bertmagic.errors import DataError, ModelError, OptionError
from bertmagic.evaluation import leave_one_out
from bertmagic.events import ignore
from bertmagic.explain import influence
from bertmagic.workflows import training_influence


def find(model, text="the film was awful", target=None, method="leave_one_out", top_k=5, emit=ignore):
    return training_influence.find(model, text, None, target, method, top_k, 0, emit)


def test_rows_for_and_against(at_home, make_rows):
    result = find(at_home)
    train = make_rows(400)
    assert result.target == "bad"
    assert result.frame.columns.tolist() == ["row", "label", "text", "score", "share"]
    strongest = result.frame.iloc[:5]
    assert strongest.label.tolist() == ["bad"] * 5
    assert strongest.score.is_monotonic_decreasing
    assert strongest.text.tolist() == train.text[strongest.row].tolist()
    assert (result.frame[result.frame.score < 0].label == "good").all()
    other = find(at_home, target="good")
    assert other.target == "good"
    against = other.frame[other.frame.score < 0]
    assert np.allclose(against.score, -strongest.score, rtol=1e-3)


def test_agreement_and_removal_are_measured(at_home):
    result = find(at_home)
    assert result.agreement.subsets == result.agreement.planned >= 8
    assert result.agreement.correlation > 0.5
    assert result.agreement.low <= result.agreement.correlation <= result.agreement.high
    assert result.removal.rows == 4
    assert result.removal.after < result.removal.random
    assert abs(result.removal.foretold - result.removal.after) < abs(result.removal.random - result.removal.after)
    assert "rank correlation" in repr(result)


def test_the_same_again(at_home):
    assert find(at_home).frame.equals(find(at_home).frame)


def gradients_by_torch(model, parameter, texts, direction):
    """Return the gradient of a parameter for each text by itself, ``(texts, parameters)``."""
    network, rows = model.network.eval(), []
    for text, towards in zip(texts, direction, strict=True):
        network.zero_grad()
        logits = network(**model.tokenizer(text, return_tensors="pt")).logits
        logits.backward(torch.tensor(towards(logits.detach().numpy()), dtype=torch.float32))
        rows.append(parameter.grad.flatten().clone().numpy())
        network.zero_grad()
    return np.array(rows)


@pytest.mark.parametrize("method", ["head_gradients", "word_gradients"])
def test_gradient_products_are_those_of_autograd(at_home, make_rows, method):
    result, train = find(at_home, method=method, top_k=400), make_rows(400)
    network = at_home.network
    words = network.get_input_embeddings().weight
    layers = [words] if method == "word_gradients" else list(network.classifier.parameters())
    chosen = result.frame.iloc[[0, 3, -1]]
    sides = [
        lambda logits, label=label: influence.errors("classes", logits, np.array([int(label == "good")]))
        for label in chosen.label
    ]
    wanted = np.zeros(3)
    for layer in layers:
        rows = gradients_by_torch(at_home, layer, train.text[chosen.row], sides)
        text = gradients_by_torch(
            at_home, layer, ["the film was awful"], [lambda logits: influence.output_gradient("classes", logits, 0)]
        )
        wanted -= rows @ text[0]
    assert np.allclose(chosen.score, wanted, rtol=1e-3, atol=1e-6)


def test_the_model_stays_as_it_is(at_home):
    before = {name: value.clone() for name, value in at_home.network.state_dict().items()}
    find(at_home, method="word_gradients")
    assert all(torch.equal(value, before[name]) for name, value in at_home.network.state_dict().items())
    assert all(parameter.grad is None for parameter in at_home.network.parameters())
    assert not at_home.network.get_input_embeddings()._forward_hooks


@pytest.mark.parametrize("kind", ["pairs", "multi_label", "regression"])
def test_other_tasks(small, kind, monkeypatch):
    model = small(kind)
    monkeypatch.setenv("BERTMAGIC_HOME", str(model.folder.parent.parent.parent))
    text = "the film was good ||| it was bad" if kind == "pairs" else "good film"
    for method in influence.METHODS:
        result = find(model, text, method=method)
        assert len(result.frame)
        assert np.isfinite(result.frame.score).all()
        assert result.exact == (kind == "regression" and method == "leave_one_out")
    repr(result)


def test_regression_is_in_the_unit_of_the_user(small, monkeypatch):
    model = small("regression")
    monkeypatch.setenv("BERTMAGIC_HOME", str(model.folder.parent.parent.parent))
    result = find(model, "good good film", top_k=40)
    assert np.isclose(result.prediction, model.predict("good good film", show=False).frame.iloc[0, 1], atol=1e-3)
    assert -1 < result.head < 4
    assert np.isclose(result.removal.foretold, result.removal.after, atol=0.05)


def test_what_cannot_be_explained(at_home, small):
    with pytest.raises(OptionError, match="not a label of 'learnt': bad, good"):
        find(at_home, target="god")
    with pytest.raises(OptionError, match="leave_one_out"):
        find(at_home, method="leave_one")
    with pytest.raises(DataError):
        find(at_home, text=" ")
    with pytest.raises(ModelError, match="one output for each text"):
        find(small("token_classification"))
    with pytest.raises(ModelError, match="one output for each text"):
        find(small("question_answering"))


def test_rows_that_are_gone(learnt):
    """The run is in another folder, and no variable has the rows."""
    with pytest.raises(OptionError, match=r"rows = 'train'.*no longer at hand"):
        find(learnt)


def test_an_interrupt_keeps_the_scores(at_home):
    def emit(event):
        if getattr(event, "what", "") == "fitting again to halves" and event.done == 5:
            raise KeyboardInterrupt

    result = find(at_home, emit=emit)
    assert result.agreement.subsets == 5
    assert any("Interrupted after 5 of" in note for note in result.notes)
    assert len(result.frame)


def test_a_text_of_training_is_noted(at_home, make_rows):
    row = find(at_home).frame.row.iloc[0]
    result = find(at_home, make_rows(400).text[row].upper())
    assert f"The text itself is in the training rows: {row}." in result.notes


def test_agreement_needs_some_heads():
    generator = np.random.default_rng(0)
    vectors, targets = generator.normal(size=(40, 3)), np.tile([0.0, 1.0], 20)
    head = leave_one_out.fit("labels", vectors, targets, penalty=1.0)
    effects = head.effects(vectors[:1])[0]
    assert np.isnan(influence.agreement(effects, influence.refits(head, vectors[:1], subsets=3)).correlation)
    again = influence.refits(head, vectors[:1], subsets=12)
    assert influence.agreement(effects, again).correlation > 0.9
    assert influence.agreement(-effects, again).correlation < -0.9
    assert influence.agreement(np.zeros(40), again).correlation == 0


def test_vectors_are_read_once(at_home, monkeypatch):
    """The second call finds them on disk; other weights of the head are other vectors."""
    from bertmagic.inference import vector_cache

    calls = []
    run = vector_cache.run_model
    monkeypatch.setattr(vector_cache, "run_model", lambda *given: calls.append(given) or run(*given))
    result = find(at_home)
    first = len(calls)
    assert find(at_home).frame.equals(result.frame)
    assert len(calls) == first + 1  # the text is too short to be kept
    pooler = at_home.network.bert.pooler.dense.bias
    with torch.no_grad():
        pooler += 0.5
    try:
        find(at_home)
    finally:
        with torch.no_grad():
            pooler -= 0.5
    assert len(calls) == first + 3


def test_training_rows_are_labelled(at_home):
    assert isinstance(
        training_influence.training_rows.require_for_explanation(at_home.card, "learnt", ignore), LabelledRows
    )
