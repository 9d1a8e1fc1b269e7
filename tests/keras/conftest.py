"""Tests with TensorFlow, which is large: `make keras` runs them in an environment of its own."""

import json
import os
import subprocess
import sys

import pytest

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
START = """
import json, sys
import numpy as np
import tensorflow as tf
assert not {"torch", "transformers", "bertmagic"} & set(sys.modules)
answer = None
"""


@pytest.fixture(scope="session")
def tensorflow_only(tmp_path_factory):
    """A function that runs code in a process with TensorFlow and without us, and returns what it calls ``answer``."""
    folder = tmp_path_factory.mktemp("tensorflow")

    def run(code, **values):
        script, out = folder / "script.py", folder / "answer.json"
        given = "".join(f"{name} = {value!r}\n" for name, value in values.items())
        script.write_text(f"{START}{given}{code}\nopen({str(out)!r}, 'w').write(json.dumps(answer))\n", "utf-8")
        done = subprocess.run(
            [sys.executable, "-P", str(script)], capture_output=True, text=True, cwd=folder, env=os.environ | QUIET
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(out.read_text("utf-8"))

    return run
