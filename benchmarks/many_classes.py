"""Memory of a run with thousands of classes, and of an evaluation afterwards.

    python benchmarks/many_classes.py [--classes 5000] [--rows 10000] [--test 5000] [--steps 20] [--model minilm]

Each class has ``rows / classes`` training texts of four words. Printed are two peaks of the memory of the process:
that of ``bm.finetune`` with its report and the display of it, above what a small run with the same encoder left, so
that libraries and buffers are not counted; and that of ``model.evaluate``, above what the process held before it.
``--model tiny`` takes a BERT of two layers, made here. Linux only.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path
from typing import Any

from growth import measured, write_encoder


def table(rows: int, classes: int, first: int = 0) -> Any:
    """Return texts whose first two words name their class; ``first`` is the number of the first row."""
    import pandas as pd

    words = [f"word{number}" for number in range(3000)]
    numbers = range(first, first + rows)
    texts = [f"{words[n % classes % 3000]} {words[n % classes * 7 % 3000]} {words[n * 31 % 3000]} {n}" for n in numbers]
    return pd.DataFrame({"text": texts, "label": [f"class {number % classes}" for number in numbers]})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, default=5000)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--test", type=int, default=5000)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--model", default="minilm")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        os.environ["BERTMAGIC_HOME"] = str(Path(name) / "runs")
        import bertmagic as bm

        encoder = options.model
        if encoder == "tiny":
            encoder = str(Path(name) / "tiny")
            write_encoder(Path(encoder))
        columns: dict[str, Any] = {"text": "text", "label": "label", "model": encoder, "show": False}
        small = bm.finetune(table(100, 2), test=table(60, 2, 100), max_steps=2, **columns)
        small.report._repr_mimebundle_()
        del small
        train, test = table(options.rows, options.classes), table(options.test, options.classes, options.rows)
        with measured() as run:
            model = bm.finetune(train, test=test, max_steps=options.steps, name="many", **columns)
            model.report._repr_mimebundle_()
        with measured() as again:
            model.evaluate(test, show=False)._repr_mimebundle_()
    for what, usage in (("finetune and its report", run), ("evaluate", again)):
        print(f"{what}: {usage['peak_mb']:,.0f} MB above what was held before, {usage['seconds']:.0f} s")


if __name__ == "__main__":
    main()
