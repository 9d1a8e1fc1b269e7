"""The heads of BERT's pre-training: masked tokens and next sentences."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.disk import json_files
from bertmagic.errors import FileError, MissingHead, ModelError
from bertmagic.models import loading, untrusted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.batches import Batch

_FOLLOWS = "seq_relationship"
"""The name of the next-sentence layer in transformers."""

WITH_NEXT_SENTENCE = ("bert", "mobilebert")
"""The model types that were pre-trained on next sentences and have a layer for it."""


@dataclass(frozen=True)
class MaskedOutput:
    """The outputs of the heads for a batch, in fp32.

    Attributes
    ----------
    tokens
        The logits of the chosen tokens, in the order of rows and of places within them, ``(chosen, vocabulary)``.
    follows
        The logits of each row for "the second text follows" and "it does not", ``(rows, 2)``; None without that head.
    """

    tokens: torch.Tensor
    follows: torch.Tensor | None


def load(folder: Path, next_sentence: bool = False, needs_head: bool = False, **changes: Any) -> tuple[Any, str]:
    """Load an encoder with a head for masked tokens, in fp32.

    A head that the folder lacks is tied to the embeddings, and its inner layer begins as the identity. Its first logits
    are then the similarity of the encoder's output to each word's embedding, not noise (see `start_near_identity`).

    Parameters
    ----------
    next_sentence
        Whether to load a head, too, that predicts whether a sentence follows another.
    needs_head
        Whether a folder without these heads is an error; then a next-sentence head that is there is loaded, too.
    changes
        Values to set in the config.

    Returns
    -------
    tuple
        The model, and one line that says what was loaded.

    Raises
    ------
    ModelError
        If the weights are broken, or the architecture has no such head.
    """
    if next_sentence and not needs_head:
        _check_kind(str(loading.config(folder)["model_type"]))
    wanted = next_sentence or (needs_head and any(_FOLLOWS in name for name in tensors(folder)))
    model, new, summary = loading.opened(folder, "pretraining" if wanted else "masked", **changes)
    if needs_head and new:
        raise MissingHead(
            f"{folder} has no head for masked words (missing: {sorted(new)[0]}, …).",
            "Pre-train it first: %%bert_pretrain NAME with model = that folder.",
        )
    if not new:
        return model, f"{summary}, the heads it has"
    parts = (
        [start_near_identity(model, new)] if any(_FOLLOWS not in name and "pooler" not in name for name in new) else []
    )
    parts += ["a new next-sentence head"] if any(_FOLLOWS in name for name in new) else []
    return model, ", ".join([summary, *parts])


def _check_kind(kind: str) -> None:
    if kind not in WITH_NEXT_SENTENCE:
        raise ModelError(
            f"a {kind!r} model has no next-sentence head in transformers.",
            "Leave nsp out, or start from a BERT: bert, minilm, bert-chinese.",
        )


def start_near_identity(model: PreTrainedModel, new: set[str]) -> str:
    """Initialize the new square layers of a head as the identity, and return a line about it.

    After 25 steps of MiniLM on Reuters documents the perplexity of others was 1,159 with it, and 1,971 with the random
    weights that transformers gives a new head.

    Parameters
    ----------
    new
        The names of the parameters that were not in the file.
    """
    import torch

    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if (
                name not in new
                or "pooler" in name
                or _FOLLOWS in name
                or name.startswith(f"{model.base_model_prefix}.")
            ):
                continue
            if parameter.ndim == 2 and parameter.shape[0] == parameter.shape[1]:
                parameter.copy_(torch.eye(len(parameter)))
    return "a new head for masked words, tied to the embeddings"


def tensors(folder: Path) -> set[str]:
    """Return the names of the tensors in a folder of safetensors; empty where they cannot be read."""
    from safetensors import SafetensorError, safe_open

    try:
        index = folder / untrusted.INDEX
        if index.is_file():
            return set(json_files.read_object(index)["weight_map"])
        with safe_open(folder / "model.safetensors", "pt") as file:
            return set(file.keys())
    except (FileError, OSError, TypeError, KeyError, SafetensorError):  # loading says what is wrong
        return set()


def has_next_sentence_head(model: PreTrainedModel) -> bool:
    """Whether a model has a next-sentence head."""
    return any(name.endswith(_FOLLOWS) for name, _ in model.named_modules())


def masked_outputs(model: PreTrainedModel, batch: Batch, chosen: torch.Tensor) -> MaskedOutput:
    """Return the outputs of the heads for some tokens of a batch.

    Only their hidden states go through the head: its product with the vocabulary costs as much as several layers, and
    15 % of the tokens are masked.

    Parameters
    ----------
    chosen
        True for the tokens to read, ``(rows, tokens)``.
    """
    with _gathered(model, chosen):
        output = model(**batch.inputs)
    follows = getattr(output, "seq_relationship_logits", None)
    tokens = output.prediction_logits if "prediction_logits" in output else output.logits
    return MaskedOutput(tokens[0].float(), None if follows is None else follows.float())


@contextmanager
def _gathered(model: PreTrainedModel, chosen: torch.Tensor) -> Iterator[None]:
    """Pass only the chosen tokens from the encoder to its head, as one row: heads treat each token by itself."""

    def gather(module: torch.nn.Module, inputs: Any, output: Any) -> Any:
        output["last_hidden_state"] = output["last_hidden_state"][chosen][None]  # (1, chosen, width)
        return output

    hook = model.base_model.register_forward_hook(gather)
    try:
        yield
    finally:
        hook.remove()
