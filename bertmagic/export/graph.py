"""A network as an ONNX graph, with any number of rows and tokens."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from bertmagic.data.batches import Batch
from bertmagic.disk import files
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
"""A file of protocol buffers, which ONNX is, holds 2 GiB: the weights of larger models lie in a file of their own."""
_ALIGNED = 4096
"""Where a weight may begin in such a file, so that it can be mapped into memory."""


def write(model: PreTrainedModel, outputs: Outputs, segments: bool, path: Path) -> None:
    """Write the graph of a model, which stays as it is; beside it ``NAME.data`` if the weights take over `MOST_BYTES`.

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
        If the family of the model cannot be traced.
    """
    import torch

    names, large = INPUTS if segments else INPUTS[:2], is_large(model)
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
                dynamic_axes=free | logits, dynamo=False, export_params=not large, do_constant_folding=not large,
            )  # fmt: skip
        except (RuntimeError, TypeError, ValueError, AssertionError, torch.onnx.errors.OnnxExporterError) as error:
            kind, reason = model.config.model_type, str(error).strip().partition("\n")[0]
            raise ModelError(
                f"{kind} models cannot be exported: {reason[:300] or type(error).__name__}.",
                "BERT, RoBERTa, DistilBERT, ELECTRA and most of their relatives can.",
            ) from error
        if large:
            _add_weights(path, traced)


def is_large(model: PreTrainedModel) -> bool:
    """Whether the weights of a model in fp32 do not fit into one ONNX file."""
    return bool(sum(weights.numel() * 4 for weights in model.parameters()) > MOST_BYTES)


def _add_weights(path: Path, traced: torch.nn.Module) -> None:
    """Write the weights that a graph names as inputs into a file beside it, and make them constants of the graph.

    Nothing is folded in such a graph, so that the names of its inputs are those of the weights.
    """
    import onnx

    weights = dict(traced.named_parameters(remove_duplicate=False)) | dict(traced.named_buffers())
    graph = onnx.load(path, load_external_data=False)
    named = [one for one in graph.graph.input if one.name in weights]
    with files.replacing_file(path.with_name(f"{path.name}.data"), sync=False) as file:
        for one in named:
            content = weights[one.name].detach().contiguous().numpy()
            file.write(bytes(-file.tell() % _ALIGNED))
            where = {"location": f"{path.name}.data", "offset": str(file.tell()), "length": str(content.nbytes)}
            file.write(content.data)
            entries = [onnx.StringStringEntryProto(key=key, value=value) for key, value in where.items()]
            graph.graph.initializer.append(
                onnx.TensorProto(
                    name=one.name,
                    dims=content.shape,
                    data_type=onnx.helper.np_dtype_to_tensor_dtype(content.dtype),
                    data_location=onnx.TensorProto.EXTERNAL,
                    external_data=entries,
                )
            )
            graph.graph.input.remove(one)
    files.write(path, graph.SerializeToString(), sync=False)


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
