"""Long texts and kept tokens through a whole run: what is trained on, said, saved and used to predict."""

import numpy as np
import pytest
import torch

import bertmagic as bm
from bertmagic.data import cache
from bertmagic.data.batches import BatchSource
from bertmagic.data.tokenization import encode
from bertmagic.errors import OptionError
from bertmagic.events import Note, Started
from bertmagic.inference.forward import run_model, softmax
from tests.small import questions


@pytest.fixture
def long_rows(make_rows):
    """120 rows of two classes, every third of them longer than 16 tokens."""
    rows = make_rows()
    rows["text"] = [text + " it was long and we had it" * (3 * (i % 3 == 0)) for i, text in enumerate(rows["text"])]
    return rows


def train(rows, encoder, listen=None, **known):
    return bm.finetune(
        rows, text="text", label="label", model=encoder, max_length=16, max_steps=12, precision="fp32", show=False,
        on_event=listen, **known,
    )  # fmt: skip


@pytest.mark.parametrize("long_text", ["truncate", "head_tail", "window"])
def test_what_is_read_of_long_texts_is_said_saved_and_used(long_rows, encoder, long_text):
    events = []
    model = train(long_rows, encoder, events.append, long_text=long_text)
    (note,) = [event.text for event in events if isinstance(event, Note) and "of 96 texts" in event.text]
    assert {"truncate": "cut at 16", "head_tail": "middle is cut out", "window": "windows"}[long_text] in note
    assert model.card["long_text"] == long_text
    texts = long_rows["text"].tolist()[:30]
    tokens = encode(model.tokenizer, texts, 16, long_text)
    expected = softmax(tokens.by_row(run_model(model.network, BatchSource(tokens, 0), "fp32")))
    predictions = bm.load(model.folder, name="again", precision="fp32").predict(texts, show=False)
    assert np.allclose(predictions.frame[["p_bad", "p_good"]].to_numpy(float), expected, atol=1e-5)
    assert predictions.truncated == tokens.truncated > 5
    assert len(predictions) == 30
    assert model.evaluate(long_rows, show=False).rows == 120


def test_each_window_is_trained_on_with_the_label_of_its_row(long_rows, encoder):
    events = []
    train(long_rows, encoder, events.append, long_text="window", validation=0, batch_size=8)
    (started,) = [event for event in events if isinstance(event, Started)]
    windows = len(encode(bm.load("model").tokenizer, long_rows["text"].tolist(), 16, "window"))
    assert windows >= 200
    assert started.rows == 120
    assert started.epochs == pytest.approx(12 / np.ceil(windows / 8))


def test_a_model_saved_before_there_was_a_choice_cuts(learnt):
    card = {**learnt.card}
    card.pop("long_text", None)
    old = bm.TextModel("old", learnt.network, learnt.tokenizer, learnt.task, card, learnt.folder, "fp32")
    assert old.predict(["really " * 100], show=False).truncated == 1


def test_a_second_run_on_the_same_rows_tokenizes_nothing_and_learns_the_same(make_rows, encoder, monkeypatch):
    rows = make_rows(1200)
    first = train(rows, encoder, test=make_rows(400, seed=1), validation=0.3)
    given = []
    monkeypatch.setattr(cache.tokenization, "encode_chunks", lambda *known: given.append(known))
    again = train(rows.copy(), encoder, test=make_rows(400, seed=1), validation=0.3, name="again")
    weights = zip(first.network.state_dict().values(), again.network.state_dict().values(), strict=True)
    assert given == []
    assert all(torch.equal(mine, yours) for mine, yours in weights)


def test_predictions_on_a_big_frame_are_tokenized_once(learnt, make_rows, monkeypatch):
    rows = make_rows(1000, seed=2)
    first = learnt.predict(rows, show=False)
    monkeypatch.setattr(cache.tokenization, "encode_chunks", None)
    assert learnt.predict(rows, show=False).frame.equals(first.frame)
    assert learnt.evaluate(rows, show=False).rows == 1000


LONG = "good bad film " * 100
"""A text of 300 tokens."""


@pytest.mark.parametrize("task", ["classification", "question_answering"])
def test_a_stride_that_a_window_does_not_hold_is_an_error_with_the_most_it_can_be(encoder, make_rows, task):
    """Windows of 64 tokens hold 62 of one text, and 61 of a question and its passage."""
    rows, known = make_rows(20), {"text": "text", "label": "label", "long_text": "window"}
    if task == "question_answering":
        rows, known = questions(20), {}
    options = {"model": encoder, "max_length": 64, "max_steps": 1, "show": False, **known}
    most = {"classification": 46, "question_answering": 45}[task]
    for stride in (most + 1, 61, 200):
        with pytest.raises(OptionError, match=rf"stride = {stride} is too large: .* can share {most}\.") as caught:
            bm.finetune(rows, stride=stride, **options)
        assert f"Set stride to {most} or less" in caught.value.fix
    bm.finetune(rows, stride=most, **options)


def test_a_stride_without_windows_is_of_no_matter(encoder, make_rows):
    train(make_rows(20), encoder, long_text="truncate", stride=200)


@pytest.mark.parametrize("stride", [0, 15, 46, 47, 61, 62, 1000])
def test_windows_go_on_by_a_quarter_at_least(tokenizer, stride):
    tokens = encode(tokenizer, [LONG], 64, "window", stride=stride)
    assert len(tokens) <= 1 + np.ceil((300 - 62) / 16)
    assert len(encode(tokenizer, ["good " * 12], 16, "window", pairs=[LONG], stride=stride)) <= 300


def test_a_saved_model_with_such_a_stride_says_what_it_does(learnt):
    card = learnt.card | {"long_text": "window", "stride": 60, "max_length": 64}
    old = bm.TextModel("old", learnt.network, learnt.tokenizer, learnt.task, card, learnt.folder, "fp32")
    predictions = old.predict([LONG], show=False)
    assert "Windows of long texts share 46 tokens instead of 60." in predictions.notes
    assert not any("share" in note for note in learnt.predict([LONG], show=False).notes)
