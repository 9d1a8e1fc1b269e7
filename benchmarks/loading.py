"""What a user waits for: ``%load_ext bertmagic``, the first sign of a cell and the first step; and the panel's cost.

    python benchmarks/loading.py [signs]

With ``signs`` only the first signs: in each of five fresh kernels, for each magic, the seconds from the request of the
first cell after ``%load_ext`` to the first output that reaches the front end.

Loading: medians of interleaved starts of a fresh interpreter, over plain IPython. First step: from the call of
``bm.finetune`` on ``sample:reviews`` to the end of the first step, in a process that has trained before. Panel: what
its listener takes of a second in which 200 steps arrive, drawing and JSON of each frame included.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

SHELL = (
    "from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance(); "
    "import time; t = time.perf_counter(); "
)
LOAD = "s.run_line_magic('load_ext', 'bertmagic'); "
SAY = "print(time.perf_counter() - t)"
ROUNDS = 15
STEPS_A_SECOND = 200


def seconds(code: str) -> float:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def loading() -> None:
    plain, loaded = [], []
    for _ in range(ROUNDS):
        plain.append(seconds(SHELL + SAY))
        loaded.append(seconds(SHELL + LOAD + SAY))
    cost = 1000 * (statistics.median(loaded) - statistics.median(plain))
    print(f"%load_ext bertmagic: {cost:.0f} ms over plain IPython (median of {ROUNDS}; to stay under: 150 ms)")


def first_step() -> None:
    import bertmagic as bm
    from bertmagic.events import Step

    waits: list[float] = []
    for _ in range(4):
        began, seen = time.perf_counter(), []

        def listen(event: object, seen: list[float] = seen) -> None:
            if isinstance(event, Step) and not seen:
                seen.append(time.perf_counter())

        bm.finetune("sample:reviews", label="sentiment", max_steps=2, name="loading", on_event=listen, show=False)
        waits.append(seen[0] - began)
    later = statistics.median(waits[1:])
    print(f"first step: {waits[0]:.1f} s in a fresh process, {later:.2f} s in a warm one (to stay under: 3 s)")


SIGNS = {
    "%%bert_finetune": "%%bert_finetune one\ntrain = 'sample:reviews'\nlabel = 'sentiment'",
    "%bert_data": "%bert_data sample:reviews",
    "%bert_load": "%bert_load minilm",
    "%bert_models": "%bert_models sample:reviews",
    "%bert_panel": "%bert_panel sample:reviews",
    "bm.panel": "import bertmagic as bm\nbm.panel('sample:reviews')",
}
KERNELS = 5


def first_sign(code: str) -> float:
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        client.execute_interactive("%load_ext bertmagic", timeout=120, output_hook=lambda message: None)
        asked, began = client.execute(code), time.perf_counter()
        while True:
            message = client.get_iopub_msg(timeout=120)
            if message["parent_header"].get("msg_id") == asked and message["msg_type"] in SHOWS:
                return time.perf_counter() - began
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


SHOWS = ("display_data", "execute_result", "error", "stream")


def first_signs() -> None:
    for name, code in SIGNS.items():
        waits = [first_sign(code) for _ in range(KERNELS)]
        each = ", ".join(f"{wait:.2f}" for wait in waits)
        print(
            f"first sign of {name}: {statistics.median(waits):.2f} s in a fresh kernel ({each}; to stay under: 0.3 s)"
        )


def panel() -> None:
    from bertmagic.display import publish
    from bertmagic.events import Started, Step

    class Screen:
        """Takes frames as a notebook would: as JSON."""

        frames = 0
        size = 0

        def show(self, bundle: dict[str, object]) -> None:
            self.frames += 1
            self.size = max(self.size, len(json.dumps(bundle)))

        below = show

    screen, steps = Screen(), 20 * STEPS_A_SECOND
    live = publish.listener(screen=screen)
    live(Started("run", "classification", "minilm", 32 * steps, 0, steps, 1.0, "cpu", "bf16", "macro_f1", True))
    spent, began = 0.0, time.perf_counter()
    for step in range(1, steps + 1):
        time.sleep(max(0.0, began + step / STEPS_A_SECOND - time.perf_counter()))
        event = Step(step, step / steps, 0.7 / step, 1e-4, 1.0, 32, 400, 420, time.perf_counter() - began, 10**9)
        before = time.thread_time()
        live(event)
        spent += time.thread_time() - before
    share = spent / (time.perf_counter() - began)
    print(f"panel at {STEPS_A_SECOND} steps a second: {share:.2%} of the time for {screen.frames} frames of at most "
          f"{screen.size / 1000:.1f} kB (to stay under: 1 %)")  # fmt: skip


def main() -> None:
    first_signs()
    if sys.argv[1:] == ["signs"]:
        return
    loading()
    panel()
    first_step()


if __name__ == "__main__":
    main()
