import pytest

from bertmagic.data import variables
from bertmagic.errors import BertMagicError, Interrupted, OptionError, UnknownReference
from bertmagic.run import jobs

CELL = '%%bert_finetune {name}\ntrain = reviews\ntext = "review"\n{more}'


def test_a_cell_binds_its_name_and_returns_nothing(run, shell, reviews, calls, shown):
    outcome = run(CELL.format(name="clf", more="epochs = 1"))
    assert (outcome.result, outcome.error, shown) == (None, None, [])
    assert shell.user_ns["clf"].name == "clf"
    assert shell.user_ns["clf"] not in shell.user_ns["Out"].values()
    assert calls == [("finetune", None, {"name": "clf", "train": reviews, "text": "review", "epochs": 1.0})]


def test_a_line_returns_the_model(run, shell, reviews):
    assert run("%bert_finetune --train reviews").result.name == "run-1"
    run("m = %bert_finetune clf --train reviews")
    assert shell.user_ns["m"] is shell.user_ns["clf"]


def test_a_model_without_a_name_is_the_last_one(run, shell, reviews, calls):
    run(CELL.format(name="", more=""))
    assert shell.user_ns["_bert_model"].name == "run-1"
    run('%bert_predict "x"')
    assert calls[-1][:2] == ("predict", "run-1")


def test_other_variables_are_never_overwritten(run, shell, reviews, calls):
    for cell in (CELL.format(name="reviews", more=""), "%bert_load x --as reviews", "%bert_load reviews/"):
        outcome = run(cell)
        assert isinstance(outcome.error, OptionError)
        assert "'reviews' holds a value of type Frame" in str(outcome.error)
    assert calls == []
    assert shell.user_ns["reviews"] is reviews


def test_a_model_is_overwritten_by_a_model(run, shell, reviews):
    for _ in range(2):
        assert run(CELL.format(name="clf", more="")).error is None


def test_an_interrupted_run_leaves_its_model(run, shell, reviews):
    outcome = run(CELL.format(name="clf", more="max_steps = 13"))
    assert isinstance(outcome.error, Interrupted)
    assert shell.user_ns["clf"] is outcome.error.model
    outcome = run(CELL.format(name="", more="max_steps = 13"))
    assert shell.user_ns["_bert_model"] is outcome.error.model


JOB = "background = True"


def test_a_name_holds_the_job_and_then_the_model(run, shell, reviews, api):
    outcome = run(CELL.format(name="clf", more=JOB))
    assert (outcome.result, outcome.error) == (None, None)
    job = shell.user_ns["clf"]
    assert not job.done
    api.gate.set()
    assert job.wait(60) is shell.user_ns["clf"] is job.model


def test_a_line_returns_the_job_and_binds_it_twice(run, shell, reviews, api):
    job = run("m = %bert_finetune clf --train reviews --background -o too") and shell.user_ns["m"]
    assert job is shell.user_ns["clf"] is shell.user_ns["too"]
    api.gate.set()
    model = job.wait(60)
    assert model is shell.user_ns["clf"] is shell.user_ns["too"]
    assert shell.user_ns["m"] is job


def test_a_variable_that_holds_something_else_by_then_is_left_alone(run, shell, reviews, api):
    run(CELL.format(name="clf", more=JOB))
    job, shell.user_ns["clf"] = shell.user_ns["clf"], 5
    api.gate.set()
    assert job.wait(60) is shell.user_ns["_bert_model"]
    assert shell.user_ns["clf"] == 5


def test_the_model_of_a_job_without_a_name_is_the_last_one(run, shell, reviews, api, calls):
    run(CELL.format(name="", more=JOB))
    api.gate.set()
    jobs.running()["run-1"].wait(60) if jobs.running() else None
    run('%bert_predict "x"')
    assert calls[-1][:2] == ("predict", "run-1")


def test_a_job_that_failed_stays_and_may_be_overwritten(run, shell, reviews, api):
    api.fails = BertMagicError("no.")
    run(CELL.format(name="clf", more=JOB))
    api.gate.set()
    assert isinstance(run("clf.wait()").error, BertMagicError)
    assert shell.user_ns["clf"].error is api.fails
    assert run(CELL.format(name="clf", more="")).error is None
    assert shell.user_ns["clf"].name == "clf"
    assert not hasattr(shell.user_ns["clf"], "wait")


def test_a_running_job_is_not_overwritten_or_unloaded(run, shell, reviews):
    run(CELL.format(name="clf", more=JOB))
    for cell in (CELL.format(name="clf", more=""), "%bert_load x --as clf", "%bert_unload clf"):
        error = run(cell).error
        assert isinstance(error, OptionError)
        assert "stop()" in str(error)


def test_predictions_are_returned_bound_shown_or_silenced(run, shell, reviews, shown):
    run("%bert_finetune clf --train reviews;")
    assert str(run('%bert_predict "a"').result) == "what predict returns"
    assert run('%bert_predict "a";').result is None
    run('x = %bert_predict "a" -m clf')
    run('%bert_predict "a" -o y;')
    assert str(shell.user_ns["x"]) == str(shell.user_ns["y"]) == "what predict returns"
    assert shown == []
    assert run("%%bert_predict -m clf -o z\na").result is None
    assert shown == [shell.user_ns["z"]]
    run("%%bert_predict -m clf;\na")
    assert len(shown) == 1


def test_texts_arrive_as_typed(run, shell, reviews, calls):
    run("%bert_finetune clf --train reviews;")
    shell.user_ns["name"] = "NO"
    run('%bert_predict "Buy {name} for $name, 50 % off # now" -m clf  # a comment')
    assert calls[-1][2]["texts"] == "Buy {name} for $name, 50 % off # now"
    run('%%bert_predict\nIt\'s (open """ {name} $name;\n</script> \\ ;')
    assert calls[-1][2]["texts"] == ['It\'s (open """ {name} $name;', "</script> \\ ;"]
    run("%bert_predict reviews.review")
    assert calls[-1][2]["texts"] is reviews.review
    run('%bert_predict --file "my reviews.csv" --text review')
    assert calls[-1][2] == {"text": "review", "file": "my reviews.csv"}


def test_local_variables_of_a_function_are_seen(run, reviews, calls):
    run("%bert_finetune clf --train reviews;")
    run("def f(inner):\n    return get_ipython().run_line_magic('bert_predict', 'inner -m clf')\nf(['in'])")
    assert calls[-1][2]["texts"] == ["in"]


def test_every_other_magic_calls_its_function(run, shell, reviews, calls):
    run("%bert_finetune clf --train reviews;")
    assert str(run("%bert_evaluate reviews --by language --by stars").result) == "what evaluate returns"
    assert calls[-1] == ("evaluate", "clf", {"data": reviews, "by": ("language", "stars")})
    assert run("%bert_save clf models/clf").error is None
    assert calls[-1] == ("save", "clf", {"path": "models/clf"})
    assert str(run("%bert_data sample:reviews").result) == "what check returns"
    assert str(run("%bert_models").result) == "what catalogue returns"
    assert str(run("%bert_status").result) == "what status returns"


def test_load_binds_the_last_part_of_the_reference(run, shell, calls):
    assert run("%bert_load owner/a-b").result is shell.user_ns["a_b"]
    run("%bert_load a_b")
    assert calls[-1][2]["ref"] == "a_b"
    run("folder = 'models/x'")
    run("m = %bert_load folder --as y")
    assert calls[-1][2]["ref"] == "models/x"
    assert shell.user_ns["m"] is shell.user_ns["y"]


def test_an_unknown_reference_names_the_nearest_variable(run, reviews):
    outcome = run("%bert_finetune --train reviws")
    assert isinstance(outcome.error, UnknownReference)
    assert "There is a variable 'reviews'." in outcome.out
    assert outcome.error.what == "'reviws' is no sample, path or hub id."


@pytest.mark.parametrize(
    "cell",
    [
        "%bert_predict I don't like it",
        "%bert_predict good",
        "%bert_finetune --epohcs 3",
        "%bert_finetune x --train {1/0}",
        "%%bert_finetune\ntrain = reviews\nlabel = 'x",
        "%%bert_finetune\ntrain = reviews\ntext = review",
        "%%bert_finetune\ntrain = reviews\nfor x in y: pass",
        "%%bert_finetune\nepohcs = 3",
        "%bert_finetune --train reviws",
        "%bert_evaluate",
        "%bert_unload x",
        "%bert_predict 'x' -m nope",
    ],
)
def test_errors_are_short_and_end_the_cell(cell, run, reviews):
    outcome = run(cell)
    assert isinstance(outcome.error, BertMagicError)
    shown = outcome.out.strip().splitlines()
    assert 1 <= len(shown) <= 6
    assert shown[0].startswith(type(outcome.error).__name__.rstrip("_") + ": ")
    assert "Traceback" not in outcome.out


def test_a_cell_with_an_empty_body_names_the_line_magic(run):
    assert "Did you mean the line magic %bert_status" in str(run("%%bert_status").error)


def test_a_comparison_gets_its_models_and_its_data(run, calls, reviews, shell):
    run("%bert_finetune clf --train reviews;")
    assert str(run("%bert_compare clf monday tfidf reviews --price 2").result) == "what compare returns"
    name, _, given = calls[-1]
    assert (name, given["models"][1:], given["data"], given["price"]) == ("compare", ["monday", "tfidf"], reviews, 2.0)
    assert given["models"][0] is shell.user_ns["clf"]
    shown = run("%bert_compare clf monday reviews --show-code").out
    assert 'bm.compare([clf, "monday"], data=reviews)' in shown


def test_two_runs_are_told_apart(run, calls):
    run("%bert_runs --diff monday tuesday")
    assert calls[-1] == ("runs", None, {"diff": ("monday", "tuesday")})


@pytest.mark.parametrize(
    ("line", "name"),
    [("reviews", "reviews"), ("{reviews.review}", "reviews.review"), ("same", "same"), ('{{"text": ["a"]}}', "")],
)
def test_rows_are_called_what_was_typed(run, shell, reviews, api, monkeypatch, line, name):
    shell.user_ns["same"] = reviews
    called = []
    monkeypatch.setattr(api, "check", lambda data, **options: called.append(variables.known(data)))
    assert run(f"%bert_data {line}").error is None
    assert called == [name]


def test_no_result_hides_what_python_has(run, shell, reviews, api):
    for line in ('%bert_predict "fine" -m clf -o print', "%bert_finetune all --train reviews", "%bert_load runs/max"):
        outcome = run(line)
        assert "is a name of Python itself" in str(outcome.error)
    assert not {"print", "all", "max"} & set(shell.user_ns)
