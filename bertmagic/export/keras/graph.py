"""Whether the config of a saved model describes the encoder that `program` builds, and of which sizes.

Each layer has to read what it reads there. What lies between layers are operations, written as one expression down to
the ids: ``Cast(NotEqual(input_ids, 0))`` is the mask of what is not padding.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from bertmagic.errors import ModelError
from bertmagic.export.keras.architecture import ACTIVATIONS, FAMILIES, family_of
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_TENSOR = "__keras_tensor__"
_PADDING = re.compile(r"NotEqual\(input_ids, (\d+)\)")
_SEPARATOR = re.compile(r"Equal\(input_ids, (\d+)\)")
_PAIRS = re.compile(r", ([01])\)$")
_LIKE_OURS = "Export the encoder again, and fine-tune it as it is: only Dense and Dropout layers behind it can be read."


def is_encoder(config: Mapping[str, Any]) -> bool:
    """Whether a model has the embeddings of an exported encoder."""
    return any(layer["class_name"] == "Embedding" for layer in config["layers"])


def chained(path: Path, config: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the layers of a Functional in which each reads the one before it.

    Raises
    ------
    ModelError
        If a layer reads something else, or several things.
    """
    before = None
    for layer in config["layers"]:
        read = [one for node in layer["inbound_nodes"] for one in _given(node)]
        if before is not None and read != [before]:
            raise ModelError(f"{path} has layers that are not one behind the other.", _LIKE_OURS)
        before = layer["name"]
        yield layer


def describe(path: Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description of an encoder, as `architecture.describe` has it, without its head.

    Raises
    ------
    ModelError
        If it is not the encoder that `program` builds.
    """
    layers = {str(layer["name"]): layer for layer in config["layers"]}
    name = str(config["name"]).replace("_", "-")
    if name not in FAMILIES:
        raise _other(path, f"its name is {quoted(name, 40)}")
    read = {name: [_expression(one, layers) for one in _inputs(layer)] for name, layer in layers.items()
            if layer["module"] == "keras.layers"}  # fmt: skip
    known = _sizes(layers, name, read)
    last = str(config["output_layers"][0])
    known["pooler"] = layers["pooler"]["config"]["activation"] if "pooler" in layers else None
    output = _expression(last, layers)
    end = f"output_norm_{known['layers'] - 1}"
    known["pooled"] = output != end
    first = f"GetItem({end}, [:, 0])"
    wanted = _wanted(known) | ({"pooler": [first]} if known["pooler"] else {})
    for layer in {*wanted, *read} - {"input_ids"}:
        if wanted.get(layer) != read.get(layer):
            raise _other(path, f"its layer {quoted(layer, 60)} is missing, new, or reads something else")
    if output not in (end, first, "pooler"):
        raise _other(path, f"it ends in {quoted(output, 60)}")
    _check(path, known, layers)
    return known


def _sizes(layers: Mapping[str, Any], name: str, read: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return the sizes of an encoder, from the config of its first layers."""
    of = {name: layer["config"] for name, layer in layers.items()}
    count = sum(layer["class_name"] == "MultiHeadAttention" for layer in layers.values())
    attention, ids = of["attention_0"], " ".join(expression for given in read.values() for expression in given)
    segments = of.get("segment_embeddings", {})
    padding, separator = _PADDING.search(ids), _SEPARATOR.search(ids.replace("NotEqual", ""))
    pairs = _PAIRS.search(read["segment_embeddings"][0]) if segments else None
    pad_id = int(padding[1]) if padding else -1
    return {
        "name": name.replace("-", "_"),
        "vocabulary": int(of["word_embeddings"]["input_dim"]),
        "positions": int(of["position_embeddings"]["input_dim"]),
        "positions_from": 0 if FAMILIES[name].counts_padding else pad_id + 1,
        "segments": int(segments.get("input_dim", 0)),
        "pairs": int(pairs[1]) if pairs else 0,
        "separator": int(separator[1]) if separator else -1,
        "pad_id": pad_id,
        "embedding_width": int(of["word_embeddings"]["output_dim"]),
        "width": int(of["output_0"]["units"]),
        "layers": count,
        "heads": int(attention["num_heads"]),
        "intermediate": int(of["intermediate_0"]["units"]),
        "activation": str(of["intermediate_0"]["activation"]),
        "epsilon": float(of["embeddings_norm"]["epsilon"]),
        "dropout": float(of["embeddings_dropout"]["rate"]),
        "attention_dropout": float(attention["dropout"]),
    }


def _wanted(known: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what each layer reads in the encoder that `program` builds."""
    given = f"Cast(NotEqual(input_ids, {known['pad_id']}))"
    behind = f"Flip(Cumsum(Flip({given}, axis=1), axis=1), axis=1)"
    read = f"Greater({behind}, 0)"
    places = "Subtract(Cumsum(OnesLike(input_ids), axis=1), 1)"
    if known["positions_from"]:
        places = f"Add(Multiply(Cumsum({given}, axis=1), {given}), {known['positions_from'] - 1})"
    wanted = {"word_embeddings": ["input_ids"], "position_embeddings": [places]}
    if known["segments"]:
        ends = f"Cast(Equal(input_ids, {known['separator']}))"
        second = f"Multiply(Cast(Greater(Subtract(Cumsum({ends}, axis=1), {ends}), 0)), Cast({read}))"
        wanted["segment_embeddings"] = [f"Multiply({second}, {known['pairs']})"]
    wanted |= {"embeddings_add": [*wanted], "embeddings_norm": ["embeddings_add"],
               "embeddings_dropout": ["embeddings_norm"]}  # fmt: skip
    x = "embeddings_dropout"
    if known["embedding_width"] != known["width"]:
        wanted["embeddings_projection"] = [x]
        x = "embeddings_projection"
    for at in range(known["layers"]):
        wanted |= {
            f"attention_{at}": [x, x, f"ExpandDims({read}, axis=1)"],
            f"attention_dropout_{at}": [f"attention_{at}"],
            f"attention_add_{at}": [x, f"attention_dropout_{at}"],
            f"attention_norm_{at}": [f"attention_add_{at}"],
            f"intermediate_{at}": [f"attention_norm_{at}"],
            f"output_{at}": [f"intermediate_{at}"],
            f"output_dropout_{at}": [f"output_{at}"],
            f"output_add_{at}": [f"attention_norm_{at}", f"output_dropout_{at}"],
            f"output_norm_{at}": [f"output_add_{at}"],
        }
        x = f"output_norm_{at}"
    return wanted


_KINDS = ("Embedding", "Add", "Dropout", "LayerNormalization", "MultiHeadAttention", "Dense")
"""The classes of the layers of an encoder."""


def _check(path: Path, known: Mapping[str, Any], layers: Mapping[str, Any]) -> None:
    """Raise a `ModelError` if a layer has another class or other values than the description says."""
    size = known["width"] // known["heads"]
    pooler = family_of(known).activation
    dense = {"output": ("linear", "width"), "intermediate": (known["activation"], "intermediate"),
             "embeddings_projection": ("linear", "width"), "pooler": (pooler, "width")}  # fmt: skip
    usual: dict[str, dict[str, Any]] = {
        "Embedding": {"mask_zero": False},
        "LayerNormalization": {"axis": [-1], "epsilon": known["epsilon"], "center": True, "scale": True,
                               "rms_scaling": False},
        "MultiHeadAttention": {"num_heads": known["heads"], "key_dim": size, "value_dim": size, "use_bias": True,
                               "use_gate": False, "sliding_window": None, "output_shape": None, "attention_axes": [1]},
    }  # fmt: skip
    for name, layer in layers.items():
        if layer["module"] != "keras.layers" or layer["class_name"] == "InputLayer":
            continue
        kind, config = layer["class_name"], layer["config"]
        wanted = usual.get(kind, {})
        if kind == "Dense":
            activation, width = dense[re.sub(r"_\d+$", "", name)]
            wanted = {"units": known[width], "activation": activation, "use_bias": True}
        if kind not in _KINDS or any(config.get(key, value) != value for key, value in wanted.items()):
            raise _other(path, f"its layer {quoted(name, 60)} has other values")
    if known["activation"] not in ACTIVATIONS.values():
        raise _other(path, f"its activation is {quoted(known['activation'], 40)}")


def _inputs(layer: Mapping[str, Any]) -> list[Any]:
    return [one for node in layer["inbound_nodes"] for one in _given(node)]


def _given(node: Mapping[str, Any]) -> list[Any]:
    """Return what a node is given: the names of tensors, and constants."""
    named = [value for name, value in node["kwargs"].items() if name != "training"]
    return [one for value in (*node["args"], *named) for one in _flat(value)]


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, dict) and value.get("class_name") == _TENSOR:
        yield str(value["config"]["keras_history"][0])
    elif isinstance(value, list) and any(isinstance(one, dict) and one.get("class_name") == _TENSOR for one in value):
        for one in value:
            yield from _flat(one)
    elif isinstance(value, list):
        yield [":" if isinstance(one, dict) else one for one in value]
    elif value is not None:
        yield value


def _expression(value: Any, layers: Mapping[str, Any]) -> str:
    """Return an operation as an expression; a layer is its name."""
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]"
    if not isinstance(value, str):
        return str(value)
    layer = layers[value]
    if layer["module"].startswith("keras.layers"):
        return value
    given = [_expression(one, layers) for one in _inputs(layer)]
    if "axis" in layer["config"]:
        given.append(f"axis={layer['config']['axis']}")
    return f"{layer['class_name']}({', '.join(given)})"


def _other(path: Path, why: str) -> ModelError:
    return ModelError(f'{path} has an encoder that format = "keras" does not write: {why}.', _LIKE_OURS)
