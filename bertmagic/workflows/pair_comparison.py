"""Whether a new model of pairs reads two texts apart and compares their vectors, or reads them together.

An encoder of single texts has not read two texts together, and a few hundred pairs do not teach it. Where the cosine of
their vectors explains much of the labels, and no less than a linear model of both does, a model that begins as two such
encoders is ahead of one that has to learn to compare: `two_texts` keeps the texts apart, and the `comparison_layer` on
top holds what a linear model of both vectors reads. All of it is fine-tuned as one model.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

from bertmagic.errors import OptionError
from bertmagic.events import Listener, Note, Phase
from bertmagic.models import comparison_layer, devices, two_texts
from bertmagic.text_safety import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    import numpy.typing as npt

    from bertmagic.data.batches import Batch
    from bertmagic.options import Finetune
    from bertmagic.options.terms import ReadPairs
    from bertmagic.tasks import Task
    from bertmagic.workflows.pair_similarity import Teacher, TrainingPairs
    from bertmagic.workflows.setup import Setup

_MANY = 2000
"""From so many pairs on the labels teach a model to read two texts together."""

_EXPLAINED = 0.3
"""The share of a constant's loss that the cosine has to take away. Of the sets that this was chosen on it is 0.64 for
`stsb`, where a model of two texts apart is 10 points better, and 0.09 for `mrpc`, where it is no better."""

_TOKENS = 4000
"""How many tokens the encoder is observed on: more than its width, for moments of full rank."""

_OF_TOKENS = 0.05
"""The weight of the directions of tokens beside those of texts, which may be fewer than the width."""


def applies(task: Task, options: Finetune) -> bool:
    """Whether a run may have a model of two texts apart: the weights of its encoder are saved, and none is frozen."""
    wanted = task.paired and task.target_kind is not None and options.read_pairs != "together"
    return wanted and options.adapt != "lora" and options.freeze is None


def check_encoder(card: Mapping[str, Any], name: str, task: Task, has_new_head: bool) -> None:
    """Raise an `OptionError` if a run starts from a model that compares two texts, and learns something else.

    Its last layer holds a comparison, and its other layers have given up directions for it.

    Parameters
    ----------
    card, name
        Those of the model that the run starts from.
    has_new_head
        Whether the run does not go on with that model's own head.
    """
    options = card.get("options")
    if not isinstance(options, dict) or options.get("read_pairs") != "apart" or (task.paired and not has_new_head):
        return
    base = card.get("encoder")
    raise OptionError(
        f"{name} compares two texts: its last layer holds how they differ, not what a text says, so that it can "
        "only be trained further on pairs with the same labels.",
        f"Start from the encoder that it was made from{f': model = {quoted(base)}' if isinstance(base, str) else ''}.",
    )


def start(setup: Setup, pairs: TrainingPairs, again: bool, emit: Listener) -> ReadPairs:
    """Decide how a new model reads two texts, and change its network if it reads them apart.

    Parameters
    ----------
    setup, pairs
        A run before its first step, and some of its pairs.
    again
        Whether the weights will come from a checkpoint: then only the layers have to be those of that run.

    Returns
    -------
    str
        ``apart`` or ``together``.

    Raises
    ------
    OptionError
        If the options ask for texts apart and the network cannot have that.
    """
    options, task = cast("Finetune", setup.options), setup.prepared.task
    possible = applies(task, options) and two_texts.fits(setup.network)
    if options.read_pairs == "apart" and not possible:
        raise OptionError(
            f'read_pairs = "apart": {_why_not(setup, task, options)}', 'Leave it out, or set read_pairs = "together".'
        )
    if again or not possible or (options.read_pairs is None and len(setup.rows("train")) >= _MANY):
        if again and options.read_pairs == "apart":
            comparison_layer.append(setup.network)
        return options.read_pairs or "together"
    return _compared(setup, pairs, options, emit)


def _why_not(setup: Setup, task: Task, options: Finetune) -> str:
    if not applies(task, options):
        return "it needs a task with a linear model, and is not for freeze and LoRA."
    return f"a {setup.network.config.model_type!r} model cannot read them so; it is for encoders like BERT's."


def _compared(setup: Setup, pairs: TrainingPairs, options: Finetune, emit: Listener) -> ReadPairs:
    """Change the network if the cosine predicts the labels best and explains enough of them, or the options say so."""
    emit(Phase("comparing the texts of pairs"))
    reason = "" if options.read_pairs else _reason(pairs.teacher)
    if not (options.read_pairs or reason):
        return "together"
    _change(setup, pairs.vectors)
    emit(Note(f"The model reads both texts apart and compares their vectors{reason}."))
    return "apart"


def _reason(teacher: Teacher | None) -> str:
    """Return why a model reads texts apart; empty if it does not."""
    if teacher is None or teacher.name != "cosine":
        return ""
    fitted = teacher.fitted
    if fitted.loss > (1 - _EXPLAINED) * fitted.constant_loss:
        return ""
    losses = f"loss {fitted.loss:.3g}, constant {fitted.constant_loss:.3g}"
    return f", as their cosine alone predicts much ({losses}). read_pairs decides that"


def _change(setup: Setup, vectors: npt.NDArray[np.float32]) -> None:
    import numpy as np
    import torch

    network, device = setup.network, setup.network.device
    network.to("cpu")  # matrices of double precision, which some devices do not have
    seen = two_texts.observe(network, _batches(setup))
    units = torch.from_numpy(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)).double()
    tokens = seen.outputs.mean_product[:-1, :-1]
    products = units.T @ units / len(units) + _OF_TOKENS * tokens / tokens.trace()
    comparison_layer.add(network, two_texts.separate(network, seen), products)
    network.to(device)


def _batches(setup: Setup) -> Iterator[Batch]:
    """Yield some training pairs, those of like length together."""
    import numpy as np

    feed = setup.feed("train")
    order = np.random.default_rng(setup.options.seed).permutation(len(feed.tokens))
    lengths = feed.tokens.lengths_of(order)
    order = order[: max(1, int((np.cumsum(lengths) <= _TOKENS).sum()))]
    order = order[np.argsort(feed.tokens.lengths_of(order), kind="stable")]
    for start_of_batch in range(0, len(order), 16):
        batch = feed.batch(order[start_of_batch : start_of_batch + 16])
        yield batch.to(partial(devices.send, device=setup.network.device))
