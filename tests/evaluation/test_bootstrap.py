"""Intervals against those of rows that are drawn one by one."""

import numpy as np
import pytest

from bertmagic.evaluation import bootstrap, confusion_metrics, probabilities, ranking_metrics


def rows(many=300, classes=3, seed=0):
    generator = np.random.default_rng(seed)
    true = generator.integers(0, classes, many)
    logits = generator.normal(size=(many, classes)) + 1.5 * (true[:, None] == np.arange(classes))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return true, chances


def tallies(true, chances):
    losses = -np.log(chances[np.arange(len(true)), true])
    return (
        confusion_metrics.tally(true, chances.argmax(axis=1), chances.shape[1]),
        probabilities.tally(chances, true, losses),
        ranking_metrics.tally(chances, true[:, None] == np.arange(chances.shape[1])),
    )


def drawn(tally):
    return bootstrap.draws([tally], lambda of_each: of_each[0]).items()


def test_draws_are_those_of_rows_drawn_one_by_one():
    true, chances = rows()
    generator = np.random.default_rng(1)
    slow = {}
    for _ in range(1000):
        chosen = generator.integers(0, len(true), len(true))
        for tally in tallies(true[chosen], chances[chosen]):
            for name, value in tally.point_estimates().items():
                slow.setdefault(name, []).append(value)
    fast = {name: bootstrap.percentiles(values) for tally in tallies(true, chances) for name, values in drawn(tally)}
    assert set(fast) == set(slow)
    for name, values in slow.items():
        low, high = np.percentile(values, (2.5, 97.5))
        assert fast[name].low == pytest.approx(low, abs=0.12 * (high - low)), name
        assert fast[name].high == pytest.approx(high, abs=0.12 * (high - low)), name


@pytest.mark.parametrize("counts", [[5, 0, 95, 400], [1] * 40])
def test_draws_have_as_many_rows_and_the_shares_of_the_kinds(counts):
    counts = np.array(counts)
    drawn = np.concatenate(list(bootstrap.draw(counts, 2000, np.random.default_rng(0))))
    assert drawn.shape == (2000, len(counts))
    assert (drawn.sum(axis=1) == counts.sum()).all()
    assert drawn.mean(axis=0) == pytest.approx(counts, rel=0.1)
    share = counts / counts.sum()
    assert drawn.var(axis=0) == pytest.approx(counts * (1 - share), rel=0.25)


@pytest.mark.parametrize("counts", [[1] * 30, [1] * 300, [5] * 60, [10, 20, 3, 2]])
def test_draws_that_are_counted_together_are_those_counted_one_by_one(counts):
    generator, kinds = np.random.default_rng(0), np.repeat(np.arange(len(counts)), counts)
    one_by_one = [
        np.bincount(kinds[generator.integers(0, len(kinds), len(kinds), np.int32)], minlength=len(counts))
        for _ in range(1500)
    ]
    together = np.concatenate(list(bootstrap.draw(np.array(counts), 1500, np.random.default_rng(0))))
    assert np.array_equal(together, one_by_one)


def test_the_same_rows_are_drawn_for_both_of_a_pair():
    true, chances = rows()
    first = confusion_metrics.tally(true, chances.argmax(axis=1), 3)
    unseen = 1 - 0.025 ** (1 / 300)  # as if no row of 300 is wrong
    for same in bootstrap.differences(first, first).values():
        assert (same.low, same.high) == pytest.approx((-unseen, unseen))
    worse = chances.argmax(axis=1).copy()
    worse[:60] = 2 - worse[:60]
    second = confusion_metrics.tally(true, worse, 3)
    paired = bootstrap.differences(first, second)["accuracy"]
    alone = [bootstrap.intervals(one)["accuracy"] for one in (first, second)]
    change = second.point_estimates()["accuracy"] - first.point_estimates()["accuracy"]
    assert paired.low < change < paired.high
    assert paired.high - paired.low < 0.8 * np.hypot(*(one.high - one.low for one in alone))
    with pytest.raises(ValueError, match="not 300 and 9"):
        bootstrap.differences(first, second.take(np.arange(9)))


@pytest.mark.parametrize("which", [1, 2], ids=["sums", "ranks"])
def test_an_interval_from_a_sample_is_as_wide_as_that_of_all_rows(which, monkeypatch):
    true, chances = rows(12_000)
    tally = tallies(true, chances)[which]
    whole, exact = bootstrap.intervals(tally), tally.point_estimates()
    monkeypatch.setattr(bootstrap, "_LARGE", 3000 * tally.cost)
    for around in (None, exact):
        part = bootstrap.intervals(tally, around)
        for name, one in whole.items():
            if name != "ece":  # which noise makes larger, and that of fewer rows by more
                assert part[name].high - part[name].low == pytest.approx(one.high - one.low, rel=0.15), name
                assert part[name].low < exact[name] < part[name].high, name


def test_of_few_rows_only_shares_have_an_interval():
    true, chances = rows(1)
    assert {end for tally in tallies(true, chances) for end in bootstrap.intervals(tally)} == confusion_metrics.SHARES
    true, chances = rows(29)
    assert {end for tally in tallies(true, chances) for end in bootstrap.intervals(tally)} == confusion_metrics.SHARES
