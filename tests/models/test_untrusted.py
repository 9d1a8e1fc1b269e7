"""What the folder of a model asks for is not done: no code of its own, no files of others, no endless network."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import bertmagic as bm
from bertmagic.errors import BertMagicError, ModelError
from bertmagic.models import loading, pooling, untrusted

CODE = "from pathlib import Path\nPath(__file__).with_name('it_ran').touch()\n"
ROWS = {"text": ["a good day", "a bad day"], "label": ["x", "y"]}
READERS = {
    "tokenizer": loading.tokenizer,
    "head": lambda folder: loading.headed(folder, "sequence", ("a", "b")),
    "load": lambda folder: bm.load(folder),
    "finetune": lambda folder: bm.finetune(ROWS, model=str(folder), validation=0, show=False),
}


@pytest.fixture
def folder(encoder, tmp_path):
    """A copy of an encoder, with Python code beside its weights."""
    shutil.copytree(encoder, tmp_path / "model")
    (tmp_path / "model" / "own.py").write_text(CODE)
    return tmp_path / "model"


def change(path, **values):
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.fixture
def nobody_answers(monkeypatch):
    def fail(*asked):
        pytest.fail("somebody was asked")

    monkeypatch.setattr("builtins.input", fail)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("config.json", {"auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}),
        ("config.json", {"auto_map": {"AutoConfig": "own.Config"}, "model_type": "own"}),
        ("config.json", {"model_type": "own"}),
        ("config.json", {"model_type": ["bert"]}),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["own.Tokenizer", None]}}),
    ],
)
def test_code_of_a_folder_is_refused(folder, file, values, reader, nobody_answers):
    change(folder / file, **values)
    with pytest.raises(ModelError, match=r"auto_map|no kind of model") as error:
        READERS[reader](folder)
    assert error.value.fix == untrusted.CODE_NEVER_RUNS
    assert not (folder / "it_ran").exists()


@pytest.mark.parametrize("key", ["_attn_implementation", "attn_implementation"])
@pytest.mark.parametrize("value", ["eager", "owner/kernel", "flex_attention", {"": "owner/kernel"}])
def test_the_attention_implementation_of_a_folder_is_left_out(folder, key, value):
    plain = loading.headed(folder, "masked").network.config._attn_implementation
    change(folder / "config.json", **{key: value})
    assert loading.headed(folder, "masked").network.config._attn_implementation == plain == "sdpa"
    assert loading.limit(folder, loading.tokenizer(folder)) > 0


def sharded(folder, name):
    """Name the file of the weights in an index."""
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").rename(folder.parent / "others.safetensors")
    (folder / untrusted.INDEX).write_text(json.dumps({"metadata": {}, "weight_map": dict.fromkeys(weights, name)}))


@pytest.mark.parametrize("name", ["../others.safetensors", "{folder}/../others.safetensors", "..", "", None, 3])
def test_an_index_names_no_file_outside(folder, name):
    sharded(folder, name.format(folder=folder) if isinstance(name, str) else name)
    with pytest.raises(ModelError, match="outside of it"):
        loading.headed(folder, "masked")


def test_a_link_leads_nowhere_but_into_the_cache_of_the_hub(folder):
    sharded(folder, "part.safetensors")
    (folder / "part.safetensors").symlink_to(folder.parent / "others.safetensors")
    with pytest.raises(ModelError, match="outside of it"):
        loading.headed(folder, "masked")
    blobs, snapshot = folder.parent / "models--a--b" / "blobs", folder.parent / "models--a--b" / "snapshots" / "1"
    blobs.mkdir(parents=True)
    shutil.copytree(folder, snapshot, symlinks=True)
    (folder.parent / "others.safetensors").rename(blobs / "digest")
    (snapshot / "part.safetensors").unlink()
    (snapshot / "part.safetensors").symlink_to(Path("..", "..", "blobs", "digest"))
    assert not loading.headed(snapshot, "none").new


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("tokenizer_config.json", {"fast_tokenizer_files": ["../outside/tokenizer.4.0.json"]}),
        ("tokenizer_config.json", {"fast_tokenizer_files": [None]}),
        ("tokenizer_config.json", {"vocab": "../outside/vocab.txt"}),
        ("tokenizer_config.json", {"vocab": "/etc/hostname"}),
        ("tokenizer_config.json", {"merges": "../outside/merges.txt"}),
        ("config.json", {"configuration_files": ["config.4.0.0.json"]}),
        ("config.json", {"configuration_files": ["../outside/config.4.0.0.json"]}),
    ],
)
@pytest.mark.parametrize("reader", ["tokenizer", "head", "load"])
def test_no_config_names_files_of_another_folder_or_another_config(folder, file, values, reader):
    """Transformers would read them: a vocabulary of anywhere, or sizes that nobody has looked at."""
    config = json.loads((folder / "config.json").read_text()) | {"num_hidden_layers": 10**7}
    (folder / "config.4.0.0.json").write_text(json.dumps(config))
    change(folder / file, **values)
    with pytest.raises(ModelError, match=r"names a file outside of its folder|names further configs"):
        READERS[reader](folder)


@pytest.mark.parametrize("path", ["../outside", "/tmp", "..", "a/../../outside", "", None])
def test_the_pooling_is_not_read_outside_of_the_folder(folder, path):
    (folder.parent / "outside").mkdir()
    (folder.parent / "outside" / "config.json").write_text('{"pooling_mode": "mean"}')
    modules = [{"type": "sentence_transformers.models.Pooling", "path": path}]
    (folder / "modules.json").write_text(json.dumps(modules))
    assert pooling.declared(folder) is None


@pytest.mark.parametrize("name", ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"])
@pytest.mark.parametrize("value", [float("nan"), -1, 2, "text", True, [0.1]])
def test_a_share_that_is_none_is_refused_before_a_prediction(folder, name, value):
    change(folder / "config.json", **{name: value})
    with pytest.raises(ModelError, match=rf"config\.json says {name} = .*a number from 0 to 1 was expected"):
        bm.load(folder)


@pytest.mark.parametrize(
    "values",
    [{"unk_token": ""}, {"model_max_length": [None, 1]}, {"model_max_length": -1}, {"model_max_length": float("nan")}],
)
def test_a_tokenizer_without_a_length_or_an_unknown_token_is_one_error(folder, values):
    change(folder / "tokenizer_config.json", **values)
    with pytest.raises(ModelError, match=rf"tokenizer_config\.json says {next(iter(values))} = ") as caught:
        bm.load(folder)
    assert caught.value.fix


@pytest.mark.parametrize(
    "values",
    [
        {"num_hidden_layers": 10**7}, {"id2label": {i: str(i) for i in range(10**5 + 1)}}, {"hidden_size": -1},
        {"vocab_size": "many"}, {"hidden_size": None}, {"intermediate_size": 1e300}, {"id2label": ["a", "b"]},
    ],
    ids=["layers", "classes", "negative", "word", "null", "endless", "list"],
)  # fmt: skip
def test_sizes_of_no_encoder_are_refused_before_anything_is_built(folder, values, monkeypatch):
    change(folder / "config.json", **values)
    monkeypatch.setattr(torch.nn.Module, "__init__", lambda *_, **__: pytest.fail("a module was built"))
    for reader in ("tokenizer", "head"):
        with pytest.raises(ModelError, match=r"config\.json says"):
            READERS[reader](folder)


@pytest.mark.parametrize("text", ["[]", "null", "3", "{", '{"a": ' * 100_000, '{"model_type": null}', "\ud800"])
def test_a_config_that_is_none_is_one_error(folder, text):
    (folder / "config.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    for reader in READERS.values():
        with pytest.raises(BertMagicError, match=r"config\.json|no kind of model"):
            reader(folder)


@pytest.mark.parametrize(
    ("name", "text"), [("tokenizer_config.json", "\ud800"), ("special_tokens_map.json", "a\udfff")]
)
def test_half_characters_of_a_tokenizer_are_one_error(folder, name, text):
    """transformers reads them, and fails as it saves the tokenizer."""
    path = folder / name
    path.write_text(json.dumps({**(json.loads(path.read_text()) if path.exists() else {}), "more": [{"one": text}]}))
    for reader in READERS.values():
        with pytest.raises(ModelError, match=rf"{re.escape(name)} has half a character"):
            reader(folder)
    path.write_text(json.dumps({**json.loads(path.read_text()), "more": "\N{GRINNING FACE}"}))
    loading.headed(folder, "masked")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_no_numbers_are_refused_by_name(folder, value):
    weights = load_file(folder / "model.safetensors")
    name = next(name for name in weights if name.endswith("query.weight"))
    weights[name][0, 0] = value
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"NaN or infinite: .*query\.weight"):
        loading.headed(folder, "masked")
