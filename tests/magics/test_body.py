import pytest

from bertmagic.errors import OptionError
from bertmagic.magics import body
from bertmagic.options import COMMANDS

from .conftest import Frame

FINETUNE = COMMANDS["bert_finetune"]


def read(cell, names=None, data=()):
    given = body.assignments(cell, FINETUNE, names or {}, data)
    return {name: option.value for name, option in given.items()}


def test_right_hand_sides_are_python():
    names = {"df": [1, 2, 3], "n": 2}
    cell = 'train = [\n    row  # of the frame\n    for row in df\n]\nepochs = n * 2\ntext = "review"\n\n# done\n'
    assert read(cell, names) == {"train": [1, 2, 3], "epochs": 4.0, "text": "review"}


def test_cells_do_not_see_their_own_names():
    with pytest.raises(OptionError, match="epochs = batch_size raises NameError"):
        read("batch_size = 4\nepochs = batch_size")


def test_nothing_is_evaluated_before_it_is_asked_for():
    given = body.assignments("train = 1 / 0", FINETUNE, {})
    assert given["train"].code == "1 / 0"
    with pytest.raises(OptionError, match="train = 1 / 0 raises ZeroDivisionError: division by zero"):
        _ = given["train"].value


def test_values_are_evaluated_once():
    seen = []
    given = body.assignments("train = seen.append(1) or seen", FINETUNE, {"seen": seen})
    assert given["train"].value is given["train"].value
    assert seen == [1]


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("train = df\nepohcs = 3", r"line 3 of the cell: there is no option 'epohcs'. Did you mean 'epochs'\?"),
        ("epochs = 1\nepochs = 2", "line 3 of the cell: 'epochs' is assigned twice"),
        ("\nfor x in y: pass", "line 3 of the cell: 'for x in y: pass' is not an assignment of one option"),
        ("import os", "line 2 of the cell: 'import os' is not"),
        ("epochs = lr = 1", "is not an assignment"),
        ("epochs += 1", "is not an assignment"),
        ("epochs: int = 1", "is not an assignment"),
        ("a.b = 1", "is not an assignment"),
        ("epochs, lr = 1, 2", "is not an assignment"),
        ("out = 'x'", "there is no option 'out'"),
    ],
)
def test_statements_that_are_no_option(cell, words):
    with pytest.raises(OptionError, match=words):
        read(cell)


def test_a_syntax_error_shows_line_and_caret():
    with pytest.raises(OptionError) as caught:
        read('train = df\nlabel = "stars\n')
    what, shown, caret, fix = str(caught.value).split("\n")
    assert what.startswith("line 3 of the cell: unterminated string")
    assert shown == '  label = "stars'
    assert shown[caret.index("^")] == '"'
    assert "name = value" in fix


@pytest.mark.parametrize("cell", ["epochs = 'many'", "epochs = -1", "schedule = 'linaer'", "resume = 3", "seed = 1.5"])
def test_values_are_checked_by_the_table(cell):
    with pytest.raises(OptionError, match=cell.split(" = ")[0]):
        read(cell)


def test_a_column_without_quotes():
    names = {"reviews": Frame(review=[], stars=[])}
    for cell in ("train = reviews\ntext = review", "text = review\ntrain = reviews"):
        with pytest.raises(OptionError, match='The data has a column of this name; quote it: text = "review"'):
            read(cell, names)
    with pytest.raises(OptionError, match='a column of this name; quote it: text = "review"'):
        read("text = review", names, data=["reviews"])


def test_a_column_that_the_data_lacks_too():
    with pytest.raises(
        OptionError, match=r"has no column 'reviw' either. Did you mean 'review'\? The columns are: review"
    ):
        read("train = reviews\ntext = reviw", {"reviews": Frame(review=[], stars=[])})


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ('train = "x.csv"\ntext = review', 'If it is a column, quote it: text = "review"'),
        ("label = type", 'quote it: label = "type"'),
        ("model = minilm", 'Quote a name or a text: model = "minilm"'),
        ("schedule = cosine", 'schedule = "cosine"'),
        ("train = reviwes", "no variable 'reviwes'. Did you mean 'reviews'"),
    ],
)
def test_other_words_without_quotes(cell, words):
    with pytest.raises(OptionError, match=words):
        read(cell, {"reviews": 1})


def test_texts_arrive_as_typed():
    cell = 'Never {again}.\n\n  It\'s "so" #so $HOME %x \\n\n \t\na ||| b\nline\u2028separator\r\n'
    assert body.texts(cell) == [
        "Never {again}.", '  It\'s "so" #so $HOME %x \\n', ("a", "b"), "line\u2028separator",
    ]  # fmt: skip
