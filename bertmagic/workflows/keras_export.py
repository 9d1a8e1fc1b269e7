"""Models as folders for TensorFlow: an encoder that Keras loads, with its head, and compared like the others."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bertmagic.data.batches import Batch
from bertmagic.disk import files
from bertmagic.errors import ModelError, OptionError
from bertmagic.events import Phase
from bertmagic.export import folder as folders
from bertmagic.export import parity, readme
from bertmagic.export.keras import architecture, process
from bertmagic.export.result import Export
from bertmagic.models import heads
from bertmagic.workflows import export as exporting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel

    from bertmagic.events import Listener
    from bertmagic.export.formats import Format
    from bertmagic.export.keras.process import Keras
    from bertmagic.text_model import TextModel


def export(
    model: TextModel, path: Path, chosen: Format, check: Any, asked: Mapping[str, Any], emit: Listener
) -> Export:
    """Export a model to Keras; see `TextModel.export`.

    Raises
    ------
    ModelError
        If Keras cannot be built for it, or gives other numbers.
    OptionError
        If there are rows to check, and the model is an encoder.
    """
    task, headed = model.task, bool(model.task.decoder)
    if check is not None and not headed:
        raise OptionError(
            f"{model.name!r} is an encoder without a head: there are no predictions to check.",
            "Leave check out. Its vectors are compared in any case.",
        )
    known, weights = architecture.describe(
        model.network, model.tokenizer, task.activation if headed else "", len(task.inputs)
    )
    tokenizer = exporting.tokenizer_json(model)
    folders.check(path)
    rows = exporting.rows_to_check(model, check, asked, emit) if headed else None
    comparison = None if rows is None else exporting.Comparison.of(model, rows, emit)
    manifest = exporting.described(model, chosen, segments=False)
    with files.replacing(path) as filling:
        emit(Phase("starting TensorFlow"))
        with process.written(known, weights) as keras:
            emit(Phase("comparing it with the model"))
            result = _checked(model, path, keras, known)
            if comparison is not None:
                result = exporting.compared(result, lambda inputs: keras.compute(inputs["input_ids"])[1], comparison)
            _refuse(result)
            with files.refusals(path):
                _copy(keras.folder, filling)
        folders.fill(filling, task.decoder, tokenizer, manifest, readme.requirements(chosen))
        result = replace(result, bytes=folders.network_bytes(filling), model_bytes=model.bytes)
        exporting.complete(filling, rows, result, manifest, readme.of_keras(result, manifest, known))
    return result


def _checked(model: TextModel, path: Path, keras: Keras, known: Mapping[str, Any]) -> Export:
    """Return how far vectors and logits are from those of the model on random tokens."""
    import numpy as np

    def both(inputs: Mapping[str, npt.NDArray[np.int64]]) -> npt.NDArray[np.float32]:
        values, logits = keras.compute(inputs["input_ids"])
        return np.concatenate((values, logits), axis=-1) if logits.size else values

    batches, worst = parity.on_random_tokens(
        model.network, _outputs(model), both, int(model.card["max_length"]), heads.reads_segments(model.network),
        reading=lambda batch: _as_read(batch, known),
    )  # fmt: skip
    return Export(
        path=path.absolute(), format="keras", model=model.name, bytes=0, model_bytes=0, batches=batches,
        difference=worst,
    )  # fmt: skip


def _outputs(model: TextModel) -> Callable[[PreTrainedModel, Batch], torch.Tensor]:
    """Return the function from network and batch to vectors and, behind them, logits."""
    import torch

    def of_encoder(network: PreTrainedModel, batch: Batch) -> torch.Tensor:
        output = network.base_model(**batch.inputs)
        pooled = output.get("pooler_output")
        values: torch.Tensor = output.last_hidden_state[:, 0] if pooled is None else pooled
        return values

    def of_head(network: PreTrainedModel, batch: Batch) -> torch.Tensor:
        return torch.cat((heads.features(network, batch), model.task.outputs(network, batch)), dim=-1)

    return of_head if model.task.decoder else of_encoder


def _as_read(batch: Batch, known: Mapping[str, Any]) -> Batch:
    """Return random tokens as a network reads them that knows their ids only.

    Padding has its id, a text does not end in it, and the second text of a pair follows the first separator.
    """
    import torch

    ids, mask, separator = batch.ids.clone(), batch.mask, int(known["separator"])
    rows, last = torch.arange(len(ids)), mask.sum(dim=1) - 1
    ids[rows[::2], last[::2] // 2] = separator
    ids[rows, last] = separator
    ids[mask == 0] = int(known["pad_id"])
    ends = (ids == separator).long()
    second = ((ends.cumsum(dim=1) - ends) > 0).long() * mask * int(known["pairs"])
    return Batch(ids, mask, None if batch.types is None else second)


def _refuse(result: Export) -> None:
    """Raise a `ModelError` if logits, vectors or predictions are not those of the model."""
    if result.difference > parity.TOLERANCE or result.kept < 1:
        raise ModelError(
            f"Keras changes logits by up to {result.difference:.2g}, and keeps {result.kept:.2%} of the predictions; "
            f"{parity.TOLERANCE} and all are asked for. Nothing was written.",
            'Take format = "onnx", and please report which encoder it is.',
        )


def _copy(made: Path, filling: Path) -> None:
    """Copy what Keras wrote, without the folder of assets, which is empty."""
    for source in (*(made / "encoder").iterdir(), made / "head.keras"):
        if source.is_file():
            shutil.copyfile(source, filling / source.name)
