"""The intervals of a report cover the numbers of all rows there are, of which a report's rows are drawn.

Shares and F1 are checked by adding up the probability of every outcome; the others by simulation, whose long version is
run by ``make soak``.
"""

import numpy as np
import pytest
from scipy.stats import binom

from bertmagic.evaluation import bootstrap, limits, with_intervals
from bertmagic.tasks.classification import metrics as classes
from bertmagic.tasks.masked_language_modeling.task import MaskedLanguageModeling
from bertmagic.tasks.multi_label import metrics as labels
from bertmagic.tasks.question_answering import metrics as answers
from bertmagic.tasks.regression import metrics as numbers
from bertmagic.tasks.token_classification import metrics as entities

ROWS = 10, 35, 100, 1000
RATES = 0.5, 0.9, 0.99, 1.0
MANY = 30_000
"""So many rows stand for all rows there are."""


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("rows", ROWS)
def test_the_interval_of_a_share_covers_it_in_95_of_100_data_sets(rows, rate):
    right = np.arange(rows + 1)
    ends = [limits.of_share(many, rows) for many in right]
    covers = np.array([end.low <= rate <= end.high for end in ends])
    assert binom.pmf(right, rows, rate)[covers].sum() >= 0.95
    f1 = 2 * rate / (1 + rate)
    covers = np.array([limits.of_f1(many, rows).low <= f1 <= limits.of_f1(many, rows).high for many in right])
    assert binom.pmf(right, rows, rate)[covers].sum() >= 0.95
    assert all(end.high - end.low > 0.003 for end in ends)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def of_classes(rng, rows, rate, count=4, skewed=False):
    """Rows of which a share is right; wrong ones are less certain."""
    share = np.r_[0.7, np.full(count - 1, 0.3 / (count - 1))] if skewed else np.full(count, 1 / count)
    true = rng.choice(count, rows, p=share)
    right = rng.random(rows) < rate
    predicted = np.where(right, true, (true + rng.integers(1, count, rows)) % count)
    logits = rng.normal(size=(rows, count))
    sure = np.where(right, rng.gamma(4, 1, rows), rng.gamma(2, 0.5, rows)) + 0.1
    logits[np.arange(rows), predicted] = logits.max(axis=1) + sure
    names = tuple(map(str, range(count)))
    return classes.report_metrics(logits.astype(np.float32), softmax(logits).astype(np.float32), true, names)


def of_two_classes(rng, rows, rate):
    return of_classes(rng, rows, rate, count=2, skewed=True)


def of_labels(rng, rows, rate, count=3):
    wanted = rng.random((rows, count)) < 0.4
    right = rng.random((rows, count)) < rate
    size = np.where(right, rng.gamma(4, 1, (rows, count)), rng.gamma(2, 0.5, (rows, count))) + 0.1
    logits = np.where(wanted == right, size, -size).astype(np.float32)
    targets = wanted.astype(np.int8)
    return labels.report_metrics(logits, targets, labels.decided(logits, targets, np.full(count, 0.5)))


def of_answers(rng, rows, rate):
    exact = rng.random(rows) < rate
    f1 = np.where(exact, 1.0, rng.choice([0.0, 0.5, 0.8], rows))
    scores = np.column_stack([exact, f1, f1]).astype(float)
    return with_intervals.estimate([answers.tally(scores, [["a"]] * rows)])


def of_entities(rng, rows, rate):
    true = [["B-PER", "I-PER", "O", "B-LOC"] if one else ["O", "B-LOC", "O", "O"] for one in rng.random(rows) < 0.6]
    predicted = [
        [tag if keep else ("O" if tag != "O" else "B-PER") for tag, keep in zip(row, rng.random(4) < rate, strict=True)]
        for row in true
    ]
    measured = entities.Measured(true, predicted, predicted, rng.gamma(2, 0.2, rows), np.full(rows, 4))
    return with_intervals.estimate([entities.tally(measured)])


def of_numbers(rng, rows, rate):
    """Here the rate is the correlation."""
    true = rng.normal(size=rows)
    noise = np.sqrt(1 / rate**2 - 1)
    return with_intervals.estimate(numbers.tallies(true + noise * rng.standard_t(8, rows) / 1.15, true))


def of_masked_words(rng, rows, rate):
    """Blocks with some masked words each; those of a block are of like difficulty."""
    words = rng.integers(1, 20, rows)
    right = rng.binomial(words, np.clip(rng.normal(rate, 0.1, rows), 0, 1))
    losses = rng.gamma(2, 0.2, rows) * right + rng.gamma(3, 1, rows) * (words - right)
    follows = rng.random(rows) < rate
    sums = np.column_stack([losses, words, right, rng.gamma(2, np.where(follows, 0.1, 0.6)), follows])
    task, blocks = MaskedLanguageModeling(nsp=True), range(rows)
    return task.report(sums.astype(np.float32), blocks, blocks, model="", data="")


KINDS = [of_classes, of_two_classes, of_labels, of_answers, of_entities, of_numbers, of_masked_words]


def uncovered(make, rows, rate, times, least):
    """Return how often the interval of each metric holds that of all rows, for those that do so too rarely."""
    rng = np.random.default_rng(0)
    whole = make(rng, MANY, rate).metrics
    held, drawn = {}, {}
    for _ in range(times):
        for name, interval in make(rng, rows, rate).intervals.items():
            drawn[name] = drawn.get(name, 0) + 1
            held[name] = held.get(name, 0) + (interval.low - 1e-9 <= whole[name] <= interval.high + 1e-9)
    rare = 0.05 * times  # of data sets that seldom have an interval, those are odd
    return {name: held[name] / many for name, many in drawn.items() if many > rare and held[name] / many < least}


@pytest.fixture
def few_draws(monkeypatch):
    monkeypatch.setattr(bootstrap, "RESAMPLES", 150)


@pytest.mark.parametrize("make", [of_classes, of_numbers, of_masked_words])
def test_intervals_hold_the_number_of_all_rows(few_draws, make):
    assert uncovered(make, 35, 0.9, times=60, least=0.9) == {}


@pytest.mark.soak
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("make", KINDS)
def test_intervals_hold_the_number_of_all_rows_in_93_of_100_data_sets(few_draws, make, rows, rate):
    assert uncovered(make, rows, rate, times=600, least=0.93 - 0.01) == {}
