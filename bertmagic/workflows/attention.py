"""The attention maps of a model for one text or a pair, with the model's prediction."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from bertmagic.attention.capture import layers_of, recording
from bertmagic.attention.maps import AttentionMaps
from bertmagic.attention.statistics import nearly_uniform
from bertmagic.attention.words import tokens_of
from bertmagic.data import pairs
from bertmagic.data.batches import BatchSource
from bertmagic.data.object_types import declares
from bertmagic.data.tokenization import encode
from bertmagic.errors import DataError, ModelError, OptionError, count, listing, nearest
from bertmagic.events import Listener, Phase
from bertmagic.models import devices, heads, loading, mean_layer, saving, weights
from bertmagic.models.fast import first_token
from bertmagic.models.fast.working_copy import share_weights
from bertmagic.models.torch_defaults import torch_defaults
from bertmagic.tasks.description import Description
from bertmagic.text_safety import quoted, without_surrogates
from bertmagic.workflows import conversion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.attention.capture import Tape
    from bertmagic.attention.maps import Floats
    from bertmagic.data.tokens import Tokens
    from bertmagic.tasks import Task
    from bertmagic.text_model import TextModel

_NO_LIMIT = 10**9
_MOST_TEXTS = 16


@dataclass(frozen=True)
class AttentionSource:
    """A model whose attention is captured.

    Attributes
    ----------
    encoder
        The name of the encoder that the model was fine-tuned from.
    max_tokens
        Longer inputs are truncated to this many tokens.
    is_trained
        Whether its head has been trained; that of a bare encoder has not.
    """

    name: str
    encoder: str
    network: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    task: Task
    max_tokens: int
    is_trained: bool = True


def attention(model: TextModel, text: Any, pair: Any, emit: Listener) -> AttentionMaps:
    """Return the attention maps of a model for a text or a pair; see `TextModel.attention`."""
    source, inputs = _source(model), texts(text, pair, model.task)
    emit(Phase("reading"))
    return _maps(source, inputs, _ModelGradients(model, inputs))


@torch_defaults()
def attention_of_base(model: TextModel, text: Any, pair: Any, emit: Listener) -> AttentionMaps:
    """Return the attention maps of the encoder that a model was fine-tuned from, before fine-tuning."""
    folder, name = base_encoder(model)
    emit(Phase(f"loading {name}"))
    tokenizer = loading.tokenizer(folder)
    with torch.random.fork_rng(devices=[]):  # the head is new; drawing it must not change the user's random numbers
        network = model.task.build(folder).network
    if len(first_token.stack(model.network)) > len(first_token.stack(network)):
        mean_layer.add(network)  # the layer that fine-tuning put on top, as it was before training
    max_tokens = min(int(model.card["max_length"]), loading.limit(folder, tokenizer))
    source = AttentionSource(name, name, network.to(model.device), tokenizer, model.task, max_tokens, is_trained=False)
    return _maps(source, texts(text, pair, model.task), None)


def listed(text: Any) -> list[Any]:
    """Return the texts or pairs of a list, a column or an array; for anything else a list of one.

    Raises
    ------
    DataError
        If there are none, or so many that their maps would fill the memory.
    """
    inputs = text.tolist() if declares(text, "tolist") else text
    if not isinstance(inputs, list):
        return [inputs]
    if not 1 <= len(inputs) <= _MOST_TEXTS:
        raise DataError(
            f"{count(len(inputs), 'text')} given for attention.", f"Give 1 to {_MOST_TEXTS} texts at a time."
        )
    return inputs


def texts(text: Any, pair: Any, task: Task, what: str = "attention") -> list[str]:
    """Return the one or two texts of the model's input.

    Parameters
    ----------
    what
        What is asked for, as messages call it.

    Raises
    ------
    DataError
        If there are none, more than two, or one for a model of pairs; or if one is empty or not a string.
    """
    is_whole = isinstance(text, str) and pair is not None
    parts = [*([text] if is_whole else pairs.split(text)), *([] if pair is None else [pair])]
    if len(parts) > 2:
        raise DataError(f"{count(len(parts), 'text')} given for {what}.", "Give one text, or a pair: A ||| B.")
    for part in parts:
        if part is not None and not isinstance(part, str | float):  # a missing text is a float
            raise DataError(
                f"{what} is of one text or one pair, and a value of type {type(part).__name__} was given.",
                "Give a text, such as one row of a column.",
            )
        if not isinstance(part, str) or not part.strip():
            raise DataError(f"there is no text to read: {quoted(part, 60)}.", "Give a text with at least one word.")
    if len(parts) < len(task.inputs):
        raise DataError(
            f"the model reads pairs ({listing(task.inputs)}), and one text is given.",
            "Give both texts, or one with ` ||| ` between the two.",
        )
    return [without_surrogates(part) for part in parts]


def _source(model: TextModel) -> AttentionSource:
    """Return the source of a model's attention; a model that was unloaded is an error."""
    max_tokens = model.task.max_tokens(model.card, loading.limit_of(model.network, model.tokenizer))
    encoder = str(model.card.get("encoder"))
    return AttentionSource(model.name, encoder, model.network, model.tokenizer, model.task, max_tokens)


def base_encoder(model: TextModel) -> tuple[Path, str]:
    """Return folder and name of the encoder that a model was fine-tuned from.

    Raises
    ------
    ModelError
        If the model card does not name it, it is not on this disk, or its folder holds another model by now.
    """
    encoder = (model.card.get("options") or {}).get("model")
    if not encoder:
        raise ModelError(
            f"the encoder of {model.name!r} is unknown: the model was not trained by bertmagic.",
            "Name another model to compare with.",
        )
    there, name = weights.on_disk(conversion.reference(str(encoder))), str(model.card["encoder"])
    if there is None:
        raise ModelError(
            f"{model.name!r} was trained from {str(encoder)[:100]!r}, which is not on this disk.",
            "Name another model to compare with, or load it first: what a file names is not fetched from the hub.",
        )
    folder = there.folder
    digest = model.card.get("encoder_digest")
    if folder.resolve() == model.folder.resolve() or (digest and digest != saving.saved_digest(folder)):
        raise ModelError(
            f"{model.name!r} was trained from a model that is no longer in {folder}: another one was saved there.",
            "Name another model to compare with.",
        )
    return folder, name


def _sample(source: AttentionSource, inputs: list[str]) -> tuple[Tokens, int]:
    """Return the tokens that fit into the model, and the number of truncated tokens."""
    second = inputs[1:] or None
    whole = encode(source.tokenizer, inputs[:1], _NO_LIMIT, pairs=second, spans=True)
    if len(whole.ids) <= source.max_tokens:
        return whole, 0
    sample = encode(source.tokenizer, inputs[:1], source.max_tokens, pairs=second, spans=True)
    return sample, len(whole.ids) - len(sample.ids)


def _run(source: AttentionSource, sample: Tokens) -> tuple[Tape, torch.Tensor]:
    """Return the recorded layers and the logits."""
    pad_id: Any = source.tokenizer.pad_token_id
    batches = BatchSource(sample, pad_id, segments=heads.reads_segments(source.network))
    batch = batches.batch(np.zeros(1, np.int64)).to(partial(devices.send, device=source.network.device))
    network = share_weights(source.network, training=False)  # what is exchanged to record is not the user's
    with recording(network) as tape:
        logits = source.task.logits(network, batch)
    return tape, logits.float()


@torch_defaults()
def _maps(
    source: AttentionSource, inputs: list[str], gradients: Callable[[str | None], Floats] | None
) -> AttentionMaps:
    sample, truncated = _sample(source, inputs)
    with torch.no_grad():
        tape, logits = _run(source, sample)
        layers = layers_of(tape)
        array = torch.stack([layer.weights for layer in tape.layers]).float().cpu().numpy()
    description = Description()
    if source.is_trained:
        description = source.task.describe(logits, sample, inputs, source.tokenizer)
    maps = AttentionMaps(
        array=array,
        tokens=tokens_of(source.tokenizer, sample, inputs),
        text=inputs[0],
        pair=inputs[1] if len(inputs) == 2 else None,
        model=source.name,
        encoder=source.encoder,
        cut=truncated,
        prediction=description.prediction,
        said=description.line,
        outputs=source.task.gradient_outputs(description, source.network),
        layers=layers,
        rotated="rope_parameters" in source.network.config,
        gradients=gradients,
    )
    return replace(maps, notes=tuple(_notes(source, maps)))


def _notes(source: AttentionSource, maps: AttentionMaps) -> Iterator[str]:
    if maps.cut:
        most, truncated = count(source.max_tokens, "token"), count(maps.cut, "token")
        yield f"The model reads at most {most} of a text: {truncated} truncated."
    unknown = dict.fromkeys(token.text for token in maps.tokens if token.unknown)
    if unknown:
        name = next(token.unknown for token in maps.tokens if token.unknown)
        yield f"{source.encoder} does not know {listing(unknown, 6)} and reads {name} instead."
    if nearly_uniform(maps):
        yield "All heads have nearly uniform attention: the weights may not have been trained, or not loaded."
    predicts = bool(maps.prediction or maps.said)
    if predicts and maps.pair is not None and len(source.task.inputs) < 2:
        yield f"{source.name} was trained on single texts: its prediction for a pair means little."


class _ModelGradients:
    """Runs a model again, if it is still in memory, and returns the gradients of an output by the weights.

    It does not keep the model alive. In another process, or in a file, there is none.
    """

    def __init__(self, model: TextModel | None, inputs: list[str]) -> None:
        self._reference, self._inputs = weakref.ref(model) if model is not None else lambda: None, inputs

    def __call__(self, output: str | None = None) -> Floats:
        model = self._reference()
        if model is None:
            raise ModelError(
                "gradients need the model of these maps, and it is no longer in memory.",
                "Keep the model in a variable and capture its attention again.",
            )
        with model._lock:
            return _gradients(_source(model), self._inputs, output)

    def __reduce__(self) -> tuple[type[_ModelGradients], tuple[None, list[str]]]:
        return _ModelGradients, (None, self._inputs)

    def __deepcopy__(self, memo: dict[int, Any]) -> _ModelGradients:
        return self


@torch_defaults()
def _gradients(source: AttentionSource, inputs: list[str], output: str | None) -> Floats:
    sample, _ = _sample(source, inputs)
    task, network = source.task, source.network
    tape, logits = _run(source, sample)
    names = task.gradient_outputs(task.describe(logits, sample, inputs, source.tokenizer), network)
    if not names:
        raise ModelError(
            f"{source.name!r} has no head, and so no output to take gradients of.",
            "Fine-tune it with %%bert_finetune, or choose another method.",
        )
    name = names[0] if output is None else output
    if name not in names:
        raise OptionError(f"there is no output {name!r}.{nearest(name, names)}", f"There are {listing(names)}.")
    tokens = task.gradient_tokens(sample, source.tokenizer.mask_token_id)
    logit = task.output_logit(logits, name, network, tokens)
    gradients = torch.autograd.grad(logit, [layer.weights for layer in tape.layers])
    return torch.stack(gradients).float().cpu().numpy()
