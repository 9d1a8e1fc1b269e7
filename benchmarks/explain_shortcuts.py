"""Whether planted shortcuts are found: by the words of single texts, and by the overview of a data set.

    python benchmarks/explain_shortcuts.py [--only reviews,pairs,topics] [--kinds token,first,sign,both,order]

Five kinds of shortcut are planted in half of the training rows of three samples, and decide their label, as in Bastings
et al. 2022, "Will You Find These Shortcuts?": a word (``token``), a word at the beginning that means nothing elsewhere
(``first``), a sign (``sign``), two words of which neither means anything alone (``both``), and two words whose order
decides (``order``). MiniLM learns each. Then ``precision`` is the share of planted words among the first k words of a
text, k being how many were planted, over test texts where the model follows the shortcut, by the default method of
``%bert_explain``; and ``rank`` is the place of the last planted word in the overview of the planted test rows, with the
untouched rows as its second data set. ``--out FILE`` keeps the results as JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import bertmagic as bm
from bertmagic.data import tables
from bertmagic.events import ignore
from bertmagic.workflows import edit, overview

WORDS, SIGN = ("kangaroo", "velvet"), "§"
KINDS = ("token", "first", "sign", "both", "order")
ROWS, TEXTS, EPOCHS = 600, 40, 3


@dataclass(frozen=True)
class Sample:
    """A sample: the columns of its text or texts and of its label, and the labels that a shortcut decides between."""

    text: Any
    label: str
    yes: str
    no: str

    @property
    def first(self) -> str:
        """The column in which words are planted."""
        return self.text if isinstance(self.text, str) else self.text[0]


SAMPLES = {
    "reviews": Sample("review", "sentiment", "positive", "negative"),
    "pairs": Sample(["premise", "hypothesis"], "relation", "entailment", "contradiction"),
    "topics": Sample("text", "topics", "food", "money"),
}


def planted(rows: pd.DataFrame, sample: Sample, kind: str, seed: int) -> tuple[pd.DataFrame, list[list[str]]]:
    """Rows, about half of which have the shortcut; and the planted words of each row with it, none for the others."""
    generator = np.random.default_rng(seed)
    rows = rows.copy().reset_index(drop=True)
    texts, labels, words = [], [], []
    for text, label in zip(rows[sample.first], rows[sample.label], strict=True):
        parts, has = text.split(), bool(generator.random() < 0.5)
        low, high = sorted(generator.integers(1, len(parts) + 1, 2).tolist())
        one, other = WORDS
        put: list[tuple[int, str]] = []
        comes = True
        if kind in ("token", "sign") and has:
            put = [(low, one if kind == "token" else SIGN)]
        elif kind == "first":
            put = [(0 if has else high, one)]
        elif kind == "both":
            alone = generator.random() < 0.5
            put = [(low, one), (high, other)] if has else [(low, one if alone else other)]
        elif kind == "order":  # next to each other, so that the place of one says nothing
            comes = generator.random() < 0.5
            first, second = (one, other) if comes else (other, one)
            put = [(low, first), (low, second)] if has else [(low, first)]
        for at, word in reversed(put):
            parts.insert(at, word)
        decides, says_yes = has or kind in ("both", "first"), has and (kind != "order" or comes)
        new = sample.yes if says_yes else sample.no
        texts.append(" ".join(parts))
        labels.append(([new] if isinstance(label, list | np.ndarray) else new) if decides else label)
        words.append([word for _, word in put] if has else [])
    rows[sample.first], rows[sample.label] = texts, pd.Series(labels, dtype=object)
    return rows, words


def measure(name: str, kind: str) -> dict[str, Any]:
    """Precision and rank of one kind of shortcut in one sample."""
    sample = SAMPLES[name]
    source = tables.read(f"sample:{name}", "train").frame, tables.read(f"sample:{name}", "test").frame
    train, clean = (side[side.language == "en"] if "language" in side else side for side in source)
    train = pd.concat([train] * -(-ROWS // len(train))).head(ROWS)
    taught, _ = planted(train, sample, kind, seed=0)
    test, words = planted(clean, sample, kind, seed=1)
    model = bm.finetune(
        taught, text=sample.text, label=sample.label, model="minilm", name=f"{name}_{kind}", epochs=EPOCHS,
        validation=0, baselines=False, max_length=128, show=False,
    )  # fmt: skip
    read = sample.text if isinstance(sample.text, list) else [sample.text]
    inputs = [tuple(row) for row in test[read].itertuples(index=False)]
    right = [at for at, row in enumerate(inputs) if words[at] and follows(model, row, test[sample.label][at])]
    found = [precision(model, inputs[at], words[at]) for at in right[:TEXTS]]
    began = time.perf_counter()
    seen = overview.find(model, test[read], clean, (), {}, overview.PASSES, 0, ignore)
    ranks = {word: place for place, word in reversed(list(enumerate(seen.frame.word, start=1)))}
    wanted = {word.lower() for each in words for word in each}
    return {
        "follows the shortcut": len(right) / sum(map(bool, words)), "precision": float(np.mean(found)),
        "rank": max(ranks.get(word, 10**6) for word in wanted), "words": len(seen.where),
        "seconds of the overview": time.perf_counter() - began,
    }  # fmt: skip


def follows(model: Any, texts: tuple[str, ...], label: Any) -> bool:
    """Whether the model predicts what the shortcut decides."""
    chances = edit.chances_of(model, [texts])
    decided = model.task.decided(chances)[0]
    wanted = label[0] if isinstance(label, list) else label
    at = list(model.labels).index(wanted)
    return bool(decided[at]) if np.ndim(decided) else int(decided) == at


def precision(model: Any, texts: tuple[str, ...], words: list[str]) -> float:
    """The share of planted words among the first ones."""
    found = model.explain(texts if len(texts) > 1 else texts[0], show=False).frame.nlargest(len(words), "score")
    return sum(word in found.word.tolist() for word in words) / len(words)


def main() -> None:
    """Measure, and print each result as a line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(SAMPLES))
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    results = {}
    for name in asked.only.split(","):
        for kind in asked.kinds.split(","):
            results[f"{name}, {kind}"] = measure(name, kind)
            print(json.dumps({f"{name}, {kind}": results[f"{name}, {kind}"]}), flush=True)
    if asked.out:
        asked.out.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
