import pandas as pd
import pytest

from bertmagic import tasks
from bertmagic.data import tables
from bertmagic.errors import ModelError
from bertmagic.options import COMMANDS, Pretrain


def test_every_task_of_the_options_is_there():
    (choices,) = [option.choices for option in COMMANDS["bert_finetune"].options if option.name == "task"]
    assert {*choices, Pretrain.task} == set(tasks.TASKS)
    for name in tasks.TASKS:
        assert tasks.find(name).__doc__


def test_an_unknown_task_of_a_card_lists_those_known():
    with pytest.raises(ModelError, match="task 'summarization' is unknown") as caught:
        tasks.find("summarization")
    assert "classification" in caught.value.fix


def test_decisions_about_passages_are_classes_of_pairs():
    frame = pd.DataFrame({
        "question": [f"does train {i} run on Sundays" for i in range(20)],
        "passage": [f"Train {i} runs from Monday to Friday." for i in range(20)],
        "answer": [True, False] * 10,
    })  # fmt: skip
    table, asked = tables.read(frame), {"text": None, "label": None}
    kind = tasks.infer(table, asked)
    assert kind.name == "classification"
    assert kind.columns(table, asked)[0] == {"text": ["question", "passage"], "label": "answer"}
