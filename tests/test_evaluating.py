"""A trained model measured with all that can be asked for, and calibrated."""

import numpy as np
import pytest

import bertmagic as bm
from bertmagic.errors import ModelError, OptionError


def test_everything_asked_for_is_in_one_report(learnt, make_rows):
    rows = make_rows(120, seed=5)
    rows.loc[:3, "label"] = rows.loc[:3, "label"].map({"bad": "good", "good": "bad"})
    rows["text"] = rows["text"] + np.where(rows.index % 2, " he was", " she was")
    report = learnt.evaluate(
        rows, by=["thing", lambda row: "long" in row.text], at="recall=0.9", label_issues=True, probe="identity",
        train=rows.head(5), show=False,
    )  # fmt: skip
    assert {"thing", "function 2"} == {part.column for part in report.slices}
    assert {point.wanted for point in report.points} == {"recall = 0.9"}
    assert {(probe.source, probe.target) for probe in report.probes} >= {("he", "she"), ("she", "he")}
    assert {"likely wrong label", "in train"} <= {issue.kind for issue in report.issues}
    assert [part.column for part in report.automatic].count("length") >= 2
    assert {"accuracy", "loss", "ece", "roc_auc"} <= set(report.intervals)
    assert report.errors.wrong == int((report.outcomes.credit < 1).sum())


def test_a_function_that_fails_names_its_row(learnt, make_rows):
    with pytest.raises(OptionError, match="the function fails for row 0: AttributeError"):
        learnt.evaluate(make_rows(20), by=lambda row: row.nothing, show=False)


def test_a_model_is_calibrated_and_stays_so(learnt, make_rows, own_folder):
    model = bm.load(learnt.save(own_folder / "copy"))
    rows = make_rows(100, seed=6)
    before = model.predict(rows, show=False).frame
    found = model.calibrate(rows, show=False)
    assert found.after["loss"] <= found.before["loss"]
    assert "temperature" in repr(found)
    again = bm.load(own_folder / "copy", name="again")
    after = again.predict(rows, show=False).frame
    assert again.task.temperature == found.temperature != 1
    assert (after["label"] == before["label"]).all()
    assert not np.allclose(after["score"].astype(float), before["score"].astype(float))
    assert again.evaluate(rows, show=False).metrics["loss"] == pytest.approx(found.after["loss"], abs=1e-5)


def test_calibration_without_rows_for_it_is_refused_before_training(encoder, rows):
    with pytest.raises(OptionError, match="needs validation rows"):
        bm.finetune(rows, model=encoder, calibrate=True, validation=0, show=False)


def test_rows_without_numbers_are_left_out_and_said(learnt, make_rows, own_folder):
    import torch

    model = bm.load(learnt.save(own_folder / "broken"))
    with torch.no_grad():
        model.network.classifier.weight[:] = float("nan")
    with pytest.raises(ModelError, match=r"gives no numbers \(NaN\) for any of the 20 rows"):
        model.evaluate(make_rows(20), show=False)
