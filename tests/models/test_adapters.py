"""Low-rank adapters: trained small, merged into plain models, and the same after they are loaded again."""

import importlib.util
import json
import signal
import sys

import pandas as pd
import pytest
import torch

import bertmagic as bm
from bertmagic.errors import FileError, Interrupted, ModelError, OptionError
from bertmagic.events import Note, Step
from bertmagic.models import adapters, loading
from bertmagic.run import checkpoints, folders
from tests import forks
from tests.test_architectures import KINDS, config

ASKED = ["the film was good", "a sad book", "we had it"]


@pytest.fixture
def train(encoder, rows):
    """Return a function that fine-tunes with adapters; ``stop`` is the step at which the stop button is pressed."""

    def train(stop=0, listener=lambda event: None, **options):
        def hear(event):
            listener(event)
            if isinstance(event, Step) and event.step == stop:
                signal.raise_signal(signal.SIGINT)

        known = {
            "model": encoder, "adapt": "lora", "max_steps": 8, "batch_size": 16, "lr": 5e-3, "precision": "fp32",
            "eval_every": 4, "show": False, "name": "mine",
        } | options  # fmt: skip
        return bm.finetune(rows, on_event=hear, **known)

    return train


def network(encoder, head="sequence", names=("a", "b")):
    return loading.headed(encoder, head, names).network


def test_only_the_adapters_and_the_head_train_and_optimizer_and_gradients_are_theirs(encoder):
    from bertmagic.training.optimizer import adamw

    full = adamw(network(encoder), 0.01)
    model = network(encoder)
    description = adapters.inject(model, adapters.settings(model, 4, None))
    assert "rank 4, alpha 8, on query and value of 2 layers" in description
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    parts = {"classifier.weight", "classifier.bias", "bert.pooler.dense.weight", "bert.pooler.dense.bias"}
    assert trained - parts == {name for name, _ in model.named_parameters() if ".lora_" in name}
    assert len(trained) == len(parts) + 2 * 2 * 2  # A and B, of queries and values, in two layers

    def moments(optimizer):
        return sum(t.numel() * t.element_size() for held in optimizer.state.values() for t in held.values())

    assert moments(adamw(model, 0.01)) < moments(full) / 4
    model(torch.ones(2, 4, dtype=torch.long)).logits.sum().backward()
    assert {name for name, parameter in model.named_parameters() if parameter.grad is not None} == trained


@pytest.mark.parametrize("kind", KINDS)
def test_each_architecture_has_its_targets(kind, tokenizer):
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_config(config(kind, tokenizer))
    ids = torch.tensor([[5, 6, 7, 8]])
    model.eval()
    with torch.no_grad():
        plain = model(ids).logits
        adapters.inject(model, adapters.settings(model, 2, None))
        assert torch.equal(model(ids).logits, plain)  # an adapter begins as nothing
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.fill_(0.1)
        changed = model(ids).logits
        adapters.merge(model)
    assert not torch.equal(changed, plain)
    assert not adapters.present(model)
    torch.testing.assert_close(model(ids).logits, changed, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("save", ["adapter", "merged"])
def test_it_is_loaded_as_it_was_however_it_was_kept(train, save, tmp_path):
    model = train(lora_save=save)
    assert not adapters.present(model.network)
    assert adapters.is_adapter(model.folder) == (save == "adapter")
    size = sum(path.stat().st_size for path in model.folder.glob("*.safetensors"))
    assert (size < model.bytes / 2) == (save == "adapter")
    before = model.predict(ASKED, show=False).frame
    pd.testing.assert_frame_equal(bm.load("mine", precision="fp32").predict(ASKED, show=False).frame, before)
    model.save(tmp_path / "kept")  # what is saved is whole
    assert not adapters.is_adapter(tmp_path / "kept")
    kept = bm.load(tmp_path / "kept", precision="fp32")
    pd.testing.assert_frame_equal(kept.predict(ASKED, show=False).frame, before)


def test_another_process_loads_the_same(train, tmp_path):
    model = train(lora_save="adapter")
    program = (
        "import bertmagic as bm, sys; f = bm.load('mine', precision='fp32').predict(sys.argv[2:], show=False).frame;"
        "f.to_pickle(sys.argv[1])"
    )
    out = tmp_path / "frame"
    assert forks.popen([sys.executable, "-c", program, str(out), *ASKED]).wait() == 0
    pd.testing.assert_frame_equal(pd.read_pickle(out), model.predict(ASKED, show=False).frame, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")  # of peft's own
def test_peft_reads_the_adapter_with_its_head(train, encoder):
    from peft import PeftModel

    model = train(lora_save="adapter")
    read = PeftModel.from_pretrained(network(encoder, names=("bad", "good")), str(model.folder))
    given = model.tokenizer(ASKED, padding=True, return_tensors="pt")
    with torch.no_grad():
        logits = read.eval()(**given).logits
    expected = model.predict(ASKED, show=False).frame[["p_bad", "p_good"]].to_numpy()
    torch.testing.assert_close(logits.softmax(-1).numpy(), expected.astype("float32"), atol=1e-5, rtol=1e-4)


def test_checkpoints_are_small_and_are_not_resumed_with_another_rank(train, encoder):
    with pytest.raises(Interrupted):
        train(6)
    kept = next(checkpoints.folder("mine").glob("step-*/tensors.safetensors"))
    assert kept.stat().st_size < (encoder / "model.safetensors").stat().st_size
    assert adapters.is_adapter(next(checkpoints.folder("mine").glob("best-*")))
    with pytest.raises(OptionError, match="lora_rank was 8 and is 4"):
        train(resume=True, lora_rank=4)


def test_a_run_that_starts_from_an_adapter_has_what_it_learnt(train, encoder):
    first = train(lora_save="adapter")
    second = train(name="second", model="mine", max_steps=1, lr=1e-8, lora_save="adapter")
    pd.testing.assert_frame_equal(
        second.predict(ASKED, show=False).frame, first.predict(ASKED, show=False).frame, atol=1e-4
    )
    train(max_steps=2)  # the base is trained anew: what stood beside it no longer fits
    with pytest.raises(ModelError, match="trained with other weights"):
        bm.load("second")


def test_what_was_chosen_is_told_and_kept(train):
    seen = []
    model = train(
        lora_rank=2, lora_alpha=3, lora_targets=["dense"], pooling="first", listener=seen.append, lr=None, max_steps=1
    )
    assert any("rank 2, alpha 3, on dense of 2 layers" in event.text for event in seen if isinstance(event, Note))
    kept = model.card["options"]
    assert (kept["lora_targets"], kept["lr"]) == (["dense"], adapters.LR)
    assert folders.plain({"lora_targets": ("query", "value")}) == {"lora_targets": ["query", "value"]}


def test_it_pretrains(encoder, rows):
    model = bm.pretrain(
        rows["text"].tolist(), model=encoder, adapt="lora", lora_save="adapter", max_steps=2, precision="fp32",
        show=False,
    )  # fmt: skip
    before = model.fill("the [MASK] was", show=False).frame
    pd.testing.assert_frame_equal(bm.load("model", precision="fp32").fill("the [MASK] was", show=False).frame, before)


def test_bad_input(train, encoder, monkeypatch):
    with pytest.raises(OptionError, match="freezes the encoder already"):
        train(freeze="embeddings")
    with pytest.raises(OptionError, match=r"no such linear layer\. Did you mean 'query'.*\n.*query, key, value, dense"):
        train(lora_targets=["querry"])
    with pytest.raises(OptionError, match="lora_rank = 0"):
        train(lora_rank=0)
    model = network(encoder)
    model.config.model_type = "new"
    with pytest.raises(OptionError, match=r"'new' model get adapters is not known.\nGive lora_targets"):
        adapters.settings(model, 8, None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r'needs peft.*\nInstall it: pip install "bertmagic\[lora\]"'):
        train()


def test_a_broken_adapter_is_told(train):
    folder = train(lora_save="adapter", max_steps=1).folder
    config = (folder / adapters.CONFIG).read_text()
    (folder / adapters.CONFIG).write_text("{")
    with pytest.raises(FileError, match=r"adapter_config.json is damaged"):
        bm.load("mine")
    (folder / adapters.CONFIG).write_text('{"peft_type": "IA3"}')
    with pytest.raises(ModelError, match=r"is not the config of a LoRA adapter"):
        bm.load("mine")
    (folder / adapters.CONFIG).write_text(config)
    (folder / "model.safetensors").touch()
    with pytest.raises(ModelError, match=r"has whole weights and an adapter"):
        bm.load("mine")


@pytest.mark.parametrize(
    "values",
    [
        {"use_rslora": True}, {"alpha_pattern": {"query": 64}}, {"rank_pattern": {"query": 4}}, {"use_dora": True},
        {"bias": "all"}, {"init_lora_weights": "pissa"}, {"layer_replication": [[0, 2]]},
    ],
)  # fmt: skip
def test_an_adapter_that_adds_something_else_is_refused_and_not_merged_wrong(tmp_path, values):
    config = {
        "peft_type": "LORA", "r": 8, "lora_alpha": 8, "target_modules": ["query"], "base_model_name_or_path": "tiny",
    }  # fmt: skip
    (tmp_path / adapters.CONFIG).write_text(
        json.dumps(config | {"init_lora_weights": "gaussian", "bias": "none"} | values)
    )
    with pytest.raises(ModelError, match=rf"uses what is not read here: {next(iter(values))}") as caught:
        adapters.base(tmp_path)
    assert "merge_and_unload" in caught.value.fix
