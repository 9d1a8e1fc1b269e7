"""The fastest int8 graph of a model that keeps its predictions, and which layers stay in fp32 for that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.disk import files
from bertmagic.errors import ModelError, count
from bertmagic.export import graph, quantization
from bertmagic.export.session import of_bytes, outputs_of_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import numpy.typing as npt
    from onnx import ModelProto

    from bertmagic.export.formats import Request
    from bertmagic.export.quantization import Way
    from bertmagic.export.session import Session

_LEFT_OUT = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)
"""How many layers are left out, up to half of them: with fewer the file is hardly smaller or faster than fp32."""


@dataclass(frozen=True)
class _Tried:
    ways: Mapping[str, Way]
    kept: float
    seconds: float


def write(request: Request) -> tuple[str, ...]:
    """Write the graph and return the layers that stay in fp32.

    First all layers with one range for the activations of a batch, as they are and smoothed. Then the layers that
    change the logits most are left out one after another. Last, all have a scale for each token, and again layers are
    left out. The first of these graphs that keeps enough predictions and is faster than fp32 is written.

    Raises
    ------
    ModelError
        If none does: with the best that was found. If the weights in fp32 do not fit into one ONNX file.
    """
    import onnx

    assert request.comparison is not None
    if graph.is_large(request.model):
        raise ModelError(
            "the weights take more than 2.1 GB in fp32, and onnx-int8 reads them from one file, which holds no more.",
            'Take format = "onnx" or "openvino".',
        )
    target = request.folder / "network.onnx"
    graph.write(request.model, request.outputs, request.segments, target)
    plain = onnx.load(target)
    names = quantization.layers(plain)
    exact = of_bytes(plain.SerializeToString())
    limit = request.comparison.seconds(exact)
    tried: list[_Tried] = []
    for ways, divisors in _candidates(request, plain, exact, names):
        made = quantization.quantized(plain, ways, divisors).SerializeToString()
        session = of_bytes(made)
        one = _Tried(ways, request.comparison.kept(session), request.comparison.seconds(session))
        tried.append(one)
        if one.kept >= request.keep and one.seconds < limit:
            files.write(target, made, sync=False)
            return tuple(_short(name) for name in names if name not in ways)
    raise _refusal(request, tried, limit)


def _candidates(
    request: Request, plain: ModelProto, exact: Session, names: tuple[str, ...]
) -> Iterator[tuple[dict[str, Way], dict[str, Any] | None]]:
    """Yield the graphs to try, from the fastest on: how each layer is quantized, and what smooths its activations."""
    yield dict.fromkeys(names, "batch"), None
    divisors = quantization.smoothing(plain, _sizes(request, plain))
    ways: tuple[tuple[Way, dict[str, Any] | None], ...] = (("batch", divisors), ("token", None))
    for way, smooth in ways:
        yield dict.fromkeys(names, way), smooth
        ranked = _by_change(request, plain, exact, names, way, smooth)
        for left_out in (many for many in _LEFT_OUT if many <= len(names) / 2):
            yield {name: way for name in names if name not in ranked[:left_out]}, smooth


def _sizes(request: Request, plain: ModelProto) -> dict[str, npt.NDArray[np.float32]]:
    """Return the largest absolute value of each channel that the layers read of some rows, by what they read."""
    import numpy as np

    assert request.comparison is not None
    observe = outputs_of_bytes(quantization.observed(plain).SerializeToString())
    most: dict[str, npt.NDArray[np.float32]] = {}
    for batch in request.comparison.some_inputs():
        for output, sizes in observe(batch).items():
            name = output.removesuffix(":most")
            most[name] = np.maximum(most.get(name, sizes), sizes)
    return most


def _by_change(
    request: Request, plain: ModelProto, exact: Session, names: tuple[str, ...], way: Way,
    divisors: dict[str, Any] | None,
) -> list[str]:  # fmt: skip
    """Return the layers by how much the logits change if only that one is quantized, the largest change first."""
    import numpy as np

    assert request.comparison is not None
    changes: dict[str, float] = {}
    expected = request.comparison.some_scores(exact)
    for name in names:
        session = of_bytes(quantization.quantized(plain, {name: way}, divisors).SerializeToString())
        changes[name] = float(np.abs(request.comparison.some_scores(session) - expected).mean())
    return sorted(names, key=lambda name: -changes[name])


def _short(name: str) -> str:
    """Return the name of a layer without what all of them have."""
    return name.strip("/").removeprefix("model/").removesuffix("/MatMul").replace("/", ".")


def _refusal(request: Request, tried: list[_Tried], limit: float) -> ModelError:
    best = max(tried, key=lambda one: (one.kept, -one.seconds))
    speed = limit / best.seconds
    why = f"keeps {best.kept:.2%} of the predictions at {speed:.1f} times the speed of fp32"
    if best.kept >= request.keep:
        fix = 'It is not faster than fp32 here. Take format = "onnx".'
    else:
        fix = f'Set keep = {int(best.kept * 1000) / 1000} to take it, check more rows, or take format = "onnx".'
    what = f"the best of {count(len(tried), 'int8 network')} {why}; {request.keep:.2%} was asked for."
    return ModelError(f"{what} Nothing was written.", fix)
