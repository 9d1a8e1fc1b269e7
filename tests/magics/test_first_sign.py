"""In a fresh kernel the first thing that a magic does is to show that it works: PyTorch takes seconds to import."""

import json
import subprocess
import sys

import pytest

WATCHED = """
import json, sys
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

events = []

class Publisher(DisplayPublisher):
    def publish(self, data, **known):
        events.append("shown" if data["text/plain"] else "cleared")

class Cut(BaseException):
    pass

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name in ("torch", "transformers", "datasets", "pandas"):
            events.append(name)
        if name == "torch":
            raise Cut

shell = InteractiveShell.instance()
shell.kernel, shell.display_pub = object(), Publisher()
shell.run_line_magic("load_ext", "bertmagic")
sys.meta_path.insert(0, Finder())
for name, typed, cell in json.loads(sys.argv[1]):
    events.clear()
    try:
        shell.run_line_magic(name, typed) if cell is None else shell.run_cell_magic(name, typed, cell)
    except Cut:
        pass
    print(json.dumps(events))
"""
"""Runs magics in a process that never gets PyTorch, and prints for each in what order it shows and imports."""

HEAVY = {
    "finetune": ("bert_finetune", "one", "train = 'sample:reviews'"),
    "pretrain": ("bert_pretrain", "one", "train = 'sample:reviews'"),
    "search": ("bert_tune", "one", "train = 'sample:reviews'\nlr = log(1e-5, 1e-3)"),
    "learning-rate finder": ("bert_tune", "one --train sample:reviews --lr-find", None),
    "data": ("bert_data", "sample:reviews", None),
    "load": ("bert_load", "minilm", None),
    "advice": ("bert_models", "sample:reviews", None),
    "predict": ("bert_predict", "'a film' -m minilm", None),
    "attention": ("bert_attention", "'a film' -m minilm", None),
    "explain": ("bert_explain", "'a film' -m minilm", None),
    "compare": ("bert_compare", "one two sample:reviews", None),
    "panel": ("bert_panel", "sample:reviews", None),
    "status": ("bert_status", "", None),
}
LIGHT = {"catalogue": ("bert_models", "", None), "runs": ("bert_runs", "", None)}


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    """What each magic showed and imported, in order."""
    asked = json.dumps([*HEAVY.values(), *LIGHT.values()])
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, asked], capture_output=True, text=True, check=True,
        cwd=tmp_path_factory.mktemp("fresh"),
    )  # fmt: skip
    return dict(zip([*HEAVY, *LIGHT], map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("name", HEAVY)
def test_it_shows_something_before_it_imports_anything_large(events, name):
    assert events[name][0] == "shown"
    assert "torch" in events[name]


@pytest.mark.parametrize("name", LIGHT)
def test_what_needs_no_torch_shows_no_bar(events, name):
    assert events[name] == []
