"""Completion and errors through a real kernel, as an editor sees them."""

import pytest
from jupyter_client.manager import start_new_kernel

pytestmark = [pytest.mark.kernel, pytest.mark.filterwarnings("ignore::ResourceWarning")]


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel(kernel_name="python3")
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def loaded(kernel):
    kernel.execute_interactive("%load_ext bertmagic\nrows = {'review': ['a'], 'stars': [1]}", timeout=300)
    return kernel


def complete(kernel, code):
    content = kernel.complete(code, reply=True, timeout=300)["content"]
    return [code[: content["cursor_start"]] + match for match in content["matches"]]


@pytest.mark.parametrize("magic", ["%bert_finetune", "%%bert_finetune", "x = %bert_finetune"])
def test_flags(magic, loaded):
    assert complete(loaded, f"{magic} --sche") == [f"{magic} --schedule"]


def test_bodies(loaded):
    assert complete(loaded, "%%bert_finetune\nsched") == ["%%bert_finetune\nschedule"]
    assert complete(loaded, '%%bert_finetune\ntrain = rows\ntext = "re') == [
        '%%bert_finetune\ntrain = rows\ntext = "review'
    ]


def test_an_error_is_one_for_clients_and_short(loaded):
    reply = loaded.execute_interactive("%bert_predict word", output_hook=lambda message: None, timeout=300)["content"]
    assert (reply["status"], reply["ename"]) == ("error", "OptionError")
    assert len(reply["traceback"]) <= 6
    assert "Quote a text" in reply["evalue"]


def test_help_in_the_pager(loaded):
    content = loaded.inspect("%bert_predict", 13, reply=True, timeout=300)["content"]
    assert "--file PATH" in content["data"]["text/plain"]
