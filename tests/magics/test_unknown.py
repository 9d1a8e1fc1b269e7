import pytest

from bertmagic.magics import unknown
from bertmagic.options import COMMANDS


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("%bert_train x", "%%bert_finetune"), ("%%bert_fit\nx", "%%bert_finetune"), ("%bert_infer x", "%bert_predict"),
        ("y = %bert_test x", "%bert_evaluate"), ("%bert_viz", "%bert_attention"), ("%bert_finetun", "%%bert_finetune"),
    ],
)  # fmt: skip
def test_an_unknown_magic_names_the_one_that_was_meant(shell, typed, meant, capsys):
    outcome = shell.run_cell(typed)
    assert "not found" in str(outcome.error_in_exec)
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(f"Did you mean {meant}? ")
    assert said.endswith("shows its options.")


@pytest.mark.parametrize("typed", ["%bert_xyzzy", "%bert_"])
def test_a_name_like_none_shows_how_to_find_one(shell, typed, capsys):
    shell.run_cell(typed)
    assert capsys.readouterr().err.splitlines()[-1] == "Type %bert_ and press Tab: that lists the magics."


def test_other_errors_and_a_text_that_looks_like_a_magic_get_no_sentence(shell, capsys):
    for typed in ("%xyzzy", "1/0", 'x = """\n%bert_train\n"""', "%bert_data --nothing"):
        shell.run_cell(typed)
    assert "Did you mean %" not in capsys.readouterr().err


def test_other_names_are_those_of_no_magic_and_of_one_only():
    names = [name for several in unknown._MEANT.values() for name in several.split()]
    assert len(set(names)) == len(names)
    assert not {f"bert_{name}" for name in names} & COMMANDS.keys()
    assert unknown._MEANT.keys() == COMMANDS.keys()
