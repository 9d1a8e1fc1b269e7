"""Whether a search of half an hour finds better values than the defaults, on SST-2.

    python benchmarks/tuning.py --data FOLDER [--minutes 30] [--out benchmarks/results/tuning.json]

`bertmagic.tune` searches the learning rate, the epochs and the batch size of MiniLM on the training sentences of SST-2,
a tenth of them held out to compare trials by; ``--minutes`` are of all cores together, counted on the processor's
clock, so that other work on the machine takes none of them. Then both the defaults and what was found train with five
new seeds, and are measured on the dev sentences, which nothing before has seen. The difference has an interval over
the seeds (Student's t, paired) and one over the sentences (paired bootstrap of the means over seeds).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))

import accuracy
import corpora
import throughput

import bertmagic as bm

OUT = Path(__file__).parent / "results" / "tuning.json"
SPACE = {"lr": bm.log(2e-5, 5e-4), "epochs": bm.between(1, 4), "batch_size": bm.choice(16, 32, 64)}
SEEDS = (1, 2, 3, 4, 5)
"""The search has seed 0."""


def search(rows: pd.DataFrame, minutes: float) -> dict[str, Any]:
    """Add trials until the minutes are over; their values, states and scores, and the best values."""
    import torch

    allowed, trials = 60 * minutes * torch.get_num_threads(), 0
    while time.process_time() < allowed:
        trials += 1
        result = bm.tune(
            rows, text="text", label="label", model="minilm", name="search", trials=trials, show=False, **SPACE
        )
        last = result.trials[-1]
        print(f"  trial {trials}: {last.values} {last.state} {last.score}", flush=True)
    return {
        "minutes": minutes, "metric": result.metric, "best": result.best.values,
        "trials": [{"values": t.values, "state": t.state, "score": t.score} for t in result.trials],
    }  # fmt: skip


def labels(rows: pd.DataFrame, dev: corpora.Rows, seed: int, values: dict[str, Any]) -> list[str]:
    """Train with a seed, the other options by default, and predict the dev sentences."""
    model = bm.finetune(
        rows, text="text", label="label", model="minilm", name="seeded", seed=seed, show=False, **values
    )
    return [str(label) for label in model.predict(dev.texts, show=False).frame["label"]]


def over_seeds(difference: list[float]) -> tuple[float, float]:
    """The 95 % interval of the mean of paired differences, by Student's t."""
    from scipy import stats

    mean, error = float(np.mean(difference)), float(stats.sem(difference))
    low, high = stats.t.interval(0.95, len(difference) - 1, mean, error)
    return float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder with sst2/train.tsv and sst2/dev.tsv")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument(
        "--out", type=Path, default=OUT, help="where results are stored; what is there is not run again"
    )
    options = parser.parse_args()
    train, dev = corpora.sst2(options.data)
    rows = pd.DataFrame({"text": train.texts, "label": train.labels})
    results: dict[str, Any] = json.loads(options.out.read_text()) if options.out.exists() else {}
    os.environ.setdefault("BERTMAGIC_HOME", tempfile.mkdtemp())
    if "search" not in results:
        results["machine"] = throughput.processor()
        results["search"] = search(rows, options.minutes)
    known = results.setdefault("predicted", {})
    for seed in SEEDS:
        for name, values in (("defaults", {}), ("found", results["search"]["best"])):
            if f"{name} {seed}" not in known:
                known[f"{name} {seed}"] = "".join(labels(rows, dev, seed, values))
                options.out.write_text(json.dumps(results, indent=1) + "\n")
            print(f"  {name} {seed}: {accuracy.right(list(known[f'{name} {seed}']), dev).mean():.4f}", flush=True)
    right = {
        name: [accuracy.right(list(known[f"{name} {seed}"]), dev) for seed in SEEDS] for name in ("defaults", "found")
    }
    for name, each in right.items():
        print(f"{name:9} {accuracy.spread([float(row.mean()) for row in each])}")
    low, high = over_seeds([float(b.mean() - a.mean()) for a, b in zip(right["defaults"], right["found"], strict=True)])
    accuracy.compare("found - defaults, over sentences", np.mean(right["found"], 0), np.mean(right["defaults"], 0))
    print(f"  over seeds: 95 % interval {100 * low:+.2f} to {100 * high:+.2f} points")


if __name__ == "__main__":
    main()
