"""Architectures with the tasks they can have: train three steps, save, load, and predict the same."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch
import transformers

import bertmagic as bm
from bertmagic.data.batches import BatchSource
from bertmagic.data.tokenization import encode
from bertmagic.errors import ModelError
from bertmagic.events import Started, Step
from bertmagic.inference.forward import run_model

KINDS = {
    "bert": {},
    "roberta": {"type_vocab_size": 1},
    "xlm-roberta": {"type_vocab_size": 1},
    "distilbert": {},
    "albert": {"embedding_size": 16},
    "electra": {"embedding_size": 16},
    "mobilebert": {"embedding_size": 16, "intra_bottleneck_size": 16, "true_hidden_size": 16},
    "mpnet": {},
    "deberta": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"]},
    "deberta-v2": {"relative_attention": True, "pos_att_type": ["p2c", "c2p"], "position_buckets": 16},
    "deberta-v3": {
        "relative_attention": True,
        "pos_att_type": ["p2c", "c2p"],
        "position_buckets": 16,
        "share_att_key": True,
        "norm_rel_ebd": "layer_norm",
        "position_biased_input": False,
    },
    "modernbert": {"global_attn_every_n_layers": 2, "local_attention": 8},
}
"""What the config of each says beside the sizes; DeBERTa-v3 has the code of v2 and a config of its own."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tokenizer):
    """Return a function that saves a tiny random encoder of a kind, once, and returns its folder."""
    made = {}

    def save(kind):
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp("kinds") / kind
            with torch.random.fork_rng():
                torch.manual_seed(3)
                model = transformers.AutoModel.from_config(config(kind, tokenizer))
            model.save_pretrained(made[kind])
            tokenizer.save_pretrained(made[kind])
        return made[kind]

    return save


def config(kind, tokenizer):
    special = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("pad", "cls", "sep")}
    return transformers.AutoConfig.for_model(
        kind.replace("v3", "v2"), vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=66, bos_token_id=None, eos_token_id=None,
        **special, **KINDS[kind],
    )  # fmt: skip


TEXTS = ["the film was good", "a sad book", "really awful", "this was lovely 好"] * 6

TASKS = {
    "classification": ({"text": TEXTS, "label": ["good", "bad", "bad", "good"] * 6}, ["a good film", "sad"]),
    "pairs": (
        {"premise": TEXTS, "hypothesis": TEXTS[::-1], "label": ["yes", "no", "no", "yes"] * 6},
        [("a good film", "it was good"), ("sad", "nice")],
    ),
    "multi_label": (
        {"text": TEXTS, "labels": [["good"], ["bad"], ["good", "bad"], ["short"]] * 6},
        ["a good film", "sad"],
    ),
    "regression": (
        {"text": TEXTS, "label": [0.5, 1.5, -2.25, 4.0] * 6},
        ["a good film", "sad"],
    ),
    "token_classification": (
        {
            "tokens": [text.split() for text in TEXTS],
            "tags": [["O"] * text.count(" ") + ["B-X"] for text in TEXTS],
        },
        ["a good film", "so sad"],
    ),
    "question_answering": (
        {
            "question": ["what ?"] * 24,
            "context": TEXTS,
            "answers": [text.split()[-1] if n % 6 else None for n, text in enumerate(TEXTS)],
        },
        [("what ?", "a good film"), ("what ?", "it was lovely 好 and long")],
    ),
}
"""Rows to learn from, and what to predict then."""


def combinations():
    """Each architecture with each task; all but a covering few are left to ``make soak``.

    Each architecture is tried with a task that reads the first token and with one that reads all of them, each task
    with three architectures or more.
    """
    first = "classification", "pairs", "multi_label", "regression"
    every = "token_classification", "question_answering"
    for number, kind in enumerate(KINDS):
        covering = first[number % len(first)], every[(number + number // len(first)) % len(every)]
        for task in TASKS:
            yield pytest.param(kind, task, marks=[] if task in covering else pytest.mark.soak, id=f"{kind}-{task}")


@pytest.mark.parametrize(("kind", "task"), list(combinations()))
def test_it_learns_is_saved_and_predicts_the_same(folder, kind, task, tmp_path):
    rows, asked = TASKS[task]
    known = {"text": ["premise", "hypothesis"], "label": "label"} if task == "pairs" else {}
    model = bm.finetune(
        pd.DataFrame(rows), **known, model=folder(kind), name="m", max_steps=3, batch_size=8, precision="fp32",
        validation=0.25, show=False,
    )  # fmt: skip
    assert len(model.history.steps) == 3
    assert np.isfinite(model.history.steps["loss"]).all()
    before = model.predict(asked, show=False).frame
    model.save(tmp_path / "kept")
    model.unload()
    after = bm.load(tmp_path / "kept", precision="fp32").predict(asked, show=False).frame
    pd.testing.assert_frame_equal(before, after)


@pytest.mark.parametrize("kind", KINDS)
def test_a_plain_encoder_is_looked_at_and_says_what_it_lacks(folder, kind):
    model = bm.load(folder(kind), name="plain", precision="fp32")
    maps = model.attention("the film was good", "a sad book", show=False)
    assert maps.shape[:2] == (2, 4)
    assert not any("prediction" in note for note in maps.notes)
    np.testing.assert_allclose(maps.array.sum(-1), 1, atol=1e-5)
    assert maps.detail(1, 3).scores is not None or maps.detail(1, 3).why_not
    assert "text/html" in maps._repr_mimebundle_()
    same = model.attention("the film was good", compare=model, show=False).comparison
    assert not same.divergence.any()
    vectors = model.embed(TEXTS[:4], show=False)
    assert (vectors.dtype, vectors.shape) == (np.float32, (4, 32))
    assert model.similar(TEXTS[2], TEXTS[:4], top_k=1, show=False).frame["row"].tolist() == [2]
    with pytest.raises(ModelError, match="an encoder without a head") as caught:
        model.predict(TEXTS, show=False)
    assert "%%bert_finetune" in caught.value.fix


@pytest.mark.parametrize("kind", ["bert", "mpnet", "roberta", "xlm-roberta", "distilbert"])
def test_an_encoder_whose_config_names_a_head_that_it_lacks_is_a_plain_one(folder, kind, tmp_path):
    """As sentence encoders of the hub are, which began as models of masked words."""
    shutil.copytree(folder(kind), tmp_path / "sentences")
    file = tmp_path / "sentences" / "config.json"
    config = json.loads(file.read_text())
    named = config["architectures"][0].replace("Model", "ForMaskedLM")
    file.write_text(json.dumps(config | {"architectures": [named]}))
    model = bm.load(tmp_path / "sentences", precision="fp32")
    assert model.task.name == "feature_extraction"
    plain = bm.load(folder(kind), precision="fp32")
    np.testing.assert_array_equal(model.embed(TEXTS[:2], show=False), plain.embed(TEXTS[:2], show=False))


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_pretrained_fills_masks_and_is_fine_tuned(folder, kind, tmp_path):
    """On masked words, and on next sentences where the architecture has a head for them."""
    nsp = kind in ("bert", "mobilebert")
    texts = [f"{text.capitalize()}. It was {i} long. We had it." for i, text in enumerate(TEXTS)]
    model = bm.pretrain(
        texts, model=folder(kind), name="m", max_steps=3, batch_size=8, max_length=32, precision="fp32", nsp=nsp,
        validation=0.25, show=False,
    )  # fmt: skip
    assert np.isfinite(model.history.steps["loss"]).all()
    embeddings = model.network.get_input_embeddings().weight
    assert model.network.get_output_embeddings().weight is embeddings
    before = model.fill("the [MASK] was", top_k=4, show=False).frame
    model.save(tmp_path / "kept")
    model.unload()
    loaded = bm.load(tmp_path / "kept", precision="fp32")
    pd.testing.assert_frame_equal(before, loaded.fill("the [MASK] was", top_k=4, show=False).frame)
    if not nsp:
        with pytest.raises(ModelError, match=f"has no next-sentence head: {loaded.network.config.model_type} models"):
            loaded.next_sentence("it was good", "we had it", show=False)
    if nsp:
        assert loaded.next_sentence("it was good", "we had it", show=False).frame["score"].between(0, 1).all()
    rows = pd.DataFrame(TASKS["classification"][0])
    tuned = bm.finetune(rows, model=loaded, name="t", max_steps=1, precision="fp32", validation=0.25, show=False)
    assert tuned.labels == ("bad", "good")


@pytest.mark.parametrize("kind", KINDS)
def test_the_network_of_a_model_is_plain_transformers(folder, kind, tmp_path):
    """After a run, after loading, and while the same or another thread trains and predicts."""
    rows = pd.DataFrame(TASKS["classification"][0])
    options = {"model": folder(kind), "precision": "fp32", "validation": 0.25, "show": False}
    model = bm.finetune(rows, name="m", max_steps=1, **options)
    model.save(tmp_path / "kept")
    fresh = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "kept")
    check_same(model.network, fresh)
    network, checks = bm.load(tmp_path / "kept", precision="fp32").network, []

    def check():
        check_same(network, fresh)
        with ThreadPoolExecutor(1) as other:
            other.submit(check_same, network, fresh).result()
        checks.append(1)

    job = bm.finetune(
        rows, name="job", max_steps=1, background=True,
        on_event=lambda event: check() if isinstance(event, Step) else None, **options,
    )  # fmt: skip
    assert job.wait(300) is job.model
    run_model(network, BatchSource(encode(model.tokenizer, TEXTS, 64), 0), "fp32", lambda done: check())
    assert len(checks) == 2


def check_same(network, fresh):
    """Compare hidden states, pooling, attention, logits and dropout of two networks to the bit."""
    assert [type(part) for part in network.modules()] == [type(part) for part in fresh.modules()]
    assert not any("forward" in vars(part) for part in network.modules())
    assert {part.training for part in network.modules()} == {False}
    assert network.config._attn_implementation == fresh.config._attn_implementation
    assert all(parameter.requires_grad for parameter in network.parameters())
    mask = torch.tensor([[1] * length + [0] * (6 - length) for length in (6, 4, 1)])
    batch = {"input_ids": torch.arange(7, 25).view(3, 6) * mask, "attention_mask": mask}
    ours, theirs = ([*outputs(one, batch)] for one in (network, fresh))
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one, other)


def outputs(network, batch):
    """Yield all that can be read of a network: tensors in an order."""
    output = network(**batch, output_hidden_states=True)
    assert output.hidden_states[-1].shape[:2] == (3, 6)
    yield from (output.logits, *output.hidden_states)
    body = network.base_model(**batch)
    assert body[0].shape[:2] == (3, 6)
    yield from (
        body[0],
        body[0].mean(dim=1),
        *(pooled for pooled in (body.get("pooler_output"),) if pooled is not None),
    )
    before = network.config._attn_implementation
    network.set_attn_implementation("eager")
    attentions = network(**batch, output_attentions=True).attentions
    assert {weights.shape[-2:] for weights in attentions} == {(6, 6)}
    yield from attentions
    network.set_attn_implementation(before)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        yield network.train()(**batch).logits
    network.eval()


@pytest.mark.parametrize("kind", ["bert", "roberta", "electra"])
def test_our_own_passes_compute_one_token_of_the_last_layer(folder, kind, monkeypatch):
    """In training, at evaluations and in predictions, by how many tokens the feed-forward parts see."""
    layer = next(type(part) for part in transformers.AutoModel.from_pretrained(folder(kind)).modules()
                 if type(part).__name__.endswith("Intermediate"))  # fmt: skip
    seen, real = [], layer.forward
    monkeypatch.setattr(layer, "forward", lambda part, hidden: seen.append(hidden.shape[1]) or real(part, hidden))
    rows = pd.DataFrame(TASKS["classification"][0])
    model = bm.finetune(
        rows, model=folder(kind), name="m", max_steps=2, eval_every=1, precision="fp32", validation=0.25,
        pooling="first", show=False, on_event=lambda event: seen.clear() if isinstance(event, Started) else None,
    )  # fmt: skip
    model.predict(TEXTS[:3], show=False)
    assert len(seen) >= 2 * (2 + 2 + 1)
    assert all(tokens > 1 for tokens in seen[::2])
    assert set(seen[1::2]) == {1}
