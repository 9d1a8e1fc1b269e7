"""A new head that starts from a linear model of what it reads, and the pooling that suits the texts.

Fine-tuning from a random head first spoils the encoder's features; a head that is fitted to them first keeps them:
linear probing, then fine-tuning (Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features and Underperform
Out-of-Distribution").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, cast

from bertmagic.errors import OptionError
from bertmagic.evaluation import linear
from bertmagic.events import Phase
from bertmagic.inference import vector_cache
from bertmagic.inference.forward import run_model
from bertmagic.models import comparison_layer, devices, heads, mean_layer
from bertmagic.models.pooling import declared
from bertmagic.run import folders
from bertmagic.workflows import pair_comparison, pair_similarity

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt
    import torch
    from transformers import PreTrainedModel

    from bertmagic.data.batches import BatchSource
    from bertmagic.data.rows import LabelledRows
    from bertmagic.evaluation.linear import Linear
    from bertmagic.events import Listener
    from bertmagic.models.loading import Loaded
    from bertmagic.options import Finetune
    from bertmagic.options.terms import Pooling, ReadPairs
    from bertmagic.tasks import Task
    from bertmagic.workflows.setup import Setup

_FITTED_ON = 4000
"""How many samples the linear model is fitted to: with more of them fine-tuning hardly depends on where it starts."""

_WORDS = 30_000
"""How many tokens with a label it is fitted to, where each has one."""

_COMPARED_ON = 1000
"""How many samples poolings are compared on."""

MANY = 2000
"""From so many samples on the first token learns to hold the text as well as the mean does, without a further layer."""

_READ = {"mean": "the mean of the tokens", "first": "the first token", None: "each token"}


@dataclass(frozen=True)
class _Choice:
    """What a head reads, and why; with a linear model of these vectors or of those that they were learned from."""

    pooling: Pooling | None
    reason: str = ""
    model: Linear | None = None


@dataclass(frozen=True)
class WarmStart:
    """How a head starts.

    Attributes
    ----------
    pooling
        What it reads of a text: the mean of its tokens or the first one; None where it reads each token.
    note
        One line about that and the weights that it starts from; empty if nothing was decided.
    read_pairs
        How the model reads two texts; None where it reads one, or nothing was decided.
    """

    pooling: Pooling | None = None
    note: str = ""
    read_pairs: ReadPairs | None = None


def start(setup: Setup, loaded: Loaded, again: bool, emit: Listener) -> WarmStart:
    """Choose the pooling of a new head, and fit its output layer to the training samples.

    A model of pairs compares the vectors of both texts (see `pair_comparison`), or first learns how similar they are
    (see `pair_similarity`). A head that was trained before, one that is not linear in the end, and that of a task
    without a linear model stay as they are.

    Parameters
    ----------
    setup
        A run before its first step.
    loaded
        Its model, on its device; it gets one more layer if it pools by mean, see `mean_layer`.
    again
        Whether the weights will come from a checkpoint: then only the layers have to be those of that run.

    Raises
    ------
    OptionError
        If the head cannot pool as the options say.
    """
    options, task, feed = cast("Finetune", setup.options), setup.prepared.task, setup.feed("train")
    network, wanted = loaded.network, options.pooling
    output = heads.output_layer(network)
    is_new = output is not None and _is_new(network, output, loaded.new)
    if wanted == "mean" and (why_not := _why_not(network, is_new, options)):
        raise OptionError(f'pooling = "mean": {why_not}', 'Leave it out, or set pooling = "first".')
    if options.adapt == "head" and (output is None or task.target_kind is None):
        raise OptionError(
            f'adapt = "head" fits a linear model, and {task.name} has none.', 'Set adapt = "full" or "lora".'
        )
    if output is None or task.target_kind is None or not (is_new or options.adapt == "head"):
        return WarmStart()
    choice = _choose(network, task, feed, options, emit) if is_new else _Choice(None if feed.per_token else "first")
    pairs = pair_similarity.TrainingPairs(setup) if is_new and task.paired else None
    read_pairs = None if pairs is None else pair_comparison.start(setup, pairs, again, emit)
    if is_new:
        _open(network, loaded.new, feed, choice.pooling, read_pairs)
    if again:
        return WarmStart(choice.pooling, read_pairs=read_pairs)
    if pairs is not None and read_pairs != "apart":
        choice = replace(choice, model=pair_similarity.learn(setup, pairs, emit) or choice.model)
    return WarmStart(choice.pooling, _fitted(setup, choice, read_pairs, emit), read_pairs)


def likely_pooling(folder: Path, options: Finetune, train: LabelledRows) -> Pooling:
    """Return the pooling that a run will probably have, before its texts are read."""
    return _by_rule(options, train.second is not None, len(train)) or declared(folder) or "first"


def _by_rule(options: Finetune, of_pairs: bool, samples: int) -> Pooling | None:
    """Return the pooling that is decided without a look at vectors; None where these decide.

    The mean of a pair mixes both texts, while the first token compares them.
    """
    if options.pooling or of_pairs or samples >= MANY or _keeps_weights(options):
        return options.pooling or "first"
    return None


def rows_read(rows: int) -> int:
    """Return how many rows a warm start reads, for estimates."""
    return min(rows, _FITTED_ON) + min(rows, _COMPARED_ON)


def _why_not(network: PreTrainedModel, is_new: bool, options: Finetune) -> str:
    """Return why a head cannot read the mean of the tokens; empty if it can."""
    if not is_new:
        return "the head that this model has was trained to read something else."
    if _keeps_weights(options):
        return "the layer for it is not in the encoder that saved adapters are put into."
    return "" if mean_layer.fits(network) else f"the head of a {network.config.model_type!r} model cannot read it."


def _choose(network: PreTrainedModel, task: Task, feed: BatchSource, options: Finetune, emit: Listener) -> _Choice:
    """Choose what the head reads: the pooling whose linear model has the lower cross-validated loss."""
    if feed.per_token:
        return _Choice(None)
    decided = _by_rule(options, feed.tokens.second is not None, len(feed.tokens))
    if decided or not mean_layer.fits(network):
        return _Choice(decided or "first")
    few = feed.sample(_COMPARED_ON, options.seed)
    emit(Phase("comparing poolings"))
    poolings: tuple[Pooling, ...] = ("first", "mean")  # of equal ones the first token, which needs no layer
    try:
        vectors = vector_cache.embed_each(folders.home(), network, few, options.precision, poolings)
        models = [fit_linear(task, each, few, network.config.num_labels) for each in vectors]
    except linear.UNFIT:
        return _Choice("first")
    at = int(models[1].loss < models[0].loss)
    other = f"{('first token', 'mean')[1 - at]} {models[1 - at].loss:.3g}"
    all_compared = len(feed.tokens) <= _COMPARED_ON
    return _Choice(poolings[at], f" (loss {models[at].loss:.3g}, {other})", models[at] if all_compared else None)


def fit_linear(
    task: Task,
    vectors: npt.NDArray[np.float32],
    feed: BatchSource,
    outputs: int,
    seed: int = 0,
    alike: Linear | None = None,
) -> Linear:
    """Fit a linear model to vectors of samples, or of the tokens that have a target.

    Parameters
    ----------
    vectors
        Of shape ``(samples, width)``, or ``(all tokens, width)`` if the feed has a target per token.
    feed
        The samples with their targets.
    outputs
        How many classes or labels there are; 1 for numbers.
    seed, alike
        As in `linear.fit`.
    """
    import numpy as np

    assert feed.targets is not None
    assert task.target_kind is not None
    targets, groups = feed.targets, feed.owner
    if feed.per_token:
        groups = np.repeat(groups, feed.tokens.lengths)
        chosen = np.flatnonzero(targets >= 0)[:_WORDS]
        vectors, targets, groups = vectors[chosen], targets[chosen], groups[chosen]
    return linear.fit(task.target_kind, vectors, targets, outputs, groups, seed, alike)


def _open(
    network: PreTrainedModel, new: frozenset[str], feed: BatchSource, pooling: Pooling | None,
    read_pairs: ReadPairs | None,
) -> None:  # fmt: skip
    """Let the vector of a text through to the output layer, where the layer between them was not trained."""
    import numpy as np
    import torch

    if pooling is None:
        return
    batch = feed.batch(np.arange(min(32, len(feed.tokens)))).to(partial(devices.send, device=network.device))
    was_training = network.training
    network.eval()
    with torch.no_grad():
        if pooling == "mean":
            mean_layer.add(network)
            heads.open_dense(network, batch)
        elif read_pairs == "apart":
            heads.open_dense(network, batch, center=True)
        elif (dense := heads.dense_layer(network, batch)) is not None and _is_untrained(network, dense[0], new):
            heads.open_dense(network, batch)
    network.train(was_training)


def _keeps_weights(options: Finetune) -> bool:
    """Whether only adapters are saved, which are put into the layers that the encoder has."""
    return options.adapt == "lora" and options.lora_save == "adapter"


def _is_new(network: PreTrainedModel, layer: torch.nn.Linear, new: frozenset[str]) -> bool:
    return any(network.get_parameter(name) is layer.weight for name in new)


def _is_untrained(network: PreTrainedModel, layer: torch.nn.Linear, new: frozenset[str]) -> bool:
    """Whether a layer is new, or has a bias of zeros: the pooler that encoders of sentences carry along unused."""
    return _is_new(network, layer, new) or (layer.bias is not None and not layer.bias.any())


def _fitted(setup: Setup, choice: _Choice, read_pairs: ReadPairs | None, emit: Listener) -> str:
    """Fit the output layer to the training samples, and return a line about it."""
    import torch

    network, task, options = setup.network, setup.prepared.task, setup.options
    what = "the comparison of both texts" if read_pairs == "apart" else f"{_READ[choice.pooling]}{choice.reason}"
    some = setup.feed("train").sample(_FITTED_ON, options.seed)
    emit(Phase("fitting the head"))
    vectors = run_model(network, some, options.precision, outputs=heads.features)
    if read_pairs == "apart":
        vectors[:, comparison_layer.COSINE] *= comparison_layer.COSINE_WEIGHT
    try:
        # The head reads nearly what was compared, so that the same penalty suits it.
        model = fit_linear(task, vectors, some, network.config.num_labels, alike=choice.model)
    except linear.UNFIT as error:
        return f"The head reads {what} and starts at random: a linear model could not be fitted ({error})."
    losses = f"(loss {model.loss:.3g}, constant {model.constant_loss:.3g})"
    if not model.is_useful and options.adapt != "head":  # a head alone takes no steps: better useless than random
        return f"The head reads {what} and starts at random: a linear model is of no use here {losses}."
    if read_pairs == "apart":
        model.weight[:, comparison_layer.COSINE] *= comparison_layer.COSINE_WEIGHT
    output = heads.output_layer(network)
    assert output is not None
    with torch.no_grad():
        output.weight.copy_(torch.from_numpy(model.weight))
        if output.bias is not None:
            output.bias.copy_(torch.from_numpy(model.bias))
    return f"The head reads {what} and starts from a linear model {losses}."
