"""How near the estimates of time and memory come to what then happens, over 12 settings.

    python benchmarks/estimates.py [--out FILE]

MiniLM on `sample:reviews`, each text joined with others where a setting wants long ones. Each setting has a fresh
process: it takes the estimate, from a calibration of this machine that is made once a kind of model, then runs for one
epoch, and measures its seconds (all steps and the evaluation at its end; the first step, which also loads and clears
what is then there for all epochs, counts as the mean of the others) and the peak of the process's memory (``VmHWM``)
above what it had before. Linux only.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import throughput

OUT = Path(__file__).parent / "results" / "estimates.json"
SETTINGS = [
    {"rows": 600, "joined": 1, "batch_size": 8, "max_length": 32},
    {"rows": 600, "joined": 1, "batch_size": 32, "max_length": 32},
    {"rows": 480, "joined": 1, "batch_size": 64, "max_length": 64},
    {"rows": 160, "joined": 4, "batch_size": 16, "max_length": 128},
    {"rows": 240, "joined": 4, "batch_size": 32, "max_length": 128},
    {"rows": 80, "joined": 10, "batch_size": 8, "max_length": 256},
    {"rows": 96, "joined": 10, "batch_size": 16, "max_length": 256},
    {"rows": 48, "joined": 20, "batch_size": 8, "max_length": 512},
    {"rows": 480, "joined": 1, "batch_size": 32, "max_length": 64, "adapt": "lora"},
    {"rows": 900, "joined": 1, "batch_size": 32, "max_length": 64, "freeze": "encoder"},
    {"rows": 240, "joined": 4, "batch_size": 32, "max_length": 128, "freeze": 3},
    {"rows": 160, "joined": 4, "batch_size": 16, "max_length": 128, "gradient_checkpointing": True},
]
"""Options of a run, how many rows it is given, and how many reviews each of their texts has."""


def status(name: str) -> int:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024


def measure(setting: dict[str, Any]) -> dict[str, float]:
    """Take one setting's estimate, run it, and return both; in a process of its own."""
    import pandas as pd

    import bertmagic as bm
    from bertmagic.events import Evaluated, Step
    from bertmagic.models import devices
    from bertmagic.options import Finetune
    from bertmagic.tuning import estimates

    rows, joined = setting.pop("rows"), setting.pop("joined")
    frame = pd.DataFrame(bm.samples.load("reviews", "train")).sample(rows, random_state=0)
    texts = frame["review"].tolist()
    frame["review"] = [" ".join(texts[(at + k) % rows] for k in range(joined)) for at in range(rows)]
    known: dict[str, Any] = {"text": "review", "label": "sentiment", "epochs": 1, **setting}
    options = Finetune(train=frame, **known)
    began = time.perf_counter()
    about = estimates.subject(options)
    calibrated = time.perf_counter() - began
    estimate = estimates.estimate(options, about)
    devices.release()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = status("VmRSS")
    events: list[Any] = []
    bm.finetune(frame, show=False, on_event=events.append, **known)
    steps = [event for event in events if isinstance(event, Step)]
    evaluation = next(event for event in events if isinstance(event, Evaluated))
    return {
        "estimated_seconds": estimate.epoch_seconds,
        "seconds": (steps[-1].seconds - steps[0].seconds) * len(steps) / (len(steps) - 1) + evaluation.seconds,
        "estimated_bytes": estimate.bytes,
        "bytes": status("VmHWM") - before,
        "subject_seconds": calibrated,
        "steps": len(steps),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        return print(json.dumps(measure(json.loads(given.one))))
    results = []
    with tempfile.TemporaryDirectory() as home:
        for setting in SETTINGS:
            command = [sys.executable, __file__, "--one", json.dumps(setting)]
            known = {**os.environ, "BERTMAGIC_HOME": home}
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=known)
            row = {**setting, **json.loads(done.stdout.splitlines()[-1])}
            results.append(row)
            seconds, memory = (row[f"estimated_{what}"] / row[what] for what in ("seconds", "bytes"))
            print(f"{json.dumps(setting)}: time {seconds:.2f}, memory {memory:.2f} of what it took", flush=True)
    given.out.write_text(json.dumps({"machine": throughput.processor(), "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
