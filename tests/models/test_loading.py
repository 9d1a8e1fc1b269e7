"""Folders that are models, and those that are not quite."""

import json
import re
import shutil

import pytest
import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertModel,
    GPT2Config,
    GPT2Model,
)

import bertmagic as bm
from bertmagic.errors import BertMagicError, ModelError
from bertmagic.models import loading

NAMES = ("bad", "good")


@pytest.fixture
def copied(encoder, tmp_path):
    return shutil.copytree(encoder, tmp_path / "copied")


@pytest.fixture
def with_head(tmp_path, bert_config, tokenizer):
    """The folder of a classifier of three classes, as transformers saves it."""
    folder = tmp_path / "with_head"
    names = {0: "c", 1: "a", 2: "b"}
    model = BertForSequenceClassification(BertConfig(**bert_config, id2label=names))
    torch.nn.init.uniform_(model.classifier.bias)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_an_encoder_gets_a_new_head(encoder):
    loaded = loading.headed(encoder, "sequence", NAMES)
    model, description = loaded.network, loaded.summary
    assert description == f"BertForSequenceClassification, 2 layers, {model.num_parameters():,} parameters, a new head"
    assert model.config.id2label == {0: "bad", 1: "good"}
    assert model.dtype == torch.float32


def test_a_head_of_another_size_is_made_anew(with_head):
    loaded = loading.headed(with_head, "sequence", NAMES)
    assert loaded.summary.endswith("a new head")
    assert loaded.network.classifier.weight.shape == (2, 32)


def rows_of(model):
    """The rows of a head, with their bias, by the name of the class."""
    rows = torch.cat([model.classifier.weight, model.classifier.bias[:, None]], dim=1)
    return {name: rows[at].tolist() for at, name in model.config.id2label.items()}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("c", "a", "b"), "the head it has"),
        (("a", "b", "c"), "the head it has, its classes in the order of the data"),
        (("C", "A", "B"), "the head it has, where c is C, a is A, b is B"),
        (("A", "b", " c"), "the head it has, its classes in the order of the data, where a is A, c is  c"),
    ],
)
def test_a_head_with_the_same_classes_is_kept_class_by_class(with_head, names, said):
    saved = BertForSequenceClassification.from_pretrained(with_head)
    loaded = loading.headed(with_head, "sequence", names)
    assert loaded.summary.endswith(f" parameters, {said}")
    assert loaded.new == frozenset()
    by_name = {name.strip().lower(): rows for name, rows in rows_of(loaded.network).items()}
    assert by_name == rows_of(saved)
    assert loaded.network.config.id2label == dict(enumerate(names))


def test_a_head_with_other_classes_is_made_anew_and_it_says_so(with_head):
    saved = BertForSequenceClassification.from_pretrained(with_head)
    loaded = loading.headed(with_head, "sequence", ("a", "b", "d"))
    assert loaded.summary.endswith("a new head (that of the folder is for c, a, b)")
    assert loaded.new == {"classifier.weight", "classifier.bias"}
    assert not set(map(tuple, rows_of(saved).values())) & set(map(tuple, rows_of(loaded.network).values()))
    assert not loaded.network.classifier.bias.any()
    assert 0.01 < loaded.network.classifier.weight.std() < 0.03


def test_two_classes_that_differ_in_case_only_stay_two(tmp_path, bert_config):
    folder = tmp_path / "cases"
    BertForSequenceClassification(BertConfig(**bert_config, id2label={0: "US", 1: "us"})).save_pretrained(folder)
    summary = loading.headed(folder, "sequence", ("us", "US")).summary
    assert summary.endswith("the head it has, its classes in the order of the data")
    summary = loading.headed(folder, "sequence", ("Us", "uS")).summary
    assert summary.endswith("a new head (that of the folder is for US, us)")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("0", "1"), "the head it has, where LABEL_0 is 0, LABEL_1 is 1"),
        (NAMES, "a new head (that of the folder names no classes)"),
    ],
)
def test_classes_without_names_are_numbers(tmp_path, bert_config, names, said):
    folder = tmp_path / "unnamed"
    BertForSequenceClassification(BertConfig(**bert_config)).save_pretrained(folder)
    assert "id2label" not in loading.config(folder)
    assert loading.headed(folder, "sequence", names).summary.endswith(said)


def test_a_number_has_no_class(tmp_path, bert_config):
    folder = tmp_path / "number"
    BertForSequenceClassification(BertConfig(**bert_config, num_labels=1)).save_pretrained(folder)
    assert loading.headed(folder, "sequence", ("value",)).summary.endswith("the head it has")


def test_a_head_that_is_loaded_for_its_own_classes_is_as_it_is(with_head):
    """The names come from its card, whose values may be written in another way than those of the config."""
    saved = BertForSequenceClassification.from_pretrained(with_head)
    loaded = loading.headed(with_head, "sequence", ("x", "y", "z"), needs_head=True)
    assert torch.equal(loaded.network.classifier.weight, saved.classifier.weight)


def test_a_head_that_is_needed_and_missing_is_an_error(encoder, with_head):
    for folder in (encoder, with_head):
        with pytest.raises(ModelError, match="no classification head for 2 classes") as caught:
            loading.headed(folder, "sequence", NAMES, needs_head=True)
        assert "Fine-tune it first" in caught.value.fix


def test_changes_reach_the_config(encoder):
    model = loading.headed(encoder, "sequence", NAMES, attention_probs_dropout_prob=0.25).network
    assert model.config.attention_probs_dropout_prob == 0.25


@pytest.mark.parametrize("cut", [0, 100, -1000])
def test_a_truncated_weights_file_is_an_error_of_ours(copied, cut):
    path = copied / "model.safetensors"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(ModelError, match=r"the weights in .* cannot be read"):
        loading.headed(copied, "sequence", NAMES)


def test_a_broken_weights_file_is_an_error_of_ours(copied):
    (copied / "model.safetensors").write_bytes(b"<html>not found</html>" * 100)
    with pytest.raises(ModelError, match="cannot be read") as caught:
        loading.headed(copied, "sequence", NAMES)
    assert "again" in caught.value.fix


def test_missing_weights_are_an_error_of_ours(copied):
    (copied / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        loading.headed(copied, "sequence", NAMES)


def test_pickled_weights_are_not_read(copied):
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    with pytest.raises(ModelError, match="cannot be read"):
        loading.headed(copied, "sequence", NAMES)


def test_weights_of_another_architecture_are_found_out(copied, tokenizer):
    small = DistilBertConfig(vocab_size=len(tokenizer), dim=32, n_layers=2, n_heads=4, hidden_dim=64)
    DistilBertModel(small).save_pretrained(copied / "other")
    shutil.copy(copied / "other" / "model.safetensors", copied / "model.safetensors")
    with pytest.raises(ModelError, match="the weights do not fit a 'bert' model"):
        loading.headed(copied, "sequence", NAMES)


def test_a_decoder_is_refused(tmp_path):
    GPT2Model(GPT2Config(vocab_size=20, n_embd=8, n_layer=1, n_head=1)).save_pretrained(tmp_path / "gpt")
    with pytest.raises(ModelError, match="a 'gpt2' model is a decoder") as caught:
        loading.headed(tmp_path / "gpt", "sequence", NAMES)
    assert "encoder" in caught.value.fix


def test_a_kind_of_model_without_a_classifier_is_refused(copied):
    (copied / "config.json").write_text('{"model_type": "vit"}')
    with pytest.raises(ModelError, match="a 'vit' model has no classification head"):
        loading.headed(copied, "sequence", NAMES)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is not a model: it has no config.json"),
        ("{oops", "config.json is damaged"),
        ("{}", "does not say which kind of model it is"),
        ("[]", "config.json is damaged: it is not a JSON object"),
    ],
)
def test_a_folder_whose_config_is_no_config_is_refused(tmp_path, content, message):
    if content:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(BertMagicError, match=message) as caught:
        loading.config(tmp_path)
    assert caught.value.fix


def test_a_missing_or_broken_tokenizer_is_an_error_of_ours(copied):
    (copied / "tokenizer.json").write_text("{oops")
    with pytest.raises(ModelError, match=r"the tokenizer in .* cannot be read"):
        loading.tokenizer(copied)


def test_a_folder_without_a_vocabulary_is_an_error(copied):
    """Without these files transformers makes a tokenizer of the special tokens alone."""
    for path in [*copied.glob("vocab*"), *copied.glob("tokenizer*"), *copied.glob("special*")]:
        path.unlink()
    with pytest.raises(ModelError, match="has no vocabulary: the files of its tokenizer are missing") as caught:
        loading.tokenizer(copied)
    assert "tokenizer.save_pretrained" in caught.value.fix


def test_a_vocabulary_that_was_left_behind_by_its_settings_is_an_error(copied):
    (copied / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match="has no vocabulary"):
        loading.tokenizer(copied)


@pytest.mark.parametrize("given", [bm.load, lambda folder: bm.finetune("sample:reviews", model=folder, show=False)])
def test_tokens_without_an_embedding_are_an_error(copied, given):
    tokenizer = loading.tokenizer(copied)
    rows = len(tokenizer)
    tokenizer.add_tokens(["<e1>", "<e2>"])
    tokenizer.save_pretrained(copied)
    message = f"has 2 tokens that the model has no embedding for: '<e1>', '<e2>'. The embeddings have {rows} rows"
    with pytest.raises(ModelError, match=re.escape(message)):
        given(copied)


def test_embeddings_of_another_size_than_the_config_says_are_not_drawn_at_random(copied):
    config = loading.config(copied)
    (copied / "config.json").write_text(json.dumps(config | {"vocab_size": config["vocab_size"] + 5}))
    with pytest.raises(ModelError, match=r"other shapes than config.json says: .*word_embeddings"):
        loading.headed(copied, "sequence", NAMES)


def test_the_limit_is_the_smaller_of_the_model_and_the_tokenizer(copied, tokenizer):
    assert loading.limit(copied, tokenizer) == 64
    config = json.loads((copied / "config.json").read_text())
    for changes, expected in (
        ({"max_position_embeddings": 48}, 48),
        ({"max_position_embeddings": 514}, 64),
    ):
        (copied / "config.json").write_text(json.dumps(config | changes))
        assert loading.limit(copied, tokenizer) == expected


RELATIVES = {
    "roberta": {}, "xlm-roberta": {}, "camembert": {}, "roberta-prelayernorm": {}, "data2vec-text": {}, "xmod": {},
    "xlm-roberta-xl": {}, "ibert": {}, "mpnet": {}, "markuplm": {}, "esm": {},
    "longformer": {"attention_window": 4}, "bert": {}, "electra": {},
}  # fmt: skip


@pytest.mark.parametrize("padding", [1, 3])
@pytest.mark.parametrize("kind", RELATIVES)
def test_the_limit_is_what_the_position_embeddings_hold(tmp_path, tokenizer, kind, padding):
    """One token more has no position: it is an error of the embeddings."""
    import transformers

    config = transformers.AutoConfig.for_model(
        kind, vocab_size=40, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=24, pad_token_id=padding, **RELATIVES[kind],
    )  # fmt: skip
    config.save_pretrained(tmp_path)
    limit = loading.limit(tmp_path, tokenizer)
    model = transformers.AutoModel.from_config(config).eval()
    if kind == "xmod":
        model.set_default_language("en_XX")
    assert 20 <= limit <= 24
    read(model, limit)
    with pytest.raises((IndexError, RuntimeError)):
        read(model, limit + 1 if kind != "longformer" else limit + 4)  # whose texts are padded to whole windows


def read(model, tokens):
    import torch

    ids = torch.full((1, tokens), 7)
    with torch.no_grad():
        model(input_ids=ids, attention_mask=torch.ones_like(ids))
