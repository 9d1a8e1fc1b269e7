"""Models sent to the hub: a server of our own, asked in a process of its own, as the client reads its address once."""

import json
import os
import subprocess
import sys

import pytest

import bertmagic as bm
from bertmagic.errors import ModelError, OptionError
from bertmagic.models import saving

from .hub_uploads import UploadHub

SCRIPT = """
import json, os, sys
import bertmagic as bm
from bertmagic.errors import BertMagicError
model = bm.load(sys.argv[1], precision="fp32")
for line in sys.stdin:
    asked = json.loads(line)
    os.environ.update(asked.pop("env", {}))
    try:
        if "load" in asked:
            known = bm.load(asked["load"], precision="fp32")
            answer = {"done": known.card["weights_digest"]}
        else:
            answer = {"done": str(getattr(model, asked.pop("do"))(**asked))}
    except BertMagicError as error:
        answer = {"error": type(error).__name__, "text": str(error)}
    print("ANSWER" + json.dumps(answer), flush=True)
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    return UploadHub(tmp_path_factory.mktemp("repositories"))


@pytest.fixture(scope="module")
def ask(hub, small, tmp_path_factory):
    """Return a function that has a model do something in a process that talks to the stand-in."""
    folder = tmp_path_factory.mktemp("process")
    small("regression").save(folder / "saved")
    known = {
        "HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0", "HF_HOME": str(folder / "hub"), "HF_HUB_DISABLE_XET": "1",
        "HF_TOKEN": "", "BERTMAGIC_HOME": str(folder / "home"),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder / "saved")], env=os.environ | known, cwd=folder, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip

    def ask(**asked):
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        for line in process.stdout:
            if line.startswith("ANSWER"):
                return json.loads(line.removeprefix("ANSWER"))
        raise AssertionError("the process has ended")

    with process:
        yield ask
        process.stdin.close()


TOKEN = {"env": {"HF_TOKEN": UploadHub.token}}


def test_without_a_right_token_it_says_how_to_log_in_and_sends_nothing(hub, ask):
    none = ask(do="save", path="hub:mara/first")
    assert none["error"] == "ModelError"
    assert "there is no token" in none["text"]
    assert "hf auth login" in none["text"]
    assert hub.asked == []
    wrong = ask(do="push_to_hub", repository="mara/first", env={"HF_TOKEN": "hf_wrong"})
    assert "status 401" in wrong["text"]
    assert "hf auth login" in wrong["text"]
    other = ask(do="push_to_hub", repository="somebody/first", **TOKEN)
    assert "may not write for somebody" in other["text"]
    assert hub.models == {}


def test_a_model_is_sent_private_with_its_card_and_is_loaded_again(hub, ask):
    sent = ask(do="save", path="hub:mara/first", **TOKEN)
    assert sent == {"done": f"{hub.url}/mara/first"}
    assert hub.private == {"mara/first": True}
    folder = hub.models["mara/first"]
    names = {path.name for path in folder.iterdir()}
    assert {"README.md", "bertmagic.json", "config.json", "model.safetensors", "tokenizer.json"} <= names
    assert '"mara/first"' in (folder / "README.md").read_text(encoding="utf-8")
    assert len(hub.commits) == 1
    assert ask(load="mara/first")["done"] == saving.read_card(folder)["weights_digest"]


def test_a_broken_upload_leaves_the_old_model_and_goes_on_where_it_broke(hub, ask):
    before = {path.name: path.read_bytes() for path in hub.models["mara/first"].iterdir()}
    hub.large.clear()
    hub.arrived.clear()
    hub.breaks = "commit"
    broken = ask(do="push_to_hub", repository="mara/first")
    assert broken["error"] == "ModelError"
    assert "is there as it was" in broken["text"]
    assert "Run the same again" in broken["text"]
    assert {path.name: path.read_bytes() for path in hub.models["mara/first"].iterdir()} == before
    hub.breaks = ""
    assert "done" in ask(do="push_to_hub", repository="mara/first")
    assert len(hub.arrived) == 1


def test_an_edited_readme_stays_and_files_of_an_older_model_go(hub, ask):
    folder = hub.models["mara/first"]
    (folder / "README.md").write_text("my own words", encoding="utf-8")
    (folder / "adapter_config.json").write_text("{}", encoding="utf-8")
    (folder / "LICENSE").write_text("mine", encoding="utf-8")
    assert "done" in ask(do="push_to_hub", repository="mara/first")
    assert (folder / "README.md").read_text(encoding="utf-8") == "my own words"
    assert "mara/first" in (folder / "README.new.md").read_text(encoding="utf-8")
    assert not (folder / "adapter_config.json").exists()
    assert (folder / "LICENSE").read_text(encoding="utf-8") == "mine"


def test_a_public_repository_gets_nothing_that_was_to_be_private(hub, ask):
    assert "done" in ask(do="save", path="hub:mara/seen", public=True)
    assert hub.private["mara/seen"] is False
    commits = len(hub.commits)
    refused = ask(do="save", path="hub:mara/seen")
    assert refused["error"] == "OptionError"
    assert "is public" in refused["text"]
    assert len(hub.commits) == commits
    assert "done" in ask(do="save", path="hub:mara/seen", public=True)


def test_nothing_is_sent_while_offline(hub, ask):
    hub.asked.clear()
    answer = ask(do="save", path="hub:mara/first", env={"HF_HUB_OFFLINE": "1"})
    assert "HF_HUB_OFFLINE is set" in answer["text"]
    assert hub.asked == []


def test_what_is_no_repository_is_said_before_anything_else(small, rows, encoder, own_folder, monkeypatch):
    model = small("regression")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    for wrong in ("first", "a/b/c", "mara/", "mara/bad name"):
        with pytest.raises(OptionError, match="is not a repository of the hub"):
            model.save(f"hub:{wrong}")
    with pytest.raises(OptionError, match="public is for the hub"):
        model.save("models/mine", public=True)
    with pytest.raises(OptionError, match=r"save_to takes a folder.*\n.*hub:mara/first"):
        bm.finetune(rows, model=encoder, save_to="hub:mara/first", name="clf", show=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match="was not sent: HF_HUB_OFFLINE is set"):
        model.push_to_hub("mara/first")
    assert list(own_folder.iterdir()) == []
