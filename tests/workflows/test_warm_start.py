"""A new head starts from a linear model of what it reads, for every task that has one."""

import re

import numpy as np
import pandas as pd
import pytest
import torch
import transformers

import bertmagic as bm
from bertmagic.errors import OptionError
from bertmagic.evaluation import linear
from bertmagic.inference import vector_cache
from bertmagic.workflows import warm_start

from ..conftest import BAD, GOOD
from ..small import ROWS

AUTO = {"token_classification": "AutoModelForTokenClassification"}
TASKS = ("classification", "pairs", "multi_label", "regression", "token_classification")


@pytest.fixture(scope="module")
def table(make_rows):
    """Return a function from a task to its rows."""
    own = {"classification": separable, "pairs": separable_pairs}
    return lambda task: own.get(task, ROWS.get(task))(60)


def separable(count=60):
    """Rows whose classes even the vectors of a random encoder tell apart."""
    words = (BAD[0], GOOD[0])
    return pd.DataFrame(
        {"text": [f"{words[at % 2]} {words[at % 2]} {words[at % 2]} {at}" for at in range(count)],
         "label": [("no", "yes")[at % 2] for at in range(count)]}
    )  # fmt: skip


def separable_pairs(count=60):
    rows = separable(count)
    return pd.DataFrame({"premise": ["the film was"] * count, "hypothesis": rows["text"], "relation": rows["label"]})


def finetune(rows, encoder, **options):
    """Return the model of a run, by default of the head alone, and the notes of the run."""
    notes = []
    pairs = {"text": ["premise", "hypothesis"], "label": "relation"} if "premise" in rows else {}
    options = {"model": encoder, "precision": "fp32", "adapt": "head", "validation": 0} | pairs | options
    model = bm.finetune(
        rows,
        show=False,
        on_event=lambda event: notes.append(getattr(event, "text", "")),
        **options,
    )
    return model, notes


def first_note(notes):
    return next((note for note in notes if note.startswith("The head reads")), "")


@pytest.mark.parametrize("task", TASKS)
def test_the_head_of_every_task_starts_from_a_linear_model(task, table, encoder):
    model, notes = finetune(table(task), encoder)
    assert "and starts from a linear model (loss" in first_note(notes)
    assert len(first_note(notes)) <= 160, "the panel cuts what is longer"
    assert model.card["run"]["step"] == 0


@pytest.mark.parametrize("task", TASKS)
def test_the_folder_is_read_by_plain_transformers_with_the_same_logits(task, table, encoder):
    model, _ = finetune(table(task), encoder)
    auto = getattr(transformers, AUTO.get(task, "AutoModelForSequenceClassification"))
    plain, info = auto.from_pretrained(model.folder, output_loading_info=True)
    assert not info["missing_keys"] | info["unexpected_keys"]
    encoded = model.tokenizer("the film was good", return_tensors="pt")
    with torch.no_grad():
        assert torch.equal(plain.eval()(**encoded).logits, model.network.eval()(**encoded).logits)


def test_a_linear_head_learns_what_is_separable(encoder):
    model, _ = finetune(separable(), encoder)
    assert model.predict(["bad bad bad 77", "good good good 78"]).frame["label"].tolist() == ["no", "yes"]


@pytest.mark.parametrize(("pooling", "layers"), [("mean", 3), ("first", 2)])
def test_the_pooling_can_be_chosen(pooling, layers, make_rows, encoder):
    model, notes = finetune(make_rows(40), encoder, text="text", label="label", pooling=pooling)
    assert model.network.config.num_hidden_layers == layers
    assert model.card["options"]["pooling"] == pooling
    assert {"mean": "the mean of the tokens", "first": "the first token"}[pooling] in first_note(notes)


def test_the_pooling_is_the_one_with_the_lower_loss(make_rows, encoder):
    model, notes = finetune(make_rows(40), encoder, text="text", label="label")
    chosen, other = (float(loss) for loss in re.search(r"\(loss (\S+), \D+ (\S+)\)", first_note(notes)).groups())
    assert chosen <= other
    reads = {"mean": "The head reads the mean", "first": "The head reads the first token"}
    assert first_note(notes).startswith(reads[model.card["options"]["pooling"]])


def test_poolings_are_compared_in_one_pass(make_rows, encoder, monkeypatch):
    calls, fits = [], []
    each, fit = vector_cache.embedding.embed_each, linear._select
    monkeypatch.setattr(
        vector_cache.embedding,
        "embed_each",
        lambda *given: calls.append((len(given[1].tokens), given[3])) or each(*given),
    )
    monkeypatch.setattr(linear, "_select", lambda *given: fits.append(len(given[1])) or fit(*given))
    finetune(make_rows(40), encoder, text="text", label="label")
    assert calls == [(40, ("first", "mean"))]
    assert fits == [40, 40], "the head has the penalty that the comparison chose"


def test_the_mean_is_the_one_of_the_encoder(make_rows, encoder):
    """The output layer reads, but for a constant factor, the normalised mean of the encoder's last layer."""
    rows = make_rows(40)
    model, _ = finetune(rows, encoder, text="text", label="label", pooling="mean")
    top = model.embed(rows["text"], pooling="first")
    mean = bm.load(str(encoder)).embed(rows["text"], pooling="mean")
    alike = [np.corrcoef(one, two)[0, 1] for one, two in zip(top, mean, strict=True)]
    assert min(alike) > 0.98


@pytest.mark.parametrize("adapt", ["full", "lora"])
def test_a_head_that_was_trained_for_these_labels_stays(adapt, make_rows, learnt):
    if adapt == "lora":
        pytest.importorskip("peft")
    _, notes = finetune(make_rows(40), learnt.folder, text="text", label="label", adapt=adapt, max_steps=1)
    assert first_note(notes) == ""


def test_the_same_seed_gives_the_same_model(make_rows, encoder):
    known = {"text": "text", "label": "label", "adapt": "full", "max_steps": 2}
    one, two = (finetune(make_rows(40), encoder, name=name, **known)[0].network for name in ("one", "two"))
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))


def test_a_random_pattern_leaves_the_head_at_random(encoder):
    rows = [{"text": f"the film was long {at}", "label": ("a", "b")[(at * 7919) % 13 % 2]} for at in range(40)]
    model, notes = finetune(rows, encoder, adapt="full", max_steps=1)
    assert "starts at random: a linear model is of no use here" in first_note(notes)
    assert model.card["options"]["pooling"] in ("mean", "first")


def test_a_head_alone_is_the_linear_model_even_where_that_is_of_no_use(encoder):
    """With no steps to follow, a random head would be worse: this one gives about the shares of the classes."""
    rows = [{"text": f"the film was long {at}", "label": ("a", "b")[(at * 7919) % 13 % 2]} for at in range(40)]
    model, _ = finetune(rows, encoder)
    shares = pd.DataFrame(rows)["label"].value_counts(normalize=True)
    means = model.predict([row["text"] for row in rows]).frame[["p_a", "p_b"]].astype(float).mean()
    assert means["p_a"] == pytest.approx(shares["a"], abs=0.05)
    assert means["p_b"] == pytest.approx(shares["b"], abs=0.05)


@pytest.mark.parametrize(
    "rows",
    [
        [{"text": f"{word} {word}", "label": word} for word in ("good", "bad", "long", "film")],
        [
            {"text": f"the film was {word} {at}", "label": "good" if at else "odd"}
            for at, word in enumerate("abcdef" * 5)
        ],
        [{"text": "the film was good", "label": ("a", "b")[at % 2]} for at in range(20)],
    ],
    ids=["one row a class", "a class that occurs once", "equal texts"],
)
def test_odd_rows_train(rows, encoder):
    model, notes = finetune(rows, encoder, adapt="full", max_steps=1)
    assert first_note(notes)
    assert np.isfinite(model.predict(["the film was good"]).frame["score"].astype(float)).all()


def test_many_classes_with_few_rows(encoder):
    rows = [{"text": f"{letter} {other} {at}", "label": letter + other} for letter in "abcdefghij" for other in "abcde"
            for at in range(3)]  # fmt: skip
    _, notes = finetune(rows, encoder)
    assert "The head reads" in first_note(notes)


def test_questions_have_no_linear_head(encoder):
    with pytest.raises(OptionError, match='adapt = "head" fits a linear model, and question_answering has none'):
        finetune(ROWS["question_answering"](40), encoder)


def test_the_mean_needs_a_layer_that_saved_adapters_lack(make_rows, encoder):
    pytest.importorskip("peft")
    known = {"text": "text", "label": "label", "adapt": "lora", "lora_save": "adapter", "max_steps": 1}
    with pytest.raises(OptionError, match="the layer for it is not in the encoder"):
        finetune(make_rows(40), encoder, pooling="mean", **known)
    model, _ = finetune(make_rows(40), encoder, **known)
    assert model.card["options"]["pooling"] == "first"
    assert bm.load(model.folder).network.config.num_hidden_layers == 2


def test_a_resumed_run_has_the_layers_of_its_checkpoint(make_rows, encoder):
    known = {"text": "text", "label": "label", "model": encoder, "precision": "fp32", "show": False, "name": "again"}
    rows = make_rows(40)

    class Enough(Exception):
        pass

    def stop(event):
        if getattr(event, "step", 0) == 3 and hasattr(event, "grad_norm"):
            raise Enough

    with pytest.raises(Enough):
        bm.finetune(rows, **known, pooling="mean", max_steps=6, checkpoint_every=2, on_event=stop)
    model = bm.finetune(rows, **known, max_steps=6, checkpoint_every=2, resume=True)
    assert model.network.config.num_hidden_layers == 3
    assert model.card["options"]["pooling"] == "mean"


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_a_model_embeds_by_what_its_head_reads(pooling, make_rows, encoder):
    model, _ = finetune(make_rows(40), encoder, text="text", label="label", pooling=pooling)
    texts = make_rows(10, seed=1)["text"]
    assert np.array_equal(model.embed(texts), model.embed(texts, pooling="first"))


def test_pairs_are_read_by_their_first_token(encoder):
    model, notes = finetune(ROWS["pairs"](60), encoder)
    assert model.card["options"]["pooling"] == "first"
    assert first_note(notes).startswith("The head reads the first token")


def test_many_rows_are_read_by_their_first_token(make_rows, encoder, monkeypatch):
    monkeypatch.setattr(warm_start, "MANY", 40)
    model, _ = finetune(make_rows(40), encoder, text="text", label="label")
    assert model.network.config.num_hidden_layers == 2
