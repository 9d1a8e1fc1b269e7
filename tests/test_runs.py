"""What runs leave behind, end to end: listed, told apart, and as the card of a saved model."""

import re

import pytest
from huggingface_hub import ModelCard

import bertmagic as bm
from bertmagic.errors import OptionError, TrainingError, UnknownReference
from bertmagic.training import loop


@pytest.fixture
def quick(encoder, rows):
    def quick(name, train=rows, **options):
        known = {
            "text": "text",
            "label": "label",
            "model": encoder,
            "max_steps": 4,
            "precision": "fp32",
            "eval_every": 2,
        }
        return bm.finetune(train, name=name, show=False, **{**known, **options})  # fmt: skip

    return quick


def test_runs_are_listed_drawn_and_told_apart(quick, make_rows, monkeypatch):
    quick("first")
    quick("second", lr=2e-3, train=make_rows(100, seed=3), test=make_rows(20, seed=9))
    bm.pretrain(make_rows(40)["text"].tolist(), name="words", model=bm.load("first").folder, max_steps=2, show=False)
    monkeypatch.setattr(loop.Loop, "run", lambda *_: (_ for _ in ()).throw(TrainingError("the loss is odd.", "Wait.")))
    with pytest.raises(TrainingError):
        quick("broken")
    listing = bm.runs()
    frame = listing.frame
    assert dict(frame["state"]) == {"first": "finished", "second": "finished", "words": "finished", "broken": "failed"}
    assert frame.loc["broken", "error"].startswith("TrainingError: the loss is odd.")
    assert frame.loc["words", "task"] == "masked_language_modeling"
    assert frame.loc["first", "step"] == 4
    curves = {curve.run: curve for curve in listing.curves}
    assert curves["first"].steps == (2, 4)
    assert re.search(r"first +classification +tiny", repr(listing))

    apart = bm.runs(diff=("first", "second"))
    differing = {(one.what, one.name) for one in apart.differences}
    assert {("option", "lr"), ("data", "train sha256"), ("data", "test")} <= differing
    assert ("data", "train columns") not in differing
    with pytest.raises(OptionError, match=r"diff has 1 run\."):
        bm.runs(diff=("first",))
    with pytest.raises(UnknownReference, match=r"no run 'frist' here\. Did you mean 'first'"):
        bm.runs(diff=("frist", "second"))


def test_a_saved_model_has_its_card(learnt, tmp_path):
    folder = learnt.save(tmp_path / "mine")
    card = ModelCard.load(folder / "README.md")
    (name,) = {result.dataset_name for result in card.data.eval_results}
    assert name == learnt.report.data
    values = {result.metric_name: result.metric_value for result in card.data.eval_results}
    assert values["accuracy"] == pytest.approx(learnt.report.metrics["accuracy"], abs=1e-6)
    assert 'bm.load("mine")' in card.content
    again = bm.load(folder)
    (folder / "README.md").write_text("by hand")
    again.save(folder)
    assert (folder / "README.md").read_text() == "by hand"
    assert ModelCard.load(folder / "README.new.md").data.model_name == again.name
