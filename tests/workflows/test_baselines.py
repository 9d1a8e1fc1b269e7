"""Baselines of a run, end to end, on a tiny real BERT."""

import json
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

import bertmagic as bm
from bertmagic import options
from bertmagic.evaluation import baselines as linear_models
from bertmagic.evaluation import linear, verdict
from bertmagic.events import Phase, Step
from bertmagic.run.stopping import StopButton
from bertmagic.workflows import baselines, finetune
from tests.small import ROWS, documents

NAMES = {
    "pairs": ("tfidf", "linear_probe", "cosine"),
    "multi_label": ("tfidf", "linear_probe"),
    "regression": ("tfidf", "linear_probe"),
    "token_classification": ("majority", "linear_probe"),
    "question_answering": (),
}


@pytest.fixture
def run(encoder):
    """Return a function that fine-tunes for two steps."""

    def run(train, **options):
        known = {"model": encoder, "name": "run", "max_steps": 2, "precision": "fp32", "show": False}
        return bm.finetune(train, **{**known, **options})

    return run


def roles(kind):
    return {"text": ["premise", "hypothesis"], "label": "relation"} if kind == "pairs" else {}


@pytest.mark.parametrize("kind", ROWS)
def test_a_run_has_the_baselines_that_compare_has(run, kind):
    train, test = ROWS[kind](), ROWS[kind](60).iloc[40:]
    model = run(train, test=test, validation=0, **roles(kind))
    results = model.report.baselines
    assert tuple(result.name for result in results) == NAMES[kind]
    assert bool(model.report.verdict) == bool(results)
    assert (model.report.main, model.report.errors.rows) == (model.task.main_metric, model.report.rows)
    assert model.report.automatic or kind in ("token_classification", "question_answering")  # their rows are alike
    assert model.report.summary.startswith("run: ")
    assert len(model.report.summary) > len("run: accuracy 0.50")
    if not results:
        return
    comparison = bm.compare([model, *NAMES[kind]], test, train=train, show=False)
    for result, contender in zip(results, comparison.contenders[1:], strict=True):
        assert contender.metrics == pytest.approx(dict(result.metrics), abs=1e-5)
        own = model.report.metrics[result.metric]
        assert result.difference == pytest.approx(own - result.metrics[result.metric])
        assert result.interval.low <= result.difference <= result.interval.high
        assert result.p == next(one.p for one in comparison.against if one.name == result.name)


def test_the_probe_reads_the_encoder_as_it_was_before_training(run, rows, make_rows):
    test = make_rows(60, seed=5)
    slow, fast = (run(rows, text="text", label="label", test=test, lr=lr, max_steps=8).report for lr in (1e-8, 2e-2))
    assert slow.metrics["loss"] != fast.metrics["loss"]
    for one, two in zip(slow.baselines, fast.baselines, strict=True):
        assert dict(one.metrics) == dict(two.metrics)


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_the_probe_pools_as_the_run_does(pooling, run, rows, make_rows, monkeypatch):
    pooled, test = [], make_rows(60, seed=5)
    real = baselines.vector_cache.embed
    monkeypatch.setattr(baselines.vector_cache, "embed", lambda *given: pooled.append(given[4]) or real(*given))
    model = run(rows, text="text", label="label", test=test, pooling=pooling)
    comparison = bm.compare([model, "linear_probe"], test, train=rows, show=False)
    assert set(pooled) == {pooling}
    assert comparison.contenders[1].metrics == pytest.approx(dict(model.report.baselines[1].metrics), abs=1e-5)


@pytest.mark.parametrize(
    ("paired", "rows", "expected"), [(False, 100, "first"), (True, 100, "mean"), (False, 5000, "mean")]
)
def test_a_choice_for_pairs_or_for_many_rows_is_not_that_of_the_probe(paired, rows, expected, learnt, tmp_path):
    task = replace(learnt.task, paired=paired)
    assert baselines.probe_pooling(task, tmp_path, rows, "first") == expected


def test_a_resumed_run_has_the_same_numbers(run, rows, make_rows, interrupted_after):
    options = {"text": "text", "label": "label", "test": make_rows(40, seed=5), "max_steps": 6, "eval_every": 2}
    whole = run(rows, **options)
    with interrupted_after(4), pytest.raises(KeyboardInterrupt):
        run(rows, name="again", **options)
    resumed = run(rows, name="again", resume=True, **options)
    assert resumed.report.baselines == whole.report.baselines
    assert resumed.report.verdict == whole.report.verdict


@pytest.fixture
def interrupted_after(monkeypatch):
    """Return a context in which a run is interrupted by its stop button after a step."""

    @contextmanager
    def after(step):
        whole = finetune.run

        def run(options, emit, button, **more):
            def heard(event):
                emit(event)
                if isinstance(event, Step) and event.step >= step:
                    button.press()

            return whole(options, heard, button, **more)

        with monkeypatch.context() as patch:
            patch.setattr(finetune, "run", run)
            yield

    return after


def test_numbers_are_in_the_card_the_record_and_the_frame(run, rows):
    model = run(rows, text="text", label="label")
    card = json.loads((model.folder / "bertmagic.json").read_text())
    recorded = json.loads((model.folder.parent / "metrics.json").read_text())
    assert card["verdict"] == model.report.verdict
    assert recorded["baselines"] == card["baselines"]
    result = model.report.baselines[1]
    saved = card["baselines"]["linear_probe"]
    assert saved["metrics"] == dict(result.metrics)
    assert saved["interval"] == [result.interval.low, result.interval.high]
    assert (saved["metric"], saved["difference"], saved["p"]) == ("accuracy", result.difference, result.p)
    frame = model.report.frame
    shown = frame[(frame["of"] == "baseline") & (frame["name"] == "linear_probe")].set_index("metric")
    assert shown.loc["accuracy", "value"] == result.metrics["accuracy"]
    assert shown.loc["model minus baseline: accuracy", "low"] == result.interval.low
    assert bm.runs().frame.loc["run", "m_accuracy"] == model.report.metrics["accuracy"]
    for name in ("baselines", "verdict"):  # as in a model of an older version
        del card[name]
    (model.folder / "bertmagic.json").write_text(json.dumps(card))
    assert bm.load(model.folder).predict("a good film", show=False).frame["label"].iloc[0] in ("good", "bad")


@pytest.mark.parametrize(
    ("kind", "limit", "method"),
    [
        ("multi_label", "_MOST_REGRESSIONS", "one ridge regression of all labels"),
        ("pairs", "_MOST_LOGITS", "the class whose mean text is nearest, by cosine"),
    ],
)
def test_a_simpler_baseline_of_many_classes_is_named_wherever_it_stands(run, monkeypatch, kind, limit, method):
    monkeypatch.setattr(linear_models, limit, 1)
    train, test = ROWS[kind](), ROWS[kind](60).iloc[40:]
    model = run(train, test=test, validation=0, **roles(kind))
    assert {one.name: one.method for one in model.report.baselines if one.method} == {"tfidf": method}
    said = [note for note in model.report.notes if method in note]
    assert [note.startswith("TF-IDF is ") for note in said] == [True]
    assert f"TF-IDF ({method})" in repr(model.report)
    assert f"tfidf ({method})" in (model.save("saved") / "README.md").read_text()
    comparison = bm.compare([model, "tfidf"], test, train=train, show=False)
    assert [note for note in comparison.notes if method in note] == said


@pytest.mark.parametrize(
    ("failing", "left", "what"),
    [
        ((linear, "fit"), ["tfidf"], "The baseline linear_probe could not be fitted"),
        ((verdict, "against"), [], "The baselines could not be compared"),
        ((baselines, "probe_pooling"), [], "The baselines could not be fitted"),
    ],
)
def test_an_error_in_a_baseline_loses_no_model(run, rows, monkeypatch, failing, left, what):
    def fail(*given, **more):
        raise FloatingPointError("the numbers <b>are odd</b>")

    monkeypatch.setattr(*failing, fail)
    report = run(rows, text="text", label="label").report
    assert report.metrics["accuracy"] >= 0
    assert [result.name for result in report.baselines] == left
    assert f"{what}: FloatingPointError: the numbers <b>are odd</b>" in report.notes
    assert "&lt;b&gt;are odd" in report._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(
    ("phase", "steps"), [("fitting the baseline linear_probe", 1), ("comparing with the baselines", 5)]
)
def test_the_stop_button_ends_the_baselines(encoder, rows, phase, steps):
    button, heard = StopButton(), []

    def emit(event):
        heard.append(event)
        if isinstance(event, Phase) and event.what == phase:
            button.press()

    given = {"train": rows, "text": "text", "label": "label", "model": str(encoder), "name": "run", "max_steps": 5}
    done = finetune.run(options.read(options.Finetune, given), emit, button)
    assert done.ended.reason == "interrupted"
    assert done.report is None
    assert done.ended.step == steps
    assert done.card["baselines"] == {}
    phases = dict.fromkeys(event.what for event in heard if isinstance(event, Phase))
    # Nothing was begun after it, but to keep what there is.
    assert [what for what in phases if not what.startswith("writing ")][-1] == phase


def test_many_rows_are_drawn_from(run, rows, monkeypatch):
    monkeypatch.setattr(baselines, "ROWS", 30)
    one, two = (run(rows, text="text", label="label").report for _ in range(2))
    assert "The baselines were trained on 30 rows, drawn from the 96 of the model." in one.notes
    assert one.baselines == two.baselines
    monkeypatch.setattr(baselines, "TOKENS", (100, 100))
    few = run(ROWS["token_classification"]()).report
    (note,) = [note for note in few.notes if note.startswith("The baselines were")]
    assert 1 < int(note.split()[5]) < 30


def test_baselines_can_be_left_out(run, rows):
    report = run(rows, text="text", label="label", baselines=False).report
    assert (report.baselines, report.verdict) == ((), "")
    assert "Simple models" not in repr(report)
    assert run(rows, text="text", label="label", validation=0).report is None
    assert bm.pretrain(documents(), name="words", max_steps=1, show=False, model=bm.load("run").folder).report


def test_windows_of_long_texts_and_lora_have_baselines_too(run, rows):
    long = rows.assign(text=[f"{text} " * 4 for text in rows["text"]])
    report = run(long, text="text", label="label", max_length=16, long_text="window", adapt="lora").report
    assert [result.name for result in report.baselines] == ["tfidf", "linear_probe"]
    assert all(np.isfinite(list(result.metrics.values())).all() for result in report.baselines)
