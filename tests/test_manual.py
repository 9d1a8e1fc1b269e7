"""``bm.help``: every topic has its page, in whatever way it is written."""

import pytest

import bertmagic as bm
from bertmagic import manual
from bertmagic.options import COMMANDS, help


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_magic_and_its_function_have_the_page_of_the_question_mark(command):
    function = command.function.rpartition(".")[2]
    for topic in (command.magic, f"%%{command.magic}?", f"bm.{function}", f"model.{function}()"):
        assert help.page(command) in manual.text(topic)
    assert manual.text(command.magic) == help.page(command)


def test_the_overview_names_every_magic_function_and_method(capsys):
    bm.help()
    overview = capsys.readouterr().out
    for command in COMMANDS.values():
        assert f"%{command.magic} " in overview
        assert f".{command.function.rpartition('.')[2]} " in overview
    for name in ("bm.new_model", "model.embed", "model.calibrate"):
        assert name in overview
    assert max(map(len, overview.splitlines())) <= 160


def test_what_has_no_magic_shows_its_docstring():
    for name, member in {"new_model": bm.new_model, "embed": bm.TextModel.embed}.items():
        page = manual.text(name)
        assert page.startswith(f"{name}(")
        assert member.__doc__.strip().splitlines()[0] in page
        assert "self" not in page.splitlines()[0]


def test_an_option_is_explained_under_its_name_here_and_in_other_tools():
    assert manual.text("lr").startswith("lr: an option of bm.finetune, bm.tune, bm.pretrain.")
    for name in ("learning_rate", "--lr", "learning-rate"):
        assert manual.text(name) == manual.text("lr")
    assert "When to change:" in manual.text("epochs")
    assert "bm.finetune" in manual.text("model")
    assert "model.predict" in manual.text("model")


def test_every_option_and_every_name_of_another_tool_has_a_page():
    from bertmagic.options.synonyms import SYNONYMS

    for command in COMMANDS.values():
        for entry in command.options:
            assert entry.help in manual.text(entry.name) or manual.commands_of(entry.name)
    for name in SYNONYMS:
        assert manual.text(name)


def test_an_unknown_topic_names_the_nearest():
    with pytest.raises(bm.BertMagicError, match="Did you mean 'finetune'"):
        bm.help("finetun")


def test_the_calls_of_the_overview_are_those_of_a_notebook():
    from tests.packaging.snippets import Reader

    reader = Reader()
    notebook = manual.overview().partition("In a notebook:\n")[2].partition("The same in Python:")[0]
    for cell in notebook.replace("\n  ", "\n").strip().split("\n\n"):
        reader.read(cell)
    assert reader.unknown == []


def test_the_estimators_have_their_pages():
    for name in manual.ESTIMATORS:
        assert name in manual.overview()
        assert manual.text(f"bertmagic.sklearn.{name}").startswith(f"{name}(")
    assert "epochs\n    Number of passes" in manual.text("BertClassifier")
