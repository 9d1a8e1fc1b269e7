"""A hundred thousand rows: bounded memory, in order."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests import forks

SCRIPT = """
import resource, sys
import pandas as pd
import bertmagic as bm

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

model = bm.load(sys.argv[1])
texts = pd.Series([f"the film was {'good' if i % 2 else 'bad'} {i}" for i in range(int(sys.argv[2]))])
model.predict(texts[:1000], show=False)
before = peak()
predictions = model.predict(texts, show=False)
assert predictions.frame["text"].tolist() == texts.tolist()
assert predictions.frame["label"].notna().all()
print(peak() - before)
"""


@pytest.mark.parametrize("rows", [5_000, pytest.param(100_000, marks=pytest.mark.soak)])
def test_memory_grows_by_the_rows_alone(learnt, rows):
    command = [sys.executable, "-c", SCRIPT, str(learnt.folder), str(rows)]
    with forks.popen(command, stdout=subprocess.PIPE, text=True) as process:
        printed, _ = process.communicate()
    assert process.returncode == 0
    # Its tokens, its logits and its frame are a few hundred bytes a row; activations are those of one batch.
    assert int(printed) < 50e6 + 2000 * rows
