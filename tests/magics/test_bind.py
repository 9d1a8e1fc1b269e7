import gc
import sys
import weakref

import pytest

from bertmagic.errors import OptionError, UnknownReference
from bertmagic.magics import bind


@pytest.mark.parametrize(
    ("reference", "name"),
    [
        ("sentiment", "sentiment"),
        ("models/Sentiment/", "Sentiment"),
        ("C:\\models\\a b", "a_b"),
        ("owner/bert-base.v2", "bert_base_v2"),
        ("3-label", "model_3_label"),
        ("class", "model_class"),
        ("..", "model"),
    ],
)
def test_identifiers(reference, name):
    assert bind.identifier(reference) == name


def test_guard(api):
    bind.guard("free", {})
    bind.guard("model", {"model": api.TextModel("x", [])})
    bind.guard_python("list", {"list": [1]})  # it is hidden already
    for check in (bind.guard, bind.guard_python):
        with pytest.raises(OptionError, match="'print' is a name of Python itself"):
            check("print", {"x": 1})
    with pytest.raises(OptionError, match=r"variable 'df' holds a value of type dict, not a model.*\n.*del df"):
        bind.guard("df", {"df": {}})


def test_unload_leaves_no_reference(run, shell, reviews, calls):
    run("%bert_finetune clf --train reviews")
    run("other = clf; clf")
    run("1 / 0")
    model = shell.user_ns["clf"]
    sys.last_value = ValueError(model)
    outcome = run("%bert_unload clf")
    assert outcome.error is None
    assert outcome.out == "clf is unloaded; 91 MB were freed.\n"
    assert calls[-1][:2] == ("unload", "clf")
    assert [name for name, value in shell.user_ns.items() if value is model] == []
    assert model not in shell.user_ns["Out"].values()
    assert shell.displayhook._ is not model
    assert not hasattr(sys, "last_value")
    assert run("_, 1").error is None


def everywhere(shell, model):
    """Return where IPython or the user still has a model."""
    spaces = {"user": shell.user_ns, "hidden": shell.user_ns_hidden, "Out": shell.user_ns["Out"]}
    places = {f"{where} {name}" for where, space in spaces.items() for name, held in space.items() if held is model}
    hooks = {name for name in ("_", "__", "___") if getattr(shell.displayhook, name, None) is model}
    return places | hooks


def test_a_model_that_is_replaced_is_let_go_of(run, shell, reviews):
    run("%bert_finetune clf --train reviews;")
    run("clf")
    run("clf")
    run("raise ValueError(clf)")
    model = shell.user_ns["clf"]
    assert len(everywhere(shell, model)) > 4
    kept = weakref.ref(model)
    run("%bert_finetune clf --train reviews;")
    assert everywhere(shell, model) == set()
    assert not hasattr(sys, "last_value")
    del model
    gc.collect()
    assert kept() is None
    assert run("_, 1").error is None


def test_a_model_that_another_variable_holds_stays(run, shell, reviews):
    run("%bert_finetune clf --train reviews;")
    run("clf")
    run("other = clf")
    model = shell.user_ns["other"]
    run("%bert_finetune clf --train reviews;")
    assert "Out" in {place.split()[0] for place in everywhere(shell, model)}


def test_the_model_of_a_job_is_let_go_of_with_the_job(run, shell, reviews, api):
    run("%bert_finetune clf --train reviews --background;")
    run("job = clf")
    run("job")
    job = shell.user_ns["job"]
    api.gate.set()
    job.wait(60)
    run("%bert_unload job")
    assert everywhere(shell, job) == set()


def test_unload_by_name_of_a_held_model(run, shell, reviews, calls):
    run("%bert_finetune clf --train reviews;")
    run("renamed = clf\ndel clf")
    run("%bert_unload clf")
    assert calls[-1][0] == "unload"
    assert "renamed" not in shell.user_ns


def test_unload_of_what_is_not_held(run, reviews):
    run("%bert_finetune sentiment --train reviews;")
    outcome = run("%bert_unload sentimnet")
    assert isinstance(outcome.error, UnknownReference)
    assert "Did you mean 'sentiment'" in str(outcome.error)
