"""BERT as Google published it, made a model folder: a checkpoint of TensorFlow, ``bert_config.json``, ``vocab.txt``.

The names of its tensors are those of https://github.com/google-research/bert, where they are set in ``modeling.py``,
``run_pretraining.py``, ``run_classifier.py`` and ``run_squad.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bertmagic.disk import files, json_files
from bertmagic.errors import FileError, ModelError, count, listing
from bertmagic.models import loading, saving, tensor_bundle, untrusted
from bertmagic.models.tensor_bundle import Bundle
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import torch

CONFIG = "bert_config.json"
VOCABULARY = "vocab.txt"

_OF_TRAINING = re.compile(
    r".*/(adam_m|adam_v|Adam|Adam_1)|.*(global_step|loss_scale|good_steps|bad_steps).*|beta\d_power"
)
"""Tensors of an optimizer, which are passed over."""

_HEADS = {
    "cls/predictions/transform/dense/kernel": "cls.predictions.transform.dense.weight",
    "cls/predictions/transform/dense/bias": "cls.predictions.transform.dense.bias",
    "cls/predictions/transform/LayerNorm/gamma": "cls.predictions.transform.LayerNorm.weight",
    "cls/predictions/transform/LayerNorm/beta": "cls.predictions.transform.LayerNorm.bias",
    "cls/predictions/output_bias": "cls.predictions.bias",
    "cls/seq_relationship/output_weights": "cls.seq_relationship.weight",
    "cls/seq_relationship/output_bias": "cls.seq_relationship.bias",
    "cls/squad/output_weights": "qa_outputs.weight",
    "cls/squad/output_bias": "qa_outputs.bias",
    "output_weights": "classifier.weight",
    "output_bias": "classifier.bias",
}
"""The heads, by their names in a checkpoint; weights of outputs are stored as PyTorch has them, kernels transposed."""

_TABLE = re.compile(r"bert/embeddings/((word|position|token_type)_embeddings)")
_PART = re.compile(
    r"bert/(embeddings/LayerNorm|pooler/dense|encoder/layer_\d+/(?:attention/self/(?:query|key|value)"
    r"|attention/output/(?:dense|LayerNorm)|intermediate/dense|output/(?:dense|LayerNorm)))/(kernel|bias|gamma|beta)"
)


@dataclass(frozen=True)
class Checkpoint:
    """The files of a checkpoint: its path without ending, and the folder with its config and vocabulary."""

    prefix: Path

    @property
    def folder(self) -> Path:
        """The folder that it is in."""
        return self.prefix.parent

    @property
    def name(self) -> str:
        """The name of that folder."""
        return self.folder.resolve().name

    def convert(self, folder: Path) -> str:
        """Write it as a folder that transformers reads, and return a line about it; see `convert`."""
        return convert(self, folder)

    @property
    def paths(self) -> list[Path]:
        """All files that a conversion reads."""
        return [self.folder / CONFIG, self.folder / VOCABULARY, *tensor_bundle.paths(self.prefix)]


def find(path: Path) -> Checkpoint | None:
    """Return the checkpoint that a path names: a folder with one, or its files without their ending; else None.

    Raises
    ------
    ModelError
        If a folder has several, or one without its config or its vocabulary.
    """
    if path.is_dir():
        if (path / "config.json").is_file() or not (there := tensor_bundle.prefixes(path)):
            return None
        if len(there) > 1:
            names = listing([quoted(str(one), 80) for one in there], 3)
            raise ModelError(f"{path} has {count(len(there), 'checkpoint')}: {names}.", "Name one of them.")
        prefix = there[0]
    elif path.with_name(f"{path.name}.index").is_file():
        prefix = path
    else:
        return None
    missing = [name for name in (CONFIG, VOCABULARY) if not (prefix.parent / name).is_file()]
    if missing:
        raise ModelError(
            f"{prefix} is a checkpoint of TensorFlow, and {listing(missing)} is not beside it.",
            "Copy it there: the archive that the checkpoint came in has it.",
        )
    return Checkpoint(prefix)


def convert(checkpoint: Checkpoint, folder: Path) -> str:
    """Write a checkpoint as a folder that transformers reads, and return a line about it.

    Parameters
    ----------
    folder
        Where the model is written: whole or not at all.

    Raises
    ------
    FileError
        If a file is damaged, or the disk refuses.
    ModelError
        If tensors are missing, too many or of another size than the config says; or if it is no BERT.
    """
    import transformers

    values = json_files.read_object(checkpoint.folder / CONFIG)
    untrusted.check(checkpoint.folder, {**values, "model_type": "bert"})
    bundle = Bundle(checkpoint.prefix)
    named = _named(bundle, checkpoint.prefix)
    kind = _architecture(named.values())
    labels = {"num_labels": bundle.entries["output_weights"].shape[0]} if "output_weights" in named else {}
    with loading.quiet():
        config = transformers.BertConfig(**{**values, **labels, "architectures": [kind]})
    tensors = _tensors(bundle, named, loading.expected_tensors(kind, config), checkpoint.prefix)
    lowercase, pieces = _vocabulary(checkpoint.folder / VOCABULARY)
    tokenizer = transformers.BertTokenizer(
        vocab={piece: at for at, piece in enumerate(pieces)}, do_lower_case=lowercase, strip_accents=lowercase,
        model_max_length=config.max_position_embeddings,
    )  # fmt: skip
    saving.write_tensors(folder, tensors, config, tokenizer)
    passed = len(bundle.entries) - len(named)
    case = "has no capitals, so texts are lowercased" if lowercase else "has capitals, so texts keep theirs"
    left = f"; {count(passed, 'tensor')} of the optimizer were passed over" if passed else ""
    return f"{checkpoint.prefix} was read as {kind}: {count(len(named), 'tensor')}{left}. The vocabulary {case}."


def _named(bundle: Bundle, prefix: Path) -> dict[str, str]:
    """Return the name that each tensor of a checkpoint has in transformers; those of an optimizer are left out."""
    names, unknown = {}, []
    for name in bundle.entries:
        if not _OF_TRAINING.fullmatch(name):
            named = _HEADS.get(name) or _in_encoder(name)
            names[name] = named or ""
            if named is None:
                unknown.append(name)
    if unknown or not names:
        which = listing([quoted(name, 80) for name in unknown], 3) if unknown else "no tensors"
        raise ModelError(
            f"{prefix} is not a BERT as Google published it: it has {which}.",
            "Such checkpoints are read only: no ALBERT, ELECTRA, or model that Keras saved.",
        )
    return names


def _in_encoder(name: str) -> str | None:
    """Return the name in transformers of a tensor of the encoder: ``bert/encoder/layer_0/output/dense/kernel``."""
    if table := _TABLE.fullmatch(name):
        return f"bert.embeddings.{table[1]}.weight"
    if not (part := _PART.fullmatch(name)):
        return None
    inside = part[1].replace("layer_", "layer.").replace("/", ".")
    return f"bert.{inside}.{'weight' if part[2] in ('kernel', 'gamma') else 'bias'}"


def _architecture(names: Iterable[str]) -> str:
    """Return the class of transformers whose heads a checkpoint has."""
    heads = {name.partition(".")[0] for name in names}
    pretraining = {".".join(name.split(".")[:2]) for name in names if name.startswith("cls.")}
    if "classifier" in heads:
        return "BertForSequenceClassification"
    if "qa_outputs" in heads:
        return "BertForQuestionAnswering"
    if "cls.predictions" not in pretraining:
        return "BertModel"
    return "BertForPreTraining" if "cls.seq_relationship" in pretraining else "BertForMaskedLM"


def _tensors(
    bundle: Bundle, named: Mapping[str, str], wanted: Mapping[str, torch.Tensor], prefix: Path
) -> dict[str, torch.Tensor]:
    """Return the tensors by their names in transformers.

    Raises
    ------
    ModelError
        If some are missing, too many, or of another shape than in ``wanted``.
    """
    import numpy as np
    import torch

    bare = all(not name.startswith("bert.") for name in wanted)
    tensors: dict[str, torch.Tensor] = {}
    for name, target in named.items():
        target = target.removeprefix("bert.") if bare else target
        values = bundle.tensor(name)
        turned = values.T if name.endswith("/kernel") else values
        shape = tuple(wanted[target].shape) if target in wanted else None
        if shape != turned.shape:
            why = "the config has no place for it" if shape is None else f"the config says {shape}"
            raise ModelError(
                f"{prefix} has {quoted(name, 80)} of shape {tuple(turned.shape)}, and {why}.",
                f"Put the {CONFIG} there that belongs to the checkpoint.",
            )
        tensors[target] = torch.from_numpy(np.array(turned, np.float32, order="C"))
    missing = [name for name in wanted if name not in tensors and not _is_tied(name)]
    if missing:
        raise ModelError(
            f"{prefix} lacks {count(len(missing), 'tensor')} of {len(wanted)}: {listing(missing, 3)}.",
            f"Copy all files of the checkpoint there, with the {CONFIG} that belongs to it.",
        )
    return tensors


def _is_tied(name: str) -> bool:
    """Whether a tensor repeats another one, or holds no weights: the decoder of masked words, numbers of positions."""
    return name.startswith("cls.predictions.decoder.") or name.endswith("position_ids")


def _vocabulary(path: Path) -> tuple[bool, list[str]]:
    """Return whether texts are lowercased for a vocabulary, which it does not say, and its pieces."""
    with files.reading(path):
        content = path.read_bytes()
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8 at byte {error.start:,}.", "Unpack the checkpoint again.") from None
    pieces = [line.removesuffix("\r") for line in lines]
    while pieces and not pieces[-1]:
        pieces.pop()
    letters = (piece for piece in pieces if not (piece.startswith("[") and piece.endswith("]")))
    return not any(piece != piece.lower() for piece in letters), pieces
