"""int8 networks: what is quantized, how much they keep, and when they are refused."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from bertmagic.errors import DataError, ModelError
from bertmagic.export import graph, quantization, session
from bertmagic.workflows.export import Comparison

from .conftest import TEXTS


def product(weights, table):
    """A graph of an embedding and a matrix product."""
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["given"], name="gather"),
        helper.make_node("MatMul", ["given", "weights"], ["logits"], name="layer"),
    ]
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["rows", "tokens"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(table, "table")],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def rounded(values, axis, most=127):
    scale = np.abs(values).max(axis=axis, keepdims=True) / most
    return np.round(values / scale) * scale


def test_weights_have_a_scale_for_each_output_and_activations_one_for_each_token():
    draw = np.random.default_rng(0)
    weights, table = draw.normal(size=(8, 4)).astype("f"), draw.normal(size=(300, 8)).astype("f")
    weights[:, 1] *= 100
    table[7] *= 100
    plain = product(weights, table)
    made = quantization.quantized(plain, {"layer": "token"})
    ids = np.array([[1, 7, 3], [4, 4, 299]])
    found = session.of_bytes(made.SerializeToString())({"input_ids": ids})
    given = rounded(rounded(table, 1)[ids], -1)
    assert np.allclose(found, given @ rounded(weights, 0), rtol=1e-3, atol=1e-4)
    assert {one.name: one.data_type for one in made.graph.initializer}["weights:int8"] == TensorProto.INT8
    assert "weights" not in {one.name for one in made.graph.initializer}
    assert quantization.layers(plain) == ("layer",)
    assert [one.name for one in plain.graph.initializer] == ["weights", "table"]


@pytest.mark.parametrize("way", ["batch", "token"])
def test_both_ways_are_near_the_product(way):
    draw = np.random.default_rng(1)
    weights, table = draw.normal(size=(64, 16)).astype("f"), draw.normal(size=(300, 64)).astype("f")
    plain = product(weights, table)
    ids = draw.integers(0, 300, (4, 9))
    exact, found = (
        session.of_bytes(graph.SerializeToString())({"input_ids": ids})
        for graph in (plain, quantization.quantized(plain, {"layer": way}))
    )
    assert 0 < np.abs(exact - found).max() < 0.02 * np.abs(exact).max()


def test_the_channels_of_activations_are_evened_out():
    draw = np.random.default_rng(2)
    weights, table = draw.normal(size=(64, 16)).astype("f"), draw.normal(size=(300, 64)).astype("f")
    table[:, 5] *= 60
    plain, ids = product(weights, table), draw.integers(0, 300, (4, 9))
    (sizes,) = onnxruntime.InferenceSession(
        quantization.observed(plain).SerializeToString(), providers=["CPUExecutionProvider"]
    ).run(None, {"input_ids": ids})
    assert np.array_equal(sizes, np.abs(table[ids]).max(axis=(0, 1)))
    divisors = quantization.smoothing(plain, {"given": sizes})
    expected = sizes**0.7 / np.abs(weights).max(axis=1) ** 0.3
    assert np.allclose(divisors["given"], expected / np.exp(np.log(expected).mean()), rtol=1e-4)
    exact, as_it_is, smooth = (
        session.of_bytes(graph.SerializeToString())({"input_ids": ids})
        for graph in (
            plain,
            quantization.quantized(plain, {"layer": "batch"}),
            quantization.quantized(plain, {"layer": "batch"}, divisors),
        )
    )
    assert np.abs(smooth - exact).mean() < 0.5 * np.abs(as_it_is - exact).mean()


@pytest.fixture
def timed(monkeypatch):
    """Return a function that sets the seconds of fp32 and of int8, and the shares that are kept."""

    def use(exact=1.0, int8=0.5, kept=()):
        seconds, shares, real = iter([exact]), iter(kept), Comparison.kept
        monkeypatch.setattr(Comparison, "seconds", lambda *_: next(seconds, int8))
        monkeypatch.setattr(Comparison, "kept", lambda one, made: next(shares, None) if kept else real(one, made))
        monkeypatch.setattr(quantization, "_TABLE", 50)

    return use


def operators(path):
    return [node.op_type for node in onnx.load(path / "network.onnx").graph.node]


def test_an_int8_network_keeps_the_predictions(learnt, tmp_path, timed):
    timed()
    result = learnt.export(tmp_path / "out", format="onnx-int8", check=TEXTS, keep=0.8, show=False)
    assert result.kept >= 0.8
    assert result.left_out == ()
    assert 1e-4 < result.difference < 0.5
    assert operators(tmp_path / "out").count("MatMulInteger") == 12
    assert {path.name for path in (tmp_path / "out").glob("network*")} == {"network.onnx"}
    assert [one["label"] for one in session.program(tmp_path / "out")["predict"](TEXTS[:2])] == ["good", "bad"]


def test_the_layers_that_change_most_stay_in_fp32(learnt, tmp_path, timed, monkeypatch):
    timed(kept=[0.9, 0.91, 0.992, 0.994])
    real = Comparison.some_scores
    worst = iter([0, 0, 0, 0, 9, 0, 0, 4, *[0] * 9])
    monkeypatch.setattr(Comparison, "some_scores", lambda one, made: real(one, made) * 0 + next(worst))
    result = learnt.export(tmp_path / "out", format="onnx-int8", check=TEXTS, show=False)
    assert result.left_out == (
        "bert.encoder.layer.0.attention.output.dense",
        "bert.encoder.layer.1.query",
    )
    assert operators(tmp_path / "out").count("MatMulInteger") == 10
    assert "2 layers stayed in fp32: bert.encoder.layer.0.attention.output.dense" in repr(result)


@pytest.mark.parametrize(
    ("refused", "smooth", "by_token", "left_out"),
    [(0, False, False, 0), (1, True, False, 0), (2, True, False, 1), (7, False, True, 0)],
)
def test_what_is_fastest_is_tried_first(refused, smooth, by_token, left_out, learnt, tmp_path, timed):
    timed(kept=[0.9] * refused + [0.995] * 2)
    result = learnt.export(tmp_path / "out", format="onnx-int8", check=TEXTS, show=False)
    names = {name for node in onnx.load(tmp_path / "out" / "network.onnx").graph.node for name in node.output}
    assert any(name.endswith(":smooth") for name in names) is smooth
    assert any(name.endswith(":token") for name in names) is by_token
    assert len(result.left_out) == left_out


def test_an_int8_network_that_changes_too_much_is_refused_with_the_best(learnt, tmp_path, timed):
    timed(kept=[0.9, 0.95, *[0.94] * 20])
    with pytest.raises(
        ModelError, match=r"int8 networks keeps 95.00% .* 2.0 times .*; 99.30% was asked for."
    ) as refused:
        learnt.export(tmp_path / "out", format="onnx-int8", check=TEXTS, show=False)
    assert "keep = 0.95" in str(refused.value)
    assert list(tmp_path.glob("*out*")) == []


def test_an_int8_network_that_is_slower_is_refused(learnt, tmp_path, timed):
    timed(exact=0.5, int8=0.6, kept=[1.0] * 20)
    with pytest.raises(ModelError, match=r"not faster than fp32 here"):
        learnt.export(tmp_path / "out", format="onnx-int8", check=TEXTS, show=False)


def test_int8_needs_weights_that_fit_into_one_file(learnt, tmp_path, monkeypatch):
    monkeypatch.setattr(graph, "MOST_BYTES", 1000)
    with pytest.raises(ModelError, match=r"the weights take more than 2.1 GB in fp32, .*\n.*\"onnx\" or \"openvino\""):
        learnt.export(tmp_path / "out", format="onnx-int8", check=TEXTS, show=False)
    assert list(tmp_path.glob("*out*")) == []


def test_int8_needs_rows(learnt, tmp_path, monkeypatch):
    monkeypatch.setattr(learnt, "report", None)
    with pytest.raises(DataError, match=r"there are no rows to see how many predictions it keeps.*\n.*check = DATA"):
        learnt.export(tmp_path / "out", format="onnx-int8", show=False)
