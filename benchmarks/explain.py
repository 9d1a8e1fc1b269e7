"""How faithful explanations by words are, on SST-2: the methods of bertmagic beside those of captum and shap.

    python benchmarks/explain.py --data FOLDER [--model RUN] [--sentences 60] [--out FILE]

``FOLDER/sst2`` has ``train.tsv`` and ``dev.tsv``. MiniLM is fine-tuned on 3,500 sentences, unless a run is named. Dev
sentences of at most 64 tokens are explained. Hidden words are [MASK]; the score is the probability of the predicted
class; the bounds are the best and the worst order of a beam of width 5 that is guided by the model alone, and of all
orders that a method gave. ``deletion`` is a measure that no method aims at: words are deleted, and not masked.

Peers get the same game: captum's and shap's perturbation methods call it with kept words, and captum's integrated
gradients get the same baseline. Without these packages the others are measured.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

import bertmagic as bm
from bertmagic.data.batches import BatchSource
from bertmagic.data.tokens import Tokens
from bertmagic.explain import faithfulness, gradients, methods, order_search
from bertmagic.explain.method_scores import interval
from bertmagic.inference.forward import run_model, softmax
from bertmagic.models import heads
from bertmagic.workflows import explain as workflow

try:
    import captum.attr as captum
except ImportError:
    captum = None
try:
    import shap
except ImportError:
    shap = None


def sst2(folder: Path, name: str) -> pd.DataFrame:
    """The rows of a split: ``text`` and ``label``, 0 or 1."""
    rows = (line.rsplit("\t", 1) for line in (folder / "sst2" / f"{name}.tsv").read_text("utf-8").splitlines())
    return pd.DataFrame([(text, int(label)) for text, label in rows], columns=["text", "label"])


def tuned(data: Path) -> Any:
    """MiniLM fine-tuned on 3,500 sentences."""
    rows = sst2(data, "train").sample(3500, random_state=0)
    return bm.finetune(rows, text="text", label="label", model="minilm", name="sst", epochs=2, seed=0, show=False)


def own(game: Any, network: Any, random: Any) -> dict[str, Any]:
    """The methods of bertmagic, by name: functions that return scores, and passes besides those of the game."""
    small = 2 * len(game) + 20
    named = {
        "random order": lambda: (random.random(len(game)), 0),
        "search, 200 passes": lambda: run("search", 200),
        "search, 2n + 20 passes": lambda: run("search", small),
        "masks, 200 passes": lambda: run("masks", 200),
        "masks, 2n + 20 passes": lambda: run("masks", small),
        "shapley, 200 passes": lambda: run("shapley", 200),
    }

    def run(method: str, passes: int | None) -> tuple[Any, int]:
        found = methods.run(method, game, network, passes)
        return found.scores, found.passes

    for method in ("occlusion", *methods.LOOKING):
        named[method] = lambda method=method: run(method, None)
    return named


def peers(game: Any, network: Any) -> dict[str, Any]:
    """The methods of captum and shap that are installed."""
    named: dict[str, Any] = {}
    ones, zeros = torch.ones(1, len(game)), torch.zeros(1, len(game))

    def kept(rows: Any) -> Any:
        return game(np.asarray(rows) < 0.5)

    def values(rows: torch.Tensor) -> torch.Tensor:
        return torch.from_numpy(kept(rows.numpy()))

    if captum:
        orders, many = max(1, 200 // len(game)), {"perturbations_per_eval": 64}
        drawn = {"n_samples": 200} | many
        for name, method, known in (
            ("FeatureAblation", captum.FeatureAblation, many), ("KernelShap", captum.KernelShap, drawn),
            ("Lime", captum.Lime, drawn),
            ("ShapleyValueSampling", captum.ShapleyValueSampling, {"n_samples": orders} | many),
        ):  # fmt: skip
            named[f"captum {name}"] = lambda method=method, known=known: (
                method(values).attribute(ones, baselines=zeros, **known)[0].detach().numpy(), 0
            )  # fmt: skip
        named["captum IntegratedGradients, 50 steps"] = lambda: embedded(captum.IntegratedGradients, n_steps=50)
        named["captum InputXGradient"] = lambda: embedded(captum.InputXGradient)
    if shap:
        background = np.zeros((1, len(game)))
        named["shap KernelExplainer"] = lambda: (
            shap.KernelExplainer(kept, background).shap_values(np.ones(len(game)), nsamples=200, silent=True), 0,
        )  # fmt: skip
        named["shap PermutationExplainer"] = lambda: (
            shap.PermutationExplainer(kept, background)(
                np.ones((1, len(game))), max_evals=max(200, 2 * len(game) + 1), batch_size=64, silent=True
            ).values[0],
            0,
        )  # fmt: skip

    def embedded(method: Any, **known: Any) -> tuple[Any, int]:
        model = gradients.GradientModel(network.network, network.batch, network.score)
        hidden = game.game.masked(np.ones((1, len(game)), bool))[0]
        vectors, baseline = (
            model.embedded(torch.from_numpy(ids.astype(np.int64))[None]) for ids in (game.game.ids, hidden)
        )
        if method is captum.IntegratedGradients:
            known |= {"baselines": baseline, "internal_batch_size": 50}
        tokens = method(model.scores).attribute(vectors.requires_grad_(), **known)[0].sum(dim=-1).detach().numpy()
        return methods._words(game, tokens)[0], model.passes

    return named


def by_deletion(model: Any, reading: Any, number: int, order: Any) -> float:
    """Mean over ``k = 1 .. n`` of how far deleting the first ``k`` words lowers the score."""
    gone = np.zeros((len(order) + 1, len(reading.sample.ids)), bool)
    for k, word in enumerate(order, start=1):
        gone[k] = gone[k - 1]
        gone[k, list(reading.words[word].pieces)] = True
    rows = [reading.sample.ids[~row] for row in gone]
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    tokens = Tokens(np.concatenate(rows), offsets, 0, 0.0)
    feed = BatchSource(tokens, model.tokenizer.pad_token_id, segments=heads.reads_segments(model.network))
    chances = softmax(run_model(model.network, feed, model.precision))[:, number]
    return float(chances[0] - chances[1:].mean())


def explained(model: Any, text: str, random: Any) -> dict[str, Any] | None:
    """What each method reaches on one sentence; None for one that is too long or too short."""
    reading = workflow.read(model, text, None, None)
    if len(reading.sample.ids) > 64 or len(reading.words) < 3:
        return None
    number = reading.scores.predicted
    network = workflow.network_of(model, reading, number)

    def game() -> Any:
        return workflow.game_of(model, reading).of(number)

    found: dict[str, Any] = {}
    names = [*own(game(), network, random), *peers(game(), network)]
    measured = game()
    for name in names:
        fresh = game()  # passes and seconds of a method are those of a new game
        method = (own(fresh, network, random) | peers(fresh, network))[name]
        began = time.perf_counter()
        scores, passes = method()
        seconds = time.perf_counter() - began
        order = faithfulness.order_of(scores)
        found[name] = {
            "order": order.tolist(), "passes": fresh.passes + passes, "seconds": seconds,
            "comprehensiveness": faithfulness.comprehensiveness(measured, order),
            "sufficiency": faithfulness.comprehensiveness(measured, order[::-1]),
            "deletion": by_deletion(model, reading, number, order),
        }  # fmt: skip
    bounds = [
        faithfulness.comprehensiveness(measured, order_search.beam(measured, len(measured), sign=sign))
        for sign in (1, -1)
    ]
    every = [one[kind] for one in found.values() for kind in ("comprehensiveness", "sufficiency")]
    return {"words": len(measured), "best": max(bounds[0], *every), "worst": min(bounds[1], *every), "found": found}


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Means over sentences with 95 % intervals of a bootstrap."""
    rows: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for one in results:
        width = one["best"] - one["worst"]
        if width < 1e-6:
            continue
        for name, found in one["found"].items():
            rows[name]["comprehensiveness"].append((found["comprehensiveness"] - one["worst"]) / width)
            rows[name]["sufficiency"].append((one["best"] - found["sufficiency"]) / width)
            for kind in ("deletion", "passes", "seconds"):
                rows[name][kind].append(found[kind])
    means = {"passes": np.mean, "seconds": np.mean}
    return {
        name: {kind: means[kind](values) if kind in means else interval(values) for kind, values in kinds.items()}
        for name, kinds in rows.items()
    }


def table(results: dict[str, Any]) -> str:
    """The summary as a table of Markdown, the best comprehensiveness first."""
    lines = [
        "| method | comprehensiveness | sufficiency | deletion | passes | seconds |",
        "| :-- | --: | --: | --: | --: | --: |",
    ]
    for name, one in sorted(results.items(), key=lambda item: -item[1]["comprehensiveness"][0]):
        cells = (f"{mean:.3f} ({low:.3f} to {high:.3f})" for mean, low, high in
                 (one[kind] for kind in ("comprehensiveness", "sufficiency", "deletion")))  # fmt: skip
        lines.append(f"| {name} | {' | '.join(cells)} | {one['passes']:.0f} | {one['seconds']:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Explain sentences by every method, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", help="a model that was fine-tuned on SST-2: a run or a folder")
    parser.add_argument("--sentences", type=int, default=60)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    model = bm.load(asked.model) if asked.model else tuned(asked.data)
    texts = sst2(asked.data, "dev").sample(frac=1, random_state=0).text
    random, results = np.random.default_rng(0), []
    torch.manual_seed(0)
    np.random.seed(0)
    for text in texts:
        if (one := explained(model, text, random)) is not None:
            results.append(one)
            print(f"{len(results)} of {asked.sentences}: {one['words']} words", flush=True)
            if asked.out:
                asked.out.write_text(
                    json.dumps({"sentences": len(results), **summary(results)}, indent=2) + "\n", "utf-8"
                )
        if len(results) == asked.sentences:
            break
    print(table(summary(results)))


if __name__ == "__main__":
    main()
