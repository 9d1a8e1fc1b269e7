"""A semicolon that follows the name of a magic, its line, or its body: the magic is found, and shows nothing."""

import pytest

from bertmagic.magics import register, unregister
from bertmagic.options import COMMANDS


@pytest.mark.parametrize("cell", ["%bert_runs;", "%bert_runs ;", "  %bert_runs;  # quiet", "x = 1\n%bert_runs;\n"])
def test_a_line_magic_shows_nothing(cell, run, calls):
    outcome = run(cell)
    assert (outcome.error, outcome.result) == (None, None)
    assert calls[-1] == ("runs", None, {})


def test_every_line_magic_is_found(shell):
    for name in COMMANDS:
        assert f"run_line_magic('{name}', ';')" in shell.transform_cell(f"%{name};")
        assert f"run_line_magic('{name}', '; # quiet')" in shell.transform_cell(f"%{name}; # quiet")
        assert f"run_cell_magic('{name}', ';'" in shell.transform_cell(f"%%{name};\nlr = 1")


def test_it_is_found_in_assignments_and_blocks(run, calls):
    assert run("x = %bert_runs;").error is None
    assert run("for i in range(2):\n    y = %bert_status;\n    %bert_runs;").error is None
    assert [name for name, _, _ in calls] == ["runs", *["status", "runs"] * 2]


def test_texts_and_other_magics_stay_as_they_are(run, shell):
    text = 'x = """\n%bert_runs;\n%%bert_runs;\n"""'
    run(text)
    assert shell.user_ns["x"] == "\n%bert_runs;\n%%bert_runs;\n"
    assert "'%bert_runs;\\n'" in shell.transform_cell("%%writefile x\n%bert_runs;\n")


def test_training_shows_neither_panel_nor_report(run, reviews, calls):
    quiet = ("%bert_finetune clf --train reviews;", "%%bert_finetune clf;\ntrain = reviews",
             "%%bert_finetune clf\ntrain = reviews\nepochs = 1;  # quiet\n")  # fmt: skip
    for cell in quiet:
        assert run(cell).error is None
        assert calls[-1][2]["show"] is False
    loud = ("%bert_finetune clf --train reviews", '%%bert_finetune clf\ntrain = reviews\ntext = "a;"\n',
            "%%bert_finetune clf\ntrain = reviews; epochs = 1")  # fmt: skip
    for cell in loud:
        run(cell)
        assert "show" not in calls[-1][2]


def test_the_other_magics_that_show_their_work_are_silent_too(run, reviews, calls):
    run("%bert_finetune clf --train reviews;")
    for cell in ("%bert_evaluate reviews;", '%bert_predict "a";', "%bert_compare clf tfidf reviews;", "%bert_models;",
                 "%bert_tune t --train reviews --trials 2;"):  # fmt: skip
        assert run(cell).result is None
        assert calls[-1][2]["show"] is False, cell


def test_unloading_takes_it_away(shell):
    manager = shell.input_transformer_manager
    unregister(shell)
    before = list(manager.token_transformers), list(manager.cleanup_transforms)
    register(shell)
    assert (list(manager.token_transformers), list(manager.cleanup_transforms)) != before
    unregister(shell)
    assert (list(manager.token_transformers), list(manager.cleanup_transforms)) == before
