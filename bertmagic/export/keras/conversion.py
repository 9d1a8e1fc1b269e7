"""A model that Keras saved, made a folder that transformers reads: encoder, head, tokenizer and classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.disk import json_files
from bertmagic.errors import FileError, ModelError, OptionError, count, listing
from bertmagic.export import folder as exports
from bertmagic.export.keras import graph, saved
from bertmagic.export.keras.architecture import ACTIVATIONS, family_of
from bertmagic.models import loading, saving, untrusted
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

    from bertmagic.export.keras.saved import Layer

    Weights = dict[str, npt.NDArray[np.float32]]

HEAD, LABELS = "head.keras", "labels.json"
_SPECIAL = (
    {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]"},
    {"pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>",
     "bos_token": "<s>", "eos_token": "</s>"},
)  # fmt: skip
"""The special tokens of BERT, and of RoBERTa and its relatives."""


@dataclass(frozen=True)
class SavedModel:
    """A model that Keras saved.

    Attributes
    ----------
    prefix
        Its folder, or its file.
    tokenizer
        The file with its tokenizer.
    labels
        The names of its classes; empty if none were given.
    manifest
        Of an export with its own head, what is known of the model; else empty.
    """

    prefix: Path
    tokenizer: Path
    labels: tuple[str, ...]
    manifest: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name of the folder or file, without its ending."""
        return self.prefix.resolve().stem

    @property
    def paths(self) -> list[Path]:
        """All files that a conversion reads."""
        is_folder = self.prefix.is_dir()
        beside = self.prefix if is_folder else self.prefix.parent
        names = [LABELS, *([saved.CONFIG, saved.WEIGHTS, HEAD, exports.MANIFEST] if is_folder else [self.prefix.name])]
        return [path for path in (self.tokenizer, *(beside / name for name in names)) if path.is_file()]

    def convert(self, folder: Path) -> str:
        """Write it as a folder that transformers reads, and return a line about it; see `convert`."""
        return convert(self, folder)


def find(path: Path, tokenizer: str | None, labels: Sequence[str]) -> SavedModel | None:
    """Return the model of Keras at a path, or None.

    Raises
    ------
    ModelError
        If it has no tokenizer.
    """
    if not saved.is_saved(path):
        return None
    beside = path if path.is_dir() else path.parent
    given = beside if tokenizer is None else type(path)(tokenizer)
    file = given / exports.TOKENIZER if given.is_dir() else given
    if not file.is_file():
        raise ModelError(
            f"{path} was saved by Keras, which keeps no tokenizer: there is no {file}.",
            "Name the folder that the encoder was exported to: tokenizer = FOLDER.",
        )
    is_export = path.is_dir() and (path / HEAD).is_file() and exports.is_export(path)
    manifest = json_files.read_object(path / exports.MANIFEST) if is_export and not labels else {}
    return SavedModel(path, file, tuple(labels) or _labels_beside(beside / LABELS), manifest)


def _labels_beside(path: Path) -> tuple[str, ...]:
    """Return the classes that a file names."""
    if not path.is_file():
        return ()
    labels = json_files.read(path)
    if not isinstance(labels, list) or not labels or len({str(label) for label in labels}) < len(labels):
        raise FileError(f"{path} is not a list of different names.", 'It is like ["bad", "good"].')
    return tuple(map(str, labels))


def convert(model: SavedModel, folder: Path) -> str:
    """Write a model of Keras as a folder that transformers reads, and return a line about it.

    Raises
    ------
    ModelError, FileError
        If it has other layers than an exported encoder and a head, its weights do not fit its config, or it is damaged.
    OptionError
        If there are more or fewer labels than classes.
    """
    path = model.prefix
    with saved.opened(path) as layers:
        known, weights, behind = _read(path, layers)
    if not behind and path.is_dir() and (path / HEAD).is_file():
        with saved.opened(path / HEAD) as layers:
            behind = _dense(path / HEAD, layers, known["width"])
    named = model.labels or tuple(map(str, model.manifest.get("labels") or ()))
    head, about = _head(path, known, weights, behind, named)
    config, kind = _config(known, head)
    untrusted.check(path if path.is_dir() else path.parent, {**config.to_dict(), "auto_map": None})
    tensors = _named(known, weights, kind)
    tokenizer = _tokenizer(model.tokenizer, known, int(config.max_position_embeddings))
    _write(folder, config, kind, tensors, tokenizer, _card(model.manifest))
    return f"{path} was read as {kind}: {count(len(tensors), 'tensor')}. {about}".strip()


def _card(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the card of an exported model: thresholds, temperature, scale and how long texts are read."""
    known = ("task", "encoder", "labels", "thresholds", "temperature", "separator", "scale", "mean", "max_length",
             "long_text", "stride")  # fmt: skip
    card = {name: manifest[name] for name in known if name in manifest}
    return card | ({"text": ["text", "second text"]} if manifest.get("texts") == 2 else {})


def _read(path: Path, layers: list[Layer]) -> tuple[dict[str, Any], Weights, list[tuple[Layer, Weights]]]:
    """Return the description and the weights of the encoder, and the Dense layers behind it."""
    if not layers or [layer.kind for layer in layers].count("encoder") != 1 or layers[0].kind != "encoder":
        raise ModelError(f'{path} has no encoder of format = "keras" at its beginning.', "Such models only are read.")
    known = graph.describe(path, layers[0].config)
    groups, variables = saved.named_groups(layers[0].group), _variables(known)
    if missing := sorted(variables.keys() - groups.keys()):
        raise ModelError(f"{path} has no weights of {listing(missing, 3)}.", "Save the model again.")
    weights = {
        f"{name}/{at}": saved.values(groups[name], where, shape)
        for name, places in variables.items()
        for at, (where, shape) in enumerate(places)
    }
    return known, weights, _dense(path, layers[1:], known["width"])


def _dense(path: Path, layers: list[Layer], width: int) -> list[tuple[Layer, Weights]]:
    """Return the Dense layers behind an encoder, with their weights; Dropout does nothing in a prediction."""
    found = []
    for layer in layers:
        if layer.kind != "Dense":
            continue
        units = int(layer.config["units"])
        if layer.config.get("use_bias") is not True or layer.config.get("lora_rank"):
            raise ModelError(f"{path} has a Dense layer without bias, or with LoRA.", "Only plain ones are read.")
        weights = {
            "0": saved.values(layer.group, "vars/0", (width, units)),
            "1": saved.values(layer.group, "vars/1", (units,)),
        }
        found.append((layer, weights))
        width = units
    return found


def _variables(known: Mapping[str, Any]) -> dict[str, list[tuple[str, tuple[int, ...]]]]:
    """Return where Keras keeps the variables of each layer of an encoder, with their shapes."""
    width, inner, small, heads = (known[name] for name in ("width", "intermediate", "embedding_width", "heads"))
    size = width // heads

    def several(*shapes: tuple[int, ...]) -> list[tuple[str, tuple[int, ...]]]:
        return [(f"vars/{at}", shape) for at, shape in enumerate(shapes)]

    found = {
        "word_embeddings": several((known["vocabulary"], small)),
        "position_embeddings": several((known["positions"], small)),
        "embeddings_norm": several((small,), (small,)),
    }
    if known["segments"]:
        found["segment_embeddings"] = several((known["segments"], small))
    if small != width:
        found["embeddings_projection"] = several((small, width), (width,))
    for at in range(known["layers"]):
        found[f"attention_{at}"] = [
            *((f"{part}_dense/vars/{number}", ((width,) * (number == 0)) + (heads, size))
              for part in ("query", "key", "value") for number in (0, 1)),
            ("output_dense/vars/0", (heads, size, width)), ("output_dense/vars/1", (width,)),
        ]  # fmt: skip
        found[f"attention_norm_{at}"] = found[f"output_norm_{at}"] = several((width,), (width,))
        found[f"intermediate_{at}"] = several((width, inner), (inner,))
        found[f"output_{at}"] = several((inner, width), (width,))
    if known["pooler"]:
        found["pooler"] = several((width, width), (width,))
    return found


def _head(
    path: Path, known: dict[str, Any], weights: Weights, behind: list[tuple[Layer, Weights]], labels: tuple[str, ...]
) -> tuple[dict[str, Any], str]:
    """Add the weights of the head, and return its entries of the config with a sentence about its classes."""
    family = family_of(known)
    if behind and not known["pooled"]:
        raise ModelError(f"{path} has a head on each token, which is not read.", "Only heads on whole texts are.")
    if len(behind) > 1 and not known["pooler"]:  # what a fine-tuned classifier of these families has, too
        layer, pooler = behind[0]
        if (layer.config["units"], layer.config["activation"]) == (known["width"], family.activation):
            known["pooler"], behind = family.activation, behind[1:]
            weights |= {f"pooler/{at}": numbers for at, numbers in pooler.items()}
    if not behind:
        if known["name"] != "bert":  # the pooler of other families belongs to their heads
            for name in ("pooler/0", "pooler/1"):
                weights.pop(name, None)
        return {}, ""
    if len(behind) > 1 or not known["pooler"]:
        raise ModelError(
            f"{path} has a head that transformers has no place for.",
            "It has to be one Dense layer on a pooled output. An encoder without one needs "
            f'Dense({known["width"]}, "{family.activation}") before it.',
        )
    layer, numbers = behind[0]
    weights |= {f"head/{at}": _two_classes(layer, values) for at, values in numbers.items()}
    return _classes(path, str(layer.config["activation"]), int(layer.config["units"]), labels)


def _two_classes(layer: Layer, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the weights of a head; one sigmoid is the softmax of 0 and its logit."""
    import numpy as np

    alone = (layer.config["activation"], layer.config["units"]) == ("sigmoid", 1)
    return np.concatenate((np.zeros_like(values), values), axis=-1) if alone else values


def _classes(path: Path, activation: str, outputs: int, labels: tuple[str, ...]) -> tuple[dict[str, Any], str]:
    """Return what a config says of classes, and a sentence about their names."""
    if activation not in ("softmax", "sigmoid", "linear") or (activation == "softmax" and outputs == 1):
        raise ModelError(
            f"{path} ends in Dense({outputs}, {quoted(activation, 40)}).", "softmax, sigmoid and none are read."
        )
    if activation == "linear" and outputs == 1:
        return {"num_labels": 1, "problem_type": "regression"}, ""
    problem = "single_label_classification" if activation != "sigmoid" or outputs == 1 else "multi_label_classification"
    outputs = max(outputs, 2)
    if labels and len(labels) != outputs:
        raise OptionError(
            f"{path} has {count(outputs, 'class', 'classes')}; {count(len(labels), 'label')} given.",
            "Give one for each output, in the order of the outputs.",
        )
    names = labels or tuple(map(str, range(outputs)))
    about = "" if labels else f"Its classes have no names and are called 0 to {outputs - 1}: labels names them."
    by_name = {name: at for at, name in enumerate(names)}
    return {"id2label": dict(enumerate(names)), "label2id": by_name, "problem_type": problem}, about


def _config(known: Mapping[str, Any], head: Mapping[str, Any]) -> tuple[PretrainedConfig, str]:
    """Return the config of transformers, and the class of the network."""
    import transformers

    name = family_of(known).classes
    activation = next(ours for ours, theirs in ACTIVATIONS.items() if theirs == known["activation"])
    if name == "DistilBert" and known["epsilon"] != 1e-12:  # transformers has no other one for it
        raise ModelError(f"this DistilBERT has epsilon = {known['epsilon']} instead of 1e-12.", "Export it again.")
    shared = {"vocab_size": known["vocabulary"], "max_position_embeddings": known["positions"],
              "pad_token_id": known["pad_id"]}  # fmt: skip
    if name == "DistilBert":
        sizes = {"dim": known["width"], "n_layers": known["layers"], "n_heads": known["heads"],
                 "hidden_dim": known["intermediate"], "activation": activation, "dropout": known["dropout"],
                 "attention_dropout": known["attention_dropout"]}  # fmt: skip
    else:
        sizes = {
            "hidden_size": known["width"], "num_hidden_layers": known["layers"], "num_attention_heads": known["heads"],
            "intermediate_size": known["intermediate"], "hidden_act": activation, "layer_norm_eps": known["epsilon"],
            "hidden_dropout_prob": known["dropout"], "attention_probs_dropout_prob": known["attention_dropout"],
            "type_vocab_size": known["segments"],
        }  # fmt: skip
    if name == "Electra":
        sizes["embedding_size"] = known["embedding_width"]
    kind = f"{name}ForSequenceClassification" if head else f"{name}Model"
    config = getattr(transformers, f"{name}Config")(**shared, **sizes, **head, architectures=[kind])
    return config, kind


def _named(known: Mapping[str, Any], weights: Weights, kind: str) -> Weights:
    """Return the weights by their names in transformers, in its shapes."""
    family = family_of(known)
    prefix = "" if kind.endswith("Model") else f"{kind.removesuffix('ForSequenceClassification').lower()}."
    prefix = prefix.replace("xlmroberta", "roberta").replace("camembert", "roberta")
    places = dict(_places(known, family, prefix))
    found = {}
    for name, numbers in weights.items():
        layer, at = name.rsplit("/", 1)
        for place, own in places.items():
            if own == (layer, int(at)):
                found[place] = _as_torch(place, layer, numbers)
    return found


def _as_torch(place: str, layer: str, numbers: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return numbers in the shape of PyTorch: kernels are transposed, and their heads joined."""
    if layer.startswith("attention_") and "norm" not in layer:
        joined = numbers.ndim == 3 and layer and place.endswith("weight")
        if joined and ("output.dense" in place or "out_lin" in place):
            numbers = numbers.reshape(-1, numbers.shape[-1])
        elif joined:
            numbers = numbers.reshape(numbers.shape[0], -1)
        else:
            numbers = numbers.reshape(-1)
    is_kernel = numbers.ndim == 2 and not (layer.endswith("_embeddings"))
    return numbers.T.copy() if is_kernel else numbers


def _places(known: Mapping[str, Any], family: Any, prefix: str) -> Iterator[tuple[str, tuple[str, int]]]:
    """Yield the name of each tensor in transformers, with layer and number of the variable in Keras."""
    names = {
        "word_embeddings": "embeddings.word_embeddings", "position_embeddings": "embeddings.position_embeddings",
        "segment_embeddings": "embeddings.token_type_embeddings", "embeddings_norm": "embeddings.LayerNorm",
        "embeddings_projection": "embeddings_project",
    }  # fmt: skip
    for layer, name in names.items():
        yield f"{prefix}{name}.weight", (layer, 0)
        yield f"{prefix}{name}.bias", (layer, 1)
    for at in range(known["layers"]):
        for part in ("attention_norm", "intermediate", "output", "output_norm"):
            yield f"{prefix}{family.part(part, at)}.weight", (f"{part}_{at}", 0)
            yield f"{prefix}{family.part(part, at)}.bias", (f"{part}_{at}", 1)
        for number, part in enumerate(("query", "key", "value", "joined")):
            yield f"{prefix}{family.part(part, at)}.weight", (f"attention_{at}", 2 * number)
            yield f"{prefix}{family.part(part, at)}.bias", (f"attention_{at}", 2 * number + 1)
    pooler = family.pooler_of(prefix)
    for layer, name in (("pooler", pooler), ("head", family.output)):
        yield f"{name}.weight", (layer, 0)
        yield f"{name}.bias", (layer, 1)


def _tokenizer(file: Path, known: Mapping[str, Any], positions: int) -> PreTrainedTokenizerBase:
    """Return the tokenizer of a file, with the special tokens that it has.

    Where it truncates texts, the model reads no longer ones.
    """
    import transformers

    written = json_files.read_object(file)
    vocabulary = written.get("model", {}).get("vocab", {})
    pieces = set(vocabulary if isinstance(vocabulary, dict) else [one[0] for one in vocabulary])
    special = next((names for names in _SPECIAL if names["pad_token"] in pieces), None)
    if special is None:
        raise ModelError(f"{file} has neither [PAD] nor <pad>.", "Give the tokenizer.json of the exported encoder.")
    longest = positions - known["positions_from"]
    if isinstance(cut := written.get("truncation"), dict) and json_files.is_number(cut.get("max_length")):
        longest = min(longest, max(1, int(cut["max_length"])))
    try:
        made = transformers.PreTrainedTokenizerFast(tokenizer_file=str(file), model_max_length=longest, **special)
    except Exception as error:  # tokenizers has failures of its own
        raise FileError(f"{file} is damaged: {quoted(str(error), 200)}.", "Export the encoder again.") from error
    if made.pad_token_id != known["pad_id"]:
        raise ModelError(
            f"{file} belongs to another encoder: its padding token is {made.pad_token_id}, not {known['pad_id']}.",
            "Give the tokenizer.json of the encoder that was fine-tuned.",
        )
    made.backend_tokenizer.no_padding()
    made.backend_tokenizer.no_truncation()
    return made


def _write(
    folder: Path,
    config: PretrainedConfig,
    kind: str,
    tensors: Weights,
    tokenizer: PreTrainedTokenizerBase,
    card: Mapping[str, Any],
) -> None:
    """Write the folder, once the tensors are those that the network has.

    Raises
    ------
    ModelError
        If one is missing or has another shape.
    """
    import torch

    wanted = loading.expected_tensors(kind, config)
    optional = {name for name in wanted if name.endswith(("position_ids", "token_type_ids")) or "pooler" in name}
    odd = [name for name, value in wanted.items() if name not in optional and
           (name not in tensors or tuple(value.shape) != tensors[name].shape)]  # fmt: skip
    if odd or tensors.keys() - wanted.keys():
        raise ModelError(f"{kind} has other tensors than this model: {quoted(str(odd[:3]), 200)}.", "Export it again.")
    saving.write_tensors(
        folder, {name: torch.from_numpy(numbers) for name, numbers in tensors.items()}, config, tokenizer, card
    )
