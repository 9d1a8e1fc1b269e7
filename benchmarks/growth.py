"""How time and memory grow with rows and with length, and what the second run on the same rows spends on tokenizing.

    python benchmarks/growth.py [--only cache|rows|length] [--rows 1000000] [--data FOLDER] [--out FILE]

``rows``: synthetic rows in a Parquet file, a tiny BERT made here; in one process a run of fine-tuning with a single
step (read, check, tokenize, step, save), in another a prediction for every row. ``length``: MiniLM, batches of 16
texts of one length. ``cache``: the training sentences of SST-2 (``FOLDER/sst2``) or, without ``--data``, as many
synthetic rows; first and second time, each in a process of its own, with the tokenizer loaded.

Every number comes from a fresh process. Memory is what the process has at its peak (``VmHWM``) above what it had
after a small run of the same kind, so libraries, weights and buffers are not counted; ``own`` leaves out the pages
of files, which the system takes back when it needs them. Linux only.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import corpora

OUT = Path(__file__).parent / "results" / "growth.json"
LENGTHS = (32, 64, 128, 256, 512)
ROUNDS = 5
BATCH = 16
WORDS = (
    "the", "a", "was", "is", "very", "this", "we", "had", "really", "and", "it", "long", "not", "good", "great", "fine",
    "bad", "awful", "poor", "film", "book", "phone", "story",
)  # fmt: skip


def text(number: int) -> str:
    """A text of 10 to 30 words that no other number has, about 100 characters."""
    words = [WORDS[(number * 7919 + i * i * 31 + i * (number % 89)) % len(WORDS)] for i in range(10 + number % 21)]
    return " ".join([*words, str(number)])


def write_rows(path: Path, rows: int) -> None:
    """Write a Parquet file of ``text`` and ``label``, a piece at a time."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = pa.schema({"text": pa.string(), "label": pa.string()})
    with parquet.ParquetWriter(path, schema) as file:
        for start in range(0, rows, 50_000):
            numbers = range(start, min(start + 50_000, rows))
            columns = {"text": [text(i) for i in numbers], "label": [f"class {i % 4}" for i in numbers]}
            file.write_table(pa.table(columns, schema=schema))


def write_encoder(folder: Path) -> None:
    """Write a BERT of 2 layers, 32 wide, that knows `WORDS`, letters and digits."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + c for c in letters), *WORDS]
    vocab = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocab), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=64,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    BertTokenizer(vocab=vocab, model_max_length=64).save_pretrained(folder)


def kept(name: str) -> int:
    """Bytes of the process, by a name of ``/proc/self/status``."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


@contextmanager
def measured() -> Iterator[dict[str, float]]:
    """Give a dict that has, afterwards, the seconds (of the clock and of all cores) and the peak of extra memory."""
    usage: dict[str, float] = {}
    Path("/proc/self/clear_refs").write_text("5")  # sets the high-water mark back to what is held now
    all_before, own_before = kept("VmRSS"), kept("RssAnon")
    own, done = [own_before], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            own[0] = max(own[0], kept("RssAnon"))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    began, worked = time.perf_counter(), time.process_time()
    yield usage
    usage["seconds"], usage["cpu_seconds"] = time.perf_counter() - began, time.process_time() - worked
    done.set()
    watcher.join()
    usage["peak_mb"] = (kept("VmHWM") - all_before) / 1e6
    usage["own_mb"] = (max(own[0], kept("RssAnon")) - own_before) / 1e6


def train(encoder: str, small: str, rows: str) -> dict[str, float]:
    """Read, check and tokenize all rows, take one step, save."""
    import bertmagic as bm

    def run(path: str) -> None:
        bm.finetune(
            path, text="text", label="label", model=encoder, validation=0, max_steps=1, precision="fp32", device="cpu",
            show=False,
        )  # fmt: skip

    run(small)
    with measured() as usage:
        run(rows)
    return usage


def predict(encoder: str, small: str, rows: str) -> dict[str, float]:
    """Predict for every row, with a model that was trained before."""
    import bertmagic as bm

    model = bm.finetune(
        small, text="text", label="label", model=encoder, validation=0, max_steps=1, precision="fp32", device="cpu",
        show=False,
    )  # fmt: skip
    model.predict(Path(small), show=False)
    with measured() as usage:
        frame = model.predict(Path(rows), show=False).frame
    return {**usage, "frame_mb": float(frame.memory_usage(deep=True).sum()) / 1e6}


def step(length: str) -> dict[str, float]:
    """Training steps and predictions of MiniLM on texts of one length."""
    import pandas as pd

    import bertmagic as bm

    tokens = int(length)
    texts = [" ".join(WORDS[(7 * row + i) % len(WORDS)] for i in range(tokens - 2)) for row in range(BATCH)]
    rows = pd.DataFrame({"text": texts, "label": ["a", "b"] * (BATCH // 2)})
    ends: list[tuple[float, float]] = []

    def listen(event: Any) -> None:
        if type(event).__name__ == "Step":
            ends.append((event.seconds, time.process_time()))

    def run(short: bool, steps: int) -> Any:
        given = rows.assign(text=[" ".join(text.split()[:6]) + f" {i}" for i, text in enumerate(texts)])
        return bm.finetune(
            given if short else rows, text="text", label="label", model="minilm", validation=0, max_steps=steps,
            batch_size=BATCH, max_length=512, show=False, on_event=listen, device="cpu",
        )  # fmt: skip

    run(short=True, steps=2)
    ends.clear()
    with measured() as usage:
        model = run(short=False, steps=8)
    clock, cpu = (
        statistics.median(after[i] - before[i] for before, after in itertools.pairwise(ends[2:])) for i in range(2)
    )
    with measured() as predicted:
        for _ in range(5):
            model.predict(texts, show=False)
    return {
        "step_seconds": clock,
        "step_cpu_seconds": cpu,
        "step_mb": usage["peak_mb"],
        "predict_seconds": predicted["seconds"] / 5,
        "predict_cpu_seconds": predicted["cpu_seconds"] / 5,
        "predict_mb": predicted["peak_mb"],
    }


def tokenize(folder: str, home: str) -> dict[str, float]:
    """Tokenize with the cache in ``home``, the tokenizer loaded before."""
    from bertmagic.data import cache
    from bertmagic.models import loading

    source = corpora.minilm()
    tokenizer = loading.tokenizer(source)
    texts = corpora.sst2(Path(folder))[0].texts if folder else [text(i) for i in range(6920)]
    began = time.perf_counter()
    tokens = cache.Cache(Path(home), tokenizer, 256, source=source).encode(texts)
    return {"seconds": time.perf_counter() - began, "texts": len(tokens), "tokens": len(tokens.ids)}


CHILDREN: dict[str, Callable[..., dict[str, float]]] = {
    function.__name__: function for function in (train, predict, step, tokenize)
}


def child(function: Callable[..., dict[str, float]], *arguments: str, home: Path) -> dict[str, float]:
    """Run a function in a fresh process, with the runs of bertmagic in ``home``."""
    command = [sys.executable, __file__, "--child", function.__name__, *arguments]
    done = subprocess.run(
        command, env={**os.environ, "BERTMAGIC_HOME": str(home)}, stdout=subprocess.PIPE, text=True, check=True
    )
    usage: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return usage


def grow_by_rows(most: int, folder: Path) -> dict[str, Any]:
    encoder, small = folder / "tiny", folder / "small.parquet"
    write_encoder(encoder)
    write_rows(small, 200)
    print("rows        fine-tune, one step: s  CPU s  peak MB  own MB   predict: s  CPU s  peak MB  own MB  result MB")
    table, rows = [], 1000
    while rows <= most:
        path = folder / f"{rows}.parquet"
        write_rows(path, rows)
        given = (str(encoder), str(small), str(path))
        line = {"rows": rows, "file_mb": path.stat().st_size / 1e6}
        for function in (train, predict):
            line |= {f"{function.__name__}_{k}": v for k, v in child(function, *given, home=folder / f"{rows}").items()}
        print(
            f"{rows:>9,}  {line['train_seconds']:>22.2f} {line['train_cpu_seconds']:>6.2f} "
            f"{line['train_peak_mb']:>8.0f} {line['train_own_mb']:>7.0f} "
            f"{line['predict_seconds']:>12.2f} {line['predict_cpu_seconds']:>6.2f} {line['predict_peak_mb']:>8.0f} "
            f"{line['predict_own_mb']:>7.0f} {line['predict_frame_mb']:>10.0f}", flush=True,
        )  # fmt: skip
        table.append(line)
        rows *= 10
    return {"what": "200 rows were run before in the same process", "table": table}


def grow_by_length(folder: Path) -> dict[str, Any]:
    print(f"tokens  step of {BATCH} texts: s  CPU s  tokens/CPU s  peak MB   predict: s  CPU s  peak MB")
    table = []
    for length in LENGTHS:
        line = {"tokens": length, "batch": BATCH, **child(step, str(length), home=folder)}
        table.append(line)
        print(
            f"{length:>6} {line['step_seconds']:>21.3f} {line['step_cpu_seconds']:>6.3f} "
            f"{BATCH * length / line['step_cpu_seconds']:>13,.0f} {line['step_mb']:>8.0f} "
            f"{line['predict_seconds']:>12.3f} {line['predict_cpu_seconds']:>6.3f} {line['predict_mb']:>8.0f}",
            flush=True,
        )  # fmt: skip
    return {"what": "MiniLM-L6; memory above that of a run on texts of 8 tokens", "table": table}


def second_time(data: Path | None, folder: Path) -> dict[str, Any]:
    pairs = []
    for number in range(ROUNDS):
        home = folder / f"cache{number}"
        pairs.append([child(tokenize, str(data or ""), str(home), home=home) for _ in range(2)])
    first, second = (statistics.median(pair[i]["seconds"] for pair in pairs) for i in range(2))
    shares = [pair[1]["seconds"] / pair[0]["seconds"] for pair in pairs]
    texts, tokens = (int(pairs[0][0][name]) for name in ("texts", "tokens"))
    print(
        f"tokenizing {texts:,} {'SST-2 sentences' if data else 'synthetic rows'} ({tokens:,} tokens): "
        f"first {1000 * first:.1f} ms, second {1000 * second:.2f} ms in another process; "
        f"share {statistics.median(shares):.2%} (from {min(shares):.2%} to {max(shares):.2%})", flush=True,
    )  # fmt: skip
    return {"texts": texts, "tokens": tokens, "first_seconds": first, "second_seconds": second, "shares": shares}


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        print(json.dumps(CHILDREN[sys.argv[2]](*sys.argv[3:])))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("cache", "rows", "length"))
    parser.add_argument("--rows", type=int, default=100_000, help="the most rows, a power of ten from 1,000")
    parser.add_argument("--data", type=Path, help="a folder with sst2/train.tsv and sst2/dev.tsv")
    parser.add_argument("--out", type=Path, default=OUT)
    options = parser.parse_args()
    results = json.loads(options.out.read_text()) if options.out.exists() else {}
    typed = ["FOLDER" if options.data and word == str(options.data) else word for word in sys.argv[1:]]
    about = {"command": " ".join(["python", "benchmarks/growth.py", *typed]), "machine": machine()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sections: dict[str, Callable[[], dict[str, Any]]] = {
            "cache": lambda: second_time(options.data, folder),
            "rows": lambda: grow_by_rows(options.rows, folder),
            "length": lambda: grow_by_length(folder),
        }
        for section, measure in sections.items():
            if options.only in (None, section):
                results[section] = {**about, **measure()}
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(json.dumps(results, indent=1) + "\n")


def machine() -> str:
    import torch
    import transformers

    threads = os.environ.get("OMP_NUM_THREADS", "default")
    return (
        f"{os.cpu_count()} CPUs ({platform.machine()}), OMP_NUM_THREADS {threads}, Python {platform.python_version()}, "
        f"torch {torch.__version__}, transformers {transformers.__version__}"
    )


if __name__ == "__main__":
    main()
