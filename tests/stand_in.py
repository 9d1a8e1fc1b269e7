"""A small model that answers to the name `minilm`: what cells of documents and notebooks are tried with.

It has the tokenizer, the layers and the heads of MiniLM, and is an eighth as wide if nothing else is asked for, so that
the cells take a few seconds instead of minutes. Its weights are random: what a model learns is tested elsewhere, and by
`make soak`.
"""

import hashlib
import shutil
from pathlib import Path

CELL = """
import pathlib, sys
from bertmagic.evaluation import bootstrap
from bertmagic.models import catalogue
from bertmagic.tuning import calibration
from bertmagic.workflows import explain_benchmark, overview
sys.path.insert(0, {packages!r})
catalogue.MINILM_FILES = {{"model.safetensors": {digest!r}}}
bootstrap.RESAMPLES, calibration._REPEATS = 200, 1
explain_benchmark.ROWS, overview.PASSES = 6, 300
"""
"""What a kernel runs first. Intervals, timings and means are rough: what they say is tested elsewhere."""


def write(packages, **sizes):
    """Write the package with the small model into a folder; return the cell that makes a kernel find it there.

    Sizes are entries of the config of a BERT.
    """
    import torch
    from transformers import BertConfig, BertModel

    from bertmagic.models import catalogue

    real = catalogue.packaged("minilm")
    folder = Path(packages) / catalogue.MINILM_PACKAGE / "model"
    shutil.copytree(real, folder, ignore=shutil.ignore_patterns("*.safetensors", "config.json", "README.md"))
    (folder.parent / "__init__.py").touch()
    config = BertConfig.from_pretrained(real, **{"hidden_size": 48, "intermediate_size": 96} | sizes)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        BertModel(config).save_pretrained(folder)
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    return CELL.format(packages=str(packages), digest=digest)
