"""`predict` by an export: the same result, and only for the weights that it was made of."""

import json

import pandas as pd
import pytest
import torch

from bertmagic.errors import ModelError
from bertmagic.export import session
from bertmagic.workflows import backends

from .conftest import TEXTS

BY = "The logits were computed by onnx."


@pytest.fixture
def listed(learnt, own_folder):
    """The export of a model on the list of this folder of runs."""
    return learnt.export(own_folder / "out", check=TEXTS, show=False)


@pytest.fixture
def sessions(monkeypatch):
    """The batches that sessions computed."""
    done, real = [], session.run
    monkeypatch.setattr(session, "run", lambda *given: (done.append(1), real(*given))[1])
    return done


def set_speed(speed, model_speed):
    file = backends._file()
    known = json.loads(file.read_text("utf-8"))
    for about in known.values():
        about["onnx"].update(speed=speed, model_speed=model_speed)
    file.write_text(json.dumps(known), "utf-8")


def test_the_result_is_that_of_the_model(learnt, listed, sessions):
    texts = [*TEXTS[:-1], None]
    frame = pd.DataFrame({"text": texts}, index=[f"r{at}" for at in range(len(texts))])
    plain, other = (learnt.predict(frame, backend=backend, show=False) for backend in ("torch", "onnx"))
    pd.testing.assert_frame_equal(plain.frame, other.frame, atol=1e-5)
    assert (type(plain), plain.tokens, plain.missing) == (type(other), other.tokens, other.missing)
    assert BY in other.notes
    assert BY not in plain.notes
    assert len(sessions) == 1


def test_auto_is_an_exact_export_that_was_faster(learnt, listed, sessions):
    for speed, model_speed, used in ((9, 5, True), (5, 9, False), (0, 0, False)):
        set_speed(speed, model_speed)
        sessions.clear()
        assert (BY in learnt.predict(TEXTS, show=False).notes) is used
        assert bool(sessions) is used
    known = json.loads(backends._file().read_text("utf-8"))
    for about in known.values():
        about["onnx-int8"] = about.pop("onnx") | {"speed": 9, "model_speed": 5}
    backends._file().write_text(json.dumps(known), "utf-8")
    learnt.predict(TEXTS, show=False)
    assert not sessions


def test_an_export_answers_for_its_own_weights_only(learnt, listed, sessions):
    set_speed(9, 5)
    bias = learnt.network.classifier.bias
    with torch.no_grad():
        bias += 0.5
    try:
        assert BY not in learnt.predict(TEXTS, show=False).notes
        with pytest.raises(ModelError, match=r"with these weights has no export as onnx.\n.*--format onnx"):
            learnt.predict(TEXTS, backend="onnx", show=False)
    finally:
        with torch.no_grad():
            bias -= 0.5


def test_what_is_not_there_or_was_changed_is_an_error(learnt, listed, own_folder):
    with pytest.raises(ModelError, match="has no export as openvino"):
        learnt.predict(TEXTS, backend="openvino", show=False)
    backends._open.clear()
    network = own_folder / "out" / "network.onnx"
    network.write_bytes(network.read_bytes() + b" ")
    with pytest.raises(ModelError, match=r"network.onnx was changed after the export.\nExport the model again"):
        learnt.predict(TEXTS, backend="onnx", show=False)
    network.unlink()
    (own_folder / "out" / "model.json").unlink()
    with pytest.raises(ModelError, match="has no export as onnx"):
        learnt.predict(TEXTS, backend="onnx", show=False)


def test_no_digest_is_computed_where_no_export_could_be_faster(learnt, listed, monkeypatch):
    digests, real = [], backends.digest
    monkeypatch.setattr(backends, "digest", lambda model: (digests.append(1), real(model))[1])
    set_speed(5, 9)
    learnt.predict(TEXTS, show=False)
    assert not digests
    set_speed(9, 5)
    learnt.predict(TEXTS, show=False)
    assert len(digests) == 1


@pytest.mark.parametrize("odd", [{"w": 1}, {"w": {"onnx": None}}, {"w": {"onnx": {"path": 7}}}, []])
def test_a_list_of_another_kind_is_none(learnt, listed, odd):
    backends._file().write_text(json.dumps(odd), "utf-8")
    assert BY not in learnt.predict(TEXTS, show=False).notes
    with pytest.raises(ModelError, match="no export as onnx"):
        learnt.predict(TEXTS, backend="onnx", show=False)
