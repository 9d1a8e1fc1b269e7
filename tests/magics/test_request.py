import pytest

from bertmagic.errors import OptionError
from bertmagic.magics import request
from bertmagic.options import COMMANDS


def read(magic, typed="", cell=None, names=None, defaults=None):
    return request.read(COMMANDS[magic], typed, cell, names or {}, defaults or {})


def values(asked):
    return {name: given.value for name, given in asked.given.items()}


def test_line_body_and_defaults_come_together():
    asked = read("bert_finetune", "clf --epochs 2 -o kept;", "train = [1]", defaults={"epochs": 9.0, "seed": 4})
    assert values(asked) == {"name": "clf", "epochs": 2.0, "train": [1], "seed": 4}
    assert (asked.out, asked.silent, asked.show_code, asked.model) == ("kept", True, False, None)


def test_the_same_option_in_both_is_an_error():
    with pytest.raises(OptionError, match="'epochs' is both on the line and in the body"):
        read("bert_finetune", "--epochs 2", "epochs = 2")
    with pytest.raises(OptionError, match="'texts' is both"):
        read("bert_predict", '"a"', "b")


def test_a_missing_option_says_how_to_give_it():
    with pytest.raises(OptionError, match=r"'train' is missing.*\n.*--train …, or train = … in the body"):
        read("bert_finetune", "clf")
    with pytest.raises(OptionError, match=r"'data' is missing.*\nGive it as %bert_evaluate DATA"):
        read("bert_evaluate", "-m x")


def test_a_body_where_there_is_none():
    with pytest.raises(OptionError, match="%%bert_evaluate takes no body"):
        read("bert_evaluate", "df", "more")
    assert values(read("bert_evaluate", "x.csv", " \n")) == {"data": "x.csv"}


def test_which_option_is_the_model():
    assert read("bert_predict").model.name == "model"
    assert read("bert_unload", "x").model.name == "name"
    assert read("bert_load", "x").model is None
