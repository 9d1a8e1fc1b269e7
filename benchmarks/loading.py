"""What ``%load_ext bertmagic`` costs over plain IPython: medians of interleaved starts of a fresh interpreter."""

from __future__ import annotations

import statistics
import subprocess
import sys

SHELL = (
    "from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance(); "
    "import time; t = time.perf_counter(); "
)
LOAD = "s.run_line_magic('load_ext', 'bertmagic'); "
SAY = "print(time.perf_counter() - t)"
ROUNDS = 15


def seconds(code: str) -> float:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    plain, loaded = [], []
    for _ in range(ROUNDS):
        plain.append(seconds(SHELL + SAY))
        loaded.append(seconds(SHELL + LOAD + SAY))
    cost = 1000 * (statistics.median(loaded) - statistics.median(plain))
    print(f"%load_ext bertmagic: {cost:.0f} ms over plain IPython (median of {ROUNDS}; to stay under: 150 ms)")


if __name__ == "__main__":
    main()
