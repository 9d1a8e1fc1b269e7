"""Pre-training from texts to a report: blocks or pairs, masks anew at each step, and the loss."""

import math
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from torchmetrics.functional.text import perplexity

import bertmagic as bm
from bertmagic.data import cache, tables
from bertmagic.errors import DataError, Interrupted, ModelError
from bertmagic.events import Evaluated, Note, Step
from bertmagic.options import Pretrain, read
from bertmagic.tasks.masked_language_modeling import heads
from bertmagic.tasks.masked_language_modeling.task import MaskedLanguageModeling, texts_of
from bertmagic.workflows.prepare import check_rows


def documents(count=30, sentences=4):
    words = ("the film", "a book", "this story", "the plot")
    ends = ("was good", "is very long", "had a sad ending", "was not dull")
    return [
        " ".join(f"{words[(i + j) % 4].capitalize()} {ends[(i * j) % 4]} {i} {j}." for j in range(sentences))
        for i in range(count)
    ]


def prepared(train, **options):
    chosen = read(Pretrain, {"train": train, "seed": 0, **options})
    sources = {"train": tables.read(MaskedLanguageModeling.source(chosen.train))}
    return check_rows(MaskedLanguageModeling, chosen, sources)


@pytest.fixture
def kept(tmp_path, tokenizer):
    return cache.Cache(tmp_path, tokenizer, 24)


@pytest.fixture
def pretrain(encoder):
    return partial(bm.pretrain, model=encoder, name="own", precision="fp32", max_length=32, show=False, batch_size=8)


def encoded(task, rows, kept):
    return task.encode(kept, rows, lambda done, total: None)


def test_each_row_is_a_document_and_a_tenth_is_held_out():
    data = prepared(documents())
    assert (len(data.train), len(data.validation)) == (27, 3)
    assert data.columns == {"text": "text", "document": None}
    assert data.notes == ("Held out 3 of 30 rows for validation.",)


def test_rows_of_a_document_stay_on_one_side():
    frame = pd.DataFrame({"body": documents(40), "book": np.arange(40) // 4})
    data = prepared(frame, text="body", document="book", validation=0.2)
    assert (len(data.train), len(data.validation)) == (8, 2)
    assert all(text.count("\n") == 3 for text in data.train.texts)


def test_a_column_is_inferred_and_said():
    frame = pd.DataFrame({"text": documents(), "stars": range(30)})
    data = prepared(frame)
    assert data.notes[0] == "Inferred from the DataFrame: text = 'text'."


def test_the_loss_is_that_of_transformers(encoder, kept):
    """The mean over masked tokens, though only they go through the head and each row is summed by itself."""
    data = prepared(documents(), validation=0)
    samples = encoded(data.task, data.train, kept)
    feed = data.task.feed(samples, data.train, 0, True, 0)
    batch = feed.batch(np.arange(6), step=3)
    model, _ = heads.load(encoder)
    model.eval()
    objective = data.task.objective(data.train, None)
    loss = objective.total(objective.outputs(model, batch), batch.targets) / objective.weight(batch.targets)
    expected = model(**batch.inputs, labels=batch.targets).loss
    assert loss.item() == pytest.approx(expected.item(), abs=1e-5)
    with torch.no_grad():
        metrics = data.task.metrics(data.task.outputs(model, batch).numpy(), data.train, samples)
        logits = model(**batch.inputs).logits
    assert metrics["perplexity"] == pytest.approx(float(perplexity(logits, batch.targets, ignore_index=-100)), rel=1e-4)
    right = (logits.argmax(dim=2) == batch.targets)[batch.targets != -100].float()
    assert metrics["accuracy"] == pytest.approx(float(right.mean()))
    parts = [feed.batch(rows, step=3) for rows in (np.arange(2), np.arange(2, 6))]
    sums = [objective.total(objective.outputs(model, part), part.targets).item() for part in parts]
    weights = [objective.weight(part.targets) for part in parts]
    assert sum(sums) / sum(weights) == pytest.approx(expected.item(), abs=1e-5)


def test_the_loss_with_next_sentences_is_the_sum_of_both(encoder, kept):
    data = prepared(documents(), validation=0, nsp=True)
    samples = encoded(data.task, data.train, kept)
    assert samples.follows.any()
    assert not samples.follows.all()
    batch = data.task.feed(samples, data.train, 0, True, 0).batch(np.arange(8), step=3)
    assert batch.types.max() == 1
    model, _ = heads.load(encoder, next_sentence=True)
    model.eval()
    sums = data.task.outputs(model, batch).detach()
    whole = model(
        **batch.inputs, labels=batch.targets[:, 1:].contiguous(), next_sentence_label=batch.targets[:, 0]
    ).loss
    metrics = data.task.metrics(sums.numpy(), data.train, samples)
    assert metrics["loss"] == pytest.approx(whole.item(), abs=1e-5)
    words = float(sums[:, 0].sum() / sums[:, 1].sum())
    assert metrics["perplexity"] == pytest.approx(math.exp(words), rel=1e-5)
    objective = data.task.objective(data.train, None)
    assert objective.weight(batch.targets) == sums[:, 1].sum()
    wanted = sums[:, 0].sum() + (sums[:, 3] * sums[:, 1]).sum()
    torch.testing.assert_close(objective.total(sums, batch.targets), wanted)


def test_masks_are_new_at_each_step_and_stay_for_held_out_text(kept):
    data = prepared(documents(), validation=0)
    feed = data.task.feed(encoded(data.task, data.train, kept), data.train, 0, False, 0)
    rows = np.arange(4)
    one, other, held, again = (feed.batch(rows, step) for step in (1, 2, 0, 0))
    assert not torch.equal(one.targets, other.targets)
    assert torch.equal(held.ids, again.ids)
    alone = feed.batch(rows[2:3], 1)
    assert torch.equal(alone.targets[0], one.targets[2, : alone.targets.shape[1]])


def test_pretraining_lowers_perplexity_and_reports_both(pretrain):
    heard = []
    model = pretrain(documents(60), max_steps=60, lr=3e-3, on_event=heard.append)
    report = model.report
    assert set(report.metrics) == set(report.before) == {"perplexity", "accuracy", "loss"}
    assert report.metrics["perplexity"] < report.before["perplexity"] / 2
    assert "masked tokens of" in report.notes[0]
    assert "before training" in repr(report)
    assert "before training" in report._repr_mimebundle_()["text/html"]
    assert sum(isinstance(event, Step) for event in heard) == 60
    assert any(isinstance(event, Evaluated) for event in heard)
    assert any("tied to the embeddings" in event.text for event in heard if isinstance(event, Note))
    assert model.evaluate(documents(60), show=False).metrics["perplexity"] < report.before["perplexity"]


def test_an_interrupted_run_goes_on_as_if_nothing_had_been(pretrain):
    whole = pretrain(documents(), name="whole", max_steps=12, eval_every=4)

    def press(event):
        if isinstance(event, Step) and event.step == 6:
            raise KeyboardInterrupt

    with pytest.raises((Interrupted, KeyboardInterrupt)):
        pretrain(documents(), name="cut", max_steps=12, eval_every=4, checkpoint_every=2, on_event=press)
    resumed = pretrain(documents(), name="cut", max_steps=12, eval_every=4, checkpoint_every=2, resume=True)
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[name]), name


def test_what_was_pretrained_is_fine_tuned_and_loaded_again(pretrain, rows):
    model = pretrain(documents(), max_steps=4, nsp=True, validation=0.3)
    assert set(model.report.metrics) == {"perplexity", "accuracy", "next_sentence_accuracy", "loss"}
    again = bm.load("own", name="again")
    assert again.task == MaskedLanguageModeling(nsp=True)
    assert again.next_sentence("The film was good.", "It was long.", show=False).frame["score"][0] > 0
    tuned = bm.finetune(rows, model="own", name="tuned", max_steps=2, show=False, precision="fp32")
    assert tuned.task.name == "classification"
    assert tuned.card["lr"] == model.card["lr"]


def test_a_new_model_is_pretrained_with_the_rate_that_suits_it():
    texts = [
        *documents(400),
        *(f"{a}{b} {b}{a}" for a in "bcdfgklmnp" for b in ("ore", "all", "ine", "eed", "ash")),
    ] * 2
    words = [f"w{a}{b}" for a in ("an", "or", "il", "et") for b in ("ter", "son", "ful", "ing", "ble", "ter")]
    texts += [" ".join(words[i % 24] + words[(i * 7) % 24] for i in range(j, j + 6)) for j in range(100)]
    new = bm.new_model("tiny", vocab_from=texts, vocab_size=800, name="fresh")
    assert new.card["encoder"] == "new tiny"
    assert len(new.tokenizer) <= 800
    model = bm.pretrain(documents(), model=new, max_steps=2, show=False, name="taught")
    assert model.card["options"]["lr"] == 1e-3
    assert bm.load("fresh", name="again").fill("the [MASK]", show=False).masks == 1


def test_labels_cannot_be_predicted(pretrain):
    model = pretrain(documents(), max_steps=1)
    with pytest.raises(ModelError, match="predicts no labels") as caught:
        model.predict("a text", show=False)
    assert "%bert_fill" in caught.value.fix


@pytest.mark.parametrize(
    ("train", "options", "message", "fix"),
    [
        (["a b", "c d"], {}, "has 6 characters of text: too little", "running text"),
        ([""] * 9, {}, "rows without a text", "Fill them in"),
        (["one document. " * 20], {"nsp": True}, "is one document, and nsp = True", "blank lines"),
        ([f"no stop here {i}" for i in range(20)], {"nsp": True}, "no document of the DataFrame has two", "document ="),
        (documents(), {"text": "txt"}, "has no column 'txt'", "text ="),
        (documents(), {"document": "book"}, "has no column 'book'", "document ="),
        (documents(), {"document": "text"}, "text and document are both 'text'", "two columns"),
    ],
)
def test_texts_that_cannot_be_used_are_told_of(train, options, message, fix):
    with pytest.raises(DataError) as caught:
        prepared(train, **options)
    assert message in caught.value.what
    assert fix in caught.value.fix


def test_held_out_text_of_one_document_has_no_other_to_draw_from(pretrain):
    with pytest.raises(DataError, match="held out of the DataFrame is one document"):
        pretrain(documents(9), nsp=True, max_steps=1)


def test_texts_of_a_sample_are_read():
    assert len(texts_of("sample:reviews", "review")) > 100
