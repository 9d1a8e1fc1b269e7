"""A script and IPython in a terminal: lines of text, no HTML, and nothing that needs a kernel."""

import os
import re
import subprocess
import sys

import pytest

from .. import forks

SCRIPT = """
import sys
import bertmagic as bm

train, test = bm.samples.load("reviews", "train").head(60), bm.samples.load("reviews", "test").head(40)
model = bm.finetune(train, text="review", label="sentiment", model=sys.argv[1], max_steps=2, baselines=False)
print(model.predict(["I would buy it again"]))
model.evaluate(test, by=["language"])
print(model.save("models/sentiment"))
print("IPython" in sys.modules)
"""

TYPED = """%load_ext bertmagic
%bert_predict "I would buy it again" -m models/sentiment
%bert_attention "it was good" -m models/sentiment
%bert_panel sample:reviews -m models/sentiment
%bert_evaluate sample:review -m models/sentiment
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("terminal")


@pytest.fixture(scope="module")
def printed(folder, encoder):
    """What a script prints, on both streams."""
    command = [sys.executable, "-c", SCRIPT, str(encoder)]
    env = {**os.environ, "BERTMAGIC_HOME": ""}
    with forks.popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder, env=env
    ) as script:
        out, _ = script.communicate()
    assert script.returncode == 0, out
    return out


def test_a_script_prints_lines(printed):
    assert re.search(r"step +2", printed)
    assert "accuracy" in printed
    assert "1 prediction by model" in printed
    assert "<div" not in printed
    assert "\x1b" not in printed
    assert printed.splitlines()[-1] == "False", "a script does not pay for IPython"


def test_a_terminal_prints_words(printed, folder):
    env = {**os.environ, "BERTMAGIC_HOME": "", "IPYTHONDIR": str(folder / "ipython"), "TERM": "dumb"}
    flags = ["--simple-prompt", "--no-banner", "--no-confirm-exit", "--colors=NoColor", "--no-autoindent"]
    command = [sys.executable, "-m", "IPython", *flags]
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with forks.popen(command, text=True, cwd=folder, env=env, **streams) as terminal:
        out, _ = terminal.communicate(TYPED)
    assert "1 prediction by sentiment" in out
    assert "Attention of sentiment" in out
    assert "Panel for fine-tuning" in out
    assert "Did you mean 'reviews'?" in out
    assert "Traceback" not in out
    assert "<div" not in out
