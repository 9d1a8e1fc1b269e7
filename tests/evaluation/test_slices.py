import numpy as np
import pandas as pd
import pytest

from bertmagic.evaluation import bootstrap, confusion_metrics, ranking_metrics, slices


def test_each_value_has_the_numbers_and_intervals_of_its_rows():
    generator = np.random.default_rng(0)
    wanted = generator.integers(0, 2, 300)
    chances = (generator.random(300) + wanted) / 2
    tallies = (
        confusion_metrics.tally(wanted, (chances > 0.5).astype(int), 2),
        ranking_metrics.tally(chances[:, None], wanted[:, None] > 0),
    )
    column = pd.Series(["en"] * 150 + ["de"] * 100 + [None] * 50, name="lang")
    measured = slices.measured(tallies, column)
    assert [(one.column, one.value, one.rows) for one in measured] == [
        ("lang", "en", 150), ("lang", "de", 100), ("lang", "<NA>", 50),
    ]  # fmt: skip
    for one in measured:
        rows = column.isna() if one.value == "<NA>" else column == one.value
        again = ranking_metrics.tally(chances[rows][:, None], wanted[rows][:, None] > 0)
        assert one.metrics["accuracy"] == ((chances > 0.5) == wanted)[rows].mean()
        assert one.metrics["roc_auc"] == again.point_estimates()["roc_auc"]
        assert one.intervals["roc_auc"] == bootstrap.intervals(again, most=1000)["roc_auc"]
        assert set(one.intervals) == set(one.metrics)


def test_a_part_of_one_class_has_no_area():
    chances, wanted = np.array([[0.1], [0.8], [0.4], [0.9]]), np.array([[False], [True], [True], [True]])
    one, other = slices.measured((ranking_metrics.tally(chances, wanted),), pd.Series(["x", "x", "y", "y"], name="of"))
    assert (one.metrics["roc_auc"], other.metrics) == (pytest.approx(1.0), {})
