"""A network of transformers as a description that Keras is built from, and its weights under the names of Keras."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bertmagic.errors import ModelError, listing
from bertmagic.models import heads

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt
    from torch import nn
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    Weights = dict[str, npt.NDArray[np.float32]]

ACTIVATIONS = {"gelu": "gelu", "relu": "relu", "silu": "silu", "swish": "silu", "tanh": "tanh"}
"""The activations of transformers by the names that Keras has for the same functions."""

_BERT = {
    "query": "encoder.layer.{}.attention.self.query",
    "key": "encoder.layer.{}.attention.self.key",
    "value": "encoder.layer.{}.attention.self.value",
    "joined": "encoder.layer.{}.attention.output.dense",
    "attention_norm": "encoder.layer.{}.attention.output.LayerNorm",
    "intermediate": "encoder.layer.{}.intermediate.dense",
    "output": "encoder.layer.{}.output.dense",
    "output_norm": "encoder.layer.{}.output.LayerNorm",
}
_DISTILBERT = {
    "query": "transformer.layer.{}.attention.q_lin",
    "key": "transformer.layer.{}.attention.k_lin",
    "value": "transformer.layer.{}.attention.v_lin",
    "joined": "transformer.layer.{}.attention.out_lin",
    "attention_norm": "transformer.layer.{}.sa_layer_norm",
    "intermediate": "transformer.layer.{}.ffn.lin1",
    "output": "transformer.layer.{}.ffn.lin2",
    "output_norm": "transformer.layer.{}.output_layer_norm",
}


@dataclass(frozen=True)
class Family:
    """A family of encoders that Keras is built for.

    Attributes
    ----------
    classes
        How the names of its classes in transformers begin.
    layers
        The names of the parts of a layer; ``{}`` stands for its number.
    pooler, activation
        The dense layer between the vector of the first token and the output layer, and what follows it. That of BERT
        belongs to the encoder, those of other families to a fine-tuned head.
    output
        The output layer of a classifier.
    counts_padding
        Whether positions count padding, as in BERT; RoBERTa's begin behind the number of the padding token.
    """

    classes: str
    pooler: str
    activation: str
    output: str
    layers: Mapping[str, str]
    counts_padding: bool = True

    def part(self, name: str, layer: int) -> str:
        """Return the name of a part of a layer, below that of the encoder."""
        return self.layers[name].replace("{}", str(layer))

    def pooler_of(self, prefix: str) -> str:
        """Return the name of the pooler; ``prefix`` is that of the encoder, with a stop at its end, or empty."""
        return self.pooler.replace("{}.", prefix)


_ROBERTA = Family("Roberta", "classifier.dense", "tanh", "classifier.out_proj", _BERT, counts_padding=False)
FAMILIES = {
    "bert": Family("Bert", "{}.pooler.dense", "tanh", "classifier", _BERT),
    "roberta": _ROBERTA,
    "xlm-roberta": replace(_ROBERTA, classes="XLMRoberta"),
    "camembert": replace(_ROBERTA, classes="Camembert"),
    "electra": Family("Electra", "classifier.dense", "gelu", "classifier.out_proj", _BERT),
    "distilbert": Family("DistilBert", "pre_classifier", "relu", "classifier", _DISTILBERT),
}
"""The families by their name in a config of transformers."""


def family_of(known: Mapping[str, Any]) -> Family:
    """Return the family of a description."""
    return FAMILIES[str(known["name"]).replace("_", "-")]


def describe(
    network: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, activation: str, texts: int
) -> tuple[dict[str, Any], Weights]:
    """Return the description of a network, and its weights by layer and number in the order of Keras.

    Parameters
    ----------
    activation
        What the head ends in, by its name in Keras; empty for an encoder without a head.
    texts
        How many texts the head reads at once.

    Raises
    ------
    ModelError
        If Keras cannot be built for this network: another family, an activation that Keras lacks, a head that is not
        one layer behind the first token's or behind each token's vector.
    """
    config = network.config
    kind = config.model_type
    if kind not in FAMILIES:
        raise ModelError(
            f'format = "keras" has no {kind} models.',
            f'It has {listing(list(FAMILIES))}. format = "onnx" runs other families without PyTorch.',
        )
    _check(config)
    family, body = FAMILIES[kind], network.base_model
    prefix = "" if body is network else f"{network.base_model_prefix}."
    head = heads.output_layer(network) if activation else None
    names = dict(network.named_modules())
    pooler = names.get(family.pooler_of(prefix))
    pooled = head is None or pooler is not None
    if activation and (head is None or not names.keys() & {family.output, "classifier", "qa_outputs"}):
        raise ModelError(
            f'the head of {type(network).__name__} is not one that format = "keras" has.', 'Take format = "onnx".'
        )
    known = {
        "name": kind.replace("-", "_"),
        "vocabulary": len(body.get_input_embeddings().weight),
        "positions": len(body.embeddings.position_embeddings.weight),
        "positions_from": 0 if family.counts_padding else int(config.pad_token_id) + 1,
        "segments": _segments(body),
        "pairs": int(not activation or texts > 1) if _segments(body) > 1 else 0,
        "separator": tokenizer.sep_token_id,
        "pad_id": tokenizer.pad_token_id,
        "embedding_width": body.get_input_embeddings().weight.shape[1],
        "width": config.hidden_size,
        "layers": config.num_hidden_layers,
        "heads": config.num_attention_heads,
        "intermediate": names[prefix + family.part("intermediate", 0)].out_features,
        "activation": ACTIVATIONS[_activation(config)],
        "epsilon": float(getattr(config, "layer_norm_eps", 1e-12)),
        "dropout": float(getattr(config, "hidden_dropout_prob", getattr(config, "dropout", 0.1))),
        "attention_dropout": float(
            getattr(config, "attention_probs_dropout_prob", getattr(config, "attention_dropout", 0.1))
        ),
        "pooled": pooled,
        "pooler": family.activation if pooled and pooler is not None else None,
        "head": None,
    }
    weights = _of_encoder(body, family, known)
    if known["pooler"]:
        weights |= _dense("pooler", pooler)
    if head is not None:
        dropout = getattr(config, "classifier_dropout", None)
        known["head"] = {
            "outputs": head.out_features,
            "activation": activation,
            "dropout": known["dropout"] if dropout is None else float(dropout),
        }
        weights |= _dense("head", head)
    return known, weights


def _check(config: Any) -> None:
    """Raise a `ModelError` if a config asks for what the layers here do not do."""
    positions = getattr(config, "position_embedding_type", None) or "absolute"
    if _activation(config) not in ACTIVATIONS:
        what = f"hidden_act = {_activation(config)!r}"
    elif positions != "absolute":
        what = f"position_embedding_type = {positions!r}"
    elif getattr(config, "is_decoder", False):
        what = "is_decoder = True"
    else:
        return
    raise ModelError(f'format = "keras" has no models with {what}.', 'Take format = "onnx".')


def _activation(config: Any) -> str:
    return str(getattr(config, "hidden_act", None) or getattr(config, "activation", ""))


def _segments(body: nn.Module) -> int:
    table = getattr(body.embeddings, "token_type_embeddings", None)
    return 0 if table is None else len(table.weight)


def _of_encoder(body: Any, family: Family, known: Mapping[str, Any]) -> Weights:
    """Return the weights of the encoder without its pooler."""
    parts, names = body.embeddings, dict(body.named_modules())
    weights = {
        "word_embeddings/0": _numbers(parts.word_embeddings.weight),
        "position_embeddings/0": _numbers(parts.position_embeddings.weight),
        **_norm("embeddings_norm", parts.LayerNorm),
    }
    if known["segments"]:
        weights["segment_embeddings/0"] = _numbers(parts.token_type_embeddings.weight)
    if known["embedding_width"] != known["width"]:
        weights |= _dense("embeddings_projection", body.embeddings_project)
    for at in range(known["layers"]):
        part = {name: names[family.part(name, at)] for name in family.layers}
        weights |= _attention(f"attention_{at}", part, known["heads"])
        weights |= _norm(f"attention_norm_{at}", part["attention_norm"])
        weights |= _dense(f"intermediate_{at}", part["intermediate"]) | _dense(f"output_{at}", part["output"])
        weights |= _norm(f"output_norm_{at}", part["output_norm"])
    return weights


def _attention(name: str, part: Mapping[str, Any], heads: int) -> Weights:
    """Return the weights of attention: kernels ``(width, heads, size)``, the last one ``(heads, size, width)``."""
    weights: Weights = {}
    for at, layer in enumerate((part["query"], part["key"], part["value"])):
        weights[f"{name}/{2 * at}"] = _numbers(layer.weight).T.reshape(layer.in_features, heads, -1)
        weights[f"{name}/{2 * at + 1}"] = _numbers(layer.bias).reshape(heads, -1)
    joined = part["joined"]
    weights[f"{name}/6"] = _numbers(joined.weight).T.reshape(heads, -1, joined.out_features)
    weights[f"{name}/7"] = _numbers(joined.bias)
    return weights


def _dense(name: str, layer: Any) -> Weights:
    return {f"{name}/0": _numbers(layer.weight).T, f"{name}/1": _numbers(layer.bias)}


def _norm(name: str, layer: Any) -> Weights:
    return {f"{name}/0": _numbers(layer.weight), f"{name}/1": _numbers(layer.bias)}


def _numbers(weights: Any) -> npt.NDArray[np.float32]:
    return weights.detach().float().cpu().numpy()  # type: ignore[no-any-return]
