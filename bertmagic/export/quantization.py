"""A graph whose weights and matrix products are in int8.

A weight ``W`` of a product becomes ``round(W / s)`` with a scale ``s = max |W| / 127`` for each output (Wu et al. 2020,
"Integer Quantization for Deep Learning Inference", section 3). What is multiplied with it is quantized anew for each
batch. One range for all of it is one step for onnxruntime, and the fastest. A scale for each token is more exact where
a few values are far larger than the others, and does not depend on the other texts of a batch. Embeddings get a scale
for each row.

A few channels of the activations are far larger than the others in all texts. Those of a product ``x W`` are divided by
``d`` and the rows of its weights multiplied by it, ``(x / d) (d W)``. With ``d = max |x| ** a / max |W| ** (1 - a)`` of
each channel one range for a batch loses less (Xiao et al. 2023, "SmoothQuant", section 4).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from onnx import GraphProto, ModelProto, NodeProto

Way = Literal["batch", "token"]
"""How activations are quantized: with one range for the whole batch, or with a scale for each token."""

SMOOTHING = 0.7
"""The ``a`` of smoothing: of 0.3 to 0.9, it kept most predictions of a MiniLM that was fine-tuned on SST-2."""

_TABLE = 256
"""Rows from which on an embedding is quantized: smaller ones take no space."""


def layers(model: ModelProto) -> tuple[str, ...]:
    """Return the matrix products with weights, by the names of their nodes."""
    weights = {one.name for one in model.graph.initializer if len(one.dims) == 2}
    return tuple(node.name for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in weights)


def observed(model: ModelProto) -> ModelProto:
    """Return a copy of a model whose outputs are the largest absolute value of each channel that its `layers` read.

    Each output has the shape ``(width,)`` and the name of what is read.
    """
    from onnx import ModelProto, TensorProto
    from onnx.helper import make_tensor_value_info

    made = ModelProto()
    made.CopyFrom(model)
    del made.graph.output[:]
    for name in _inputs(model):
        size, flat, most = f"{name}:size", f"{name}:flat", f"{name}:most"
        made.graph.node.extend(
            [
                _node("Abs", [name], size),
                _node("Flatten", [size], flat, axis=-1),  # (all tokens, width)
                _node("ReduceMax", [flat], most, axes=[0], keepdims=0),
            ]
        )
        made.graph.output.append(make_tensor_value_info(most, TensorProto.FLOAT, None))
    return made


def smoothing(model: ModelProto, sizes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``d`` of each channel that the `layers` of a model read, by the name of what is read.

    Parameters
    ----------
    sizes
        The largest absolute value of each channel, ``(width,)``; see `observed`.
    """
    import numpy as np
    from onnx.numpy_helper import to_array

    weights = {one.name: one for one in model.graph.initializer}
    divisors = {}
    for name, matrices in _inputs(model).items():
        of_weights = np.max([np.abs(to_array(weights[matrix])).max(axis=1) for matrix in matrices], axis=0)
        ratio = np.log(np.maximum(sizes[name], 1e-5)) * SMOOTHING - np.log(np.maximum(of_weights, 1e-5)) * (
            1 - SMOOTHING
        )
        divisors[name] = np.exp(ratio - ratio.mean()).astype(np.float32)
    return divisors


def _inputs(model: ModelProto) -> dict[str, list[str]]:
    """Return what the `layers` of a model read, each with the names of its weights."""
    named = set(layers(model))
    found: dict[str, list[str]] = {}
    for node in model.graph.node:
        if node.name in named:
            found.setdefault(node.input[0], []).append(node.input[1])
    return found


def quantized(model: ModelProto, ways: Mapping[str, Way], divisors: Mapping[str, Any] | None = None) -> ModelProto:
    """Return a copy of a model with its embeddings and some of its `layers` in int8.

    Parameters
    ----------
    ways
        How the activations of each layer are quantized; a layer that is not named stays in fp32.
    divisors
        By what the channels are divided that these layers read, see `smoothing`; None leaves them as they are.
    """
    from onnx import ModelProto

    made = ModelProto()
    made.CopyFrom(model)
    writer = _Writer(made.graph, ways, divisors or {})
    nodes = [new for node in model.graph.node for new in writer.replaced(node)]
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    used = {name for node in nodes for name in node.input}
    kept = [one for one in made.graph.initializer if one.name in used]
    del made.graph.initializer[:]
    made.graph.initializer.extend(kept)
    return made


class _Writer:
    """Writes the nodes of a quantized graph, and its weights."""

    def __init__(self, graph: GraphProto, ways: Mapping[str, Way], divisors: Mapping[str, Any]) -> None:
        self.graph, self.ways, self.divisors = graph, ways, divisors
        self.weights = {one.name: one for one in graph.initializer if len(one.dims) == 2}
        self.done: set[str] = set()

    def replaced(self, node: NodeProto) -> Iterator[NodeProto]:
        """Yield the nodes in the place of one."""
        if node.op_type == "MatMul" and node.name in self.ways:
            yield from self._product(node, self.ways[node.name])
        elif node.op_type == "Gather" and node.input[0] in self.weights and self._is_table(node.input[0]):
            yield from self._embedding(node)
        else:
            yield node

    def _is_table(self, name: str) -> bool:
        return bool(self.weights[name].dims[0] >= _TABLE)

    def _product(self, node: NodeProto, way: Way) -> Iterator[NodeProto]:
        given, weight, out = node.input[0], node.input[1], node.output[0]
        factors, smooth = None, f"{given}:smooth"
        if given in self.divisors:
            factors = self.divisors[given][:, None]
            if smooth not in self.done:
                self.done.add(smooth)
                yield _node("Mul", [given, self._constant(f"{smooth}:by", 1 / self.divisors[given])], smooth)
            given = smooth
        if f"{given}:{way}" not in self.done:  # query, key and value read the same
            self.done.add(f"{given}:{way}")
            yield from self._by_batch(given) if way == "batch" else self._by_token(given)
        scale = f"{given}:{way}:scale"
        matrix, scales = self._int8(weight, axis=0, factors=factors)
        yield _node("MatMulInteger", [f"{given}:{way}", matrix, f"{given}:{way}:zero"], f"{out}:sum")
        yield _node("Cast", [f"{out}:sum"], f"{out}:float", to=1)
        if way == "batch":  # in this order onnxruntime makes one step of it all
            yield _node("Mul", [scale, scales], f"{out}:scale")
            yield _node("Mul", [f"{out}:float", f"{out}:scale"], out)
        else:
            yield _node("Mul", [f"{out}:float", scale], f"{out}:scaled")
            yield _node("Mul", [f"{out}:scaled", scales], out)

    def _by_batch(self, given: str) -> Iterator[NodeProto]:
        from onnx.helper import make_node

        names = [f"{given}:batch", f"{given}:batch:scale", f"{given}:batch:zero"]
        yield make_node("DynamicQuantizeLinear", [given], names)

    def _by_token(self, given: str) -> Iterator[NodeProto]:
        """Yield ``round(x / s) + 128`` with ``s = max |x| / 127`` of each token; unsigned products are faster."""
        import numpy as np

        way = f"{given}:token"
        share, least, middle = (
            self._constant(name, np.float32(value))
            for name, value in ((":share", 1 / 127), (":least", 1e-12), (":middle", 128))
        )
        self._constant(f"{way}:zero", np.array(128, np.uint8))
        yield _node("Abs", [given], f"{way}:size")
        yield _node("ReduceMax", [f"{way}:size"], f"{way}:largest", axes=[-1], keepdims=1)
        yield _node("Mul", [f"{way}:largest", share], f"{way}:step")
        yield _node("Max", [f"{way}:step", least], f"{way}:scale")
        yield _node("Div", [given, f"{way}:scale"], f"{way}:steps")
        yield _node("Round", [f"{way}:steps"], f"{way}:rounded")
        yield _node("Add", [f"{way}:rounded", middle], f"{way}:shifted")
        yield _node("Cast", [f"{way}:shifted"], way, to=2)

    def _embedding(self, node: NodeProto) -> Iterator[NodeProto]:
        table, rows, out = node.input[0], node.input[1], node.output[0]
        numbers, scales = self._int8(table, axis=1)
        yield _node("Gather", [numbers, rows], f"{out}:int")
        yield _node("Cast", [f"{out}:int"], f"{out}:float", to=1)
        yield _node("Gather", [scales, rows], f"{out}:scale")
        yield _node("Mul", [f"{out}:float", f"{out}:scale"], out)

    def _int8(self, name: str, axis: int, factors: Any = None) -> tuple[str, str]:
        """Return the names of a matrix in int8 and of its scales: of each column with axis 0, of each row with 1.

        Parameters
        ----------
        factors
            What the matrix is multiplied by before; None for nothing.
        """
        import numpy as np
        from onnx.numpy_helper import to_array

        if f"{name}:int8" not in self.done:
            matrix = to_array(self.weights[name]) * (1 if factors is None else factors)
            scales = np.maximum(np.abs(matrix).max(axis=axis, keepdims=axis == 1) / 127, 1e-12).astype(np.float32)
            self._constant(f"{name}:int8", np.round(matrix / scales).astype(np.int8))
            self._constant(f"{name}:scales", scales)
        return f"{name}:int8", f"{name}:scales"

    def _constant(self, name: str, value: Any) -> str:
        import numpy as np
        from onnx.numpy_helper import from_array

        if name not in self.done:
            self.done.add(name)
            self.graph.initializer.append(from_array(np.asarray(value), name))
        return name


def _node(kind: str, inputs: list[str], output: str, **attributes: Any) -> NodeProto:
    from onnx.helper import make_node

    return make_node(kind, inputs, [output], **attributes)
