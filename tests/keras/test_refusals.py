"""What is refused before TensorFlow is started, which runs without it."""

import pytest
import torch
import transformers

import bertmagic as bm
from bertmagic import options as table
from bertmagic.errors import ModelError, OptionError
from bertmagic.export import formats
from bertmagic.export.keras import architecture, saved


def test_a_missing_extra_has_its_line(learnt, tmp_path, monkeypatch):
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    with pytest.raises(
        OptionError, match=r'needs tensorflow, keras, which are[^"]*\n.*pip install "bertmagic\[keras\]"'
    ):
        learnt.export(tmp_path / "out", format="keras", show=False)
    assert not list(tmp_path.glob("*out*"))


@pytest.mark.parametrize(("name", "sizes"), [("Albert", {}), ("MPNet", {}), ("DebertaV2", {})])
def test_other_families_are_named(name, sizes, tokenizer):
    config = getattr(transformers, f"{name}Config")(
        vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        pad_token_id=0,
    )  # fmt: skip
    network = getattr(transformers, f"{name}ForSequenceClassification")(config)
    with pytest.raises(ModelError, match=f'format = "keras" has no {config.model_type} models.\n.*bert, roberta'):
        architecture.describe(network, tokenizer, "softmax", 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"hidden_act": "gelu_new"}, "hidden_act = 'gelu_new'"), ({"is_decoder": True}, "is_decoder = True")],
)
def test_what_the_layers_do_not_do_is_named(changes, said, tokenizer, bert_config):
    with torch.device("meta"):
        network = transformers.BertForSequenceClassification(transformers.BertConfig(**bert_config | changes))
    with pytest.raises(ModelError, match=f'format = "keras" has no models with {said}.'):
        architecture.describe(network, tokenizer, "softmax", 1)


def test_weights_of_keras_need_h5py(tmp_path, monkeypatch):
    folder = tmp_path / "tuned"
    folder.mkdir()
    for name in ("config.json", "model.weights.h5", "tokenizer.json"):
        (folder / name).write_text("{}", "utf-8")
    monkeypatch.setattr(saved, "find_spec", lambda name: None)
    with pytest.raises(
        ModelError, match=r"tuned was saved by Keras, and h5py, .* is not installed\.\npip install h5py"
    ):
        bm.load(folder)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=r"Keras, which keeps no tokenizer: .*\n.*tokenizer = FOLDER"):
        bm.load(folder)


@pytest.mark.parametrize("given", [("dull,good",), ("dull", "good"), ["dull", "good"], "dull, good"])
def test_labels_are_a_list_or_one_text(given):
    assert table.read(table.commands.Load, {"ref": "tuned", "labels": given}).labels == ("dull", "good")
