"""A number a row: in the user's unit from the table to the predictions, and no class taken for a number."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

import bertmagic as bm
from bertmagic import tasks
from bertmagic.data import tables
from bertmagic.errors import DataError, OptionError
from bertmagic.options import Finetune, read
from bertmagic.tasks.regression.task import Regression
from bertmagic.workflows import prepare as preparing

NOTHING = dict.fromkeys(preparing.ROLES)
STARS = {"sad": 1000.5, "dull": 2000.0, "nice": 3000.0, "superb": 4000.0}


def frame(count=80, start=0):
    words = list(STARS)
    texts = [f"the film was {words[i % 4]} {words[i % 4]} {i}" for i in range(start, start + count)]
    values = [STARS[words[i % 4]] for i in range(start, start + count)]
    return pd.DataFrame({"text": texts, "price": values}, index=range(start, start + count))


def prepare(rows, **options):
    table, asked = tables.read(rows), {key: options.get(key) for key in ("text", "label")}
    task = tasks.infer(table, NOTHING | asked)
    return preparing.check_rows(task, read(Finetune, {"train": rows, **options}), {"train": table})


@pytest.fixture(scope="module")
def trained(encoder, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTMAGIC_HOME", str(tmp_path_factory.mktemp("home")))
        return bm.finetune(
            frame(400), test=frame(80, 1000), label="price", model=encoder, name="price", lr=3e-3, epochs=10,
            precision="fp32", keep="best", show=False,
        )  # fmt: skip


def test_it_learns_numbers_of_any_size_and_reports_in_their_unit(trained):
    assert trained.task.name == "regression"
    assert trained.card["mean"] == pytest.approx(frame(400)["price"].mean(), rel=0.01)
    report = trained.report
    assert list(report.metrics) == ["pearson", "spearman", "rmse", "mae"]
    assert report.metrics["pearson"] > 0.95
    assert 0 < report.metrics["rmse"] < 400
    spread = frame(80)["price"].std(ddof=0)
    assert f"has an RMSE of {spread:.4g} here" in report.notes[-1]
    assert [part.low for part in report.ranges] == [1000.5, 2000.0, 3000.0, 4000.0]
    assert sum(part.rows for part in report.ranges) == 80
    for shown in (str(report), report._repr_mimebundle_()["text/html"]):
        assert "mean prediction" in shown
        assert "nats" not in shown


def test_the_best_weights_are_those_with_the_lowest_error(trained):
    evaluations = trained.history.evaluations
    best = evaluations.loc[evaluations["rmse"].idxmin()]
    assert trained.card["run"]["best_step"] == best["step"]
    assert trained.history.steps["loss"].iloc[0] < 10  # of the variance, not of the squares of thousands


def test_predictions_are_in_the_users_unit_and_index(trained):
    given = pd.Series(["the film was sad sad 1", None, "the film was superb superb 2"], index=["x", "y", "y"])
    predictions = trained.predict(given, show=False)
    assert predictions.frame.columns.tolist() == ["text", "value"]
    assert predictions.frame.index.tolist() == ["x", "y", "y"]
    assert predictions.frame["value"].dtype == "Float64"
    assert predictions.frame["value"].iloc[[0, 2]].tolist() == pytest.approx([1000, 4000], abs=700)
    assert predictions.frame.iloc[1].isna().all()
    assert "1 row had no text" in str(predictions)


def test_half_a_character_is_read_and_shown_as_one_that_is_unknown(trained):
    predictions = trained.predict(["the film was \ud83d sad"], show=False)
    assert predictions.frame["text"].tolist() == ["the film was � sad"]
    assert "was � sad" in predictions._repr_mimebundle_()["text/html"]


def test_saved_and_loaded_it_predicts_the_same_and_transformers_knows_what_it_is(trained, tmp_path):
    texts = ["a sad film", "a superb film"]
    before = trained.predict(texts, show=False).frame
    folder = trained.save(tmp_path / "kept")
    config = json.loads((folder / "config.json").read_text())
    assert (config["problem_type"], list(config["id2label"])) == ("regression", ["0"])
    pd.testing.assert_frame_equal(before, bm.load(folder, precision="fp32").predict(texts, show=False).frame)


def test_a_model_saved_elsewhere_gives_its_numbers_as_they_are():
    one = {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "LABEL_0"}}
    assert tasks.of_config(one) == "regression"
    assert tasks.of_config({**one, "problem_type": "regression"}) == "regression"
    assert Regression.from_card({}, one) == Regression(0.0, 1.0)


def test_slices_have_the_metrics_of_numbers(trained):
    rows = frame(40, 2000).assign(kind=["x", "y"] * 20)
    report = trained.evaluate(rows, by="kind", show=False)
    assert {(part.value, part.rows) for part in report.slices} == {("x", 20), ("y", 20)}
    first, second = (part.metrics["mae"] for part in report.slices)
    assert first >= second
    assert list(report.slices[0].metrics) == ["pearson", "rmse", "mae", "spearman"]


@pytest.mark.parametrize(
    ("values", "task", "expected"),
    [
        ([1.0, 2.0, float("nan"), *[1.0, 2.0] * 20], "classification", "which are taken as classes"),
        ([0.0, 1.0] * 20, "classification", "which are taken as classes"),
        ([1, 2, 3, 4] * 10, "classification", 'task = "regression" predicts the number itself'),
        ([0, 1] * 20, "classification", ""),
        ([0.5, 1.0] * 20, "regression", "which are predicted as numbers."),
        (list(range(0, 400, 10)), "regression", 'task = "classification" takes each as a class'),
    ],
    ids=["floats with a hole", "floats", "stars", "codes", "fractions", "many"],
)
def test_what_a_column_of_numbers_is_taken_for_is_said(values, task, expected):
    rows = frame(len(values)).assign(price=values)
    prepared = prepare(rows, label="price")
    assert prepared.task.name == task
    assert expected in prepared.notes[0]
    assert prepared.train.targets.dtype == (np.int64 if task == "classification" else np.float64)


def test_floats_that_mean_classes_never_become_a_regression_in_transformers(encoder):
    """With float labels transformers takes a squared error of one output, and says nothing."""
    rows = frame(40).assign(price=[0.0, 1.0] * 20)
    model = bm.finetune(rows, label="price", model=encoder, name="m", max_steps=2, precision="fp32", show=False)
    assert model.labels == (0, 1)
    assert model.network.config.num_labels == 2
    assert model.network.config.problem_type in (None, "single_label_classification")


def test_a_number_column_is_found_where_nothing_else_can_be_meant():
    assert prepare(frame()).columns == {"text": "text", "label": "price"}
    both = frame().assign(group=["a", "b"] * 40)
    assert prepare(both).task.name == "classification"
    with pytest.raises(DataError, match=r"label column of the DataFrame is not clear|looks like the label"):
        prepare(frame().assign(other=np.linspace(0, 1, 80)))


@pytest.mark.parametrize("hole", [None, float("nan"), pd.NA])
def test_up_to_five_percent_of_the_numbers_may_be_missing(hole):
    rows = frame(40)
    rows["price"] = rows["price"].astype(object)
    rows.loc[3, "price"] = hole
    prepared = prepare(rows, label="price", task="regression")
    assert prepared.findings[0].what == "1 row without a number (column 'price')"
    assert np.isfinite(prepared.train.targets).all()
    rows.loc[:9, "price"] = hole
    with pytest.raises(DataError, match=r"10 rows without a number \(column 'price'\) are 25% of its 40 rows"):
        prepare(rows, label="price")


def test_what_cannot_be_predicted_as_a_number_is_refused():
    table = {"train": tables.read(frame(40).assign(price=["a", "b"] * 20))}
    with pytest.raises(DataError, match="values that are not a finite number, such as 'a'"):
        preparing.check_rows(Regression, read(Finetune, {"train": 1, "label": "price"}), table)
    table = {"train": tables.read(frame(40).assign(price=2.5))}
    with pytest.raises(DataError, match=r"is 2.5 in every row"):
        preparing.check_rows(Regression, read(Finetune, {"train": 1, "label": "price"}), table)


@pytest.mark.parametrize("option", [{"label_smoothing": 0.1}, {"class_weights": "balanced"}])
def test_options_of_classes_are_refused(option):
    with pytest.raises(OptionError, match=f"{next(iter(option))} is for classes"):
        prepare(frame(), label="price", **option)


def test_the_loss_is_the_squared_error_of_what_is_learnt():
    prepared = prepare(frame(40), label="price")
    objective = prepared.task.objective(prepared.train, read(Finetune, {"train": 1}))
    outputs, targets = torch.tensor([[1.0], [2.0], [4.0]]), torch.tensor([1.0, 0.0, 1.0])
    assert objective.total(outputs, targets).item() == 13.0
    assert objective.weight(targets) == 3


def test_the_spread_is_counted_by_the_check(encoder):
    report = bm.check(frame(40), model=encoder)
    assert report.task == "regression"
    assert report.labels == {"1000.5": 10, "2000": 10, "3000": 10, "4000": 10}
    assert "from the lowest to the highest" in report._repr_mimebundle_()["text/html"]
