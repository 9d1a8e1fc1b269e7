"""What all tests share: a folder of their own, no network, a tiny real BERT and rows that it can learn."""

import gc
import os
import shutil
import socket
import tempfile

import pytest

from . import forks

# Read when the libraries are first imported, and inherited by kernels and other child processes. Products as small as
# the tests' gain nothing from threads, and lose a lot where another worker has the cores.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="bertmagic-hub-")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

FIRST = (
    "browser", "notebooks", "kernel", "test_resume", "test_panel", "test_architectures", "test_search", "test_recorder",
)  # fmt: skip
"""Folders and modules that take longest. They begin first, so that all workers end at about the same time."""

GOOD = ("good", "great", "fine", "lovely", "superb", "nice")
BAD = ("bad", "awful", "poor", "dull", "broken", "sad")
THINGS = ("film", "book", "phone", "story", "cable", "ending", "plot", "picture", "sound", "price", "room")
WORDS = (
    *GOOD,
    *BAD,
    *THINGS,
    "the",
    "a",
    "was",
    "is",
    "very",
    "this",
    "we",
    "had",
    "really",
    "and",
    "it",
    "long",
    "not",
)
FORMS = ("the {0} was {1}", "this {0} is very {1}", "really {1} {0} and it was long", "we had a {1} {0}")


def pytest_configure(config):
    """Begin with the imports of `forks` where tests run in parallel; their processes find it by a variable."""
    if config.getoption("numprocesses", None):
        forks.address()


def pytest_unconfigure():
    shutil.rmtree(os.environ["HF_HOME"], ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep all tests of a browser on one worker, and else a module's: they share fixtures (``--dist loadfile``)."""
    from xdist.scheduler import LoadFileScheduling

    scheduler = LoadFileScheduling(config, log)
    module = scheduler._split_scope
    scheduler._split_scope = lambda test: "browser" if test.startswith("tests/browser/") else module(test)
    return scheduler


def pytest_collection_modifyitems(items):
    """Begin with the longest."""

    def place(item):
        names = item.path.parent.name, item.path.stem
        return min((FIRST.index(name) for name in names if name in FIRST), default=len(FIRST))

    items.sort(key=place)


def pytest_collection_finish():
    """Keep the garbage collector off what stays until the end: modules, classes and tests, a million objects."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def real_draws():
    """Draw 200 times for an interval, which is enough to have one; return how many draws there really are."""
    from bertmagic.evaluation import bootstrap

    real = bootstrap.RESAMPLES
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "RESAMPLES", 200)
        yield real


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Run in a folder of the test's own, with the runs of bertmagic in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BERTMAGIC_HOME", str(tmp_path / ".bertmagic"))
    return tmp_path


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Refuse connections that leave this machine; kernels and local servers are reached as ever."""
    connect = socket.socket.connect

    def local_only(self, address):
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "localhost", "::1", "0.0.0.0"):
            pytest.fail(f"a test tried to reach {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", local_only)


@pytest.fixture(scope="session")
def tokenizer():
    """A WordPiece tokenizer that knows `WORDS`, letters and digits, and the common Chinese 好."""
    from transformers import BertTokenizer

    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,!?'好"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *("##" + c for c in letters), *WORDS]
    return BertTokenizer(vocab={piece: i for i, piece in enumerate(dict.fromkeys(pieces))}, model_max_length=64)


@pytest.fixture(scope="session")
def bert_config(tokenizer):
    """The config of the tiny BERT, as keywords: 2 layers, 32 wide, 64 tokens."""
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 64,
    }


@pytest.fixture(scope="session")
def encoder(tmp_path_factory, tokenizer, bert_config):
    """The folder of a tiny BERT without a head, as transformers saves it."""
    import torch
    from transformers import BertConfig, BertModel

    with torch.random.fork_rng():
        torch.manual_seed(7)
        model = BertModel(BertConfig(**bert_config))
    folder = tmp_path_factory.mktemp("models") / "tiny"
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def make_rows():
    """Return a function that makes ``count`` rows, all of them different: ``text``, ``label``, ``thing``."""
    import numpy as np
    import pandas as pd

    def make(count=120, seed=0, labels=("bad", "good")):
        generator = np.random.default_rng(seed)
        rows = []
        for number in range(count):
            good = number % 2
            thing = THINGS[int(generator.integers(len(THINGS)))]
            word = (BAD, GOOD)[good][int(generator.integers(6))]
            text = FORMS[int(generator.integers(len(FORMS)))].format(thing, word) + f" {number} {chr(97 + seed)}"
            rows.append({"text": text, "label": labels[good], "thing": thing})
        return pd.DataFrame(rows)

    return make


@pytest.fixture
def rows(make_rows):
    """120 rows of two classes that the tiny BERT can learn."""
    return make_rows()


@pytest.fixture(scope="session")
def learnt(tmp_path_factory, encoder, make_rows):
    """A model that has learnt `rows`, made once; its folder lies outside of the tests' own."""
    import bertmagic as bm

    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTMAGIC_HOME", str(home))
        return bm.finetune(
            make_rows(400), text="text", label="label", model=encoder, name="learnt", lr=2e-3, epochs=8,
            precision="fp32", pooling="first", validation=0.1, show=False,
        )  # fmt: skip


@pytest.fixture(scope="session")
def small(tmp_path_factory, encoder):
    """Return a function from the name of a task, or ``pairs``, to a model that has learnt it for a step, made once."""
    from functools import cache

    import bertmagic as bm

    from .small import ROWS, documents

    home = tmp_path_factory.mktemp("home")

    @cache
    def model(kind):
        known = {"model": encoder, "name": kind, "max_steps": 1, "precision": "fp32", "show": False, "validation": 0}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BERTMAGIC_HOME", str(home))
            if kind == "masked_language_modeling":
                return bm.pretrain(documents(), **known)
            roles = {"text": ["premise", "hypothesis"], "label": "relation"} if kind == "pairs" else {}
            pooling = {} if kind == "question_answering" else {"pooling": "first"}
            return bm.finetune(ROWS[kind](), **roles, **known, **pooling)

    return model
