"""An encoder like BERT that reads the two texts of a pair as if each stood alone, without a token of training.

An encoder of sentences has never read two texts together: what it says about a text changes when another one stands
behind it. Here its weights are changed so that attention stays within a text. Four coordinates of the hidden states,
those that matter least, are taken out of all matrices and given another meaning: they say which text a token is of.
Token type embeddings set them, residual connections carry them through all layers, and in each head the two weakest of
the directions in which queries and keys meet give way to a term that is `STRENGTH` lower for a token of the other text.
The first token, which the encoder uses as a resting place of attention, belongs to both texts.

Nothing but numbers changes: `AutoModelForSequenceClassification` reads such a model, and all of it can be trained.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bertmagic.models.fast import first_token

if TYPE_CHECKING:
    from collections.abc import Iterable

    import torch
    from torch import nn
    from transformers import PreTrainedModel

    from bertmagic.data.batches import Batch

STRENGTH = 10.0
"""By how much the logit of attention to the other text is lower: its share falls by a factor of 20,000."""

_FREED = 2
"""How many directions of each head are freed."""

_EMBEDDINGS = ("word_embeddings", "position_embeddings", "token_type_embeddings", "LayerNorm")


@dataclass(frozen=True)
class Marks:
    """The coordinates that are positive and negative for a token of the first text, and of the second."""

    first: tuple[int, int]
    second: tuple[int, int]

    @property
    def all(self) -> list[int]:
        """All four."""
        return [*self.first, *self.second]


@dataclass
class _Moments:
    """The sum of the outer products of vectors with a further 1, ``(width + 1, width + 1)``."""

    total: torch.Tensor | None = None

    def add(self, vectors: torch.Tensor) -> None:
        import torch

        rows = torch.nn.functional.pad(vectors.float(), (0, 1), value=1.0).double()
        product = rows.T @ rows
        self.total = product if self.total is None else self.total + product

    @property
    def mean_product(self) -> torch.Tensor:
        assert self.total is not None
        return self.total / self.total[-1, -1]

    @property
    def means(self) -> torch.Tensor:
        return self.mean_product[-1, :-1]

    @property
    def variances(self) -> torch.Tensor:
        return self.mean_product.diagonal()[:-1] - self.means**2


@dataclass
class Seen:
    """What the layers of an encoder read of some texts.

    Attributes
    ----------
    inputs, between
        The moments of what attention and the feed-forward part of each layer read.
    outputs
        Those of the last hidden states.
    scales
        Of each layer norm, the standard deviation of what it reads of each token.
    is_first
        Which of these tokens are the first of a text.
    """

    inputs: list[_Moments]
    between: list[_Moments]
    outputs: _Moments = field(default_factory=_Moments)
    scales: dict[nn.Module, list[torch.Tensor]] = field(default_factory=dict)
    is_first: list[torch.Tensor] = field(default_factory=list)


def fits(model: PreTrainedModel) -> bool:
    """Whether a model is a classifier like BERT that marks second texts and whose widths leave room for the change."""
    config: Any = model.config
    parts = getattr(model.base_model, "embeddings", None)
    layers = first_token.stack(model)
    if not first_token.applies(model) or len(layers) != config.num_hidden_layers:
        return False
    if not all(hasattr(parts, name) for name in _EMBEDDINGS) or config.type_vocab_size < 2:
        return False
    width, heads = config.hidden_size, config.num_attention_heads
    absolute = getattr(config, "position_embedding_type", "absolute") == "absolute"
    same_width = parts.word_embeddings.embedding_dim == width  # type: ignore[union-attr]
    wide = width // heads > 2 * _FREED and width >= 16 and config.intermediate_size >= 2 * width
    return absolute and same_width and wide and heads % 2 == 0


def observe(model: PreTrainedModel, batches: Iterable[Batch]) -> Seen:
    """Run a model over some texts, and return what its layers read of their tokens."""
    import torch

    base: Any = model.base_model
    layers: Any = first_token.stack(model)
    seen = Seen([_Moments() for _ in layers], [_Moments() for _ in layers])
    mask: list[torch.Tensor] = []

    def moments(of: _Moments) -> Any:
        return lambda module, given: of.add(given[0][mask[0]])

    def scale(module: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        seen.scales.setdefault(module, []).append(given[0][mask[0]].float().std(dim=-1))

    handles = [module.register_forward_pre_hook(scale) for module in _norms(model)]
    for at, layer in enumerate(layers):
        handles.append(layer.attention.self.query.register_forward_pre_hook(moments(seen.inputs[at])))
        handles.append(layer.intermediate.dense.register_forward_pre_hook(moments(seen.between[at])))
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            for batch in batches:
                mask[:] = [batch.mask.bool()]
                first = torch.zeros_like(mask[0])
                first[:, 0] = True
                seen.is_first.append(first[mask[0]])
                seen.outputs.add(base(**batch.inputs).last_hidden_state[mask[0]])
    finally:
        for handle in handles:
            handle.remove()
        model.train(was_training)
    return seen


def _norms(model: PreTrainedModel) -> list[Any]:
    """Return the layer norms in their order."""
    base: Any = model.base_model
    layers: Any = first_token.stack(model)
    of_layers = [norm for layer in layers for norm in (layer.attention.output.LayerNorm, layer.output.LayerNorm)]
    return [base.embeddings.LayerNorm, *of_layers]


def separate(model: PreTrainedModel, seen: Seen) -> Marks:
    """Change the weights of a model for which `fits` is true, so that the tokens of a text see that text only.

    Parameters
    ----------
    seen
        What the model reads of some texts, see `observe`: the change is smallest for texts like them.
    """
    import torch

    base: Any = model.base_model
    layers: Any = first_token.stack(model)
    with torch.no_grad():
        marks = _choose(layers, seen)
        _mark(base.embeddings, marks, seen)
        for at, layer in enumerate(layers):
            _mute(layer, marks, seen, at)
            _keep_within(layer.attention.self, marks, seen.inputs[at].mean_product)
        _carry(model, marks, seen)
    return marks


def _choose(layers: Any, seen: Seen) -> Marks:
    """Return the coordinates that change the least of what the layers compute from their inputs."""
    import torch

    cost = torch.zeros(())
    for at, layer in enumerate(layers):
        inner = layer.attention.self
        attention = torch.cat([inner.query.weight, inner.key.weight, inner.value.weight])
        for moments, weight in ((seen.inputs[at], attention), (seen.between[at], layer.intermediate.dense.weight)):
            part = moments.variances * (weight**2).sum(dim=0)
            cost = cost + part / part.sum()
    one, two, three, four = cost.argsort(stable=True)[:4].tolist()
    return Marks((one, two), (three, four))


def _mark(embeddings: Any, marks: Marks, seen: Seen) -> None:
    """Have the embeddings mark each token by its text, as strongly as other coordinates, and not the first token."""
    import torch

    size = float(torch.cat(seen.scales[embeddings.LayerNorm]).median())
    places, types = embeddings.position_embeddings, embeddings.token_type_embeddings.weight
    types[1] = types[0]  # an encoder of single texts knows no other
    for module in embeddings.children():
        if isinstance(module, torch.nn.Embedding):
            module.weight[:, marks.all] = 0
    for text, (plus, minus) in enumerate((marks.first, marks.second)):
        types[text, plus], types[text, minus] = size, -size
    plus, minus = marks.first
    first = 0 if places.padding_idx is None else places.padding_idx + 1  # where RoBERTa and its like begin to count
    places.weight[first, plus], places.weight[first, minus] = -size, size


def _mute(layer: Any, marks: Marks, seen: Seen, at: int) -> None:
    """Have a layer neither read the marks nor write them; what it read there before counts with its mean."""
    inner = layer.attention.self
    for linears, moments in (
        ((inner.query, inner.key, inner.value), seen.inputs[at]),
        ((layer.intermediate.dense,), seen.between[at]),
    ):
        for linear in linears:
            linear.bias += (linear.weight[:, marks.all] @ moments.means[marks.all].to(linear.weight)).to(linear.bias)
            linear.weight[:, marks.all] = 0
    for linear in (layer.attention.output.dense, layer.output.dense):
        linear.weight[marks.all] = 0
        linear.bias[marks.all] = 0


def _keep_within(attention: Any, marks: Marks, products: torch.Tensor) -> None:
    """Lower the logits between tokens of different texts.

    With ``a`` and ``b`` the marks of a token for both texts, 0 or ``m > 0``, the logit of query i and key j gets
    ``strength * (a_i (1 - 2 b_j) + b_i (1 - 2 a_j)) / 2``: ``strength * m_i / 2`` for a key of the same text or of
    none, whatever its own mark is, as layer norms scale the marks of each token differently.
    """
    size = attention.attention_head_size
    root = math.sqrt(STRENGTH / 2 / attention.scaling)
    query, key = attention.query, attention.key
    for head in range(attention.num_attention_heads):
        rows = slice(head * size, (head + 1) * size)
        _free(query, key, rows, products)
        for row, (own, other) in zip(
            range(rows.stop - _FREED, rows.stop),
            ((marks.first, marks.second), (marks.second, marks.first)),
            strict=True,
        ):
            key.bias[row] = root
            for coordinate, of_other, sign in zip(own, other, (1, -1), strict=True):
                query.weight[row, coordinate] = sign * root / 2
                key.weight[row, of_other] = -sign * root


def _free(query: nn.Linear, key: nn.Linear, rows: slice, products: torch.Tensor) -> None:
    """Free the last directions of a head: its logits lose those in which queries and keys are weakest together.

    With ``Q`` and ``K`` the square roots of the mean products of queries and of keys, ``Q K = U s V'`` orders the
    directions: ``q' = s^1/2 U' Q^-1 q`` and ``k' = s^1/2 V' K^-1 k`` have the same products as ``q`` and ``k``.
    """
    import torch

    both = [torch.cat([part.weight[rows], part.bias[rows, None]], dim=1).double() for part in (query, key)]
    roots = [_root(part @ products.to(part) @ part.T) for part in both]
    left, sizes, right = torch.linalg.svd(roots[0][0] @ roots[1][0])
    for part, whole, turn, inverse in zip((query, key), both, (left.T, right), (roots[0][1], roots[1][1]), strict=True):
        turned = sizes.sqrt()[:, None] * (turn @ inverse @ whole)
        turned[-_FREED:] = 0
        part.weight[rows] = turned[:, :-1].to(part.weight)
        part.bias[rows] = turned[:, -1].to(part.bias)


def _root(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the square root of a symmetric matrix, and its inverse."""
    import torch

    values, vectors = torch.linalg.eigh(matrix)
    sizes = values.clamp_min(float(values[-1]) * 1e-8 + 1e-30).sqrt()
    return (vectors * sizes) @ vectors.T, (vectors / sizes) @ vectors.T


def _carry(model: PreTrainedModel, marks: Marks, seen: Seen) -> None:
    """Have the layer norms carry the marks on, so that that of the median token stays 1."""
    import torch

    is_first = torch.cat(seen.is_first)
    sizes = None
    for norm in _norms(model):
        scales = torch.cat(seen.scales[norm])
        sizes = (scales.median() if sizes is None else sizes) / scales
        factor = float(1 / sizes[~is_first].median())
        sizes = sizes * factor
        norm.weight[marks.all], norm.bias[marks.all] = factor, 0.0
