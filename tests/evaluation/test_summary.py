"""The first line of a report, from intervals, parts, baselines and calibration."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from bertmagic.evaluation.outcomes import Outcomes
from bertmagic.evaluation.report import Interval, Report, Slice
from bertmagic.evaluation.summary import short
from bertmagic.evaluation.verdict import BaselineResult

WHOLE = Report(
    "tickets", "classification", "rows", 160, {"accuracy": 0.94, "loss": 0.2}, main="accuracy",
    intervals={"accuracy": Interval(0.893, 0.968)},
)  # fmt: skip
PARTS = (
    Slice("language (guess)", "Chinese", 21, {"accuracy": 0.619}, p=0.001),
    Slice("length", "9 to 20 tokens", 40, {"accuracy": 0.9}, p=0.04),
    Slice("digits", "with digits", 3, {"accuracy": 0.0}, p=0.6),
)


def baseline(difference, interval, p):
    return BaselineResult("tfidf", {"accuracy": 0.94 - difference}, "accuracy", difference, Interval(*interval), p)


def test_it_says_what_a_person_would_say():
    tfidf = baseline(-0.05, (-0.08, -0.02), 0.001)
    report = replace(WHOLE, automatic=PARTS, baselines=(tfidf,))
    assert report.summary == (
        "tickets: accuracy 0.94 (0.89 to 0.97) on 160 rows; weak on Chinese (0.62 of 21 rows); TF-IDF is better: 0.99."
    )


def test_it_says_first_that_the_model_knows_the_rows():
    assert (
        "on 160 rows; 40 of them are training rows: new ones are harder;"
        in replace(WHOLE, trained_on=40, automatic=PARTS).summary
    )
    known = replace(WHOLE, trained_on=160).summary
    assert known.endswith("on 160 rows; these are its training rows: new ones are harder.")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (baseline(0.2, (0.1, 0.3), 0.001), "better than TF-IDF (0.74)"),
        (baseline(0.02, (-0.1, 0.1), 0.7), "TF-IDF is not clearly worse: 0.92"),
        (baseline(0.0, (-0.1, 0.1), 1.0), "TF-IDF is as good: 0.94"),
    ],
)
def test_a_baseline_is_better_only_if_that_is_clear(given, words):
    assert replace(WHOLE, baselines=(given,)).summary.endswith(f"; {words}.")


def test_a_part_that_may_be_worse_is_named_with_a_perhaps_and_one_by_chance_is_not():
    perhaps = replace(WHOLE, slices=(Slice("plan", "free", 12, {"accuracy": 0.75}, p=0.2), PARTS[2]))
    assert "; perhaps weak on plan = free (0.75 of 12 rows)." in perhaps.summary
    assert "weak" not in replace(WHOLE, automatic=PARTS[2:]).summary


def test_a_model_that_is_too_sure_is_called_so():
    true = np.arange(100) % 2
    predicted = np.where(np.arange(100) < 30, 1 - true, true)
    chances = np.where(predicted[:, None] == np.arange(2), 0.95, 0.05)
    outcomes = Outcomes(pd.RangeIndex(100), [""] * 100, true, true, predicted, (true == predicted).astype(float), (),
                        chances)  # fmt: skip
    report = replace(WHOLE, outcomes=outcomes, intervals={"ece": Interval(0.1, 0.4)})
    assert report.summary.endswith("; too sure of itself by 25 points.")


def test_a_number_that_is_not_quite_one_is_not_written_as_one():
    assert [short(value) for value in (1.0, 0.9962, 0.5, 0.0, 0.004, 123.4)] == [
        "1.00", "0.996", "0.50", "0.00", "0.004", "123",
    ]  # fmt: skip


def test_errors_of_numbers_are_worse_when_they_are_larger():
    parts = (
        Slice("length", "3 tokens", 50, {"mae": 0.9}, p=0.01),
        Slice("length", "9 tokens", 50, {"mae": 0.1}, p=0.01),
    )
    report = replace(WHOLE, metrics={"mae": 0.36}, main="mae", automatic=parts, intervals={})
    assert report.summary == "tickets: MAE 0.36 on 160 rows; weak on texts of 3 tokens (0.90 of 50 rows)."


def test_a_report_without_numbers_has_a_line():
    assert Report("m", "classification", "d", 0, {}).summary == "m: 0 rows."
