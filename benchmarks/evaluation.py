"""How long intervals take, and what a report of 100,000 rows and 50 classes costs in time, memory and saved bytes.

    python benchmarks/evaluation.py

Rows are drawn at random; no model is run.
"""

import resource
import time

import numpy as np
import pandas as pd

from bertmagic.display import below, bundle, text
from bertmagic.evaluation import bootstrap, confusion_metrics, errors, slices, traits
from bertmagic.evaluation.outcomes import Outcomes
from bertmagic.evaluation.report import Report
from bertmagic.tasks.classification.metrics import report_metrics


def made(rows, classes):
    generator = np.random.default_rng(0)
    true = generator.integers(0, classes, rows)
    logits = generator.normal(size=(rows, classes)).astype(np.float32)
    logits[np.arange(rows), true] += 3
    return true, logits


def softmax(logits):
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def timed(work, times=3):
    """Return the shortest of some runs, in seconds: what else the machine does only adds to them."""
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def drawing():
    true, logits = made(10_000, 3)
    tally = confusion_metrics.tally(true, logits.argmax(axis=1), 3)
    seconds = timed(lambda: bootstrap.intervals(tally))
    print(f"10,000 draws of 10,000 rows, 12 metrics of 3 classes: {seconds:.2f} s")
    chances = softmax(logits)
    seconds = timed(lambda: report_metrics(logits, chances, true, ("a", "b", "c")))
    print(f"all numbers of a classification of 10,000 rows with their intervals: {seconds:.2f} s")


def large(rows=100_000, classes=50):
    true, logits = made(rows, classes)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    names = tuple(f"class {at}" for at in range(classes))
    chances, predicted = softmax(logits), logits.argmax(axis=1)
    estimates = report_metrics(logits, chances, true, names)
    table, confusion = (
        confusion_metrics.by_class(estimates.tallies[0], names),
        confusion_metrics.confusion(true, predicted, classes),
    )
    texts = [f"text {at} of the rows that were made" for at in range(rows)]
    outcomes = Outcomes(
        pd.RangeIndex(rows), texts, np.arange(rows) % 60 + 3, true, predicted, (predicted == true).astype(float),
        estimates.tallies, chances,
    )  # fmt: skip
    parts = traits.traits(outcomes)[["length", "digits"]]
    measured = [one for name in parts for one in slices.measured(outcomes.tallies, parts[name])]
    automatic = slices.tested(outcomes, parts, measured)
    report = Report(
        "model", "classification", "made", rows, estimates.metrics, names, table, confusion,
        intervals=estimates.intervals,
        automatic=automatic, main="accuracy", outcomes=outcomes, errors=errors.find(outcomes, names),
    )  # fmt: skip
    seconds = time.perf_counter() - began
    saved = sum(len(str(value).encode()) for part in (bundle(report), *below(report)) for value in part.values())
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"a report of {rows:,} rows x {classes} classes: {seconds:.1f} s, {(after - before) / 1024:.0f} MB more")
    print(f"saved output {saved / 1000:.0f} kB, as text {len(text(report).splitlines())} lines")


if __name__ == "__main__":
    drawing()
    large()
