import json
import re
from dataclasses import replace

import numpy as np
import pytest

from bertmagic.display import below, bundle, text
from bertmagic.display.results.report import worst
from bertmagic.evaluation.report import Interval
from bertmagic.evaluation.verdict import BaselineResult

from ..made import report
from ..runs import HOSTILE
from ..tags import Tags


@pytest.fixture
def result():
    return report(
        ("no", "yes"), np.array([[80, 20], [5, 95]]), skipped=3, train_seconds=60.0, best_step=40, notes=("n",)
    )


def test_it_says_it_all_in_words(result):
    shown = text(result)
    for expected in ("200 rows measured, 3 rows were left out", "accuracy 0.9000", "macro F1 0.8500",
                     "loss 0.3100 nats", "lang", "2,500 tokens/s", "Trained in 1 min 00 s", "step 40",
                     "Note: n"):  # fmt: skip
        assert expected in " ".join(shown.split())
    assert "no                  80   20" in shown


def test_its_tables_hold_the_counts(result):
    html = bundle(result)["text/html"]
    assert "each row is a true class" in html
    assert ">20</td>" in html
    assert "<b>95</b>" in html


def test_the_verdict_and_its_advice_are_two_paragraphs(result):
    judged = replace(result, verdict="Worse than TF-IDF, by 4.2 points. Try more rows. Or use TF-IDF.")
    assert "\nWorse than TF-IDF, by 4.2 points.\nTry more rows. Or use TF-IDF.\n" in text(judged)


def test_baselines_are_named_and_their_differences_have_intervals(result):
    metrics = {"accuracy": 0.84, "macro_f1": 0.8, "loss": 0.4}
    baselines = (
        BaselineResult("tfidf", metrics, "accuracy", 0.06, Interval(0.01, 0.11), 0.00002),
        BaselineResult("linear_probe", metrics, "accuracy", 0.06, None, 0.2),
    )
    lines = [re.split(r" {2,}", row.strip()) for row in text(replace(result, baselines=baselines)).splitlines()]
    at = lines.index(["model", "accuracy", "macro F1", "loss", "difference of accuracy", "95 % interval", "p"])
    assert lines[at + 1 : at + 4] == [
        ["sentiment", "0.9000", "0.8500", "0.3100"],
        ["TF-IDF", "0.8400", "0.8000", "0.4000", "+0.0600", "+0.0100 to +0.1100", "<0.0001"],
        ["linear probe", "0.8400", "0.8000", "0.4000", "+0.0600", "none", "0.2000"],
    ]


def test_confusions_are_there_once(result):
    assert list(below(result)) == []
    assert bundle(result)["text/html"].count("predicted →") == 1
    shown = bundle(report(tuple(f"c{at}" for at in range(9)), np.full((9, 9), 3)))["text/html"]
    assert shown.index("What is confused most often") < shown.index("<details>") < shown.index("predicted →")


def test_many_classes_show_the_most_frequent_and_the_worst_pairs():
    matrix = np.diag(np.arange(1, 31))
    matrix[0, 29] = 7
    html = bundle(report(tuple(f"c{i}" for i in range(30)), matrix))["text/html"]
    assert "The 20 most frequent of 30 classes" in html
    assert ">c29<" in html
    assert worst(report(tuple(f"c{i}" for i in range(30)), matrix), 5) == [("c0", "c29", 7, 7 / 8)]
    assert len(html) < 100_000


def test_an_empty_report_is_shown():
    empty = report((), np.zeros((0, 0), dtype=int), metrics={}, slices=())
    assert "0 rows measured" in text(empty)
    assert "0 rows measured" in bundle(empty)["text/html"]


def test_hostile_names_are_text():
    both = bundle(report((HOSTILE, "b", "c"), np.ones((3, 3), dtype=int), notes=(HOSTILE,)))
    assert "img" not in Tags(both["text/html"]).tags
    json.dumps([both, *below(report((HOSTILE, "b"), np.eye(2, dtype=int)))], ensure_ascii=False).encode()
