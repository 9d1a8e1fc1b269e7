"""A model's attention to one text, or a pair: from the text to the maps, with what the model says of it."""

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
from bertmagic.data.batches import BatchSource
from bertmagic.data.tokens import encode
from bertmagic.errors import DataError, ModelError, OptionError, listing, nearest
from bertmagic.events import Listener, Phase, downloading
from bertmagic.models import devices, heads, loading, weights
from bertmagic.tasks.description import Description

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from bertmagic.attention.capture import Tape
    from bertmagic.attention.maps import Floats
    from bertmagic.data.tokens import Tokens
    from bertmagic.tasks import Task
    from bertmagic.text_model import TextModel

BETWEEN = " ||| "
"""What stands between the two texts of a pair that is written as one."""

_UNCUT = 10**9
_MOST = 16


@dataclass(frozen=True)
class Reader:
    """What is needed of a model to see its attention.

    ``trained`` says whether its head has learnt anything, which a bare encoder's has not.
    """

    name: str
    encoder: str
    network: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    task: Task
    longest: int
    trained: bool = True


def attention(model: TextModel, text: Any, pair: Any, emit: Listener) -> AttentionMaps:
    """Return the attention of a model to a text or a pair; see `TextModel.attention`."""
    reader, read = _reader(model), texts(text, pair, model.task)
    emit(Phase("reading"))
    return _maps(reader, read, partial(_later, weakref.ref(model), read))


def attention_of_base(model: TextModel, text: Any, pair: Any, emit: Listener) -> AttentionMaps:
    """Return the attention of the encoder that a model was made from, as it was before."""
    folder, name = _base(model, emit)
    emit(Phase(f"loading {name}"))
    tokenizer = loading.tokenizer(folder)
    with torch.random.fork_rng(devices=[]):  # the head is new, and drawing it must not move the user's own numbers
        network, _ = model.task.build(folder)
    longest = min(int(model.card["max_length"]), loading.limit(folder, tokenizer))
    reader = Reader(name, name, network.to(model.device), tokenizer, model.task, longest, trained=False)
    return _maps(reader, texts(text, pair, model.task), None)


def listed(text: Any) -> list[Any]:
    """Return the texts or pairs of a list, a column or an array; anything else alone.

    Raises
    ------
    DataError
        If there are none, or so many that their maps would fill the memory.
    """
    found = text.tolist() if hasattr(text, "tolist") else text
    if not isinstance(found, list):
        return [found]
    if not 1 <= len(found) <= _MOST:
        raise DataError(f"{len(found):,} texts are given.", f"Attention is shown of 1 to {_MOST} texts at a time.")
    return found


def texts(text: Any, pair: Any, task: Task) -> list[str]:
    """Return the one or two texts to read.

    Raises
    ------
    DataError
        If there are none, more than two, or one where the model reads two; or one is no text, or empty.
    """
    if isinstance(text, str) and pair is None:
        text = tuple(text.split(BETWEEN))
    parts = [*(text if isinstance(text, tuple) else [text]), *([] if pair is None else [pair])]
    if len(parts) > 2:
        raise DataError(f"{len(parts)} texts are given.", "Attention is shown of one text, or of a pair: A ||| B.")
    for part in parts:
        if not isinstance(part, str) or not part.strip():
            raise DataError(f"there is no text to read: {part!r:.60}.", "Give a text with at least one word.")
    if len(parts) < len(task.inputs):
        raise DataError(
            f"the model reads pairs ({listing(task.inputs)}), and one text is given.",
            "Give both texts, or one with ` ||| ` between the two.",
        )
    return parts


def _reader(model: TextModel) -> Reader:
    """Return what is needed of a model; one that was unloaded is an error."""
    longest = model.task.max_tokens(model.card, loading.limit(model.folder, model.tokenizer))
    return Reader(model.name, str(model.card.get("encoder")), model.network, model.tokenizer, model.task, longest)


def _base(model: TextModel, emit: Listener) -> tuple[Path, str]:
    """Return the folder of the encoder that a model was made from, and its name.

    Raises
    ------
    ModelError
        If its card does not say.
    """
    start = (model.card.get("options") or {}).get("model")
    if not start:
        raise ModelError(
            f"{model.name!r} does not say which encoder it was made from: it was not trained here.",
            "Name one to compare with: --compare MODEL.",
        )
    return weights.find(str(start), downloading(emit)).folder, str(model.card["encoder"])


def _sample(reader: Reader, read: list[str]) -> tuple[Tokens, int]:
    """Return the tokens that are read, and how many are not."""
    pairs = read[1:] or None
    whole = encode(reader.tokenizer, read[:1], _UNCUT, pairs=pairs, spans=True)
    if len(whole.ids) <= reader.longest:
        return whole, 0
    sample = encode(reader.tokenizer, read[:1], reader.longest, pairs=pairs, spans=True)
    return sample, len(whole.ids) - len(sample.ids)


def _run(reader: Reader, sample: Tokens) -> tuple[Tape, torch.Tensor]:
    """Return what the layers computed, and the logits."""
    pad_id: Any = reader.tokenizer.pad_token_id
    feed = BatchSource(sample, pad_id, segments=heads.reads_segments(reader.network))
    batch = feed.batch(np.zeros(1, np.int64)).to(partial(devices.send, device=reader.network.device))
    with recording(reader.network) as tape:
        scores = reader.task.logits(reader.network, batch)
    return tape, scores.float()


def _maps(reader: Reader, read: list[str], gradients: Callable[[str | None], Floats] | None) -> AttentionMaps:
    sample, cut = _sample(reader, read)
    with torch.no_grad():
        tape, scores = _run(reader, sample)
        layers = layers_of(tape)
        array = torch.stack([layer.weights for layer in tape.layers]).float().cpu().numpy()
    described = Description()
    if reader.trained:
        described = reader.task.describe(scores, sample, read, reader.tokenizer)
    maps = AttentionMaps(
        array=array,
        tokens=tokens_of(reader.tokenizer, sample, read),
        text=read[0],
        pair=read[1] if len(read) == 2 else None,
        model=reader.name,
        encoder=reader.encoder,
        cut=cut,
        prediction=described.prediction,
        said=described.line,
        outputs=reader.task.gradient_outputs(described, reader.network),
        layers=layers,
        rotated="rope_parameters" in reader.network.config,
        gradients=gradients,
    )
    return replace(maps, notes=tuple(_notes(reader, maps)))


def _notes(reader: Reader, maps: AttentionMaps) -> list[str]:
    found = []
    if maps.cut:
        found.append(f"The text has more than the {reader.longest:,} tokens that are read: {maps.cut:,} were left out.")
    if nearly_uniform(maps):
        found.append("All heads look everywhere almost alike: its weights may not have been trained, or not loaded.")
    if maps.pair is not None and len(reader.task.inputs) < 2:
        found.append(f"{reader.name} has learnt single texts: what it says of a pair means little.")
    return found


def _later(model: Callable[[], TextModel | None], read: list[str], output: str | None) -> Floats:
    """Run a model again, if it is still there, and return the gradients of an output by the weights."""
    held = model()
    if held is None:
        raise ModelError(
            "the model of these maps is gone, and gradients need it.", "Keep it in a variable, and capture them again."
        )
    with held._lock:
        return _gradients(_reader(held), read, output)


def _gradients(reader: Reader, read: list[str], output: str | None) -> Floats:
    sample, _ = _sample(reader, read)
    with torch.enable_grad():
        tape, scores = _run(reader, sample)
        task, network = reader.task, reader.network
        known = task.gradient_outputs(task.describe(scores, sample, read, reader.tokenizer), network)
        chosen = known[0] if output is None else output
        if chosen not in known:
            raise OptionError(f"there is no output {output!r}.{nearest(output, known)}", f"There are {listing(known)}.")
        tokens = task.gradient_tokens(sample, reader.tokenizer.mask_token_id)
        number = task.output_logit(scores, chosen, network, tokens)
        found = torch.autograd.grad(number, [layer.weights for layer in tape.layers])
    return torch.stack(found).float().cpu().numpy()
