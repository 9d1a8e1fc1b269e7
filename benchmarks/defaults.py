"""How good the first run is, with nothing but data given, on public sets of different kinds beside usual methods.

    OMP_NUM_THREADS=1 python benchmarks/defaults.py --data FOLDER [--fetch] [--only NAME,…]
        [--methods NAME,…] [--option NAME=VALUE] [--seeds N] [--results FILE] [--value NAME] [--page docs/results.md]

``FOLDER`` holds the sets as `public_sets.py` describes them; ``--fetch`` downloads missing ones (`fetch_sets.py`). A
seed draws the training rows, and is the seed of each method. The rules of the defaults were chosen on the sets of the
side "choose"; the others were held out.

Methods are TF-IDF with logistic regression (``tfidf``), a linear model on the vectors of the frozen encoder
(``frozen``), for pairs with a number the cosine of the two vectors (``cosine``), `transformers.Trainer` with its
defaults (``trainer``) and with the values of its text classification example (``recipe``), SetFit where it is installed
and rows are few (``setfit``), and bertmagic with its defaults (``bertmagic``). See `plain_peers.py`.

The values of the defaults were compared with ``--option epochs=5``, which measures bertmagic with this option as one
more method, ``bertmagic epochs=5``; give such tries a file of results of their own. ``--value`` prints a table of
another number of the reports, times 100: loss, ece, rmse or macro_f1; peers have the last only.

Each result is a line of JSON, stored as soon as it is there; what is stored is not measured again. Then a table is
printed: accuracy, micro F1 of several labels, Pearson's correlation of numbers, or F1 of entities, all times 100. Means
are over seeds; intervals are 95 % by Student's t: of a set over seeds, of an average over sets. Differences are paired.
Time is that of the processor, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import ast
import importlib.metadata
import importlib.util
import itertools
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import fetch_sets
import page
import plain_peers
import public_sets
import tuning
from public_sets import MEASUREMENTS, Measurement, Sample

import bertmagic as bm
from bertmagic.tasks.token_classification import metrics as entity_metrics

RESULTS = Path(__file__).parent / "results" / "defaults.jsonl"
MAIN = {"classification": "accuracy", "multi-label": "micro_f1", "regression": "pearson", "entities": "f1"}
"""The metric of the table; its name is that of the report."""

OURS = "bertmagic"

Scores = dict[str, float]
Line = dict[str, Any]


def bertmagic(sample: Sample, seed: int, options: dict[str, Any]) -> Scores:
    """The metrics of a run's report; that numbers are numbers is said, as they may be whole."""
    task: dict[str, Any] = {"task": "regression"} if sample.kind == "regression" else {}
    model = bm.finetune(
        sample.train,
        test=sample.test,
        text=sample.columns,
        label="label",
        seed=seed,
        name="benchmark",
        show=False,
        **task,
        **options,
    )
    names = (MAIN[sample.kind], "macro_f1", "loss", "ece", "rmse")
    return {name: float(model.report.metrics[name]) for name in names if name in model.report.metrics}


def options_of(method: str) -> dict[str, Any]:
    """The options in the name of a method such as ``bertmagic epochs=5``."""
    pairs = (text.split("=", 1) for text in method.split()[1:])
    return {name: _value(text) for name, text in pairs}


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def scores(sample: Sample, predicted: list[Any]) -> Scores:
    """The metrics of predicted labels."""
    from sklearn.metrics import f1_score
    from sklearn.preprocessing import MultiLabelBinarizer

    true = sample.test["label"].tolist()
    if sample.kind == "regression":
        # A constant has no correlation.
        return {"pearson": float(np.corrcoef(true, predicted)[0, 1]) if np.ptp(predicted) > 0 else 0.0}
    if sample.kind == "entities":
        return {"f1": entity_metrics.overall(true, predicted).f1}
    if sample.kind == "multi-label":
        several = MultiLabelBinarizer(classes=sample.names).fit([])
        true, predicted = several.transform(true), several.transform(predicted)
        return {
            f"{mean}_f1": float(f1_score(true, predicted, average=mean, zero_division=0)) for mean in ("micro", "macro")
        }
    accuracy = float(np.mean([one == other for one, other in zip(true, predicted, strict=True)]))
    return {"accuracy": accuracy, "macro_f1": float(f1_score(true, predicted, average="macro", zero_division=0))}


PEERS: dict[str, Callable[[Sample, int], list[Any]]] = {
    "tfidf": plain_peers.tfidf, "frozen": plain_peers.frozen, "cosine": plain_peers.cosine,
    "trainer": plain_peers.trainer, "recipe": plain_peers.recipe, "setfit": plain_peers.setfit,
}  # fmt: skip
METHODS = (*PEERS, OURS)
BASELINES = ("tfidf", "frozen", "cosine")


def applies(method: str, sample: Sample) -> bool:
    """Whether a method is made for a set, and installed."""
    if method == "cosine":
        return sample.kind == "regression" and len(sample.columns) == 2
    if method == "setfit":
        fits = sample.kind == "classification" and len(sample.columns) == 1
        few = len(sample.train) <= plain_peers.SETFIT_ROWS
        return fits and few and importlib.util.find_spec("setfit") is not None
    return True


def measure(method: str, sample: Sample, seed: int) -> Line:
    """Train and test once."""
    import torch

    began = time.process_time()
    ours = method.split()[0] == OURS
    values = bertmagic(sample, seed, options_of(method)) if ours else scores(sample, PEERS[method](sample, seed))
    return {
        **values, "metric": MAIN[sample.kind], "seconds": round(time.process_time() - began, 2),
        "tested": len(sample.test), "classes": len(sample.names), "threads": torch.get_num_threads(),
        "version": version(method),
    }  # fmt: skip


def version(method: str) -> str:
    """The package that trains, and its version."""
    if method.split()[0] == OURS:
        return f"bertmagic {bm.__version__}"
    package = {"setfit": "setfit", "trainer": "transformers", "recipe": "transformers"}.get(method, "scikit-learn")
    return f"{package} {importlib.metadata.version(package)}"


def measure_all(data: Path, chosen: list[Measurement], methods: list[str], seeds: int, stored: Path) -> None:
    """Store what is missing, the first seed of all sets before the second; sets without files are left out."""
    known = {(line["set"], line["seed"], line["method"]) for line in read(stored)}
    here = [one for one in chosen if (data / f"{one.set}.test.parquet").exists()]
    for seed, one in itertools.product(range(seeds), here):
        missing = [method for method in methods if (one.name, seed, method) not in known]
        sample = public_sets.sample(data, one, seed) if missing else None
        for method in missing:
            if sample is not None and applies(method, sample):
                store(stored, one, seed, method, sample)


def store(stored: Path, one: Measurement, seed: int, method: str, sample: Sample) -> None:
    """Measure a method, and append the line. If it fails, the others go on, and the next call tries again."""
    try:
        line = {"set": one.name, "seed": seed, "method": method, **measure(method, sample, seed)}
    except Exception:
        traceback.print_exc()
        return
    with stored.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    print(f"{one.name} {seed} {method}: {line[line['metric']]:.4f} in {line['seconds']:.0f} s", flush=True)


def read(stored: Path) -> list[Line]:
    return [json.loads(line) for line in stored.read_text().splitlines()] if stored.exists() else []


def points(lines: list[Line], value: str | None = None) -> dict[str, dict[str, dict[int, float]]]:
    """Of each set and method, the main metric of each seed times 100, or another value of the lines."""
    values: dict[str, dict[str, dict[int, float]]] = {}
    for line in lines:
        number = 100 * line[line["metric"]] if value is None else line[value]
        values.setdefault(line["set"], {}).setdefault(line["method"], {})[line["seed"]] = number
    return values


def best_baseline(methods: dict[str, dict[int, float]]) -> dict[int, float]:
    """The seeds of the baseline whose mean is highest."""
    known = [methods[name] for name in BASELINES if name in methods]
    return max(known, key=lambda seeds: float(np.mean(list(seeds.values()))), default={})


def paired(ours: dict[int, float], theirs: dict[int, float]) -> list[float]:
    return [ours[seed] - theirs[seed] for seed in sorted(ours.keys() & theirs.keys())]


def mean(values: Iterable[float], form: str = ".1f") -> str:
    """The mean with half the width of its interval, which needs two values."""
    values = list(values)
    if not values:
        return ""
    wide = f" ± {np.mean(values) - tuning.over_seeds(values)[0]:.1f}" if len(values) > 1 and np.ptp(values) > 0 else ""
    return f"{np.mean(values):{form}}{wide}"


def differences(known: dict[str, dict[int, float]]) -> list[list[float]]:
    """Of bertmagic to the best baseline and to Trainer with its defaults, for each seed that both have."""
    ours = known.get(OURS, {})
    return [paired(ours, best_baseline(known)), paired(ours, known.get("trainer", {}))]


def table(lines: list[Line], chosen: list[Measurement], value: str | None = None) -> str:
    """Sets and averages as rows of Markdown, methods and differences as columns."""
    if value is not None:
        lines = [{**line, "metric": value} for line in lines if value in line]
    values, seconds = points(lines), points(lines, "seconds")
    named = {line["method"] for line in lines if line["set"] in {one.name for one in chosen}}
    methods = [*(name for name in METHODS if name in named), *sorted(named - set(METHODS))]
    metrics = {line["set"]: line["metric"] for line in lines}
    rows, columns = [], {}
    for one in (one for one in chosen if one.name in values):
        known = values[one.name]
        columns[one] = [*(list(known.get(method, {}).values()) for method in methods), *differences(known)]
        texts = [*map(mean, columns[one][:-2]), *(mean(each, "+.1f") for each in columns[one][-2:])]
        rare = f", {one.rare} % rare" if one.rare else ""
        label = f"{one.set}, {one.rows:,} ({one.side}{rare}, {metrics[one.name]})"
        rows.append([label, *texts, time_text(seconds[one.name])])
    for side in public_sets.SETS:
        of_side = {one: cells for one, cells in columns.items() if one.side == side}
        if of_side:
            rows.append(average(f"mean of {len(of_side)} sets, {side}", list(of_side.values())))
    return page.table(["set, training rows", *methods, "− best baseline", "− trainer", "time, of trainer's"], rows)


def gain(lines: list[Line], chosen: list[Measurement]) -> str:
    """The mean gain over the best baseline of each set but the cosine, of each side and of all sets."""
    values = points([line for line in lines if line["method"] != "cosine"])
    means = {
        one: float(np.mean(differences(values[one.name])[0])) for one in chosen if OURS in values.get(one.name, {})
    }
    sides = {side: [each for one, each in means.items() if one.side == side] for side in public_sets.SETS}
    sides["all"] = list(means.values())
    return ", ".join(f"{mean(each, '+.1f')} ({side}, {len(each)} sets)" for side, each in sides.items() if each)


def time_text(known: dict[str, dict[int, float]]) -> str:
    """Seconds of a default run, and as a multiple of Trainer's."""
    if not {OURS, "trainer"} <= known.keys():
        return ""
    ours, theirs = (float(np.mean(list(known[name].values()))) for name in (OURS, "trainer"))
    return f"{ours:.0f} s, {ours / theirs:.2f}"


def average(name: str, sets: list[list[list[float]]]) -> list[str]:
    """A row of means over sets; a column that some of them lack has none."""
    texts = []
    for at, column in enumerate(zip(*sets, strict=True)):
        means = [float(np.mean(values)) for values in column if values]
        is_difference = at >= len(sets[0]) - 2
        text = mean(means, "+.1f") if is_difference else f"{np.mean(means or 0):.1f}"
        texts.append(text if len(means) == len(sets) else "")
    return [name, *texts, ""]


def listed(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the folder of the sets; without it, only the table is printed")
    parser.add_argument("--fetch", action="store_true", help="download sets that are missing in it")
    parser.add_argument(
        "--only", type=listed, help='sets, such as trec, sst2-60 (60 rows) or all of a side: choose, "held out"'
    )
    parser.add_argument("--methods", type=listed, default=list(METHODS))
    parser.add_argument("--option", action="append", default=[], help="an option of bertmagic, such as epochs=5")
    parser.add_argument("--value", help="a number of the reports to show instead of the main metric, such as ece")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, help="write the table into this page, where <!-- defaults --> marks it")
    options = parser.parse_args()
    chosen = [one for one in MEASUREMENTS if not options.only or {one.set, one.name, one.side} & set(options.only)]
    unknown = [name for name in options.methods if name not in METHODS]
    if unknown or not chosen:
        sys.exit(f"methods: {', '.join(METHODS)}; sets: {', '.join(one.name for one in MEASUREMENTS)}")
    if options.option:
        options.methods.append(" ".join([OURS, *options.option]))
    if options.data is not None:
        if options.fetch:
            fetch_sets.fetch(options.data, sorted({one.set for one in chosen}))
        os.environ.setdefault("BERTMAGIC_HOME", tempfile.mkdtemp())
        measure_all(options.data, chosen, options.methods, options.seeds, options.results)
    text = table(read(options.results), chosen, options.value)
    print(text)
    print(f"gain over the best of TF-IDF and the frozen linear model: {gain(read(options.results), chosen)}")
    if options.page is not None:
        page.fill(options.page, {"defaults": text})


if __name__ == "__main__":
    main()
