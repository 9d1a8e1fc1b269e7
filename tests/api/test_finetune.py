"""`finetune` end to end, on a tiny real BERT: what it says, what it leaves, what it refuses."""

import json

import datasets
import numpy as np
import pandas as pd
import pytest
import torch
from transformers import AutoModelForSequenceClassification

import bertmagic as bm
from bertmagic import api, events
from bertmagic.errors import DataError, DeviceError, ModelError, OptionError, UnknownReference
from bertmagic.run import folders


def test_what_can_be_learnt_is_learnt(learnt, make_rows):
    fresh = make_rows(200, seed=4)
    report = learnt.evaluate(fresh)
    assert report.metrics["accuracy"] > 0.97
    predicted = learnt.predict(fresh).frame
    assert (predicted["label"] == fresh["label"]).mean() == report.metrics["accuracy"]


def test_the_events_come_in_order(quick):
    seen = []
    model = quick(max_steps=4, eval_every=2, on_event=seen.append)
    kinds = [type(event).__name__ for event in seen if not isinstance(event, events.Phase)]
    assert [kind for kind in kinds if kind != "Note"] == [
        "Started", "Step", "Step", "Evaluated", "Step", "Step", "Evaluated", "Ended",
    ]  # fmt: skip
    assert isinstance(seen[0], events.Phase)
    assert seen[0].what == "starting PyTorch"
    started = next(event for event in seen if isinstance(event, events.Started))
    assert (started.rows, started.validation_rows, started.steps) == (108, 12, 4)
    assert (started.name, started.model, started.metric) == ("model", "tiny", "macro_f1")
    ended = seen[-1]
    assert (ended.reason, ended.step) == ("finished", 4)
    assert str(model.folder) in ended.detail
    assert len(model.history.steps) == 4
    assert len(model.history.evaluations) == 2


def test_the_user_is_told_what_was_inferred_chosen_and_dropped(quick, rows):
    seen = []
    rows.loc[3, "text"] = None
    quick(rows, on_event=seen.append)
    notes = [event.text for event in seen if isinstance(event, events.Note)]
    assert "Inferred from train: text = 'text', label = 'label'." in notes
    assert any(note.startswith("Held out 12 of 119 rows") for note in notes)
    assert any(note.startswith("1 row without a text") for note in notes)
    assert any("a new head" in note for note in notes)
    assert any(note.startswith("lr = 3e-5, max_length = 64, fp32 on cpu") for note in notes)


def test_a_language_that_the_model_does_not_know_and_cut_texts_are_warned_of(quick):
    seen = []
    texts = [f"電影 {i} {'很' * (80 if i % 2 else 1)}" for i in range(60)]
    quick(pd.DataFrame({"text": texts, "label": ["a", "b"] * 30}), max_length=16, on_event=seen.append)
    notes = [event for event in seen if isinstance(event, events.Note)]
    warnings = [note.text for note in notes if note.warning]
    assert any("cannot read" in warning and "mbert" in warning for warning in warnings)
    (texts_in_a_line,) = [note.text for note in notes if note.text.startswith("Languages")]
    assert texts_in_a_line.startswith(
        "Languages (guessed): Chinese 100.0 %. Lengths in tokens, as they are read: median"
    )
    assert texts_in_a_line.endswith("longest 16.")
    assert any("are cut at 16 tokens" in warning for warning in warnings)


def test_the_same_seed_gives_the_same_model_to_the_bit(quick):
    def weights(seed):
        model = quick(seed=seed, max_steps=5, lr=1e-3, precision="auto", name=f"s{seed}")
        return model.network.state_dict(), model.history.steps["loss"].tolist(), model.report.metrics["loss"]

    one, two, other = weights(5), weights(5), weights(6)
    assert all(torch.equal(one[0][name], two[0][name]) for name in one[0])
    assert one[1:] == two[1:]
    assert one[1] != other[1]
    assert not all(torch.equal(one[0][name], other[0][name]) for name in one[0])


def test_the_random_state_of_the_user_is_left_alone(quick):
    torch.manual_seed(11)
    np.random.seed(11)
    expected = torch.rand(3), np.random.rand(3)
    torch.manual_seed(11)
    np.random.seed(11)
    quick()
    assert torch.equal(torch.rand(3), expected[0])
    assert np.array_equal(np.random.rand(3), expected[1])


def test_the_run_folder_has_all_that_belongs_to_it(quick, make_rows):
    model = quick(name="mine", test=make_rows(20, seed=9))
    folder = folders.home() / "runs" / "mine"
    assert {path.name for path in folder.iterdir()} == {
        "options.json", "data.json", "run.json", "events.jsonl", "metrics.json", "model",
        "training_rows.arrow",
    }  # fmt: skip
    options = json.loads((folder / "options.json").read_text())
    assert (options["train"], options["max_steps"], options["lr"], options["device"]) == ("DataFrame", 3, 3e-5, "cpu")
    data = json.loads((folder / "data.json").read_text())
    assert [data[part]["rows"] for part in ("train", "validation", "test")] == [108, 12, 20]
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["accuracy"] == model.report.metrics["accuracy"]
    assert model.folder.resolve() == (folder / "model").resolve()
    assert (folders.home() / ".gitignore").read_text() == "*\n"


def test_the_report_is_on_test_rows_where_there_are_some(quick, make_rows):
    report = quick(test=make_rows(20, seed=9)).report
    assert report.rows == 20
    assert not any("expect a little less" in note for note in report.notes)
    assert report.train_seconds > 0
    assert report.train_tokens > 0
    held_out = quick().report
    assert held_out.rows == 12
    assert any("expect a little less" in note for note in held_out.notes)
    assert quick(validation=0).report is None


def test_validation_that_came_with_train_is_taken(quick, make_rows):
    seen = []
    parts = {"train": make_rows(60), "validation": make_rows(20, seed=1), "test": make_rows(10, seed=2)}
    model = quick(parts, on_event=seen.append)
    assert model.report.rows == 20
    assert any("which came with train" in event.text for event in seen if isinstance(event, events.Note))


def test_a_dataset_with_class_labels_and_a_file_train_too(quick, rows, tmp_path):
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["good", "bad"])}
    )
    numbers = [["good", "bad"].index(label) for label in rows["label"]]
    model = quick(datasets.Dataset.from_dict({"text": rows["text"].tolist(), "label": numbers}, features=features))
    assert model.labels == ("good", "bad")
    rows.to_csv(tmp_path / "rows.csv", index=False)
    assert quick("rows.csv").labels == ("bad", "good")
    assert quick(tmp_path / "rows.csv").card["options"]["train"] == str(tmp_path / "rows.csv")


@pytest.mark.parametrize("labels", [("bad", "good"), (-1, 1), (False, True)], ids=["str", "int", "bool"])
def test_labels_come_back_as_they_were_after_save_and_load(quick, make_rows, labels, tmp_path):
    model = quick(make_rows(60, labels=labels))
    assert model.labels == labels
    again = bm.load(model.save(tmp_path / "kept"), precision="fp32")
    assert again.labels == labels
    predictions = again.predict(["a good film", "a bad film"]).frame
    assert set(predictions["label"].tolist()) <= set(labels)
    assert predictions.columns[3:].tolist() == [f"p_{label}" for label in labels]
    pd.testing.assert_frame_equal(predictions, model.predict(["a good film", "a bad film"]).frame)
    report = again.evaluate(make_rows(10, seed=3, labels=labels))
    assert report.labels == tuple(str(label) for label in labels)


def test_class_weights_and_early_stopping_reach_the_run(quick, rows):
    uneven = pd.concat([rows[rows["label"] == "good"], rows[rows["label"] == "bad"].head(12)])
    plain, balanced = (
        quick(uneven, class_weights=kind).history.steps["loss"].tolist() for kind in ("none", "balanced")
    )
    assert plain != balanced
    model = quick(max_steps=40, eval_every=1, patience=2, lr=1e-8, epochs=20)
    assert len(model.history.steps) < 40
    assert model.card["run"]["reason"] == "stopped early"


def test_save_to_keeps_a_second_copy(quick, tmp_path):
    model = quick(save_to="kept/here")
    saved = AutoModelForSequenceClassification.from_pretrained("kept/here")
    assert torch.equal(saved.classifier.weight, model.network.classifier.weight)
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis.txt").write_text("mine")
    seen = []
    with pytest.raises(ModelError, match="not a model"):
        quick(save_to="work", on_event=seen.append)
    assert seen == []  # and not after hours of training


def test_training_goes_on_from_a_model_and_from_a_run(quick):
    first = quick(name="first", lr=1e-3)
    for start in (first, "first", first.folder):
        second = quick(model=start, name="second", lr=1e-8, warmup=0)
        assert torch.allclose(second.network.classifier.weight, first.network.classifier.weight, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"epochz": 3}, OptionError, "no option 'epochz'. Did you mean 'epochs'?"),
        ({"lr": 5}, OptionError, "lr = 5 is not between 1e-08 and 1"),
        ({"train": None}, OptionError, "'train' is missing"),
        ({"train": "sample:reviws"}, UnknownReference, "no sample 'reviws'. Did you mean 'reviews'?"),
        ({"label": "lable"}, DataError, "no column 'lable' (columns: text, label, thing). Did you mean 'label'?"),
        ({"max_length": 65}, OptionError, "max_length = 65 is more than the model reads: 64 tokens"),
        ({"device": "tpu"}, DeviceError, "no device 'tpu' here"),
        ({"freeze": 3, "pooling": "first"}, OptionError, "has 2 layers"),
        ({"model": "minilmm"}, UnknownReference, "Did you mean 'minilm'?"),
        ({"lr": 1.0, "max_steps": 50, "precision": "bf16", "schedule": "constant", "weight_decay": 0}, None, ""),
    ],
)
def test_what_cannot_be_used_is_said_with_the_fix(quick, options, kind, message):
    if kind is None:
        quick(**options)  # a rate far too high is bad, but no error as long as the numbers stay numbers
        return
    with pytest.raises(kind) as caught:
        quick(**options)
    assert message in caught.value.what
    assert caught.value.fix
    assert str(caught.value).count("\n") <= 2


def test_bad_rows_are_found_before_a_model_is_looked_for(rows):
    rows["label"] = "same"
    with pytest.raises(DataError, match="one class only"):
        bm.finetune(rows, model="owner/not-there", show=False)


def test_nothing_is_kept_of_a_run_that_could_not_begin(quick):
    with pytest.raises(OptionError):
        quick(name="mine", freeze=9)
    assert api.runs_here() == []
