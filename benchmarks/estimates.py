"""How near the estimates of time and memory come to what then happens, over 12 settings.

    python benchmarks/estimates.py [--out FILE] [--steps 24]

MiniLM on `sample:reviews`, each text joined with others where a setting wants long ones. Each setting has a fresh
process: it takes the estimate, from a calibration of this machine that is made once, then runs, and measures seconds a
step (the median of the second half) and the peak of its memory (``VmHWM``) above what it had before. Linux only.
"""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

OUT = Path(__file__).parent / "results" / "estimates.json"
SETTINGS = [
    {"batch_size": 8, "max_length": 32, "joined": 1},
    {"batch_size": 32, "max_length": 32, "joined": 1},
    {"batch_size": 64, "max_length": 64, "joined": 1},
    {"batch_size": 16, "max_length": 128, "joined": 4},
    {"batch_size": 32, "max_length": 128, "joined": 4},
    {"batch_size": 8, "max_length": 256, "joined": 10},
    {"batch_size": 16, "max_length": 256, "joined": 10},
    {"batch_size": 8, "max_length": 512, "joined": 20},
    {"batch_size": 32, "max_length": 64, "joined": 1, "adapt": "lora"},
    {"batch_size": 32, "max_length": 64, "joined": 1, "freeze": "encoder"},
    {"batch_size": 32, "max_length": 64, "joined": 1, "precision": "fp32"},
    {"batch_size": 16, "max_length": 128, "joined": 4, "gradient_checkpointing": True},
]
"""Options of a run; ``joined`` is how many reviews a text has."""


def status(name: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


def measure(setting: dict[str, object], steps: int) -> dict[str, object]:
    """Take one setting's estimate, run it, and return both; in a process of its own."""
    import pandas as pd

    import bertmagic as bm
    from bertmagic.data.samples import names  # noqa: F401 - the sample is there
    from bertmagic.models import devices
    from bertmagic.options import Finetune
    from bertmagic.training.events import Step
    from bertmagic.tuning import estimates

    joined = int(str(setting.pop("joined")))
    frame = pd.DataFrame(bm.samples.load("reviews", "train"))
    texts = frame["review"].tolist()
    rows = frame.assign(
        review=[" ".join(texts[(at + k) % len(texts)] for k in range(joined)) for at in range(len(texts))]
    )
    known = {"text": "review", "label": "sentiment", "max_steps": steps, **setting}
    options = Finetune(train=rows, **known)
    found = estimates.estimate(options, estimates.subject(options))
    devices.release()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, told = status("VmRSS"), []
    bm.finetune(
        rows, show=False, on_event=lambda event: told.append(event) if isinstance(event, Step) else None, **known
    )
    seconds = [later.seconds - sooner.seconds for sooner, later in itertools.pairwise(told)]
    a_step = (found.seconds / found.steps) if found.steps else 0.0
    return {
        "estimated_step": a_step, "step": statistics.fmean(seconds[len(seconds) // 3 :]),
        "estimated_bytes": found.bytes, "bytes": status("VmHWM") - before,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        return print(json.dumps(measure(json.loads(given.one), given.steps)))
    results = []
    with tempfile.TemporaryDirectory() as home:
        for setting in SETTINGS:
            command = [sys.executable, __file__, "--steps", str(given.steps), "--one", json.dumps(setting)]
            done = subprocess.run(
                command, capture_output=True, text=True, check=True, env={**_environment(), "BERTMAGIC_HOME": home}
            )
            found = {**setting, **json.loads(done.stdout.splitlines()[-1])}
            results.append(found)
            time_, memory = found["estimated_step"] / found["step"], found["estimated_bytes"] / found["bytes"]
            print(f"{json.dumps(setting):90} time {time_:.2f} of what it took, memory {memory:.2f}", flush=True)
    given.out.write_text(
        json.dumps({"machine": platform.processor() or platform.machine(), "results": results}, indent=1) + "\n"
    )


def _environment() -> dict[str, str]:
    import os

    return dict(os.environ)


if __name__ == "__main__":
    main()
