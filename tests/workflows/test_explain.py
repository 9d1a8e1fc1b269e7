import re

import numpy as np
import pytest
import torch

from bertmagic import options
from bertmagic.errors import DataError, ModelError, OptionError
from bertmagic.events import ignore
from bertmagic.explain import bounds, gradients, methods
from bertmagic.options.terms import EXPLAINERS
from bertmagic.workflows import explain as workflow


def explained(model, *texts, **options):
    return model.explain(*texts, show=False, **options)


def test_the_frame_has_the_words_with_their_characters_and_scores_towards_the_target(learnt):
    text = "the film was awful  and long"
    found = explained(learnt, text, target="bad")
    frame = found.frame
    assert frame.word.tolist() == text.split()
    assert [text[start:end] for start, end in zip(frame.start, frame.end, strict=True)] == text.split()
    assert frame.word[frame.score.idxmax()] == "awful"
    assert found.score == pytest.approx(float(learnt.predict([text], show=False).frame.p_bad[0]), abs=1e-5)
    one, other = (explained(learnt, text, target=target, method="masks") for target in ("bad", "good"))
    assert np.allclose(one.frame.score, -other.frame.score, atol=1e-4)


@pytest.mark.parametrize(("kind", "targets"), [
    ("multi_label", {"bad", "good", "long"}), ("regression", {"value"}), ("pairs", {"yes", "no"}),
    ("question_answering", {"answer"}), ("token_classification", None), ("masked_language_modeling", None),
])  # fmt: skip
def test_every_task_is_explained(small, kind, targets):
    texts = {
        "pairs": ("the film was good", "it was bad"), "question_answering": ("what was it ?", "the film was good"),
        "masked_language_modeling": ("the film was [MASK] and long",),
    }.get(kind, ("the film was good",))  # fmt: skip
    found = explained(small(kind), *texts)
    words = " ".join(texts).replace("[MASK] ", "").split()
    assert found.frame.word.tolist() == words
    assert targets is None or found.target in targets
    assert np.isfinite(found.frame.score).all()
    assert ("side" in found.frame) == (len(texts) > 1)
    assert found.target in repr(found)


def test_what_cannot_be_explained_is_said(learnt):
    with pytest.raises(DataError, match="no text to read"):
        explained(learnt, "  ")
    with pytest.raises(OptionError, match=r"no target 'goood'. Did you mean 'good'\?"):
        explained(learnt, "the film was fine", target="goood")


def test_the_methods_are_those_of_the_option():
    assert ("auto", *methods.METHODS) == EXPLAINERS


@pytest.mark.parametrize("method", methods.METHODS)
@pytest.mark.parametrize("kind", ["token_classification", "pairs"])
def test_every_method_scores_the_words(small, kind, method):
    texts = ("the film was good", "it was bad")[: 1 + (kind == "pairs")]
    found = explained(small(kind), *texts, method=method)
    assert found.method == method
    assert np.isfinite(found.frame.score).all()
    assert found.faithfulness.worst <= found.faithfulness.comprehensiveness <= found.faithfulness.best
    assert found.has_signs or (found.frame.score >= 0).all()
    assert np.isnan(found.special) == found.has_signs


@pytest.mark.parametrize("method", ["search", "integrated_gradients", "gradient_norm", "value_norms"])
def test_the_word_that_decides_is_first(learnt, method):
    found = explained(learnt, "the film was awful and long", target="bad", method=method)
    assert found.frame.word[found.frame.score.idxmax()] == "awful"


@pytest.mark.parametrize("method", methods.METHODS)
def test_the_model_stays_as_it_is(learnt, method):
    network = learnt.network
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.train()
    try:
        explained(learnt, "the film was fine", method=method)
        assert all(module.training for module in network.modules())
    finally:
        network.eval()
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert network.config._attn_implementation != "eager"


def gradient_model(model, text):
    reading = workflow.read(model, text, None, None)
    network = workflow.network_of(model, reading, reading.target)
    made = gradients.GradientModel(network.network, network.batch, network.score)
    ids = torch.from_numpy(reading.sample.ids.astype(np.int64))
    hidden = torch.from_numpy(workflow.game_of(model, reading).masked(np.ones((1, len(reading.words)), bool))[0])
    return made, made.embedded(ids), made.embedded(hidden.long())


def test_integrated_gradients_sum_to_the_difference_from_the_baseline(learnt):
    model, vectors, baseline = gradient_model(learnt, "the film was awful and long")
    found = gradients.until_complete(model, vectors, baseline)
    with torch.no_grad():
        low, high = model.scores(torch.stack([baseline, vectors])).tolist()
    assert found.difference == pytest.approx(high - low)
    assert found.scores.sum() == pytest.approx(high - low, rel=0.01)
    assert found.residual <= gradients.RESIDUAL


def test_integrated_gradients_that_do_not_become_complete_are_said(learnt, monkeypatch):
    monkeypatch.setattr(gradients, "STEPS", (1,))
    monkeypatch.setattr(gradients, "RESIDUAL", 1e-9)
    found = explained(learnt, "the film was awful", method="integrated_gradients")
    assert any(note.startswith("Integrated gradients are not complete: 1 step,") for note in found.notes)


def test_integrated_gradients_are_those_of_captum(learnt):
    captum = pytest.importorskip("captum.attr", reason="captum is not installed")
    model, vectors, baseline = gradient_model(learnt, "the film was awful and long")
    expected = captum.IntegratedGradients(model.scores).attribute(vectors[None], baseline[None], n_steps=32)
    found = gradients.integrated_gradients(model, vectors, baseline, 32)
    assert np.allclose(found.scores, expected[0].sum(-1).detach().numpy(), atol=1e-4)


class Straight:
    """A model that is linear in the word embeddings."""

    def __init__(self, weights):
        self.weights, self.passes = weights, 0

    def scores(self, vectors):
        return (vectors * self.weights).sum(dim=(1, 2))

    gradients = gradients.GradientModel.gradients


def test_integrated_gradients_of_a_linear_model_are_its_terms():
    generator = torch.Generator().manual_seed(0)
    weights, vectors, baseline = (torch.randn(5, 7, generator=generator) for _ in range(3))
    found = gradients.integrated_gradients(Straight(weights), vectors, baseline, 3)
    assert np.allclose(found.scores, ((vectors - baseline) * weights).sum(-1).numpy(), atol=1e-5)


def interrupted(model, after):
    """Explain a text, with an interrupt after so many passes."""

    def stop(event):
        if getattr(event, "done", 0) >= after:
            raise KeyboardInterrupt

    text = "the film was awful and long and dull and sad"
    return workflow.explain(model, text, None, "bad", "masks", 400, "torch", False, stop)


def test_an_interrupt_returns_what_is_known(learnt, monkeypatch):
    found = interrupted(learnt, 60)
    assert found.faithfulness is None
    assert found.frame.word[found.frame.score.idxmax()] in ("awful", "dull", "sad")
    assert "Interrupted after" in found.notes[-1]
    assert "Interrupted after" in repr(found)

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(bounds, "measure", stop)
    found = workflow.explain(learnt, "the film was awful", None, None, "auto", None, "torch", False, ignore)
    assert found.faithfulness is None
    assert found.notes[-1] == "Interrupted: the faithfulness was not measured."
    with pytest.raises(KeyboardInterrupt):
        interrupted(learnt, 0)


def test_one_word_is_explained(learnt):
    found = explained(learnt, "awful")
    assert found.frame.word.tolist() == ["awful"]
    assert found.frame.score[0] == pytest.approx(found.score - found.empty, abs=0.05)


def test_a_word_is_whole_whatever_its_pieces(learnt):
    text = "qwerty film, 好好 isn't"
    frame = explained(learnt, text, method="occlusion").frame
    assert frame.word.tolist() == ["qwerty", "film", ",", "好", "好", "isn", "'", "t"]
    assert [text[start:end] for start, end in zip(frame.start, frame.end, strict=True)] == frame.word.tolist()


def test_the_task_of_an_encoder_predicts_nothing(learnt, encoder):
    import bertmagic as bm

    with pytest.raises(ModelError, match=r"predicts nothing that could be explained|no head for masked words"):
        explained(bm.load(encoder), "the film")
    with pytest.raises(OptionError, match=r"is not one of auto, search"):
        explained(learnt, "the film", method="occlusoin")


def test_a_long_text_is_explained_in_the_window_that_speaks_most_for_its_prediction(learnt, monkeypatch):
    monkeypatch.setattr(learnt, "card", learnt.card | {"max_length": 12, "long_text": "window"})
    text = "the film was long and it was a story and we had a plot and the ending was awful and this room is long"
    found = explained(learnt, text)
    assert found.target == learnt.predict([text], show=False).frame.label[0] == found.prediction.split()[0]
    found = explained(learnt, text, target="bad")
    words = found.frame.word.tolist()
    assert "awful" in words
    assert len(words) == 10
    start = found.frame.start[0]
    assert [text[a:b] for a, b in zip(found.frame.start, found.frame.end, strict=True)] == words
    assert re.search(rf"in \d windows. This is of window \d, .* \(characters {start} to ", found.notes[0])
    good = explained(learnt, text, target="good")
    assert good.target == "good"
    assert "awful" not in good.frame.word.tolist()


def test_few_passes_for_a_long_text_are_said(learnt):
    found = explained(learnt, "the film was awful and long and sad", passes=20)
    assert found.method == "masks"
    assert "To search the order of 8 words takes 32 passes: this is a linear model of random masks." in found.notes


def test_a_target_may_be_a_number(learnt, monkeypatch):
    found = [workflow.read(learnt, "the film", None, target).target for target in ("good", "bad")]
    assert found == [1, 0]
    assert (
        options.check(next(one for one in options.COMMANDS["bert_explain"].options if one.name == "target"), 1) == "1"
    )
