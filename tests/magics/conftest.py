"""A fresh shell with the magics, and a stand-in for `bertmagic.api` that computes nothing.

Its functions, and the methods of its models, are made from the real ones: a call must fit the real signature, and is
recorded as it was asked. Everything else is real: the shell, the options, the errors, the samples and the catalogue.
"""

import functools
import inspect
import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

import bertmagic
from bertmagic import api as real
from bertmagic import errors
from bertmagic.result import Result as ShownResult
from bertmagic.run import jobs
from tests.shells import shell_with


class Result(ShownResult):
    """Stands in for a result of the API."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


def asked(function, *args, **known):
    """Return the arguments of a call by name, without defaults; TypeError if a real function would not take them."""
    signature = inspect.signature(function)
    options = next((name for name, one in signature.parameters.items() if one.kind is one.VAR_KEYWORD), None)
    given = signature.bind(*args, **known).arguments
    return given | given.pop(options, {})


def recorded(function, calls, answer):
    """Return a function with the signature of a real one that notes what it is asked for, and then answers."""

    @functools.wraps(function)
    def call(*args, **known):
        calls.append((function.__name__, None, given := asked(function, *args, **known)))
        return answer(**given)

    return call


def method(function, answer):
    """Return the same for a method of a real class; the one it is called on is noted by its name."""

    @functools.wraps(function)
    def call(self, *args, **known):
        given = asked(function, self, *args, **known)
        self.calls.append((function.__name__, given.pop("self").name, given))
        return answer(**given)

    return call


def result(name):
    return lambda **given: Result(f"what {name} returns")


class TextModel:
    """Stands in for `bertmagic.api.TextModel`, with all of its methods."""

    def __init__(self, name, calls):
        self.name, self.calls = name, calls
        self.folder, self.is_in_folder = Path(name), True

    def __repr__(self):
        return f"<TextModel {self.name}>"


for name, function in inspect.getmembers(real.TextModel, inspect.isfunction):
    if not name.startswith("_"):
        answers = {"save": Path, "unload": lambda: 91_000_000}
        setattr(TextModel, name, method(function, answers.get(name) or result(name)))


class Frame:
    """Stands in for a data frame: columns, and a column as an attribute."""

    def __init__(self, **columns):
        self._columns = columns
        for name, values in columns.items():
            setattr(self, name, values)

    @property
    def columns(self):
        return list(self._columns)

    def __arrow_c_stream__(self, requested_schema=None):
        raise NotImplementedError


def background(api, models, model):
    """The work of a job: it waits for the gate to be opened."""
    assert api.gate.wait(60)
    if api.fails:
        raise api.fails
    models[model.name] = model
    return model


def trainer(api, models, calls):
    """Return what stands in for training: it gives a model at once, a job, or an error."""

    def train(train=None, **options):
        if isinstance(train, str) and not train.startswith("sample:"):
            raise errors.UnknownReference(f"{train!r} is no sample, path or hub id.", "Name one that exists.")
        name = options.get("name") or "run-1"
        if options.get("background"):
            return jobs.start(name, lambda button, emit: background(api, models, TextModel(name, calls)))
        model = models[name] = TextModel(name, calls)
        if options.get("max_steps") == 13:
            raise errors.Interrupted("stopped at step 13 of 13", model)
        return model

    return train


def make_api(calls):
    api = ModuleType("bertmagic.api")
    models = {}

    def find(ref=None):
        if isinstance(ref, TextModel):
            return ref
        if ref is None and models:
            return list(models.values())[-1]
        if ref not in models:
            raise errors.UnknownReference(f"{ref!r} names no model.", "Train one first.")
        return models[ref]

    def load(ref, name=None, **more):
        models[name or str(ref)] = model = TextModel(name or str(ref), calls)
        return model

    train = trainer(api, models, calls)
    answers = {"finetune": train, "pretrain": train, "load": load}
    for name in real.__all__:
        setattr(api, name, recorded(getattr(real, name), calls, answers.get(name) or result(name)))
    vars(api).update(
        gate=threading.Event(), fails=None, TextModel=TextModel, Job=real.Job, find=find, held=lambda: dict(models),
        runs_here=lambda with_model=True: ["monday", "tuesday"] + ([] if with_model else ["wednesday"]),
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
    with shell_with() as shell:
        yield shell


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
