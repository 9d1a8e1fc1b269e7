import pytest

from bertmagic import tasks
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
