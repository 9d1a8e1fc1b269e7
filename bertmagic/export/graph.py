"""A network as an ONNX graph, with any number of rows and tokens."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from bertmagic.data.batches import Batch
from bertmagic.errors import ModelError
from bertmagic.models import heads
from bertmagic.models.fast.working_copy import for_graph
from bertmagic.models.torch_defaults import torch_defaults

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from transformers import PreTrainedModel

    from bertmagic.inference.forward import Outputs

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OPSET = 17
"""The first one with layer normalization as one operator."""

MOST_BYTES = 2**31 - 2**20
"""A file of protocol buffers, which ONNX is, holds 2 GiB."""


def write(model: PreTrainedModel, outputs: Outputs, segments: bool, path: Path) -> None:
    """Write the graph of a model, which stays as it is.

    The exporter that traces the network is used: its graphs are smaller than those of ``dynamo``, are made in a tenth
    of the time, and give the same numbers.

    Parameters
    ----------
    outputs
        As in `inference.forward.run_model`: a classifier's last layer is computed for the first token only.
    segments
        Whether the graph reads which text of a pair a token belongs to.

    Raises
    ------
    ModelError
        If the family of the model cannot be traced, or the weights are too large for a file.
    """
    import torch

    size = sum(weights.numel() * 4 for weights in model.parameters())
    if size > MOST_BYTES:
        raise ModelError(
            f"the weights take {size / 1e9:.1f} GB in fp32, and an ONNX file holds 2.1 GB.",
            "Export a smaller model.",
        )
    names = INPUTS if segments else INPUTS[:2]
    free: dict[str, dict[int, str]] = {name: {0: "rows", 1: "tokens"} for name in names}
    with torch_defaults(), torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the exporter's age, and about shapes that `parity` checks
        traced = _module(for_graph(model, logits_only=outputs is heads.logits), outputs).eval()
        example = _example(segments)
        rank = traced(*example).ndim
        logits = {"logits": {0: "rows", 1: "tokens"} if rank == 3 else {0: "rows"}}
        try:
            torch.onnx.export(
                traced, example, str(path), input_names=list(names), output_names=["logits"], opset_version=OPSET,
                dynamic_axes=free | logits, dynamo=False,
            )  # fmt: skip
        except (RuntimeError, TypeError, ValueError, AssertionError, torch.onnx.errors.OnnxExporterError) as error:
            kind, reason = model.config.model_type, str(error).strip().partition("\n")[0]
            raise ModelError(
                f"{kind} models cannot be exported: {reason[:300] or type(error).__name__}.",
                "BERT, RoBERTa, DistilBERT, ELECTRA and most of their relatives can.",
            ) from error


def _example(segments: bool) -> tuple[torch.Tensor, ...]:
    """Return two rows of seven and of five tokens."""
    import torch

    ids = torch.arange(14).reshape(2, 7) % 3 + 1
    mask = torch.ones_like(ids)
    mask[1, 5:] = 0
    return (ids, mask, mask - mask) if segments else (ids, mask)


def _module(model: PreTrainedModel, outputs: Outputs) -> Any:
    """Return a module from ids, mask and types to logits."""
    from torch import nn

    class Traced(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor | None = None) -> torch.Tensor:
            logits: torch.Tensor = outputs(self.model, Batch(ids, mask, types))
            return logits

    return Traced()
