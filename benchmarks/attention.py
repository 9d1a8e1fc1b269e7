"""The attention view beside BertViz: bytes, seconds and memory to build it, and the numbers of all heads.

    pip install --no-deps --target FOLDER bertviz==1.4.1
    python benchmarks/attention.py --bertviz FOLDER [--tokens 128 --tokens 512]
    python benchmarks/attention.py --files [--tokens 128]

The maps are those of a random encoder in the shape of BERT base, 12 layers of 12 heads: their values change neither
sizes nor times much. Each view is built in a process of its own, whose memory is read before and after; BertViz gets
the attentions as tensors, as its users have them, for one text and for a pair. It is not asked for more than 285
tokens, or 201 of a pair: beyond these its page is longer than the longest string of V8. The statistics are timed in
this process: the median of seven rounds after a first one. ``--files`` only exports the maps of reviews by MiniLM-L6,
6 layers of 12 heads.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

LAYERS, HEADS, WIDTH = 12, 12, 64
BUILT = 3
"""Rounds of a build, the first of which also imports."""


def maps(tokens: int, pair: bool = False) -> Any:
    """Maps of a text of random words by a random encoder, as they are captured."""
    import torch
    from transformers import BertConfig, BertModel

    from bertmagic.attention.capture import layers_of, recording
    from bertmagic.attention.maps import AttentionMaps, Token

    torch.manual_seed(0)
    model = BertModel(BertConfig(vocab_size=1000, initializer_range=0.2)).eval()
    ids = torch.randint(5, 1000, (1, tokens))
    with torch.no_grad(), recording(model) as tape:
        model(input_ids=ids, attention_mask=torch.ones_like(ids))
    array = torch.stack([layer.weights for layer in tape.layers]).numpy()
    half = tokens // 2 if pair else tokens
    names = [Token(f"word{at}", f"word{at}", 7 * at, 7 * at + 6, at, int(at >= half)) for at in range(tokens)]
    names[0] = names[-1] = Token("[SEP]", "[SEP]", 0, 0, -1, -1)
    text = " ".join(name.text for name in names)
    return AttentionMaps(
        array=array, tokens=tuple(names), text=text, pair=text if pair else None, model="random", encoder="bert",
        layers=layers_of(tape),
    )  # fmt: skip


def trained_maps(tokens: int) -> Any:
    """Maps of reviews by MiniLM-L6, fine-tuned for one step."""
    import corpora

    import bertmagic as bm
    from bertmagic.data import samples

    known: dict[str, Any] = {"model": corpora.minilm(), "max_steps": 1, "max_length": tokens, "validation": 0}
    model = bm.finetune("sample:reviews", name="benchmark", show=False, **known)
    text = " ".join(samples.load("reviews")["review"])
    return model.attention(text, show=False)


def ours(attention_maps: Any) -> int:
    """Build the live view; return the bytes that the page gets before it asks for more."""
    view = attention_maps.view()
    state = view.get_state()
    script = len(state["_esm"]) + len(state["_css"])  # sent once a page, and counted by themselves
    bytes_ = sum(len(value) for value in state.values() if isinstance(value, bytes | memoryview))
    words = {name: value for name, value in state.items() if not isinstance(value, bytes | memoryview)}
    return bytes_ + len(json.dumps(words)) - script


def bertviz(attention_maps: Any, pair: bool) -> int:
    """Build BertViz's two views; return the bytes of the smaller, the head view."""
    import torch
    from bertviz import head_view

    attention = [torch.from_numpy(layer)[None] for layer in attention_maps.array]
    names = [token.text for token in attention_maps.tokens]
    page = head_view(attention, names, sentence_b_start=len(names) // 2 if pair else None, html_action="return")
    return len(page.data.encode())


def resident() -> float:
    """The memory that this process has, in MB."""
    with open("/proc/self/statm") as file:  # noqa: PTH123 - the path is the kernel's, and read once a round
        return int(file.read().split()[1]) * 4096 / 1e6


def measured(build: Callable[[], int]) -> dict[str, float]:
    """Bytes, the quickest seconds, and MB that the process grew by at most."""
    import threading

    peaks, over = [resident()], threading.Event()

    def watch() -> None:
        while not over.wait(0.002):
            peaks.append(resident())

    before, seconds, sizes = resident(), [], []
    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(BUILT):
        began = time.perf_counter()
        sizes.append(build())
        seconds.append(time.perf_counter() - began)
    over.set()
    watcher.join()
    return {"bytes": sizes[-1], "first": seconds[0], "seconds": min(seconds), "memory": max(peaks) - before}


def alone(what: str, tokens: int, pair: bool, folder: str) -> dict[str, float]:
    """Measure one view in a process of its own."""
    command = [sys.executable, __file__, "--one", what, "--tokens", str(tokens), "--bertviz", folder]
    done = subprocess.run([*command, *(["--pair"] if pair else [])], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def one(what: str, tokens: int, pair: bool, folder: str) -> None:
    """Be that process."""
    sys.path.insert(0, folder)
    attention_maps = maps(tokens, pair)
    if what == "bertmagic":
        import bertmagic.widgets.attention  # noqa: F401 - its import is no part of building a view

        print(json.dumps(measured(lambda: ours(attention_maps))))
    else:
        import bertviz  # noqa: F401

        print(json.dumps(measured(lambda: globals()["bertviz"](attention_maps, pair))))


def median(work: Callable[[], object], rounds: int = 7) -> float:
    """The median of seconds, after a first round."""
    work()
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def files(attention_maps: Any) -> str:
    """The sizes of exported files."""
    sizes = {kind: len(getattr(attention_maps, f"to_{kind}")()) for kind in ("svg", "png", "html", "csv")}
    return ", ".join(f"{kind} {size / 1e3:,.0f} kB" for kind, size in sizes.items())


def numbers(tokens: int) -> None:
    """Time what is computed of maps in this process, and print the sizes of files."""
    attention_maps = maps(tokens)
    other = maps(tokens)
    timings = {
        "statistics of all heads": median(attention_maps.head_statistics),
        "rollout": median(lambda: attention_maps.mixed("rollout")),
        "value norms": median(lambda: attention_maps.mixed("value_norms")),
        "divergence from another": median(lambda: attention_maps.compare(other).divergence),
        "static picture": median(lambda: attention_maps._repr_mimebundle_(), 3),
    }
    print(f"\n{tokens} tokens, {LAYERS} x {HEADS} heads, of captured maps:")
    for name, seconds in timings.items():
        print(f"  {name:<28}{1000 * seconds:>9.1f} ms")
    static = sum(map(len, attention_maps._repr_mimebundle_().values()))
    print(f"  saved in the notebook       {static / 1e3:>9.0f} kB")
    print(f"  files: {files(attention_maps)}")
    weights = attention_maps.array
    _, heads, many, _ = weights.shape
    print(f"  a layer on demand           {heads * many**2 / 1e6:>9.2f} MB, all layers {weights.size / 1e6:.2f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bertviz", default="", help="the folder that BertViz was installed to")
    parser.add_argument("--tokens", type=int, action="append")
    parser.add_argument("--files", action="store_true", help="only the sizes of files, of maps by MiniLM-L6")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--pair", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        return one(given.one, given.tokens[0], given.pair, given.bertviz)
    if given.files:
        for tokens in given.tokens or [128]:
            print(f"{tokens} tokens, MiniLM-L6: {files(trained_maps(tokens))}")
        return None
    print(f"{'':<30}{'bytes':>12}{'seconds':>10}{'first':>10}{'memory':>10}")
    for tokens in given.tokens or [128, 512]:
        for what, pair, most in (
            ("bertmagic", False, 10**9),
            ("bertmagic", True, 10**9),
            ("bertviz", False, 285),
            ("bertviz", True, 201),
        ):
            name = f"{what}, {tokens} tokens{', a pair' if pair else ''}"
            if tokens > most or (what == "bertviz" and not given.bertviz):
                print(f"{name:<30}{'not asked for' if tokens > most else 'not installed':>16}")
                continue
            row = alone(what, tokens, pair, given.bertviz)
            print(f"{name:<30}{row['bytes'] / 1e6:>9.3f} MB{row['seconds']:>8.3f} s{row['first']:>8.3f} s"
                  f"{row['memory']:>7.0f} MB", flush=True)  # fmt: skip
    for tokens in given.tokens or [128, 512]:
        numbers(tokens)
    return None


if __name__ == "__main__":
    sys.exit(main())
