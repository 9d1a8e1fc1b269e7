"""An exported network in this process: from inputs to logits, and from samples to scores."""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING, Any

from bertmagic.data.batches import budget_batches
from bertmagic.inference.forward import TOKEN_BUDGET, put

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from bertmagic.data.batches import Batch, BatchSource

    Session = Callable[[Mapping[str, npt.NDArray[np.int64]]], npt.NDArray[np.float32]]


def program(folder: Path) -> dict[str, Any]:
    """Return the names of ``predict.py`` in an exported folder: ``network, predict, MODEL`` and more."""
    return runpy.run_path(str(folder / "predict.py"))


def of_folder(folder: Path) -> Session:
    """Return the session of an exported folder: that of its own program."""
    names = program(folder)
    network, wanted = names["network"](), names["MODEL"]["inputs"]
    return lambda inputs: network({name: inputs[name] for name in wanted})


def of_bytes(content: bytes) -> Session:
    """Return the session of the content of an ONNX file."""
    outputs = outputs_of_bytes(content)
    return lambda inputs: next(iter(outputs(inputs).values()))


def outputs_of_bytes(content: bytes) -> Callable[[Mapping[str, npt.NDArray[np.int64]]], dict[str, Any]]:
    """Return the function from inputs to all outputs by name, of the content of an ONNX file."""
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = {one.name for one in session.get_inputs()}
    outputs = [one.name for one in session.get_outputs()]
    return lambda inputs: dict(zip(outputs, session.run(None, {name: inputs[name] for name in names}), strict=True))


def inputs(batch: Batch) -> dict[str, npt.NDArray[np.int64]]:
    """Return a batch as arrays; types are zeros for single texts."""
    arrays = {name: tensor.numpy() for name, tensor in batch.inputs.items()}
    return {"token_type_ids": arrays["input_ids"] * 0} | arrays


def batches(feed: BatchSource) -> Iterator[dict[str, npt.NDArray[np.int64]]]:
    """Yield the batches of `run` as arrays."""
    return (inputs(feed.batch(rows)) for rows in budget_batches(feed.tokens.lengths, TOKEN_BUDGET["cpu"]))


def run(
    session: Session, feed: BatchSource, after_batch: Callable[[int], None] = lambda done: None
) -> npt.NDArray[np.float32]:
    """Return the scores of all samples, as `inference.forward.run_model` does."""
    import numpy as np

    results: npt.NDArray[np.float32] | None = None
    done = 0
    for rows in budget_batches(feed.tokens.lengths, TOKEN_BUDGET["cpu"]):
        results = put(results, feed.tokens, rows, session(inputs(feed.batch(rows))))
        done += len(rows)
        after_batch(done)
    return np.zeros((0, 0), np.float32) if results is None else results
