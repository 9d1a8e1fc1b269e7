"""Results for the tests of this folder."""

import numpy as np
import pandas as pd

from bertmagic.evaluation.report import ClassScore, Report, Slice
from bertmagic.inference.predictions import Predictions


def report(labels, confusion, **more):
    classes = tuple(ClassScore(label, 0.9, 0.8, 0.85, int(confusion[i].sum())) for i, label in enumerate(labels))
    known = {
        "metrics": {"accuracy": 0.9, "macro_f1": 0.85, "loss": 0.31},
        "slices": (Slice("lang", "en", 5, {"accuracy": 0.8}), Slice("lang", "de", 5, {})),
        "seconds": 2.0,
        "tokens": 5_000,
        **more,
    }
    return Report(
        "sentiment", "classification", "sample:reviews", int(confusion.sum()), labels=labels, classes=classes,
        confusion=confusion, **known,
    )  # fmt: skip


def predictions(rows, labels=("negative", "positive"), text="I would buy it again", **more):
    chances = np.full((rows, len(labels)), 1 / len(labels))
    columns = {f"p_{label}": chances[:, i] for i, label in enumerate(labels)}
    texts = pd.Series([text] * rows, dtype=object)  # a pandas string holds no lone surrogates
    frame = pd.DataFrame({"text": texts, "label": [labels[0]] * rows, "score": chances[:, 0], **columns})
    return Predictions(frame, labels, "classification", "sentiment", seconds=1.0, tokens=1_000, **more)
