"""What an export writes, when it refuses, and that nothing else changes."""

import json
import runpy
import subprocess
import sys

import pytest
import torch

import bertmagic as bm
from bertmagic.errors import DataError, ModelError, OptionError
from bertmagic.export import formats, graph, parity, session
from bertmagic.options import terms

from .conftest import KINDS, TEXTS, texts_for

FILES = {
    "README.md", "decoding.py", "model.json", "network.onnx", "predict.py", "reading.py", "requirements.txt",
    "tokenizer.json",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_has_the_network_and_a_small_program(kind, exported, model_of):
    folder, result = exported(kind)
    assert {path.name for path in folder.iterdir()} == FILES
    programs = [(folder / name).read_text("utf-8") for name in ("predict.py", "reading.py", "decoding.py")]
    assert all(len(program.splitlines()) < 120 and "bertmagic" not in program for program in programs)
    manifest = json.loads((folder / "model.json").read_text("utf-8"))
    assert manifest["sha256"].keys() == {"network.onnx", "tokenizer.json"}
    assert manifest["checked"] == {"rows": result.rows, "kept": 1.0, "difference": result.difference}
    assert result.difference <= parity.TOLERANCE
    assert result.bytes == (folder / "network.onnx").stat().st_size
    assert str(folder) in repr(result)


def run(folder, *words, given=None):
    script = folder / "predict.py"
    code = (
        f"import runpy, sys; sys.argv[:1] = [{str(script)!r}]; runpy.run_path({str(script)!r}, run_name='__main__');"
        "print([name for name in ('torch', 'transformers', 'bertmagic', 'pandas') if name in sys.modules])"
    )
    return subprocess.run([sys.executable, "-c", code, *words], input=given, capture_output=True, text=True, cwd="/")


def test_the_program_runs_by_itself(exported, tmp_path):
    folder, _ = exported("classification")
    (tmp_path / "texts.txt").write_text("the film was good\na bad cable\n", "utf-8")
    expected = [json.dumps(one, ensure_ascii=False) for one in runpy.run_path(str(folder / "predict.py"))["predict"](
        ["the film was good", "a bad cable"])]  # fmt: skip
    for done in (
        run(folder, "the film was good", "a bad cable"),
        run(folder, "--file", str(tmp_path / "texts.txt")),
        run(folder, given="the film was good\na bad cable\n"),
    ):
        assert done.stdout.splitlines() == [*expected, "[]"], done.stderr


@pytest.mark.parametrize("name", ["network.onnx", "tokenizer.json"])
def test_the_program_stops_if_a_file_was_changed(name, exported, tmp_path):
    folder, _ = exported("classification")
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).write_bytes((folder / name).read_bytes() + b" ")
    with pytest.raises(SystemExit, match=f"{name} was changed after the export: export the model again"):
        runpy.run_path(str(tmp_path / "predict.py"))["predict"](["a text"])


def state(model):
    network = model.network
    modules = [
        (name, type(module), module.training, len(module._forward_hooks)) for name, module in network.named_modules()
    ]
    weights = [(name, weight.clone(), weight.data_ptr()) for name, weight in network.state_dict().items()]
    return modules, network.config.to_dict(), network.config._attn_implementation, weights


def stays_as_it_is(model, export):
    """Hold a model after an export to what it was: modes, hooks, config, weights and their places, random state."""
    before, drawn = state(model), torch.random.get_rng_state()
    export()
    after = state(model)
    assert before[:3] == after[:3]
    for (_, one, place), (_, other, still) in zip(before[3], after[3], strict=True):
        assert place == still
        assert torch.equal(one, other)
    assert torch.equal(drawn, torch.random.get_rng_state())


@pytest.mark.parametrize("kind", ["classification", "question_answering"])
def test_the_model_stays_as_it_is(kind, model_of, tmp_path):
    model, called = model_of(kind), []
    handle = model.network.base_model.register_forward_hook(lambda *_: called.append(1))
    model.network.train()
    try:
        stays_as_it_is(model, lambda: model.export(tmp_path / "out", check=None, show=False))
    finally:
        handle.remove()
        model.network.eval()


def test_weights_in_half_precision_are_exported_in_fp32(learnt, tmp_path, monkeypatch):
    import copy

    half = copy.deepcopy(learnt.network).to(torch.bfloat16)
    monkeypatch.setattr(learnt, "_network", half)
    with pytest.raises(ModelError, match=r"onnx changes .*logits by up to"):  # of a model that computes in bf16
        learnt.export(tmp_path / "out", check=TEXTS, show=False)
    assert all(weight.dtype == torch.bfloat16 for weight in half.parameters())
    assert not (tmp_path / "out").exists()


def test_the_validation_rows_are_compared_by_default(learnt, tmp_path):
    result = learnt.export(tmp_path / "out", show=False)
    assert (result.rows, result.data, result.kept) == (40, "the validation rows", 1.0)
    assert result.speed > 0
    assert "100.0% of 40 rows of the validation rows have the same prediction" in repr(result)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_too_large_for_one_file_lie_beside_the_graph(kind, model_of, exported, tmp_path, monkeypatch):
    model, texts = model_of(kind), texts_for(model_of(kind))
    monkeypatch.setattr(graph, "MOST_BYTES", 1000)
    result = model.export(tmp_path / "out", check=texts, show=False)
    data, network = tmp_path / "out" / "network.onnx.data", tmp_path / "out" / "network.onnx"
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES | {data.name}
    weights = sum(one.numel() * 4 for one in model.network.parameters())
    assert data.stat().st_size > 0.9 * weights > network.stat().st_size / 10  # a pooler that no head reads is left out
    assert result.bytes == data.stat().st_size + network.stat().st_size
    assert result.difference <= parity.TOLERANCE
    (tmp_path / "out").rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    ours, other = (session.program(path)["predict"](texts) for path in (tmp_path / "moved", exported(kind)[0]))
    assert json.loads(json.dumps(ours), parse_float=lambda one: round(float(one), 3)) == json.loads(
        json.dumps(other), parse_float=lambda one: round(float(one), 3)
    )
    with (tmp_path / "moved" / data.name).open("r+b") as file:
        file.write(b"\1")
    with pytest.raises(SystemExit, match=r"network.onnx.data was changed after the export"):
        session.program(tmp_path / "moved")["predict"](texts)


def broken(request):
    import onnx

    formats._onnx(request)
    path = request.folder / "network.onnx"
    graph = onnx.load(path)
    for weights in graph.graph.initializer:
        if weights.name == "model.classifier.weight":
            values = onnx.numpy_helper.to_array(weights) * 1.01
            weights.CopyFrom(onnx.numpy_helper.from_array(values.astype("float32"), weights.name))
    onnx.save(graph, path)
    return ()


@pytest.fixture
def other_writer(monkeypatch):
    def use(write):
        known = formats.FORMATS["onnx"]
        monkeypatch.setitem(formats.FORMATS, "onnx", formats.Format("onnx", known.network, write, known.needs))

    return use


def test_other_logits_are_not_written(learnt, tmp_path, other_writer, exported):
    other_writer(broken)
    with pytest.raises(
        ModelError, match=r"onnx changes logits by up to 0.0\d+; 0.0001 is allowed. Nothing was written"
    ):
        learnt.export(tmp_path / "out", check=TEXTS, show=False)
    assert list(tmp_path.glob("*out*")) == []


@pytest.mark.parametrize("stop", [KeyboardInterrupt, MemoryError])
def test_an_export_that_is_stopped_leaves_the_old_one(stop, learnt, tmp_path, other_writer):
    learnt.export(tmp_path / "out", check=TEXTS, show=False)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}

    def stopped(request):
        formats._onnx(request)
        raise stop

    other_writer(stopped)
    with pytest.raises(BaseException):  # noqa: B017 - each is shown in its own way
        learnt.export(tmp_path / "out", check=TEXTS, show=False)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert {path.name for path in tmp_path.iterdir()} <= {"out", ".bertmagic"}


def test_a_path_with_something_else_is_refused(learnt, tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("x", "utf-8")
    with pytest.raises(ModelError, match=r"notes holds something that is not an export: mine.txt"):
        learnt.export(tmp_path / "notes", show=False)
    (tmp_path / "file").write_text("x", "utf-8")
    with pytest.raises(ModelError, match="file holds something that is not an export"):
        learnt.export(tmp_path / "file", show=False)
    learnt.save(tmp_path / "saved")
    with pytest.raises(ModelError, match="saved holds something that is not an export"):
        learnt.export(tmp_path / "saved", show=False)
    assert (tmp_path / "saved" / "model.safetensors").exists()


def test_what_cannot_be_exported_is_refused(learnt, small, encoder, tmp_path, monkeypatch):
    assert list(formats.FORMATS) == list(terms.EXPORTS)
    with pytest.raises(OptionError, match=r"format = 'onxx' is not one of onnx.* Did you mean 'onnx'"):
        learnt.export(tmp_path / "out", format="onxx", show=False)
    with pytest.raises(ModelError, match=r"is an encoder \(masked_language_modeling\) and gives no answers"):
        small("masked_language_modeling").export(tmp_path / "out", show=False)
    with pytest.raises(DataError, match="no texts"):
        learnt.export(tmp_path / "out", check=[None, " "], show=False)
    monkeypatch.setattr(formats, "find_spec", lambda name: None)
    with pytest.raises(
        OptionError, match=r'needs onnx, onnxruntime, which are[^"]*\n.*pip install "bertmagic\[export\]"'
    ):
        learnt.export(tmp_path / "out", show=False)
    assert not (tmp_path / "out").exists()


def test_a_model_that_was_unloaded_is_refused(learnt, tmp_path):
    learnt.save(tmp_path / "saved")
    model = bm.load(tmp_path / "saved", name="gone")
    model.unload()
    with pytest.raises(ModelError, match="was unloaded"):
        model.export(tmp_path / "out", show=False)
