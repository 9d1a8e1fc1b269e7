"""A fresh shell with the magics, and a stand-in for `bertmagic.api` that needs no torch.

The stand-in has the real signatures and records its calls, so these tests see exactly what a magic asks of the API.
Everything else is real: the shell, the options and their table, the errors, the samples and the catalogue.
"""

import functools
import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import bertmagic
from bertmagic import errors
from bertmagic.magics import register, unregister
from bertmagic.result import Result as ShownResult
from bertmagic.run import jobs


class Result(ShownResult):
    """Stands in for a result of the API."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


class TextModel:
    """Stands in for `bertmagic.api.TextModel`."""

    def __init__(self, name, calls):
        self.name, self.calls = name, calls

    def __repr__(self):
        return f"<TextModel {self.name}>"

    def predict(self, texts=None, *, text=None, file=None, **columns):
        self.calls.append(("predict", self.name, {"texts": texts, "text": text, "file": file, **columns}))
        return Result("the predictions")

    def evaluate(self, data, *, text=None, label=None, by=()):
        self.calls.append(("evaluate", self.name, {"data": data, "text": text, "label": label, "by": by}))
        return Result("the report")

    def fill(self, texts=None, *, top_k=5, candidates=(), text=None, file=None):
        self.calls.append(("fill", self.name, {"texts": texts, "top_k": top_k, "candidates": candidates}))
        return Result("the words")

    def next_sentence(self, first, second):
        self.calls.append(("next_sentence", self.name, {"first": first, "second": second}))
        return Result("the probability")

    def save(self, path):
        self.calls.append(("save", self.name, {"path": path}))
        return Path(path)

    def unload(self):
        self.calls.append(("unload", self.name, {}))
        return 91_000_000


class Frame:
    """Stands in for a data frame: columns, and a column as an attribute."""

    def __init__(self, **columns):
        self._columns = columns
        for name, values in columns.items():
            setattr(self, name, values)

    @property
    def columns(self):
        return list(self._columns)


def background(api, models, model):
    """The work of a job: it waits for the gate to be opened."""
    assert api.gate.wait(60)
    if api.fails:
        raise api.fails
    models[model.name] = model
    return model


def finetune(api, models, calls, train, **options):
    calls.append(("finetune", None, {"train": train, **options}))
    if isinstance(train, str) and not train.startswith("sample:"):
        raise errors.UnknownReference(f"{train!r} is no sample, path or hub id.", "Name one that exists.")
    name = options.get("name") or "run-1"
    if options.get("background"):
        return jobs.start(name, lambda button, emit: background(api, models, TextModel(name, calls)))
    model = models[name] = TextModel(name, calls)
    if options.get("max_steps") == 13:
        raise errors.Interrupted("stopped at step 13 of 13", model)
    return model


def make_api(calls):
    api = ModuleType("bertmagic.api")
    models = {}

    def find(ref):
        if isinstance(ref, TextModel):
            return ref
        if ref is None and models:
            return list(models.values())[-1]
        if ref not in models:
            raise errors.UnknownReference(f"{ref!r} names no model.", "Train one first.")
        return models[ref]

    def load(ref, *, name=None, device=None, precision="auto"):
        calls.append(("load", None, {"ref": ref, "name": name, "device": device, "precision": precision}))
        model = models[name or str(ref)] = TextModel(name or str(ref), calls)
        return model

    def check(data, *, text=None, label=None, model="minilm", max_length=None):
        given = {"data": data, "text": text, "label": label, "model": model, "max_length": max_length}
        calls.append(("check", None, given))
        return Result("the data report")

    vars(api).update(
        gate=threading.Event(), fails=None,
        TextModel=TextModel, finetune=functools.partial(finetune, api, models, calls),
        pretrain=functools.partial(finetune, api, models, calls),
        find=find, load=load, check=check,
        held=lambda: dict(models),
        runs_here=lambda with_model=True: ["monday", "tuesday"] + ([] if with_model else ["wednesday"]),
        compare=lambda models, data, **more: calls.append(("compare", None, {"models": models, "data": data, **more}))
        or Result("the comparison"),
        runs=lambda **asked: calls.append(("runs", None, asked)) or Result("the runs"),
        catalogue=lambda: Result("the catalogue"), status=lambda: Result("the status"),
    )  # fmt: skip
    return api


@pytest.fixture
def calls():
    return []


@pytest.fixture
def shown():
    return []


@pytest.fixture(autouse=True)
def api(monkeypatch, calls, shown):
    api = make_api(calls)
    monkeypatch.setattr("bertmagic.models.devices.release", lambda: None)
    publish = ModuleType("bertmagic.display.publish")
    publish.show = shown.append
    monkeypatch.setitem(sys.modules, "bertmagic.api", api)
    monkeypatch.setattr(bertmagic, "api", api, raising=False)
    monkeypatch.setitem(sys.modules, "bertmagic.display.publish", publish)
    yield api
    api.gate.set()
    for job in jobs.running().values():
        job.join(60)


@pytest.fixture
def shell():
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config)
    register(shell)
    yield shell
    unregister(shell)
    InteractiveShell.clear_instance()


@pytest.fixture
def reviews(shell):
    frame = Frame(review=["good", "bad"], stars=[5, 1], language=["en", "de"])
    shell.user_ns["reviews"] = frame
    return frame


@pytest.fixture
def run(shell, capsys):
    """Run a cell; return its result, what it printed, and its error with the lines shown for it."""

    def run(cell):
        outcome = shell.run_cell(cell, store_history=True)
        printed = capsys.readouterr().out
        return SimpleNamespace(
            result=outcome.result, out=printed, error=outcome.error_in_exec or outcome.error_before_exec
        )

    return run
