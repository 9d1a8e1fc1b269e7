"""Folders for TensorFlow: the same numbers, the textbook's steps, and the user's model as it was."""

import importlib.util
import json

import numpy as np
import pytest
import torch
import transformers

from bertmagic.errors import ModelError, OptionError
from bertmagic.export.keras import architecture, process
from bertmagic.models import heads

if importlib.util.find_spec("tensorflow") is None:
    pytest.skip("TensorFlow is not installed: make keras", allow_module_level=True)

from ..export.conftest import KINDS, TEXTS, texts_for
from ..export.test_answers import SAME
from ..export.test_folder import stays_as_it_is

FILES = {"README.md", "config.json", "metadata.json", "model.json", "model.weights.h5", "requirements.txt",
         "tokenizer.json"}  # fmt: skip
OF_A_HEAD = {"predict.py", "reading.py", "decoding.py", "head.keras"}


@pytest.fixture(scope="module")
def exported(learnt, small, tmp_path_factory):
    """A function from a kind of model to the model, the folder of its export, and the result; each made once."""
    from functools import cache

    folder = tmp_path_factory.mktemp("exports")

    @cache
    def export(kind):
        model = learnt if kind == "classification" else small(kind)
        check = texts_for(model) if kind in KINDS else None
        return model, folder / kind, model.export(folder / kind, format="keras", check=check, show=False)

    return export


@pytest.fixture(scope="module")
def answers(exported, tensorflow_only):
    """What the programs in the folders of all tasks answer, in a process without us."""
    given = {kind: (str(exported(kind)[1] / "predict.py"), texts_for(exported(kind)[0])) for kind in KINDS}
    code = """
import runpy
answer = {kind: runpy.run_path(program)["predict"](texts) for kind, (program, texts) in given.items()}
assert not {"torch", "transformers", "bertmagic"} & set(sys.modules)
"""
    return tensorflow_only(code, given=given)


@pytest.mark.parametrize("kind", KINDS)
def test_each_task_gives_the_answers_of_the_notebook(kind, exported, answers):
    model, folder, result = exported(kind)
    assert {path.name for path in folder.iterdir()} == FILES | OF_A_HEAD
    assert result.difference <= 1e-5
    assert (result.rows, result.kept) == (len(texts_for(model)), 1.0)
    manifest = json.loads((folder / "model.json").read_text("utf-8"))
    assert manifest["sha256"].keys() == {"config.json", "metadata.json", "model.weights.h5", "head.keras",
                                         "tokenizer.json"}  # fmt: skip
    assert manifest["checked"] == {"rows": result.rows, "kept": 1.0, "difference": result.difference}
    SAME[kind](answers[kind], model.predict(texts_for(model), backend="torch", show=False))


TEXTBOOK = """
import tensorflow as tf
from tokenizers import Tokenizer

tokenizer = Tokenizer.from_file(folder + "/tokenizer.json")
tokenizer.enable_truncation(64)
tokenizer.enable_padding(pad_id=0)
ids = np.array([one.ids for one in tokenizer.encode_batch(texts)])
labels = tf.keras.utils.to_categorical([at % 2 for at in range(len(texts))], 2)

bert_model = tf.keras.models.load_model(folder)
before = bert_model.predict(ids, verbose=0).tolist()
model = tf.keras.Sequential([bert_model, tf.keras.layers.Dense(2, activation="softmax")])
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(ids, labels, epochs=30, verbose=0)
loss, accuracy = model.evaluate(ids, labels, verbose=0)
answer = [before, len(model.trainable_variables), loss, accuracy]
"""


def test_the_steps_of_the_textbook_run_on_an_encoder(exported, tensorflow_only):
    model, folder, result = exported("masked_language_modeling")
    assert {path.name for path in folder.iterdir()} == FILES
    assert result.rows == 0
    texts = ["the film was good", "a bad , broken cable !"] * 8
    vectors, trainable, loss, accuracy = tensorflow_only(TEXTBOOK, folder=str(folder), texts=texts)
    inputs = model.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.no_grad():
        expected = model.network.base_model(**inputs).last_hidden_state[:, 0].numpy()
    assert np.allclose(vectors, expected, atol=1e-5)
    assert trainable == len(list(model.network.base_model.parameters())) + 2
    assert (accuracy, loss < 0.6) == (1.0, True)


@pytest.mark.parametrize("kind", ["classification", "question_answering"])
def test_the_model_stays_as_it_is(kind, exported, tmp_path):
    model = exported(kind)[0]
    model.network.train()
    try:
        stays_as_it_is(model, lambda: model.export(tmp_path / "out", format="keras", show=False))
    finally:
        model.network.eval()


def of_family(name, tokenizer, **changes):
    """Return a random classifier of a family, whose config has each value that matters at an unusual one."""
    kind = architecture.FAMILIES[name].classes
    sizes = {"hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 40}
    if name == "distilbert":
        sizes = {"dim": 24, "n_layers": 3, "n_heads": 4, "hidden_dim": 40}
    known = {"vocab_size": len(tokenizer), "max_position_embeddings": 70, "pad_token_id": 0, "num_labels": 3, **sizes}
    if name == "electra":
        known["embedding_size"] = 16
    torch.manual_seed(4)
    config = getattr(transformers, f"{kind}Config")(**known | changes)
    network = getattr(transformers, f"{kind}ForSequenceClassification")(config).eval()
    with torch.no_grad():
        for weights in network.parameters():
            weights.add_(torch.randn_like(weights) * 0.1)  # no zeros and ones
    return network


@pytest.mark.parametrize("name", architecture.FAMILIES)
def test_each_family_gives_its_logits(name, tokenizer):
    changes = {"bert": {"layer_norm_eps": 1e-3, "hidden_act": "silu", "type_vocab_size": 3}}.get(name, {})
    network = of_family(name, tokenizer, **changes)
    known, weights = architecture.describe(network, tokenizer, "softmax", 2)
    inputs = tokenizer([("the film was good", "it is bad"), ("a", "[PAD] long [PAD] story was sad")], padding=True,
                       return_tensors="pt")  # fmt: skip
    if not heads.reads_segments(network):
        inputs.pop("token_type_ids", None)
    with torch.no_grad():
        expected = network(**inputs).logits.numpy()
    with process.written(known, weights) as keras:
        _, logits = keras.compute(inputs["input_ids"].numpy())
        _, alone = keras.compute(inputs["input_ids"][:1, :6].numpy())
    assert np.allclose(logits, expected, atol=1e-4)
    assert alone.shape == (1, 3)


def test_other_numbers_are_not_written(learnt, tmp_path, monkeypatch):
    real = architecture.describe

    def other(*given):
        known, weights = real(*given)
        return known | {"epsilon": 0.1}, weights

    monkeypatch.setattr(architecture, "describe", other)
    with pytest.raises(ModelError, match=r"Keras changes logits by up to .* Nothing was written"):
        learnt.export(tmp_path / "out", format="keras", check=TEXTS, show=False)
    assert not list(tmp_path.glob("*out*"))


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError])
def test_an_export_that_is_stopped_leaves_the_old_one(stop, exported, tmp_path, monkeypatch):
    model, folder, _ = exported("classification")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    started = []

    def stopped(keras, ids):
        started.append(keras)
        raise stop

    monkeypatch.setattr(process.Keras, "compute", stopped)
    with pytest.raises(BaseException):  # noqa: B017 - each is shown in its own way
        model.export(folder, format="keras", show=False)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert started[0]._process.returncode is not None
    assert not started[0].folder.exists()


def test_what_keras_says_is_the_message(learnt, tokenizer):
    known, weights = architecture.describe(learnt.network, tokenizer, "softmax", 1)
    with pytest.raises(ModelError, match=r"Keras could not build the model: .*intermediate_0"), \
            process.written(known, {**weights, "intermediate_0/0": np.zeros((2, 2), np.float32)}):  # fmt: skip
        pass


def test_an_encoder_has_no_predictions_to_check(small, tmp_path):
    with pytest.raises(OptionError, match="is an encoder without a head"):
        small("masked_language_modeling").export(tmp_path / "out", format="keras", check=TEXTS, show=False)
