"""Maps of trained models of each task: what they say, what they are compared with, what is refused."""

import numpy as np
import pandas as pd
import pytest
import torch

import bertmagic as bm
from bertmagic.errors import DataError, ModelError, OptionError
from bertmagic.text_model import TextModel

TEXT = "the film was good"


@pytest.fixture(scope="module")
def models(tmp_path_factory, encoder, make_rows):
    """One model of each task, after a step or two."""
    rows = make_rows(24)
    tokens = [text.split() for text in rows["text"]]
    tagged = pd.DataFrame({"tokens": tokens, "tags": [["B-X", *["O"] * (len(words) - 1)] for words in tokens]})
    asked = rows.assign(
        question="what was it", context=rows["text"],
        answers=[{"text": [text.split()[1]], "answer_start": [text.index(text.split()[1])]} for text in rows["text"]],
    )[["question", "context", "answers"]]  # fmt: skip
    known = {"model": encoder, "max_steps": 1, "show": False, "precision": "fp32"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTMAGIC_HOME", str(tmp_path_factory.mktemp("home")))
        yield {
            "pairs": bm.finetune(rows.assign(b=rows["text"]), text=["text", "b"], label="label", name="pairs",
                                 pooling="first", **known),
            "tags": bm.finetune(tagged, name="tags", **known),
            "answers": bm.finetune(asked, name="answers", **known),
            "numbers": bm.finetune(rows.assign(y=np.linspace(0, 1, 24)), text="text", label="y", task="regression",
                                   name="numbers", pooling="first", **known),
            "words": bm.pretrain(rows, text="text", name="words", **known),
        }  # fmt: skip


READ = {
    "pairs": (TEXT, "this was bad"), "tags": (TEXT, None), "answers": ("what was it", TEXT), "numbers": (TEXT, None),
    "words": ("the [MASK] was good", None),
}  # fmt: skip


@pytest.mark.parametrize("task", READ)
def test_every_task_has_its_maps_and_says_what_it_says(models, task):
    maps = models[task].attention(*READ[task])
    tokens = len(maps.tokens)
    assert maps.array.shape == (2, 4, tokens, tokens)
    np.testing.assert_allclose(maps.array.sum(-1), 1, atol=1e-5)
    assert maps.said
    detail = maps.detail(1, 2)
    weights = np.exp(detail.scores - detail.scores.max(-1, keepdims=True))
    np.testing.assert_allclose(weights / weights.sum(-1, keepdims=True), maps.array[1, 2], atol=1e-5)
    assert (detail.query.shape, detail.scale) == ((tokens, 8), pytest.approx(8**-0.5))


@pytest.mark.parametrize("task", READ)
def test_every_model_remembers_where_it_came_from(models, task):
    maps = models[task].attention(*READ[task], compare="base")
    assert maps.comparison.second.model == models[task].card["encoder"]
    assert not maps.comparison.merged
    assert maps.comparison.divergence.shape == (2, 4)
    assert 0 < maps.comparison.divergence.max() < 0.2


@pytest.mark.parametrize("task", READ)
def test_gradients_reach_all_layers_from_every_output(models, task):
    maps = models[task].attention(*READ[task])
    for output in maps.outputs:
        assert (np.abs(maps.gradient(output)).max(axis=(1, 2, 3)) > 0).all()
    with pytest.raises(OptionError, match="no output 'nothing'"):
        maps.gradient("nothing")
    assert "importance" in maps.head_statistics(gradient=True)


@pytest.mark.parametrize("given", [pd.DataFrame({"text": ["a"]}), 5, {"a": 1}, b"bytes"])
def test_what_is_no_text_is_named(learnt, given):
    kind = type(given).__name__
    with pytest.raises(DataError, match=f"attention is of one text or one pair, and a value of type {kind} was given"):
        learnt.attention(given, show=False)


def test_a_model_of_pairs_needs_two_texts(models):
    with pytest.raises(DataError, match="reads pairs"):
        models["pairs"].attention(TEXT)


def test_a_model_of_single_texts_says_what_a_pair_means_to_it(learnt):
    assert any("was trained on single texts" in note for note in learnt.attention(TEXT, TEXT).notes)


def test_the_same_model_differs_in_nothing(learnt):
    maps = learnt.attention(TEXT, compare=learnt)
    assert (maps.comparison.divergence == 0).all()
    assert (maps.comparison.difference == 0).all()


def test_a_long_text_is_cut_and_says_so(learnt):
    many = int(learnt.card["max_length"])
    maps = learnt.attention("film " * (many + 20))
    assert len(maps.tokens) == many
    assert maps.cut == 22
    assert any(f"at most {many} tokens of a text: 22 tokens truncated" in note for note in maps.notes)
    assert maps.tokens[-1].piece == "[SEP]"


def test_the_memory_of_maps_is_that_of_the_text_alone(learnt):
    short, long = learnt.attention("film"), learnt.attention("film " * 30)
    assert short.array.shape[-1] == 3
    assert long.array.shape[-1] == 32


def test_weights_that_were_not_loaded_are_noticed(learnt, tokenizer, bert_config):
    from transformers import BertConfig, BertForSequenceClassification

    with torch.random.fork_rng():
        torch.manual_seed(0)
        names = {"id2label": learnt.network.config.id2label, "label2id": learnt.network.config.label2id}
        network = BertForSequenceClassification(BertConfig(**bert_config, **names)).eval()
    fresh = TextModel("fresh", network, tokenizer, learnt.task, learnt.card, learnt.folder, "fp32")
    assert any("may not have been trained, or not loaded" in note for note in fresh.attention(TEXT).notes)
    assert not learnt.attention(TEXT).notes


def test_a_model_that_was_not_trained_here_has_no_base(learnt):
    card = {key: value for key, value in learnt.card.items() if key != "options"}
    other = TextModel("other", learnt.network, learnt.tokenizer, learnt.task, card, learnt.folder, "fp32")
    with pytest.raises(ModelError, match="the encoder of"):
        other.attention(TEXT, compare="base")


def test_what_cannot_be_compared_is_said(learnt):
    with pytest.raises(OptionError, match="both another model and another text"):
        learnt.attention(TEXT, compare="base", compare_text=TEXT)
    with pytest.raises(OptionError, match="int is not a model"):
        learnt.attention(TEXT, compare=5)


def test_predictions_are_as_before(learnt):
    before = learnt.predict(TEXT).frame["score"].iloc[0]
    learnt.attention(TEXT).mixed("gradient")
    assert learnt.predict(TEXT).frame["score"].iloc[0] == before
    assert not any(parameter.grad is not None for parameter in learnt.network.parameters())


def test_the_layer_for_the_mean_is_shown_and_compared(make_rows, encoder):
    rows = make_rows(24)
    model = bm.finetune(
        rows, text="text", label="label", model=encoder, pooling="mean", max_steps=1, precision="fp32", show=False
    )
    maps = model.attention(TEXT)
    assert maps.shape[0] == 3
    np.testing.assert_allclose(maps.array[2], 1 / maps.shape[2], atol=0.02)  # at first it looks at all tokens alike
    assert model.attention(TEXT, compare="base").shape == maps.shape
