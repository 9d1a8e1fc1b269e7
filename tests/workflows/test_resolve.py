"""What a run takes by itself, the same for the run, its estimate and the panel."""

import pandas as pd
import pytest

import bertmagic as bm
from bertmagic.data.labels import Labels
from bertmagic.errors import OptionError
from bertmagic.events import Note, Started
from bertmagic.models import adapters
from bertmagic.options import Finetune, Pretrain
from bertmagic.tasks import TASKS, find
from bertmagic.tasks.classification.task import Classification
from bertmagic.tuning import estimates
from bertmagic.workflows.resolve import CALIBRATED, FEW, calibrates, class_weights, hold_out, resolve


def resolved(task="classification", suited=3e-5, max_tokens=512, **options):
    return resolve(Finetune(train="x", device="cpu", precision="fp32", **options), find(task), suited, max_tokens)


@pytest.mark.parametrize("name", TASKS)
def test_the_first_metric_of_a_task_is_its_default(name):
    assert resolved(name).metric == find(name).validation_metrics[0]
    assert resolved(name, metric="loss").metric == "loss"


def test_a_metric_of_another_task_is_an_error():
    with pytest.raises(OptionError, match="metric = 'rmse' is not a metric of classification"):
        resolved(metric="rmse")


@pytest.mark.parametrize(
    ("wanted", "max_tokens", "expected"), [(None, 512, 512), (None, 8192, 512), (None, 64, 64), (128, 512, 128)]
)
def test_texts_are_cut_where_the_encoder_ends_at_the_latest(wanted, max_tokens, expected):
    assert resolved(max_length=wanted, max_tokens=max_tokens).max_length == expected


def test_more_tokens_than_the_encoder_reads_are_an_error():
    with pytest.raises(OptionError, match="max_length = 128 is more than the model reads: 64 tokens"):
        resolved(max_length=128, max_tokens=64)


def test_pre_training_has_shorter_blocks_by_default():
    options = Pretrain(train="x", device="cpu", precision="fp32")
    assert resolve(options, find(options.task), 1e-4, 512).max_length == 128


def test_the_learning_rate_is_that_of_the_encoder_of_adapters_or_the_users():
    assert resolved().lr == 3e-5
    assert resolved(adapt="lora").lr == adapters.LR
    assert resolved(adapt="lora", lr=1e-3).lr == 1e-3


def test_a_task_that_needs_windows_has_them():
    assert resolved("token_classification").long_text == "window"
    assert resolved("classification", long_text="head_tail").long_text == "head_tail"


@pytest.mark.parametrize(
    ("samples", "options", "expected"),
    [
        (3200, {"batch_size": 32}, (100, 3, 300)), (320, {"batch_size": 32}, (10, 6, 60)),
        (3200, {"batch_size": 32, "max_steps": 50}, (100, 0.5, 50)), (3200, {"epochs": 2}, (100, 2, 200)),
        (3200, {"batch_size": 32, "gradient_accumulation_steps": 4, "epochs": 1}, (25, 1, 25)),
    ],
)  # fmt: skip
def test_small_data_has_more_epochs(samples, options, expected):
    steps = resolved(**options).steps(samples)
    assert (steps.per_epoch, steps.epochs, steps.total) == expected


@pytest.mark.parametrize("name", ["multi_label", "regression", "token_classification", "question_answering"])
def test_other_tasks_have_ten_epochs(name):
    assert resolved(name).steps(320).epochs == 10


def test_pairs_have_ten_epochs():
    of_pairs = Classification(Labels(("no", "yes")), paired=True)
    assert resolve(Finetune(train="x", device="cpu", precision="fp32"), of_pairs, 1e-4, 512).steps(320).epochs == 10


def test_a_run_and_its_estimate_take_the_same_values(encoder, make_rows, tmp_path, monkeypatch):
    monkeypatch.setenv("BERTMAGIC_HOME", str(tmp_path))
    options = Finetune(train=make_rows(60), model=str(encoder), precision="fp32", epochs=1, validation=0.2)
    about = estimates.subject(options)
    estimate = estimates.estimate(options, about)
    started = []
    bm.finetune(**vars(options), show=False, on_event=lambda e: started.append(e) if isinstance(e, Started) else None)
    wanted = resolve(options, about.prepared.task, about.encoder.lr, about.encoder.max_tokens)
    assert {name: started[0].options[name] for name in wanted.options} == wanted.options
    assert (estimate.steps, estimate.max_length) == (started[0].steps, started[0].options["max_length"])


def held_out(rows, task="classification", has_validation=False, has_test=False, **options):
    chosen = hold_out(Finetune(train="x", **options), find(task), rows, has_validation, has_test)
    return chosen.share, chosen.keep, bool(chosen.reason)


def test_few_rows_choose_no_weights():
    assert held_out(FEW - 1) == (0.2, "last", True)
    assert held_out(FEW - 1, has_test=True) == (0.0, "last", True)
    assert held_out(FEW) == (0.1, "best", False)
    assert held_out(FEW, has_test=True) == (0.1, "best", False)


@pytest.mark.parametrize("option", [{"metric": "accuracy"}, {"patience": 2}, {"calibrate": True}, {"keep": "best"}])
def test_what_needs_validation_rows_gets_them(option):
    assert held_out(60, has_test=True, **option) == (0.1, "best", False)


def test_what_the_user_says_holds():
    assert held_out(60, validation=0.3) == (0.3, "best", False)
    assert held_out(60, validation=0) == (0.0, "best", False)
    assert held_out(60, validation=0.3, keep="last") == (0.3, "last", False)
    assert held_out(60, has_validation=True) == (0.0, "best", False)


def test_thresholds_of_labels_are_never_chosen_on_training_rows():
    assert held_out(60, "multi_label", has_test=True) == (0.2, "last", True)


@pytest.mark.parametrize(
    ("task", "keep", "rows", "option", "expected"),
    [
        ("classification", "best", CALIBRATED, {}, True), ("multi_label", "best", CALIBRATED, {}, True),
        ("classification", "best", CALIBRATED - 1, {}, False), ("classification", "last", CALIBRATED, {}, False),
        ("regression", "best", CALIBRATED, {}, False),
        ("classification", "best", CALIBRATED, {"calibrate": False}, False),
        ("classification", "last", 5, {"calibrate": True}, True),
    ],
)  # fmt: skip
def test_a_temperature_is_fitted_where_enough_rows_choose_the_weights(task, keep, rows, option, expected):
    assert calibrates(Finetune(train="x", **option), find(task), keep, rows) is expected


@pytest.mark.parametrize(
    ("task", "counts", "option", "expected"),
    [
        ("classification", {"no": 19, "yes": 81}, {}, "balanced"),
        ("classification", {"no": 20, "yes": 80}, {}, "none"),
        ("classification", {"a": 1, "b": 50, "c": 49}, {}, "none"), ("multi_label", {"no": 1, "yes": 99}, {}, "none"),
        ("classification", {"no": 1, "yes": 99}, {"class_weights": "none"}, "none"),
        ("classification", {"no": 50, "yes": 50}, {"class_weights": "balanced"}, "balanced"),
    ],
)  # fmt: skip
def test_the_rarer_of_two_classes_is_weighted(task, counts, option, expected):
    chosen, reason = class_weights(Finetune(train="x", **option), find(task), counts)
    assert chosen == expected
    assert bool(reason) == (expected == "balanced" and not option)


def test_a_run_weights_a_rare_class_and_says_so(encoder, make_rows, own_folder):
    rows, notes = make_rows(120), []
    rows = pd.concat([rows[rows["label"] == "good"], rows[rows["label"] == "bad"].head(6)])
    model = bm.finetune(
        rows, model=encoder, precision="fp32", max_steps=1, show=False,
        on_event=lambda event: notes.append(event.text) if isinstance(event, Note) else None,
    )  # fmt: skip
    assert model.card["options"]["class_weights"] == "balanced"
    assert any(note.startswith("Classes are weighted") and "'bad'" in note for note in notes)


@pytest.mark.parametrize("name", ["question_answering"])
def test_tasks_without_a_linear_head_choose_weights_from_few_rows_too(name):
    assert held_out(60, name) == (0.1, "best", False)


def test_a_head_alone_takes_no_steps():
    assert resolved(adapt="head").steps(100).total == 0
