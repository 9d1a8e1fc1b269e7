"""Exact match and F1 of answers on XQuAD-en and `sample:handbook`, beside the first sentence of each context.

    python benchmarks/answers.py --data FOLDER [--only xquad|handbook] [--seeds N] [--dev]

``FOLDER/xquad/xquad.en.json`` has 48 articles with five paragraphs each, in the shape of SQuAD 1.1. The first 40, 200
paragraphs, are learnt from; the 40 paragraphs of the last eight are used for nothing but the score, with the weights
of the last step. With ``--dev`` the last eight of the 40 take their place, on which the recipe was chosen. The handbook
has questions without an answer: a tenth of its training rows chooses the weights and the threshold of "no answer".
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import bertmagic as bm
from bertmagic.data.formats import squad
from bertmagic.tasks.question_answering import metrics as measured
from bertmagic.tasks.question_answering import reading

if TYPE_CHECKING:
    import pandas as pd

SETS = ("xquad", "handbook")
_LEARNT, _CHOSEN = 40, 8
"""How many articles of XQuAD are learnt from, and how many of these the recipe was chosen on."""
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s)|[。！？]|$)", re.DOTALL)


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How a set is learnt."""

    epochs: float
    lr: float
    batch_size: int = 16


RECIPES = {"xquad": Recipe(epochs=6, lr=3e-4), "handbook": Recipe(epochs=5, lr=2e-4, batch_size=8)}


def xquad(folder: Path, dev: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The questions to learn from, and those to measure."""
    articles = json.loads((folder / "xquad" / "xquad.en.json").read_text(encoding="utf-8"))["data"]
    first, after = (_LEARNT - _CHOSEN, _LEARNT) if dev else (_LEARNT, len(articles))
    return squad.frame(articles[:first], "train"), squad.frame(articles[first:after], "test")


def baseline(test: pd.DataFrame) -> tuple[float, float]:
    """Exact match and F1 of the first sentence of each context."""
    answers = [match[0] if (match := _SENTENCE.match(context.strip())) else "" for context in test["context"]]
    golds = [[text for text, _ in reading.given(cell)] for cell in test["answers"]]
    exact, f1, _ = measured.scores(answers, golds).mean(axis=0)
    return float(exact), float(f1)


def measure(name: str, data: Path | None, seeds: int, dev: bool = False) -> None:
    if name == "xquad":
        if data is None:
            sys.exit("xquad needs --data FOLDER")
        train, test = xquad(data, dev)
        options: dict[str, Any] = {"validation": 0}
    else:
        train, test = (bm.samples.load("handbook", split) for split in ("train", "test"))
        options = {}
    recipe = RECIPES[name]
    contexts = train["context"].nunique(), test["context"].nunique()
    print(f"{name}: {len(train):,} questions on {contexts[0]} passages, measured on {len(test):,} on {contexts[1]}")
    print(f"  {recipe}")
    exact, f1 = baseline(test)
    print(f"  first sentence: exact match {exact:.4f}, F1 {f1:.4f}", flush=True)
    scores = []
    for seed in range(seeds):
        model = bm.finetune(
            train, test=test, model="minilm", name="benchmark", seed=seed, show=False, **options,
            **dataclasses.asdict(recipe),
        )  # fmt: skip
        numbers, seconds = model.report.metrics, model.report.train_seconds
        scores.append((numbers["exact_match"], numbers["f1"]))
        print(f"  seed {seed}: exact match {scores[-1][0]:.4f}, F1 {scores[-1][1]:.4f}, trained in {seconds:.0f} s")
        for part in model.report.slices:
            print(f"    {part.value:15} F1 {part.metrics['f1']:.4f} ({part.rows} questions)", flush=True)
        for note in model.report.notes:
            print(f"    {note}")
    if seeds > 1:
        (exact, f1), (of_exact, of_f1) = np.mean(scores, axis=0), np.std(scores, axis=0, ddof=1)
        print(f"  bertmagic: exact match {exact:.4f} ± {of_exact:.4f}, F1 {f1:.4f} ± {of_f1:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder with xquad")
    parser.add_argument("--only", choices=SETS)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--dev", action="store_true", help="measure XQuAD on a part of its training articles")
    options = parser.parse_args()
    for name in SETS:
        if options.only in (None, name):
            measure(name, options.data, options.seeds, options.dev)


if __name__ == "__main__":
    sys.exit(main())
