"""Entity F1 on WNUT17 and WikiANN-en, beside a dictionary of the training entities.

    python benchmarks/entities.py --data FOLDER [--only wnut17|wikiann] [--seeds N]

The folders are ``FOLDER/wnut17`` and ``FOLDER/wikiann-en``, each with ``train.conll`` and ``dev.conll`` (a word, a tab
and its tag a line). Of WikiANN the first 10,000 training sentences are learnt from. The dev sentences are used for
nothing but the score: the weights are those of the last step. A training sentence that stands in dev is left out.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import bertmagic as bm
from bertmagic.data import tables, tags
from bertmagic.tasks.token_classification import metrics

if TYPE_CHECKING:
    import pandas as pd


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a set is learnt."""

    epochs: float
    lr: float
    batch_size: int = 32
    max_length: int = 128


SETS = {
    "wnut17": ("wnut17", None, Recipe(epochs=4, lr=3e-4)),
    "wikiann": ("wikiann-en", 10_000, Recipe(epochs=4, lr=3e-4)),
}
"""The folder of each set, how many of its training sentences are used, and how."""


def sentences(folder: Path, part: str, most: int | None = None) -> pd.DataFrame:
    """The sentences of one file, without the name of the language before each word of WikiANN."""
    frame = tables.read(folder / f"{part}.conll").frame.head(most)
    return frame.assign(tokens=[[word.removeprefix("en:") for word in row] for row in frame["tokens"]])


class Dictionary:
    """The names that are entities in most places where they stand in training, each with its most frequent type."""

    def __init__(self, train: pd.DataFrame) -> None:
        types: dict[tuple[str, ...], Counter[str]] = {}
        for words, row_tags in zip(train["tokens"], train["tags"], strict=True):
            for start, end, label in tags.entities(row_tags):
                types.setdefault(tuple(words[start:end]), Counter())[label] += 1
        self.longest = max(map(len, types))
        seen = Counter(part for words in train["tokens"] for part in self._parts(words) if part in types)
        self.types = {
            name: counts.most_common(1)[0][0] for name, counts in types.items() if 2 * counts.total() >= seen[name]
        }

    def _parts(self, words: list[str]) -> list[tuple[str, ...]]:
        return [
            tuple(words[i:j]) for i in range(len(words)) for j in range(i + 1, min(i + self.longest, len(words)) + 1)
        ]

    def predict(self, words: list[str]) -> list[str]:
        """The tags of a sentence: from left to right, the longest name that begins at a word."""
        entities, at = [], 0
        while at < len(words):
            ends = range(min(at + self.longest, len(words)), at, -1)
            end = next((end for end in ends if tuple(words[at:end]) in self.types), None)
            if end is not None:
                entities.append(tags.Entity(at, end, self.types[tuple(words[at:end])]))
            at = end or at + 1
        return tags.written(entities, len(words))


def scores_text(f1: float, precision: float, recall: float) -> str:
    return f"F1 {f1:.4f} (precision {precision:.4f}, recall {recall:.4f})"


def measure(name: str, data: Path, seeds: int) -> None:
    folder, most, recipe = SETS[name]
    train, dev = sentences(data / folder, "train", most), sentences(data / folder, "dev")
    print(f"{name}: {len(train):,} sentences, measured on {len(dev):,} of dev; {recipe}")
    known = Dictionary(train)
    simple = metrics.overall(dev["tags"], [known.predict(words) for words in dev["tokens"]])
    print(
        f"  dictionary of {len(known.types):,} names: {scores_text(simple.f1, simple.precision, simple.recall)}",
        flush=True,
    )
    scores = []
    for seed in range(seeds):
        model = bm.finetune(
            train, text="tokens", label="tags", validation=0, test=dev, model="minilm", name="benchmark", seed=seed,
            show=False, **dataclasses.asdict(recipe),
        )  # fmt: skip
        values = model.report.metrics
        scores.append(values["f1"])
        numbers = scores_text(values["f1"], values["precision"], values["recall"])
        seconds = model.report.train_seconds
        print(f"  seed {seed}: {numbers}, strict F1 {values['strict_f1']:.4f}, trained in {seconds:.0f} s", flush=True)
        for score in model.report.classes:
            print(f"    {score.label:15} F1 {score.f1:.4f} ({score.support:,} entities)")
    if seeds > 1:
        print(f"  bertmagic {np.mean(scores):.4f} ± {np.std(scores, ddof=1):.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="the folder with wnut17 and wikiann-en")
    parser.add_argument("--only", choices=tuple(SETS))
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args()
    for name in SETS:
        if options.only in (None, name):
            measure(name, options.data, options.seeds)


if __name__ == "__main__":
    sys.exit(main())
