"""Share of the digests in the time of a save and of a load of MiniLM: `python benchmarks/digests.py`."""

import tempfile
import time
from pathlib import Path
from statistics import median

from bertmagic.models import catalogue, checksums, loading, saving

TURNS = 7

spent = []


def timed(function):
    def call(*given):
        began = time.perf_counter()
        try:
            return function(*given)
        finally:
            spent.append(time.perf_counter() - began)

    return call


def measure(work):
    """Return the seconds of some work, and the share of the digests in them."""
    spent.clear()
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    return seconds, sum(spent) / seconds


def main():
    source = catalogue.packaged("minilm")
    network, tokenizer = loading.headed(source, "none").network, loading.tokenizer(source)
    checksums.write, checksums.check = timed(checksums.write), timed(checksums.check)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        model = Path(folder) / "model"
        saves = [measure(lambda: saving.save(model, network, tokenizer, {})) for _ in range(TURNS)]
        loads = [measure(lambda: (loading.tokenizer(model), loading.headed(model, "none"))) for _ in range(TURNS)]
    for what, turns in (("save", saves), ("load", loads)):
        seconds, shares = zip(*turns, strict=True)
        print(f"{what}: {median(seconds):.2f} s, digests {median(shares):.0%} of it")


if __name__ == "__main__":
    main()
