"""The textbook's five steps in Keras beside the same recipe here: test accuracy over seeds.

    python benchmarks/textbook.py [--seeds 0 1 2 3 4]

MiniLM, `sample:reviews`, 32 tokens, batches of 16, two epochs, Adam with a rate that falls from 1e-4 to 0. A seed draws
the head, the order of the rows and dropout in both; the rows are the same. It needs
``pip install "bertmagic[demo,keras]"``.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import tuning

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

MAX_LENGTH, EPOCHS, RATE, BATCH = 32, 2, 1e-4, 16


def in_keras(folder: str, train: Any, test: Any, seed: int) -> float:
    """Return the test accuracy of the five steps."""
    import numpy as np
    import tensorflow as tf
    from tokenizers import Tokenizer

    names = sorted(train["sentiment"].unique())
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    tokenizer.enable_truncation(MAX_LENGTH)
    tokenizer.enable_padding(pad_id=0)

    def read(rows: Any) -> tuple[Any, Any]:
        ids = np.array([one.ids for one in tokenizer.encode_batch(rows["review"].tolist())])
        return ids, tf.keras.utils.to_categorical([names.index(name) for name in rows["sentiment"]], len(names))

    tf.keras.utils.set_random_seed(seed)
    steps = EPOCHS * math.ceil(len(train) / BATCH)
    rate = tf.keras.optimizers.schedules.PolynomialDecay(RATE, steps, 0.0)
    bert_model = tf.keras.models.load_model(folder)
    model = tf.keras.Sequential([bert_model, tf.keras.layers.Dense(len(names), activation="softmax")])
    model.compile(loss="categorical_crossentropy", optimizer=tf.keras.optimizers.Adam(rate), metrics=["accuracy"])
    model.fit(*read(train), batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return float(model.evaluate(*read(test), verbose=0)[1])


def here(train: Any, test: Any, seed: int) -> float:
    """Return the test accuracy of the same recipe in bertmagic."""
    import bertmagic as bm

    model = bm.finetune(
        train, test=test, text="review", label="sentiment", model="minilm", name=f"seed{seed}", seed=seed,
        validation=0, max_length=MAX_LENGTH, batch_size=BATCH, epochs=EPOCHS, lr=RATE, schedule="linear", warmup=0,
        weight_decay=0, max_grad_norm=0, attention_dropout=0.1, precision="fp32", baselines=False, show=False,
    )  # fmt: skip
    return float(model.report.metrics["accuracy"])


def mean(values: list[float]) -> str:
    """The mean with half the width of its 95 % interval."""
    low, high = tuning.over_seeds(values)
    return f"{statistics.mean(values):.3f} ± {(high - low) / 2:.3f}"


def main() -> None:
    """Print a table: a row for each seed, and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    seeds = parser.parse_args().seeds

    import bertmagic as bm

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        train, test = (bm.samples.load("reviews", part) for part in ("train", "test"))
        bm.load("minilm").export("bert_model", format="keras", show=False)
        print("| seed | Keras | bertmagic |\n|---|---:|---:|")
        pairs = []
        for seed in seeds:
            pairs.append((in_keras("bert_model", train, test, seed), here(train, test, seed)))
            print(f"| {seed} | {pairs[-1][0]:.3f} | {pairs[-1][1]:.3f} |", flush=True)
        keras, ours = map(list, zip(*pairs, strict=True))
        print(f"| mean | {mean(keras)} | {mean(ours)} |")
        print(f"difference: {mean([mine - theirs for theirs, mine in pairs])}, {len(test)} test rows")


if __name__ == "__main__":
    main()
