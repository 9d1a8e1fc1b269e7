"""The methods that score words, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bertmagic.errors import ModelError, OptionError, count
from bertmagic.explain import flows, gradients, order_search, shapley, surrogate

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.batches import Batch
    from bertmagic.explain.game import TargetGame

    Values = npt.NDArray[np.float64]

PASSES = 200
"""Default budget of passes."""

SHAPLEY_PASSES = 1000
"""The same for Shapley values, whose sampling error falls with its square root."""


@dataclass(frozen=True)
class Network:
    """A PyTorch model at one text, for methods that look into it.

    Attributes
    ----------
    network, batch
        The user's network, and the text as a batch of one row on its device.
    score
        From a network and a batch to the score that is explained, ``(rows,)``.
    name
        The name of the model.
    """

    network: PreTrainedModel
    batch: Batch
    score: Callable[[PreTrainedModel, Batch], torch.Tensor]
    name: str


@dataclass(frozen=True)
class Scored:
    """Scores of words.

    Attributes
    ----------
    method
        What gave them.
    scores
        Of each word, ``(words,)``.
    errors
        Their standard errors, where the method has them.
    special
        The share of all absolute scores that tokens of no word have; NaN where these get none.
    has_signs
        Whether a negative score speaks against the target.
    passes
        Forward and backward passes besides those of the game.
    notes
        What the user should know.
    """

    method: str
    scores: Values
    errors: Values | None = None
    special: float = float("nan")
    has_signs: bool = True
    passes: int = 0
    notes: tuple[str, ...] = field(default=())


def run(method: str, game: TargetGame, network: Network | None, passes: int | None) -> Scored:
    """Return the scores of words by a method.

    Parameters
    ----------
    game
        The words with their masks.
    network
        None where there is only a game: then methods that hide words are possible.
    passes
        The budget of methods that hide words; None for the default.

    Raises
    ------
    OptionError
        If the method has no budget of passes and one is given.
    ModelError
        If the method looks into a network and there is none.
    """
    if method in HIDING:
        return HIDING[method](game, passes)
    if network is None:
        raise ModelError(
            f"{method} needs the gradients or the attention of a PyTorch model, and an export computes the scores.",
            f"Leave backend out, or choose a method that hides words: {', '.join(HIDING)}.",
        )
    if passes is not None:
        raise OptionError(f"{method} has no budget of passes.", f"passes is for {', '.join(HIDING)}.")
    return LOOKING[method](game, network)


def of_known(game: TargetGame) -> Scored:
    """Return what the masks say that were scored before an interrupt."""
    return Scored("masks", surrogate.fit(*game.known()))


def _masks(game: TargetGame, passes: int | None) -> Scored:
    return Scored("masks", surrogate.masks(game, passes or PASSES))


def _search(game: TargetGame, passes: int | None) -> Scored:
    budget = passes or PASSES
    if not order_search.is_enough(game, budget):
        least = count(order_search.LEAST * len(game), "pass", "passes")
        note = (
            f"To search the order of {count(len(game), 'word')} takes {least}: this is a linear model of random masks."
        )
        return Scored("masks", surrogate.masks(game, budget), notes=(note,) if len(game) > 1 else ())
    return Scored("search", order_search.search(game, budget))


def _occlusion(game: TargetGame, passes: int | None) -> Scored:
    if passes is not None and passes <= len(game):
        raise OptionError(
            f"occlusion takes {count(len(game) + 1, 'pass', 'passes')} for this text, and passes = {passes}.",
            "Leave passes out.",
        )
    return Scored("occlusion", surrogate.occlusion(game))


def _shapley(game: TargetGame, passes: int | None) -> Scored:
    found = shapley.values(game, passes or SHAPLEY_PASSES)
    drawn = f"{count(found.orders, 'random order')}; their standard errors are in .frame" if found.orders else "exact"
    return Scored("shapley", found.scores, found.errors, notes=(f"Shapley values: {drawn}.",))


def _words(game: TargetGame, tokens: Values) -> tuple[Values, float]:
    """Return the sum over the tokens of each word, and the share of the tokens that belong to none."""
    words = np.array([tokens[list(word.pieces)].sum() for word in game.game.words])
    total = np.abs(tokens).sum()
    return words, float(np.abs(tokens[~game.game.owned]).sum() / total) if total > 0 else float("nan")


def _gradient_norm(game: TargetGame, network: Network) -> Scored:
    model = gradients.GradientModel(network.network, network.batch, network.score)
    norms = gradients.gradient_norms(model, game.game.ids)
    _, special = _words(game, norms)
    words = np.array([np.linalg.norm(norms[list(word.pieces)]) for word in game.game.words])
    return Scored("gradient_norm", words, special=special, has_signs=False, passes=model.passes)


def _integrated(game: TargetGame, network: Network, zero: bool) -> Scored:
    import torch

    model = gradients.GradientModel(network.network, network.batch, network.score)
    hidden = game.game.masked(np.ones((1, len(game)), bool))[0]
    vectors = model.embedded(torch.from_numpy(game.game.ids.astype(np.int64)))
    baseline = model.embedded(torch.from_numpy(hidden.astype(np.int64)))
    if zero:
        moved = torch.from_numpy(game.game.owned).to(vectors.device)
        baseline = torch.where(moved[:, None], torch.zeros_like(vectors), vectors)
    found = gradients.until_complete(model, vectors, baseline)
    words, _ = _words(game, found.scores)
    sums = f"{count(found.steps, 'step')}, residual {found.residual:.2%} of the difference from the baseline"
    note = f"Integrated gradients: {sums}."
    if found.residual > gradients.RESIDUAL:
        note = f"Integrated gradients are not complete: {sums}."
    name = "integrated_gradients_zero" if zero else "integrated_gradients"
    return Scored(name, words, passes=model.passes, notes=(note,))


def _flow(game: TargetGame, network: Network, method: str) -> Scored:
    tokens = flows.token_scores(network.network, network.batch, network.score, method, network.name)
    words, special = _words(game, tokens)
    return Scored(method, words, special=special, has_signs=False, passes=1)


HIDING: dict[str, Callable[[TargetGame, int | None], Scored]] = {
    "search": _search,
    "masks": _masks,
    "occlusion": _occlusion,
    "shapley": _shapley,
}
"""Methods that hide words: they work with every backend."""

LOOKING: dict[str, Callable[[TargetGame, Network], Scored]] = {
    "integrated_gradients": lambda game, network: _integrated(game, network, zero=False),
    "integrated_gradients_zero": lambda game, network: _integrated(game, network, zero=True),
    "gradient_norm": _gradient_norm,
    "attention_rollout": lambda game, network: _flow(game, network, "attention_rollout"),
    "value_norms": lambda game, network: _flow(game, network, "value_norms"),
}
"""Methods that look into a PyTorch model."""

METHODS = (*HIDING, *LOOKING)
"""The names of all methods."""

DEFAULT = "search"
"""The method where none was measured to be better on the user's rows."""
