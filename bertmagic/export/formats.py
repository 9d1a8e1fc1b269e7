"""The formats of exports: what each needs, and how it writes the file of a network."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from bertmagic.errors import OptionError, listing
from bertmagic.export import graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    from transformers import PreTrainedModel

    from bertmagic.export.session import Session
    from bertmagic.inference.forward import Outputs


class Checker(Protocol):
    """Compares a network with the model on the rows of a user."""

    def kept(self, made: Session) -> float:
        """Return the share of rows whose prediction is that of the model."""

    def some_inputs(self) -> Iterator[Mapping[str, npt.NDArray[np.int64]]]:
        """Yield some of the rows as the inputs of a network, a batch at a time."""

    def some_scores(self, made: Session) -> npt.NDArray[np.float32]:
        """Return the logits of some of the rows."""

    def seconds(self, made: Session) -> float:
        """Return how long some of the rows take: the median of several turns."""


@dataclass(frozen=True)
class Request:
    """What is to be written.

    Attributes
    ----------
    model, outputs, segments
        As in `graph.write`.
    folder
        Where the network is written.
    keep
        The share of predictions that a format which is not exact must keep.
    comparison
        What compares a network with the model on rows; None without rows.
    """

    model: PreTrainedModel
    outputs: Outputs
    segments: bool
    folder: Path
    keep: float = 1.0
    comparison: Checker | None = None


@dataclass(frozen=True)
class Format:
    """A format of exports.

    Attributes
    ----------
    name
        What users type.
    network
        The file of the network.
    write
        Writes the network and returns the layers that are not quantized; None for Keras, whose way is another one:
        `workflows.keras_export`.
    needs
        The modules that it needs.
    extra
        The extra of this package that installs them.
    runs_by
        The package that runs the file.
    exact
        Whether its logits are those of the model up to rounding.
    predicts_here
        Whether `TextModel.predict` can use it.
    """

    name: str
    network: str
    write: Callable[[Request], tuple[str, ...]] | None
    needs: tuple[str, ...]
    runs_by: str = "onnxruntime"
    exact: bool = True
    extra: str = "export"
    predicts_here: bool = True


def _onnx(request: Request) -> tuple[str, ...]:
    graph.write(request.model, request.outputs, request.segments, request.folder / "network.onnx")
    return ()


def _int8(request: Request) -> tuple[str, ...]:
    from bertmagic.export import int8

    return int8.write(request)


def _openvino(request: Request) -> tuple[str, ...]:
    import openvino

    traced = request.folder / "traced.onnx"
    graph.write(request.model, request.outputs, request.segments, traced)
    openvino.save_model(openvino.Core().read_model(traced), request.folder / "network.xml", compress_to_fp16=False)
    for written in request.folder.glob("traced.onnx*"):
        written.unlink()
    return ()


_ALL = (
    Format("onnx", "network.onnx", _onnx, ("onnx", "onnxruntime")),
    Format("onnx-int8", "network.onnx", _int8, ("onnx", "onnxruntime"), exact=False),
    Format("openvino", "network.xml", _openvino, ("onnx", "openvino"), runs_by="openvino"),
    Format(
        "keras", "model.weights.h5", None, ("tensorflow", "keras"), "tensorflow", extra="keras", predicts_here=False
    ),
)
FORMATS = {one.name: one for one in _ALL}
"""The formats by their name."""


def find(name: str) -> Format:
    """Return a format whose packages are installed.

    Raises
    ------
    OptionError
        If a package is missing.
    """
    chosen = FORMATS[name]
    missing = [module for module in chosen.needs if find_spec(module) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise OptionError(
            f'format = "{name}" needs {listing(missing)}, which {verb} not installed.',
            f'Install what it needs: pip install "bertmagic[{chosen.extra}]".',
        )
    return chosen
