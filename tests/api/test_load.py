"""`find`, `load` and `save`: a model by run, path and default, and in plain transformers."""

import gc
import json

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, BertConfig, BertForSequenceClassification

import bertmagic as bm
from bertmagic import api
from bertmagic.errors import ModelError, UnknownReference


def test_a_model_is_found_by_run_by_path_and_by_default(quick):
    with pytest.raises(UnknownReference, match="no model was trained or loaded yet"):
        api.find()
    first, second = quick(name="first"), quick(name="second")
    assert api.find() is second
    assert api.find("first") is first
    assert api.find(first) is first
    assert set(api.held()) == {"first", "second"}
    assert set(api.runs_here()) == {"first", "second"}
    del second
    gc.collect()
    with pytest.raises(UnknownReference, match=r"This folder has runs: (first, second|second, first)\."):
        api.find()
    again = api.find("second")
    assert (again.name, again.report) == ("second", None)
    assert api.find() is again
    other = bm.load(first.folder, name="other")
    assert other.name == "other"
    assert torch.equal(other.network.classifier.weight, first.network.classifier.weight)


def test_an_unknown_model_names_what_is_near(quick):
    model = quick(name="sentiment")
    with pytest.raises((UnknownReference, ModelError), match=r"Did you mean 'sentiment'?"):
        bm.load("sentimnt")
    with pytest.raises(UnknownReference, match=r"no model named './nowhere/at/all'"):
        bm.load("./nowhere/at/all")
    del model


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"is not a model: it has no config.json"):
        bm.load("empty")


def test_an_encoder_is_loaded_and_refused_where_a_head_is_needed(encoder, rows):
    model = bm.load(encoder, precision="fp32")
    assert (model.task.name, model.labels, type(model.network).__name__) == ("feature_extraction", (), "BertModel")
    assert repr(model) == f"TextModel 'tiny': feature_extraction on {encoder}, cpu"
    assert [held.task for held in bm.status().held if held.name == "tiny"] == ["feature_extraction"]
    calls = (
        lambda: model.predict("a film", show=False),
        lambda: model.evaluate(rows, show=False),
        lambda: model.calibrate(rows, show=False),
    )
    for call in calls:
        with pytest.raises(ModelError, match="an encoder without a head") as caught:
            call()
        assert "Fine-tune it with %%bert_finetune" in caught.value.fix
    with pytest.raises(ModelError, match="is for feature extraction and has no head for masked words"):
        model.fill("a [MASK]", show=False)
    with pytest.raises(ModelError, match="has no next-sentence head"):
        model.next_sentence("a", "b", show=False)


def test_an_encoder_shows_its_attention_and_is_fine_tuned_further(encoder, rows, learnt):
    model = bm.load(encoder, precision="fp32")
    maps = model.attention("the film was good", show=False)
    assert maps.array.shape == (2, 4, 6, 6)
    assert (maps.outputs, maps.prediction, maps.said) == ((), (), "")
    assert "text/html" in maps._repr_mimebundle_()
    with pytest.raises(ModelError, match="'tiny' has no head, and so no output to take gradients of"):
        maps.gradient()
    assert learnt.attention("the film was good", compare=model, show=False).comparison is not None
    tuned = bm.finetune(rows, model=model, name="t", max_steps=1, precision="fp32", show=False)
    assert tuned.labels == ("bad", "good")


@pytest.mark.parametrize("names", [None, ("neg", "neu", "pos")])
def test_a_checkpoint_made_elsewhere_predicts_here(tmp_path, bert_config, tokenizer, names):
    known = {"id2label": dict(enumerate(names)), "label2id": {n: i for i, n in enumerate(names)}} if names else {}
    theirs = BertForSequenceClassification(BertConfig(**bert_config, **known)).eval()
    theirs.save_pretrained(tmp_path / "theirs")
    tokenizer.save_pretrained(tmp_path / "theirs")
    model = bm.load("theirs", precision="fp32")
    assert model.labels == (names or ("LABEL_0", "LABEL_1"))
    assert (model.task.name, model.card["max_length"], model.report) == ("classification", 64, None)
    predictions = model.predict(["a good film", "sad"]).frame
    with torch.inference_mode():
        encoded = tokenizer(["a good film", "sad"], padding=True, return_tensors="pt")
        expected = theirs(**encoded).logits.softmax(-1).numpy()
    np.testing.assert_allclose(predictions.iloc[:, 3:].astype(float).to_numpy(), expected, atol=1e-5)


def test_a_saved_model_predicts_the_same_in_plain_transformers(learnt, tmp_path):
    folder = learnt.save(tmp_path / "plain")
    model, pieces = AutoModelForSequenceClassification.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        logits = model.eval()(**pieces(["a good film", "a sad film"], padding=True, return_tensors="pt")).logits
    ours = learnt.predict(["a good film", "a sad film"]).frame
    np.testing.assert_allclose(ours["p_good"].astype(float), logits.softmax(-1)[:, 1].numpy(), atol=1e-5)
    assert model.config.id2label == {0: "bad", 1: "good"}


def test_the_card_tells_what_the_model_is(quick):
    model = quick(name="mine")
    card = json.loads((model.folder / "bertmagic.json").read_text())
    assert {key: card[key] for key in ("task", "labels", "text", "label", "encoder", "max_length")} == {
        "task": "classification", "labels": ["bad", "good"], "text": "text", "label": "label", "encoder": "tiny",
        "max_length": 64,
    }  # fmt: skip
    assert card["options"]["test"] is None
    assert len(card["data"]["train"]["sha256"]) == 64
    assert card["metrics"]["accuracy"] == model.report.metrics["accuracy"]
    assert card["versions"]["torch"] == torch.__version__
    assert model.card == card | {"run": model.card["run"]}
