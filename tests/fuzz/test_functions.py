"""All functions and methods with values that nobody meant for their arguments, on tiny models and real rows."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bertmagic as bm
from bertmagic.events import Ended, Evaluated, Phase, Step
from bertmagic.options import COMMANDS, table

from ..small import ROWS, documents
from .odd import Own, odd
from .rule import answers, quick

NOT_ASKED = {"on_event", "show", "background", "self", "sources", "started", "guard", "place", "names"}
"""Arguments that take code, or change how a call goes on."""


def before_loading(event):
    """End a run as the user's own code may: once its data is read and checked."""
    if isinstance(event, Phase) and event.what.startswith("loading"):
        raise Own


def after_a_step(event):
    """End a run after its first step."""
    if isinstance(event, Step | Evaluated | Ended):
        raise Own


def made(encoder, learnt, small, rows, tasks=()):
    """Return calls by name: a function, and arguments with which it answers; further ones for each of some tasks."""
    run = {"model": str(encoder), "show": False, "on_event": before_loading, "max_steps": 1, "precision": "fp32"}
    few = rows[:12]
    named = {"text": "text", "label": "label"}
    calls = {
        "finetune": (bm.finetune, {"train": rows[:40], **named, **run}, COMMANDS["bert_finetune"]),
        "pretrain": (bm.pretrain, {"train": documents(12), **run}, COMMANDS["bert_pretrain"]),
        "tune": (bm.tune, {"train": rows[:40], **named, **run, "lr": bm.log(1e-5, 1e-3), "trials": 1},
                 COMMANDS["bert_tune"]),
        "check": (bm.check, {"data": few, **named, "model": str(encoder)}, None),
        "compare": (bm.compare, {"models": [learnt, "majority"], "data": few, "train": rows, "show": False}, None),
        "runs": (bm.runs, {}, None),
        "load": (bm.load, {"ref": str(encoder)}, None),
        "find": (bm.api.find, {"ref": learnt}, None),
        "similar": (bm.similar, {"texts": "good", "among": few.text.tolist(), "model": learnt, "show": False}, None),
        "new_model": (bm.new_model, {"size": "tiny", "vocab_from": documents(12), "vocab_size": 60}, None),
    }  # fmt: skip
    methods = {
        "predict": (learnt, {"texts": few}),
        "embed": (learnt, {"texts": few}),
        "evaluate": (learnt, {"data": rows[:20]}),
        "calibrate": (learnt, {"data": rows[:40]}),
        "attention": (learnt, {"text": "the film was good"}),
        "save": (learnt, {"path": "saved"}),
        "fill": (small("masked_language_modeling"), {"texts": "the [MASK] was good"}),
        "next_sentence": (small("masked_language_modeling"), {"first": "the film", "second": "was good"}),
    }  # fmt: skip
    for name, (model, known) in methods.items():
        calls[f"TextModel.{name}"] = (getattr(model, name), known | ({} if name == "save" else {"show": False}), None)
    for task in tasks:
        data = ROWS[task](12)
        calls[f"predict {task}"] = (small(task).predict, {"texts": data, "show": False}, None)
        calls[f"evaluate {task}"] = (small(task).evaluate, {"data": data, "show": False}, None)
        roles = {"text": ["premise", "hypothesis"], "label": "relation"} if task == "pairs" else {}
        calls[f"finetune {task}"] = (bm.finetune, {"train": ROWS[task](40), **roles, **run}, COMMANDS["bert_finetune"])
    return calls


def arguments(function, command):
    """Return the names of the arguments of a function that are tried."""
    names = [entry.name for entry in table(command.table)] if command else list(inspect.signature(function).parameters)
    return [name for name in names if name not in NOT_ASKED]


@pytest.fixture(scope="module")
def calls(encoder, learnt, small, make_rows):
    return made(encoder, learnt, small, make_rows(80))


@pytest.fixture(scope="module")
def calls_of_all_tasks(encoder, learnt, small, make_rows):
    return made(encoder, learnt, small, make_rows(80), ROWS)


def call(calls, data):
    """Call one function with one or two odd values."""
    name = data.draw(st.sampled_from(sorted(calls)))
    function, known, command = calls[name]
    chosen = data.draw(st.lists(st.sampled_from(arguments(function, command)), min_size=1, max_size=2, unique=True))
    given = {one: data.draw(odd, label=one) for one in chosen}
    answers(function, **known | {one: value.make() for one, value in given.items()})


@quick(30)
@given(st.data())
def test_a_function_answers(calls, data):
    call(calls, data)


@pytest.mark.soak
@quick(10_000)
@given(st.data())
def test_a_function_answers_at_length(calls_of_all_tasks, data):
    call(calls_of_all_tasks, data)
