"""Tokenizers and models with a head, from a folder of weights."""

from __future__ import annotations

import json
import logging
import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bertmagic.disk import json_files
from bertmagic.errors import BertMagicError, MissingHead, ModelError, count, is_out_of_memory, listing
from bertmagic.models import adapters, checksums, head_classes, heads, untrusted
from bertmagic.models.torch_defaults import torch_defaults
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import torch
    from transformers import PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

alone = threading.RLock()
"""Held while transformers loads: it changes torch's default dtype and initializers for the whole process meanwhile."""


def expected_tensors(kind: str, config: PretrainedConfig) -> dict[str, torch.Tensor]:
    """Return the tensors that a class of transformers has for a config: their names and shapes, without numbers."""
    import torch
    import transformers

    with alone, quiet(), torch.device("meta"):
        tensors: dict[str, torch.Tensor] = getattr(transformers, kind)(config).state_dict()
    return tensors


def tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a folder.

    Raises
    ------
    ModelError
        If there is none, it cannot be read, or it has tokens that the model of the folder has no embedding for.
    """
    import transformers

    untrusted.check(folder, config(folder))
    checksums.check_model(folder, checksums.TOKENIZER)
    try:
        with quiet():
            loaded: PreTrainedTokenizerBase = transformers.AutoTokenizer.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
    except Exception as error:  # every tokenizer class has failures of its own
        if is_out_of_memory(error):
            raise
        raise _unreadable(folder, "tokenizer", error) from error
    if loaded.pad_token_id is None:
        raise ModelError(f"the tokenizer in {folder} has no padding token.", "Choose an encoder such as bert.")
    _check_values(loaded, folder)
    _check_vocabulary(loaded, folder)
    return loaded


def _check_values(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Raise a `ModelError` if the length that a tokenizer has is none, or it has no token for unknown words.

    Transformers looks an unknown token up as the number of the unknown token, without end.
    """
    longest: Any = tokenizer.model_max_length
    where = folder / "tokenizer_config.json"
    if isinstance(longest, bool) or not isinstance(longest, int | float) or not longest >= 1:
        raise ModelError(
            f"{where} says model_max_length = {quoted(longest, 40)}; a number from 1 on was expected.", _AGAIN
        )
    unknown = tokenizer.special_tokens_map.get("unk_token", tokenizer.unk_token)
    if unknown is not None and str(unknown) not in tokenizer.get_vocab():
        raise ModelError(f"{where} says unk_token = {quoted(unknown, 40)}, which is no token.", _AGAIN)


def _check_vocabulary(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Raise a `ModelError` if a tokenizer knows its special tokens only, or has tokens beyond the embeddings.

    Without the files of a vocabulary transformers makes a tokenizer of special tokens: each word would be unknown.
    """
    vocabulary = tokenizer.get_vocab()
    if len(vocabulary) < _FEW and not vocabulary.keys() - set(tokenizer.all_special_tokens) - _added(tokenizer):
        raise ModelError(
            f"{folder} has no vocabulary: the files of its tokenizer are missing.",
            "Save the tokenizer there, too: tokenizer.save_pretrained(that folder).",
        )
    rows = config(folder).get("vocab_size")
    beyond = [token for token, number in vocabulary.items() if isinstance(rows, int) and number >= rows]
    if beyond:
        raise ModelError(
            f"the tokenizer in {folder} has {count(len(beyond), 'token')} that the model has no embedding for: "
            f"{listing(sorted(map(repr, beyond)), 3)}. The embeddings have {rows} rows.",
            "Save the tokenizer of the model there; or, if tokens were added to it, "
            "model.resize_token_embeddings(len(tokenizer)) and save the model.",
        )


_AGAIN = "Save or download the model again."
_FEW = 1000
"""A vocabulary of more tokens has words."""


def _added(tokenizer: PreTrainedTokenizerBase) -> set[str]:
    return set(tokenizer.get_added_vocab())


def limit(folder: Path, tokenizer: PreTrainedTokenizerBase) -> int:
    """Return how many tokens a model can read: the fewest that config, position embeddings or tokenizer allow."""
    known = config(folder)
    given = int(known.get("max_position_embeddings") or 512)
    return min(given, _positions(folder, json.dumps(known)) or given, int(min(tokenizer.model_max_length, 10**9)))


def limit_of(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """Return how many tokens a model in memory can read; see `limit`."""
    return min(positions(model), int(min(tokenizer.model_max_length, 10**9)))


@lru_cache(maxsize=64)
def _positions(folder: Path, config: str) -> int | None:
    """Return the `positions` of the model that a folder's config describes; None if that cannot be built.

    The modules are built without memory for weights. ``config`` is part of the key of what is cached.
    """
    import torch
    import transformers

    try:
        with quiet(), torch.device("meta"):
            return positions(transformers.AutoModel.from_config(network_config(folder)))
    except Exception:  # loading the weights raises an error that says what is wrong with the config
        return None


def positions(model: PreTrainedModel) -> int:
    """Return how many tokens a model has positions for.

    Where position embeddings have a ``padding_idx``, as those of RoBERTa and its relatives, positions begin after it.
    """
    tables: list[Any] = [part for name, part in model.named_modules() if name.endswith("position_embeddings")]
    first = [0 if (padding := getattr(table, "padding_idx", None)) is None else padding + 1 for table in tables]
    counts = [len(table.weight) - at for table, at in zip(tables, first, strict=True)]
    return min([int(getattr(model.config, "max_position_embeddings", 0) or 512), *counts])


def config(folder: Path) -> dict[str, Any]:
    """Return the config of a folder as it stands in the file.

    Raises
    ------
    ModelError
        If there is none, or it does not say which kind of model it is.
    FileError
        If it is not JSON.
    """
    path = folder / "config.json"
    if not os.path.lexists(path):
        raise ModelError(f"{folder} is not a model: it has no config.json.", "Give a folder with a model.")
    values = json_files.read_object(path, _AGAIN)
    if "model_type" not in values:
        raise ModelError(f"{path} does not say which kind of model it is.", "It needs a 'model_type'.")
    return values


def network_config(folder: Path, **changes: Any) -> PretrainedConfig:
    """Return the config of a folder as transformers reads it, with some values changed.

    The attention implementation that the file names is left out: it may be one of the hub, whose code would run.

    Raises
    ------
    ModelError
        If the folder asks for what `untrusted` forbids.
    """
    import transformers

    untrusted.check(folder, config(folder))
    known: PretrainedConfig = transformers.AutoConfig.from_pretrained(
        folder, local_files_only=True, trust_remote_code=False, **changes
    )
    known._attn_implementation = None
    return known


@dataclass(frozen=True)
class Head:
    """A head of transformers: its auto class, the table of the architectures that have it, and its name for users."""

    auto: str
    table: str
    name: str


HEADS = {
    "sequence": Head(
        "AutoModelForSequenceClassification", "MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES", "classification head"
    ),
    "tokens": Head(
        "AutoModelForTokenClassification", "MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES", "token-classification head"
    ),
    "answer": Head(
        "AutoModelForQuestionAnswering", "MODEL_FOR_QUESTION_ANSWERING_MAPPING_NAMES", "question-answering head"
    ),
    "masked": Head("AutoModelForMaskedLM", "MODEL_FOR_MASKED_LM_MAPPING_NAMES", "masked-language-modeling head"),
    "pretraining": Head("AutoModelForPreTraining", "MODEL_FOR_PRETRAINING_MAPPING_NAMES", "pre-training head"),
    "none": Head("AutoModel", "MODEL_MAPPING_NAMES", "encoder"),
}
"""What an encoder can be loaded with."""


@dataclass(frozen=True)
class Loaded:
    """A model from a folder.

    Attributes
    ----------
    network
        The model.
    new
        The names of the parameters that the folder does not have, such as those of a new head.
    summary
        One line that says what was loaded.
    """

    network: PreTrainedModel
    new: frozenset[str]
    summary: str


def headed(folder: Path, head: str, names: tuple[str, ...] = (), needs_head: bool = False, **changes: Any) -> Loaded:
    """Load an encoder with a head, in fp32.

    Parameters
    ----------
    head
        Which one of `HEADS`.
    names
        The classes in order, where the head has classes. A head in the folder is kept if it has the same classes, in
        this order; else a new one is made.
    needs_head
        Whether a folder without a fitting head is an error. The head is then used as it is: ``names`` are its own.
    changes
        Values to set in the config, such as ``attention_probs_dropout_prob``.

    Raises
    ------
    ModelError
        If the weights are broken, or the architecture has no such head.
    """
    known = HEADS[head]
    loaded, new, summary = opened(folder, head, names, **changes)
    if needs_head and new:
        what = f"{known.name} for {count(len(names), 'class', 'classes')}" if names else known.name
        raise MissingHead(
            f"{folder} has no {what} (missing: {listing(sorted(new), 2)}).",
            "Fine-tune it first: %%bert_finetune NAME with model = that folder.",
        )
    about = "a new head" if new else "the head it has"
    output = heads.output_parameters(loaded).keys()
    if names and not needs_head and output and not new & output:
        about, is_new = head_classes.fit(loaded, config(folder).get("id2label"), names)
        new |= output if is_new else set()
    return Loaded(loaded, frozenset(new), f"{summary}, {about}")


def opened(
    folder: Path, head: str, names: tuple[str, ...] = (), **changes: Any
) -> tuple[PreTrainedModel, set[str], str]:
    """Return an encoder with a head, the names of the parameters that are new, and its size in words; see `headed`."""
    import torch
    import transformers

    known = HEADS[head]
    untrusted.check(folder, config(folder))
    _check_kind(config(folder)["model_type"], known)
    classes = {
        "num_labels": len(names),
        "id2label": dict(enumerate(names)),
        "label2id": {name: i for i, name in enumerate(names)},
    }
    checksums.check_model(folder, checksums.WEIGHTS)
    adapters.check_alone(folder)
    base = adapters.base(folder) if adapters.is_adapter(folder) else folder
    try:
        with quiet(), torch_defaults(loading=True):
            loaded, info = getattr(transformers, known.auto).from_pretrained(
                base,
                config=network_config(base, **(classes if names else {}), **changes),
                ignore_mismatched_sizes=True,
                dtype=torch.float32,
                local_files_only=True,
                trust_remote_code=False,
                use_safetensors=True,
                output_loading_info=True,
            )
    except BertMagicError:
        raise
    except Exception as error:  # safetensors, JSON and shape errors come in many classes
        if is_out_of_memory(error):
            raise
        raise _unreadable(folder, "weights", error) from error
    mismatched = {str(key[0]) for key in info["mismatched_keys"]}
    new = {str(key) for key in info["missing_keys"]} | mismatched
    _check_body(loaded, new, mismatched)
    _check_numbers(loaded, folder)
    if base is not folder:
        new -= adapters.apply(loaded, folder)
    return loaded, new, _summary(loaded)


def _check_kind(kind: str, head: Head) -> None:
    """Raise a `ModelError` if transformers has no such head for this kind, or if it is a decoder."""
    from transformers.models.auto import modeling_auto as auto

    if kind not in getattr(auto, head.table):
        raise ModelError(f"a {kind!r} model has no {head.name} in transformers.", "Choose an encoder: bert.")
    if kind in auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES and kind not in auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES:
        raise ModelError(
            f"a {kind!r} model is a decoder: it reads from left to right only.", "Choose an encoder: bert."
        )


def _check_body(model: PreTrainedModel, new: set[str], mismatched: set[str]) -> None:
    """Raise a `ModelError` if most of the encoder was not in the file, or some of it has other shapes than its config.

    A config of another model gives that: transformers would draw what does not fit at random.
    """
    prefix = "" if model.base_model is model else f"{model.base_model_prefix}."
    body = [key for key in new if key.startswith(prefix) and not key.startswith(f"{prefix}pooler.")]
    if len(body) > len(list(model.base_model.parameters())) / 2:
        raise ModelError(
            f"the weights do not fit a {model.config.model_type!r} model: {len(body)} of its tensors are missing.",
            "The folder holds another architecture than its config.json says.",
        )
    if odd := sorted(mismatched & set(body)):
        raise ModelError(
            f"the weights have other shapes than config.json says: {listing(odd, 2)}.",
            "The weights and the config are of two models, or the embeddings were resized without the config.",
        )


def _check_numbers(model: PreTrainedModel, folder: Path) -> None:
    """Raise a `ModelError` if a weight is NaN or infinite: each answer of such a model would be."""
    import torch

    numbers = {name: value for name, value in model.state_dict().items() if value.is_floating_point()}
    broken = [
        name for name, value in numbers.items() if value.numel() and not all(map(torch.isfinite, value.aminmax()))
    ]
    if broken:
        raise ModelError(
            f"{count(len(broken), 'tensor')} in {folder} {'has' if len(broken) == 1 else 'have'} weights that are NaN "
            f"or infinite: {listing(broken, 2)}.",
            "The training that made them diverged, or the file is damaged: train, save or download it again.",
        )


def _summary(model: PreTrainedModel) -> str:
    size = sum(parameter.numel() for parameter in model.parameters())
    layers = getattr(model.config, "num_hidden_layers", "?")
    many = f"{size / 1e6:.1f} M" if size >= 100_000 else f"{size:,}"
    return f"{type(model).__name__}, {layers} layers, {many} parameters"


def _unreadable(folder: Path, what: str, error: Exception) -> ModelError:
    first = str(error).strip().split("\n")[0][:200]
    return ModelError(f"the {what} in {folder} cannot be read: {first}", _AGAIN)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' own reports and progress bars off the screen; we show one line instead.

    One thread at a time, as both are set for the whole process.
    """
    from transformers.utils import logging as verbosity

    with alone:
        level, bars = verbosity.get_verbosity(), verbosity.is_progress_bar_enabled()
        verbosity.set_verbosity(logging.ERROR)
        verbosity.disable_progress_bar()
        try:
            yield
        finally:
            verbosity.set_verbosity(level)
            if bars:
                verbosity.enable_progress_bar()
