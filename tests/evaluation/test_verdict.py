"""Whether a model is better than its baselines, in words."""

import pytest

from bertmagic.evaluation import verdict
from bertmagic.evaluation.report import Interval
from bertmagic.evaluation.verdict import CALLED, BaselineResult

KEEP = {name: f"Keep {name}." for name in CALLED}


def result(name, value, model, low, high, metric="accuracy", p=0.001):
    return BaselineResult(name, {metric: value}, metric, model - value, Interval(low, high), p)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            (result("tfidf", 0.7, 0.86, 0.1, 0.2), result("linear_probe", 0.8, 0.86, 0.01, 0.11)),
            "Better than the best baseline, the linear probe, by 6.0 points of accuracy (95 % interval 1.0 to 11.0).",
        ),
        (
            (result("tfidf", 0.7, 0.72, -0.03, 0.07, p=0.4),),
            "No clear difference from the best baseline, TF-IDF: +2.0 points of accuracy (95 % interval -3.0 to 7.0). "
            "Train on. Keep tfidf.",
        ),
        (
            (result("cosine", 0.9, 0.8, -0.15, -0.05),),
            "Worse than the best baseline, the cosine, by 10.0 points of accuracy (95 % interval 5.0 to 15.0). "
            "Train on. Keep cosine.",
        ),
        (  # an error that is lower is better, and has a unit of its own
            (result("linear_probe", 0.5, 0.4, -0.15, -0.05, "mae"),),
            "Better than the best baseline, the linear probe, by 0.1 of MAE (95 % interval 0.05 to 0.15).",
        ),
        (  # the test does not agree with the interval
            (result("tfidf", 0.7, 0.8, 0.01, 0.2, p=0.2),),
            "No clear difference from the best baseline, TF-IDF: +10.0 points of accuracy (95 % interval 1.0 to 20.0). "
            "Train on. Keep tfidf.",
        ),
    ],
)
def test_the_best_baseline_decides(given, expected):
    assert verdict.sentence(given, 200, "Train on.", KEEP) == expected


def test_nothing_is_advised_where_nothing_can_be_gained():
    perfect = [result("tfidf", 1.0, 1.0, 0.0, 0.0, p=1.0)]
    expected = "As good as the best baseline, TF-IDF: both are right everywhere. Keep tfidf."
    assert verdict.sentence(perfect, 200, "Train on.", KEEP) == expected


def test_few_rows_are_said_and_no_interval_is_no_difference():
    alone = BaselineResult("tfidf", {"accuracy": 0.0}, "accuracy", 0.0, None, 1.0)
    sentence = verdict.sentence([alone], 1, "Train on.", KEEP)
    assert sentence.startswith("No clear difference from the best baseline, TF-IDF: 0.0 points of accuracy. 1 row can")
    assert "give more test rows" in sentence
