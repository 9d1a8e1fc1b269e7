import pytest

from bertmagic.magics.line import options_of
from bertmagic.options import COMMANDS, help


@pytest.mark.parametrize("magic", COMMANDS)
def test_question_mark_and_help_show_the_same_page(magic, shell, run):
    outcome = run(f"%{magic} --help")
    assert outcome.result is None
    assert outcome.out == help.page(COMMANDS[magic]) + "\n"
    assert run(f"%%{magic} -h\nx").out == outcome.out
    for marks in ("%", "%%"):
        assert outcome.out.strip() in shell.object_inspect_mime(marks + magic)["text/plain"]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_page_tells_everything(command):
    page = help.page(command)
    words = " ".join(page.split())
    for entry in options_of(command):
        assert f" {entry.long}" in page
        assert " ".join(entry.help.split()) in words
        assert all(choice in page for choice in entry.choices)
    for example in command.examples:
        assert all(line in page for line in example.splitlines())
    assert page.startswith(command.summary)
    assert max(map(len, page.splitlines())) <= 110


def test_defaults_and_ranges_are_told():
    words = " ".join(help.page(COMMANDS["bert_finetune"]).split())
    (batch,) = (entry for entry in COMMANDS["bert_finetune"].options if entry.name == "batch_size")
    assert f"--batch-size N {batch.help} From 1 to 4096. Default: 32." in words
    assert "Required." in words
    assert "%bert_finetune [NAME] [--flag VALUE …]" in words


def test_help_comes_before_any_complaint(run):
    assert run("%bert_finetune --nonsense -h").error is None
