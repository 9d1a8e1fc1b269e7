"""Models that were fine-tuned in Keras become models again: the same predictions, and refusals of all else."""

import importlib.util
import json
import shutil

import numpy as np
import pytest

import bertmagic as bm
from bertmagic.errors import FileError, ModelError, OptionError
from bertmagic.export.keras import architecture, conversion, graph, process, saved
from bertmagic.run import folders

if importlib.util.find_spec("tensorflow") is None:
    pytest.skip("TensorFlow is not installed: make keras", allow_module_level=True)

import h5py

from ..export.conftest import TEXTS, texts_for
from .test_tensorflow_export import of_family

TRAINED = """
import pathlib
import keras
from tokenizers import Tokenizer

keras.utils.set_random_seed(3)
tokenizer = Tokenizer.from_file(folder + "/tokenizer.json")
tokenizer.enable_truncation(64)
tokenizer.enable_padding(pad_id=0)
ids = np.array([one.ids for one in tokenizer.encode_batch(texts)])
layers, load = keras.layers, tf.keras.models.load_model
answer = {}

def trained(name, model, loss, outputs, ending=""):
    model.compile(loss=loss, optimizer="adam")
    labels = np.random.default_rng(1).integers(0, 2, (len(ids), outputs)).astype("float32")
    model.fit(ids, labels, epochs=2, verbose=0)
    model.save(name + ending, **({} if ending else {"zipped": False}))
    answer[name] = [str(pathlib.Path(name + ending).absolute()), model.predict(ids, verbose=0).tolist()]

def ahead(*behind):
    return tf.keras.Sequential([load(folder), *behind])

trained("softmax", ahead(layers.Dense(3, activation="softmax")), "categorical_crossentropy", 3)
trained("file", ahead(layers.Dropout(0.3), layers.Dense(3, "softmax")), "categorical_crossentropy", 3, ".keras")
trained("sigmoid", ahead(layers.Dense(1, activation="sigmoid")), "binary_crossentropy", 1)
trained("labels", ahead(layers.Dense(2, activation="sigmoid")), "binary_crossentropy", 2)
trained("number", ahead(layers.Dense(1)), "mse", 1)
given = keras.Input((None,), dtype="int32")
body = load(folder)
body.trainable = False
trained("functional", keras.Model(given, layers.Dense(2, "softmax")(layers.Dropout(0.1)(body(given)))),
        "categorical_crossentropy", 2)
trained("whole", ahead(load(folder + "/head.keras")), "categorical_crossentropy", 2)
trained("hidden", ahead(layers.Dense(8, "relu"), layers.Dense(2, "softmax")), "categorical_crossentropy", 2)
trained("lambda", ahead(layers.Lambda(lambda x: x * 2, output_shape=(32,)), layers.Dense(2, "softmax")),
        "categorical_crossentropy", 2)
body.save("encoder", zipped=False)
answer["encoder"] = [str(pathlib.Path("encoder").absolute()), body.predict(ids, verbose=0).tolist()]
"""


@pytest.fixture(scope="module")
def exported(learnt, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "bert_model"
    learnt.export(folder, format="keras", check=TEXTS, show=False)
    return folder


@pytest.fixture(scope="module")
def trained(exported, tensorflow_only):
    """Models that TensorFlow trained: their places, and their predictions for the texts."""
    return tensorflow_only(TRAINED, folder=str(exported), texts=[*TEXTS[:4], "it was bad [SEP] [PAD] it"])


TEXTS_READ = [*TEXTS[:4], "it was bad [SEP] [PAD] it"]


def chances(model):
    return model.predict(TEXTS_READ, show=False).frame.filter(like="p_").to_numpy(float)


@pytest.mark.parametrize("name", ["softmax", "file", "functional", "whole"])
def test_classes_are_predicted_as_in_keras(name, trained, exported):
    place, expected = trained[name]
    names = ["dull", "so", "good"][: len(expected[0])]
    model = bm.load(place, tokenizer=str(exported), labels=names, precision="fp32")
    assert np.allclose(chances(model), expected, atol=1e-5)
    frame = model.predict(TEXTS_READ, show=False).frame
    assert frame["label"].tolist() == [names[at] for at in np.argmax(expected, axis=1)]


def test_other_heads_are_predicted_as_in_keras(trained, exported):
    place, expected = trained["sigmoid"]
    model = bm.load(place, tokenizer=str(exported), precision="fp32")
    assert model.task.name == "classification"
    assert np.allclose(chances(model)[:, 1:], expected, atol=1e-5)
    place, expected = trained["labels"]
    model = bm.load(place, tokenizer=str(exported), labels="long,good", precision="fp32")
    assert model.task.name == "multi_label"
    assert np.allclose(chances(model), expected, atol=1e-5)
    place, expected = trained["number"]
    model = bm.load(place, tokenizer=str(exported), precision="fp32")
    assert np.allclose(
        model.predict(TEXTS_READ, show=False).frame["value"].to_numpy(float), np.ravel(expected), atol=1e-5
    )


def test_an_encoder_comes_back_as_one(trained, exported):
    place, expected = trained["encoder"]
    model = bm.load(place, tokenizer=str(exported), precision="fp32")
    assert model.task.name == "feature_extraction"
    inputs = model.tokenizer(TEXTS_READ, padding=True, truncation=True, return_tensors="pt")
    assert np.allclose(model.network(**inputs).pooler_output.detach().numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["classification", "pairs", "multi_label", "regression"])
def test_an_export_loads_as_the_model_that_it_was_made_of(kind, learnt, small, tmp_path):
    made = learnt if kind == "classification" else small(kind)
    texts = texts_for(made)
    made.export(tmp_path / "out", format="keras", check=None, show=False)
    model = bm.load(tmp_path / "out", precision="fp32")
    theirs, ours = (one.predict(texts, show=False) for one in (model, made))
    assert type(theirs) is type(ours)
    numbers = [column for column in ours.frame if str(column).startswith(("p_", "value"))]
    assert numbers
    assert np.allclose(theirs.frame[numbers].to_numpy(float), ours.frame[numbers].to_numpy(float), atol=1e-5)
    assert set(theirs.frame.columns) == set(ours.frame.columns)


def test_a_run_starts_from_it(trained, exported, make_rows, tmp_path):
    shutil.copytree(trained["softmax"][0], tmp_path / "mine")
    shutil.copy(exported / "tokenizer.json", tmp_path / "mine")
    model = bm.finetune(make_rows(40), model="mine", label="label", max_steps=2, name="from_keras", show=False)
    assert model.card["encoder"] == "mine"


def test_labels_come_from_a_file_or_are_numbers(trained, exported, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(trained["softmax"][0], folder)
    shutil.copy(exported / "tokenizer.json", folder)
    notes = []
    from bertmagic.workflows.conversion import converted

    converted(folder, notes.append)
    assert "are called 0 to 2: labels names them." in notes[-1].text
    assert set(bm.load(folder).predict(TEXTS_READ, show=False).frame["label"]) <= {"0", "1", "2"}
    (folder / "labels.json").write_text('["a", "b", "c"]', "utf-8")
    assert set(bm.load(folder).predict(TEXTS_READ, show=False).frame["label"]) <= {"a", "b", "c"}
    with pytest.raises(OptionError, match="has 3 classes; 2 labels given"):
        bm.load(folder, labels=["a", "b"])
    (folder / "labels.json").write_text('["a", "a", "c"]', "utf-8")
    with pytest.raises(FileError, match="is not a list of different names"):
        bm.load(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"keeps no tokenizer.*\n.*tokenizer = FOLDER"):
        bm.load(folder)


@pytest.mark.parametrize("name", [name for name in architecture.FAMILIES if name != "bert"])
def test_each_family_comes_back(name, tokenizer, tmp_path):
    network = of_family(name, tokenizer)
    known, weights = architecture.describe(network, tokenizer, "softmax", 1)
    inputs = tokenizer(TEXTS[:2], padding=True, truncation=True, return_tensors="pt")
    with process.written(known, weights) as keras:
        shutil.copytree(keras.folder / "encoder", tmp_path / "mine")
        shutil.copy(keras.folder / "head.keras", tmp_path / "mine")
        _, expected = keras.compute(inputs["input_ids"].numpy())
    tokenizer.save_pretrained(tmp_path / "mine")
    (tmp_path / "mine" / "tokenizer_config.json").unlink()
    model = bm.load(tmp_path / "mine")
    assert type(model.network) is type(network)
    found = model.network(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
    assert np.allclose(found.detach().numpy(), expected, atol=1e-4)
    config = json.loads((tmp_path / "mine" / "config.json").read_text("utf-8"))["config"]
    assert graph.describe(tmp_path, config) | {"head": known["head"]} == {
        **known,
        "separator": known["separator"] if known["segments"] else -1,
    }


def has_a_lambda(folder, trained):
    shutil.copytree(trained["lambda"][0], folder, dirs_exist_ok=True)


def has_a_hidden_layer(folder, trained):
    shutil.copytree(trained["hidden"][0], folder, dirs_exist_ok=True)


def changed(edit):
    def fault(folder, trained):
        path = folder / "config.json"
        path.write_text(edit(path.read_text("utf-8")), "utf-8")

    return fault


def lacks_a_tensor(folder, trained):
    with h5py.File(folder / "model.weights.h5", "a") as file:
        groups = saved.named_groups(saved.named_groups(file)["bert"])
        del groups["output_1"]["vars"]["1"]


def has_a_tensor_of_another_shape(folder, trained):
    with h5py.File(folder / "model.weights.h5", "a") as file:
        variables = saved.named_groups(saved.named_groups(file)["bert"])["output_1"]["vars"]
        del variables["1"]
        variables["1"] = np.zeros(7, np.float32)


def links_to_another_file(folder, trained):
    with h5py.File(folder / "model.weights.h5", "a") as file:
        variables = saved.named_groups(saved.named_groups(file)["bert"])["output_1"]["vars"]
        del variables["1"]
        variables["1"] = h5py.ExternalLink("/etc/other.h5", "/x")


def is_cut_off(folder, trained):
    path = folder / "model.weights.h5"
    path.write_bytes(path.read_bytes()[:5000])


FAULTS = {
    has_a_lambda: "has a layer 'Lambda', which cannot be read; nothing of it was executed",
    has_a_hidden_layer: "has a head that transformers has no place for",
    changed(lambda text: text.replace('"class_name": "Dense", "config": {"name": "dense', '"class_name": "Mine", '
                                      '"registered_name": "mine>Mine", "config": {"name": "dense')): "has a layer",
    changed(lambda text: text.replace('"activation": "gelu"', '"activation": "relu"', 1)): "has other values",
    changed(lambda text: text.replace('"Flip"', '"Negative"', 1)): "reads something else",
    changed(lambda text: text.replace('"name": "flip", "axis": 1', '"name": "flip", "axis": 0', 1)): "reads someth",
    changed(lambda text: text.replace('"name": "bert"', '"name": "mine"', 1)): "has no weights of the layer 'mine'",
    changed(lambda text: text[:500]): "is damaged: it is not JSON",
    changed(lambda text: '{"class_name": "Sequential", "config": {"layers": [3]}}'): "is not a model that Keras saved",
    changed(lambda text: text.replace('"input_dim": 2,', '"input_dim": 3,')): "has the shape",
    lacks_a_tensor: "have no part",
    has_a_tensor_of_another_shape: r"has the shape \(7,\); its config says \(32,\)",
    links_to_another_file: "have no part",
    is_cut_off: "is damaged",
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: FAULTS[fault][:30])
def test_what_is_wrong_with_it_is_one_message_and_nothing_is_kept(fault, trained, exported, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(trained["softmax"][0], folder)
    shutil.copy(exported / "tokenizer.json", folder)
    fault(folder, trained)
    with pytest.raises((ModelError, FileError), match=FAULTS[fault]) as failure:
        bm.load(folder)
    assert len(str(failure.value)) < 1000
    assert not list((folders.home() / "cache" / "converted").glob("*/*"))


def test_a_tokenizer_is_for_models_of_keras(exported, learnt, tmp_path):
    learnt.save(tmp_path / "saved")
    with pytest.raises(OptionError, match="are for a model that Keras saved"):
        bm.load(tmp_path / "saved", tokenizer=str(exported), precision="fp32")


def test_a_tokenizer_that_truncates_says_how_much_is_read(trained, exported, tmp_path):
    from tokenizers import Tokenizer

    shutil.copytree(trained["softmax"][0], tmp_path / "mine")
    tokenizer = Tokenizer.from_file(str(exported / "tokenizer.json"))
    tokenizer.enable_truncation(9)
    tokenizer.enable_padding(pad_id=0)
    tokenizer.save(str(tmp_path / "mine" / "tokenizer.json"))
    model = bm.load(tmp_path / "mine")
    assert model.card["max_length"] == 9
    assert model.tokenizer("the film was good")["input_ids"] == tokenizer.encode("the film was good").ids[:6]
    assert len(chances(model)) == len(TEXTS_READ)


def values(value, where=()):
    """Yield the places of all plain values in JSON."""
    for key, inside in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inside, dict | list):
            yield from values(inside, (*where, key))
        else:
            yield (*where, key)


def test_any_changed_value_of_a_config_is_answered(trained, exported, tmp_path):
    """It is refused, or read as the same network: never another error."""
    shutil.copytree(trained["softmax"][0], tmp_path / "mine")
    path, rng = tmp_path / "mine" / "config.json", np.random.default_rng(5)
    text = path.read_text("utf-8")
    with saved.opened(tmp_path / "mine") as layers:
        known, weights, behind = conversion._read(path, layers)
    places = list(values(json.loads(text)["config"]))
    refused = 0
    for at in rng.integers(len(places), size=150):
        config = json.loads(text)
        *above, last = places[at]
        inside = config["config"]
        for key in above:
            inside = inside[key]
        odd = (None, -1, 0, 3, 1e400, "x", [], {}, "embeddings_norm", True)[rng.integers(10)]
        same = {"rate", "dropout", "epsilon", "trainable", "name", "seed"} & {last}
        if inside[last] == odd or same:
            continue
        inside[last] = odd
        path.write_text(json.dumps(config), "utf-8")
        try:
            with saved.opened(tmp_path / "mine") as layers:
                other, numbers, ahead = conversion._read(path, layers)
        except (ModelError, FileError):
            refused += 1
            continue
        assert other == known, places[at]
        assert all(np.array_equal(numbers[name], weights[name]) for name in weights)
        assert [layer.config["units"] for layer, _ in ahead] == [layer.config["units"] for layer, _ in behind]
    assert refused > 20
