"""Slices, groups, thresholds, probes, calibration and labels to look at, on rows made for it."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

from bertmagic.display import text
from bertmagic.display.charts.report_figure import report_figure
from bertmagic.errors import OptionError
from bertmagic.evaluation import (
    calibration,
    confusion_metrics,
    counterfactuals,
    curves,
    errors,
    fairness,
    label_issues,
    operating_points,
    slices,
    traits,
)
from bertmagic.evaluation.outcomes import Outcomes
from bertmagic.evaluation.report import Report


def outcomes(rows=400, seed=0, texts=None, classes=2):
    generator = np.random.default_rng(seed)
    true = generator.integers(0, classes, rows)
    logits = generator.normal(size=(rows, classes)) + 2 * (true[:, None] == np.arange(classes))
    chances = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)
    predicted = chances.argmax(axis=1)
    return Outcomes(
        index=pd.RangeIndex(rows),
        texts=texts or [f"row {at} was good" for at in range(rows)],
        lengths=generator.integers(5, 60, rows),
        true=true,
        predicted=predicted,
        credit=(predicted == true).astype(float),
        tallies=(confusion_metrics.tally(true, predicted, classes),),
        probabilities=chances,
    )


def test_holm_is_that_of_the_paper():
    adjusted = slices.holm(np.array([0.01, 0.04, np.nan, 0.03, 0.005]))
    assert adjusted == pytest.approx([0.03, 0.06, np.nan, 0.06, 0.02], nan_ok=True)


def test_a_slice_that_is_worse_is_found_and_small_ones_are_tested_exactly_and_in_their_place():
    made = outcomes()
    group = np.where(np.arange(400) < 6, "few", np.where(np.arange(400) < 200, "bad", "good"))
    credit = np.where((group == "bad") & (np.arange(400) % 2 == 0) | (group == "few"), 0.0, made.credit)
    predicted = np.where(credit < 1, 1 - made.true, made.true)
    column = pd.DataFrame({"group": group})
    made = Outcomes(
        made.index,
        made.texts,
        made.lengths,
        made.true,
        predicted,
        credit,
        (confusion_metrics.tally(made.true, predicted, 2),),
    )
    tested = slices.tested(made, column, slices.measured(made.tallies, column["group"]))
    ordered = slices.worst_first(tested, "accuracy")
    assert [one.value for one in ordered] == ["few", "bad", "good"]
    few, bad, _ = ordered
    assert bad.p < 0.001
    assert bad.intervals["accuracy"].low < bad.metrics["accuracy"] < bad.intervals["accuracy"].high
    right, others = int(credit[group != "few"].sum()), int((group != "few").sum())
    exact = fisher_exact([[0, 6], [right, others - right]])[1]
    assert few.small
    assert few.p == pytest.approx(exact)  # the largest of the three


def test_a_column_of_ten_thousand_values_is_cut_to_the_largest():
    column = pd.Series([f"v{at}" for at in range(10_000)] + ["v1"] * 3, name="id")
    measured = slices.measured((confusion_metrics.tally(np.zeros(10_003, int), np.zeros(10_003, int), 2),), column)
    assert len(measured) == slices.MOST
    assert (measured[0].value, measured[0].rows) == ("v1", 4)
    assert slices.left_out(column) == 10_000 - slices.MOST


def test_many_numbers_become_fifths_and_few_stay_values():
    assert slices.binned(pd.Series([1, 2] * 20)).tolist() == [1, 2] * 20
    ranges = slices.binned(pd.Series(np.arange(100.0)))
    assert ranges.value_counts().to_dict() == dict.fromkeys(
        ("0 to 19", "20 to 39", "40 to 59", "60 to 79", "80 to 99"), 20
    )


def test_traits_are_read_of_the_texts():
    made = outcomes(4, texts=["Is it 5?", "It was not good", "It was good", "fine"])
    frame = traits.traits(made)
    assert frame["digits"].tolist() == ["with digits", *["without digits"] * 3]
    assert frame["negation"].tolist() == ["without negation", "with negation", *["without negation"] * 2]
    assert frame["question"].tolist() == ["a question", *["no question"] * 3]


def test_gaps_are_those_of_the_rates_of_two_groups():
    groups = pd.Series(["a"] * 100 + ["b"] * 100 + ["tiny"] * 5, name="who")
    wanted = np.array([True] * 50 + [False] * 50 + [True] * 50 + [False] * 50 + [True] * 5)[:, None]
    given = np.array([True] * 45 + [False] * 45 + [True] * 10 + [True] * 30 + [False] * 70 + [True] * 5)[:, None]
    gaps = {gap.measure: gap for gap in fairness.gaps(given, wanted, ("yes",), groups)}
    parity = gaps["demographic parity"]
    assert (parity.high, parity.low, parity.value) == ("a", "b", pytest.approx(0.25))
    assert gaps["equal opportunity"].value == pytest.approx(40 / 50 - 30 / 50 + 0.1)
    assert gaps["equalised odds"].value == pytest.approx(0.3)
    assert parity.interval.low < 0.25 < parity.interval.high
    assert fairness.gaps(given, wanted, ("yes",), groups.replace("b", "a")) == ()


def test_a_threshold_reaches_what_is_wanted():
    made = outcomes(1000)
    wanted = made.true[:, None] == np.arange(2)
    for point in operating_points.points(made.probabilities, wanted, ("no", "yes"), "precision=0.95"):
        given = made.probabilities[:, ("no", "yes").index(point.label)] >= point.threshold
        right = wanted[given, ("no", "yes").index(point.label)]
        assert (point.given, point.precision) == (given.sum(), pytest.approx(right.mean()))
        assert point.precision >= 0.95
        assert point.interval.low < 0.95
    never = operating_points.points(np.array([[0.9], [0.1]]), np.array([[False], [True]]), ("x",), "precision=90%")
    assert never[0].threshold is None
    with pytest.raises(OptionError, match="neither a precision nor a recall"):
        operating_points.read("accuracy=3")


def test_words_are_swapped_in_their_case_and_whole():
    lists = [counterfactuals.Terms("en", {"f": ("she", "Anna"), "m": ("he", "Otto")})]
    swapped = {
        (one.source, one.target): one
        for one in counterfactuals.swaps(["She met ANNA, sheet.", "here he is", "-"], lists)
    }
    assert swapped["f", "m"].texts == ("He met OTTO, sheet.",)
    assert swapped["m", "f"].texts == ("here she is",)
    assert swapped["m", "f"].rows == (1,)


def test_the_lists_are_read_edited_and_refused(tmp_path):
    assert {"en pronouns", "en names", "de Herkunft", "zh 代词"} <= {one.kind for one in counterfactuals.terms()}
    own = [{"kind": "pets", "groups": {"cats": ["cat"], "dogs": ["dog"]}}]
    (tmp_path / "identity.json").write_text(json.dumps(own), encoding="utf-8")
    assert [one.kind for one in counterfactuals.terms("identity", tmp_path)] == ["pets"]
    assert [one.kind for one in counterfactuals.terms(tmp_path / "identity.json")] == ["pets"]
    with pytest.raises(OptionError, match="is not a list of words"):
        counterfactuals.terms("nowhere.json")
    with pytest.raises(OptionError, match="2, 1 words"):
        counterfactuals.terms([{"kind": "k", "groups": {"a": ["x", "y"], "b": ["z"]}}])


@pytest.mark.parametrize(("lowest", "start"), [(0.97, 0.95), (0.62, 0.5), (1.0, 0.99)])
def test_a_model_that_is_always_sure_has_a_reliability_of_its_own_range(lowest, start):
    made = outcomes(300)
    sure = np.linspace(lowest, 1.0, 300)
    made = replace(made, probabilities=np.column_stack([1 - sure, sure]), predicted=np.ones(300, int))
    drawn = curves.reliable(made, ("no", "yes"))
    rows = next(one for one in drawn.series if one.look == "bars")
    assert drawn.start == start
    assert rows.width == pytest.approx((1 - start) / 10)
    assert sum(rows.y) == pytest.approx(1, abs=0.002)
    bar = next(trace for trace in report_figure(drawn, "").get("data") if trace["type"] == "bar")
    assert bar["width"] == rows.width  # else a single bar fills the picture


def test_no_temperature_is_taken_from_the_end_of_its_range():
    generator = np.random.default_rng(1)
    logits = generator.normal(size=(500, 2)).astype(np.float32)
    against = logits.argmin(axis=1)  # always wrong: the less sure, the better
    temperature = calibration.temperature(logits, against)
    assert temperature == 1
    chances = np.full((500, 2), 0.5, np.float32)
    numbers = calibration.numbers(chances, against)
    unfit = calibration.Calibration(500, temperature, numbers, numbers, model="m")
    assert unfit.sentence.startswith("Not calibrated: no temperature between 0.02 and 50 fits these rows and")
    assert "m was not calibrated on 500 rows." in text(unfit)


@pytest.mark.parametrize("measure", ["precision", "recall"])
def test_a_threshold_that_reaches_a_precision_is_the_lowest(measure):
    probabilities = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])[:, None]
    wanted = np.array([True, True, True, True, False, False])[:, None]
    (point,) = operating_points.points(probabilities, wanted, ("x",), f"{measure}=0.6")
    reached = [
        threshold for threshold in probabilities[:, 0]
        if wanted[probabilities >= threshold].mean() >= 0.6
    ]  # fmt: skip
    assert point.threshold == (min(reached) if measure == "precision" else 0.6)  # of a recall the best precision


def test_few_rows_that_are_all_right_do_not_ask_for_certainty():
    logits = np.tile(np.asarray([[2.0, 0.0, -1.0]], np.float32), (50, 1))
    of_classes = calibration.temperature(logits, np.zeros(50, np.int64))
    of_labels = calibration.temperature(logits[:, ::2], np.tile([1, 0], (50, 1)))
    assert all(0.2 < temperature < 1 for temperature in (of_classes, of_labels))  # without smoothing 0.02


@pytest.mark.parametrize("kind", ["classes", "labels", "thousands of labels"])
def test_a_temperature_that_lowers_no_loss_is_not_taken(kind):
    """Targets are smoothed, which alone asks for less certainty than rows have that are all right."""
    many = 1500 if "thousands" in kind else 3
    true = np.arange(40) % 3
    wanted = (true[:, None] == np.arange(many)).astype(np.int8)
    logits = np.where(wanted > 0, 9, -9).astype(np.float32)
    targets = true if kind == "classes" else wanted
    assert calibration.temperature(logits, targets) == 1
    logits[:8] *= -1  # now it is too sure
    temperature = calibration.temperature(logits, targets)
    assert temperature > 2 or kind == "thousands of labels"
    chances = [1 / (1 + np.exp(-logits / divisor)) for divisor in (1, temperature)]
    before, after = (calibration.numbers(one.astype(np.float32), wanted)["loss"] for one in chances)
    assert after <= before


def test_a_temperature_mends_logits_that_are_too_large():
    generator = np.random.default_rng(0)
    true = generator.integers(0, 3, 3000)
    logits = generator.normal(size=(3000, 3)) + 1.5 * (true[:, None] == np.arange(3))
    best = calibration.temperature(logits.astype(np.float32), true)
    assert calibration.temperature((4 * logits).astype(np.float32), true) == pytest.approx(4 * best, rel=0.01)
    many = (generator.random((500, 3)) < 1 / (1 + np.exp(-logits[:500]))).astype(np.int8)
    assert calibration.temperature((5 * logits[:500]).astype(np.float32), many) == pytest.approx(5, rel=0.15)


def test_flipped_labels_are_found_from_the_other_folds():
    generator = np.random.default_rng(0)
    true = np.arange(300) % 3
    features = (generator.normal(size=(300, 8)) + 4 * np.eye(3, 8)[true]).astype(np.float32)
    given = true.copy()
    given[:10] = (given[:10] + 1) % 3
    chances = label_issues.cross_fitted(features, given, 3)
    suspects = label_issues.likely_wrong(chances, given)
    assert {at for at, _, _ in suspects[:10]} == set(range(10))
    assert all(other == true[at] for at, other, _ in suspects[:10])


def test_the_method_that_finds_flipped_labels_better_judges(monkeypatch):
    generator = np.random.default_rng(0)
    true = np.array([1, 3, 4])[np.arange(150) % 3]  # classes 0 and 2 do not occur
    features = (generator.normal(size=(150, 8)) + 4 * np.eye(5, 8)[true]).astype(np.float32)
    given = true.copy()
    given[:6] = np.roll(true, 1)[:6]
    judged = label_issues.judge(features, given, 5)
    assert judged.found[judged.method] == max(judged.found.values()) > 0.9
    assert set(judged.found) == {"leave one out", "confident learning"}
    assert {at for at, _, _ in label_issues.likely_wrong(judged.probabilities, given)[:6]} == set(range(6))
    assert f"{judged.found[judged.method]:.3f}" in judged.note
    monkeypatch.setattr(label_issues.leave_one_out, "class_probabilities", lambda vectors, targets, classes: (
        np.full((len(targets), classes), 1 / classes)
    ))  # fmt: skip
    blind = label_issues.judge(features, given, 5)
    assert (blind.method, blind.found["leave one out"]) == ("confident learning", 0.5)
    assert not label_issues.judge(features, np.ones(150, int), 5).found


def test_near_duplicates_contradict_and_leak():
    texts = ["The kettle boils very fast indeed.", "The kettle boils very fast indeed!", "Nothing like it at all."]
    made = outcomes(3, texts=texts)
    contradictions = label_issues.contradicting(made, ["good", "bad", "bad"])
    assert [(one.row, one.other) for one in contradictions] == [("0", "row 1: bad")]
    leaks = label_issues.leaked(made, ["good", "bad", "bad"], ["Nothing like it at all.", "other words"], ["x", "y"])
    assert [(one.kind, one.row, one.other) for one in leaks] == [("in train", "2", "row x of train")]


def test_errors_are_the_surest_first_and_each_confusion_is_there():
    made = outcomes(2000, classes=3)
    mistakes = errors.find(made, ("a", "b", "c"), most=20)
    wrong = [one for one in mistakes.examples if one.wrong]
    assert mistakes.wrong == int(made.wrong.sum())
    assert [one.score for one in wrong] == sorted((one.score for one in wrong), reverse=True)
    assert len({(one.true, one.predicted) for one in wrong}) == 6
    assert sum("uncertain" in one.kinds for one in mistakes.examples) == 10
    assert wrong[0].score == pytest.approx(made.probabilities.max(axis=1)[made.wrong].max())


def test_pictures_hold_what_they_are_called():
    made = outcomes(500)
    report = Report("m", "classification", "d", 500, {}, ("no", "yes"), confusion=np.eye(2, dtype=int), outcomes=made)
    assert report.pictures == (
        "confusion", "confusion_counts", "roc", "precision_recall", "reliability", "scores", "thresholds", "lengths",
    )  # fmt: skip
    roc = report.figure("roc").series[0]
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    assert list(roc.y) == sorted(roc.y)
    assert len(roc.x) <= curves.POINTS
    assert sum(report.figure("scores").series[0].y) + sum(report.figure("scores").series[1].y) == 500
    with pytest.raises(OptionError, match=r"there is no picture 'rok'.*Did you mean 'roc'"):
        report.figure("rok")


@pytest.mark.parametrize(
    ("true", "credit", "off"), [("a", [0.25, 1.0, 0.0], [1.0, 0.75]), (2.5, [-3.0, -0.5, -7.0], [7.0, 3.0])]
)
def test_without_probabilities_the_furthest_off_are_first(true, credit, off):
    values = np.array([true] * 3, float if isinstance(true, float) else object)
    made = Outcomes(pd.RangeIndex(3), ["x"] * 3, np.full(3, 5), values, values, np.array(credit))
    assert [one.score for one in errors.find(made, ()).examples[:2]] == off
