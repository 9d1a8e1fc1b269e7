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


IN_PARTS = """
import resource, sys
import pandas as pd
import bertmagic as bm

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

model, rows, part = bm.load(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
with open("rows.csv", "w") as file:
    file.write("text\\n")
    file.writelines(f"the film was {'good' if i % 2 else 'bad'} {i}\\n" for i in range(rows))
done, peaks = 0, []
for table in pd.read_csv("rows.csv", chunksize=part):
    frame = model.predict(table, show=False).frame
    frame.to_csv("labels.csv", mode="a", header=not done, index=False)
    done += len(frame)
    peaks.append(peak())
assert done == rows
with open("labels.csv") as file:
    assert sum(1 for line in file) == rows + 1
few = max(1, len(peaks) // 10)
print(peaks[few] - peaks[0], peaks[-1] - peaks[few])
"""


@pytest.mark.parametrize(("rows", "part"), [(4_000, 200), pytest.param(1_000_000, 10_000, marks=pytest.mark.soak)])
def test_a_file_predicted_in_parts_takes_the_memory_of_a_part(learnt, own_folder, rows, part):
    command = [sys.executable, "-c", IN_PARTS, str(learnt.folder), str(rows), str(part)]
    with forks.popen(command, stdout=subprocess.PIPE, text=True) as process:
        printed, _ = process.communicate()
    assert process.returncode == 0
    first, after = map(int, printed.split())
    print(f"{rows:,} rows in parts of {part:,}: the peak grew by {after:,} bytes after the first tenth")
    # The tenth part has seen what a part takes; the rest of the rows adds a share of a part's own memory at the most.
    assert after < 20e6, (first, after)
