"""What the trackers themselves read of a run: real event files, a local store, an offline run."""

import importlib.util
import json
import struct
import time

import pytest

import bertmagic as bm

KNOWN = {"text": "text", "label": "label", "max_steps": 4, "eval_every": 2, "precision": "fp32", "pooling": "first"}


def needs(name):
    missing = importlib.util.find_spec(name) is None
    return pytest.mark.skipif(missing, reason=f"{name} is not installed: make integrations")


@pytest.fixture
def train(encoder, rows):
    """Return a function that trains with loggers."""
    return lambda *log_to, **more: bm.finetune(
        rows, model=encoder, log_to=log_to, baselines=False, show=False, **{"name": "clf", **KNOWN, **more}
    )


def scalars(events, name):
    return {one.step: one.value for one in events.Scalars(name)}


def column(table, name):
    """A column of the history by step."""
    return dict(zip(table["step"].tolist(), table[name].tolist(), strict=True))


@needs("tensorboard")
def test_tensorboard_reads_numbers_options_and_the_report(train):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train("tensorboard")
    model = train("tensorboard")  # again: the files of the first are gone
    folder = model.folder.parent / "tensorboard"
    assert len(list(folder.iterdir())) == 1
    events = EventAccumulator(str(folder)).Reload()
    history = model.history
    assert scalars(events, "train/loss") == pytest.approx(column(history.steps, "loss"))
    assert list(scalars(events, "train/lr")) == [1, 2, 3, 4]
    assert scalars(events, "validation/accuracy") == pytest.approx(column(history.evaluations, "accuracy"))
    accuracy = {model.card["run"]["best_step"]: model.report.metrics["accuracy"]}
    assert scalars(events, "report/accuracy") == pytest.approx(accuracy)
    tags = [tag for tag in events.Tags()["tensors"] if tag.endswith("text_summary")]
    texts = {tag: events.Tensors(tag)[0].tensor_proto.string_val[0].decode() for tag in tags}
    assert "| lr | " in texts["options/text_summary"]
    assert texts["report/text_summary"] == model.report.to_markdown()
    assert "_hparams_/session_start_info" in events.summary_metadata


@needs("tensorboard")
def test_a_resumed_run_has_each_step_once(train):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from bertmagic.errors import Interrupted
    from bertmagic.events import Evaluated

    def stop(event):
        if isinstance(event, Evaluated):
            raise KeyboardInterrupt

    with pytest.raises((Interrupted, KeyboardInterrupt)):
        train("tensorboard", on_event=stop, checkpoint_every=1)
    model = train("tensorboard", resume=True)
    events = EventAccumulator(str(model.folder.parent / "tensorboard")).Reload()
    assert [one.step for one in events.Scalars("train/loss")] == [1, 2, 3, 4]


@needs("mlflow")
@pytest.mark.filterwarnings("ignore")
def test_mlflow_reads_parameters_numbers_and_artifacts(train, own_folder, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (own_folder / "store").as_uri())
    import mlflow

    model = train("mlflow")
    client = mlflow.MlflowClient()
    (run,) = client.search_runs(["0"])
    assert (run.info.run_name, run.info.status) == ("clf", "FINISHED")
    assert (run.data.params["max_steps"], run.data.params["task"]) == ("4", "classification")
    assert len(run.data.params) > 40
    losses = {one.step: one.value for one in client.get_metric_history(run.info.run_id, "train/loss")}
    assert losses == pytest.approx(column(model.history.steps, "loss"))
    assert run.data.metrics["report/accuracy"] == model.report.metrics["accuracy"]
    artifacts = {one.path for one in client.list_artifacts(run.info.run_id)}
    assert artifacts == {"model", "figures", "report.html", "report.md"}
    saved = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path="model", dst_path=str(own_folder / "got")
    )
    again = bm.load(saved, precision="fp32")
    assert again.card["weights_digest"] == model.card["weights_digest"]


@needs("mlflow")
@pytest.mark.filterwarnings("ignore")
def test_the_users_active_run_of_mlflow_gets_it_and_stays_active(train, own_folder, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (own_folder / "store").as_uri())
    import mlflow

    with mlflow.start_run() as mine:
        train("mlflow", background=True).wait()
        assert mlflow.active_run().info.run_id == mine.info.run_id
    (run,) = mlflow.MlflowClient().search_runs(["0"])
    assert "validation/accuracy" in run.data.metrics
    assert run.info.status == "FINISHED"


def records(file):
    """Yield the records of an offline run: a log of LevelDB's format with a header of 7 bytes, in blocks of 32 KiB."""
    from wandb.proto.wandb_internal_pb2 import Record

    data, at, parts = file.read_bytes(), 7, b""
    while at + 7 <= len(data):
        if (room := 32768 - at % 32768) < 7:
            at += room
            continue
        length, kind = struct.unpack_from("<HB", data, at + 4)
        parts += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # a whole record, or the last part of one
            yield Record.FromString(parts)
            parts = b""


def values(*items):
    return {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in items}


@needs("wandb")
@pytest.mark.filterwarnings("ignore")
def test_wandb_writes_an_offline_run(train, own_folder, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_DIR", str(own_folder))
    for name in ("WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_CONFIG_DIR"):
        monkeypatch.setenv(name, str(own_folder / "wandb_home"))
    model = train("wandb")
    (file,) = own_folder.glob("wandb/offline-run-*/*.wandb")
    until = time.monotonic() + 30
    found = list(records(file))
    while not any(one.HasField("exit") for one in found):  # a process of wandb writes it
        assert time.monotonic() < until
        time.sleep(0.05)
        found = list(records(file))
    config = values(*(item for one in found if one.HasField("run") for item in one.run.config.update))
    assert (config["max_steps"], config["task"]) == (4, "classification")
    rows = [values(*one.history.item) for one in found if one.HasField("history")]
    losses = {row["step"]: row["train/loss"] for row in rows if "train/loss" in row}
    assert losses == pytest.approx(column(model.history.steps, "loss"))
    assert any("validation/accuracy" in row for row in rows)
    assert any({"report/path", "figures/confusion/path"} <= row.keys() for row in rows)
    (artifact,) = (one.artifact for one in found if one.HasField("artifact"))
    assert artifact.type == "model"
    assert {entry.path for entry in artifact.manifest.contents} == {path.name for path in model.folder.iterdir()}


@needs("wandb")
@pytest.mark.filterwarnings("ignore")
def test_without_a_key_it_says_how_to_log_in_and_sends_nothing_while_offline(own_folder, monkeypatch):
    monkeypatch.setenv("HOME", str(own_folder))
    for name in ("WANDB_MODE", "WANDB_API_KEY", "HF_HUB_OFFLINE", "NETRC"):
        monkeypatch.delenv(name, raising=False)
    import wandb

    from bertmagic.loggers import wandb as adapter

    monkeypatch.setattr(type(wandb.api), "api_key", None)
    with pytest.raises(bm.BertMagicError, match=r"no API key.\nLog in with `wandb login`"):
        adapter._mode()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert adapter._mode() == "offline"
