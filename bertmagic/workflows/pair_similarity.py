"""A model of pairs first learns the similarity of two texts, from its own encoder, before it sees a label.

An encoder of single texts has not read two texts together, so that the first token of a pair says little about how they
relate. The cosine of their two vectors says more, and it is known for any two texts: the model learns to predict it for
the training pairs and for new pairs of the same texts. This is distillation (Hinton et al. 2015, "Distilling the
Knowledge in a Neural Network") from two passes of the encoder into one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from bertmagic.data.batches import BatchSource
from bertmagic.errors import count
from bertmagic.evaluation import baselines, linear
from bertmagic.events import Listener, Note, Phase, Step
from bertmagic.inference import vector_cache
from bertmagic.models import heads, pooling
from bertmagic.run import folders
from bertmagic.run.stopping import StopButton
from bertmagic.training.loop import Diverged, Loop
from bertmagic.training.objective import Objective

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from bertmagic.data import cache
    from bertmagic.data.rows import LabelledRows
    from bertmagic.options import Finetune, Pretrain
    from bertmagic.tasks import Task
    from bertmagic.workflows.setup import Setup

_STEPS = 100
"""The most steps: with many rows the labels teach as much."""

_ROWS = 2000
"""The most training rows whose texts are paired."""

_NEIGHBOURS = 20
"""A new pair is a text with one of so many that are most similar to it, or with any text; see `_SHARES`."""

_SHARES = 0.4, 0.4, 0.2
"""The shares of training pairs, of pairs with a similar text, and of pairs with any text."""


def steps(task: Task, options: Finetune | Pretrain, of_run: int) -> int:
    """Return how many steps a run takes at most for the similarity: half of its own; 0 if it does not learn it."""
    applies = task.paired and task.target_kind is not None and options.adapt == "full" and options.freeze is None
    return min(of_run // 2, _STEPS) if applies else 0


def learn(setup: Setup, emit: Listener) -> None:
    """Train a model of pairs to predict the cosine of the vectors of both texts with its first output.

    Nothing is learned if cross-validation shows that the cosine does not predict the labels.

    Parameters
    ----------
    setup
        A run before its first step. Its ``frozen`` network, which computes the vectors, must not share weights.
    """
    import numpy as np

    options, rng = setup.options, np.random.default_rng(setup.options.seed)
    number = steps(setup.prepared.task, options, setup.plan.steps)
    rows = setup.rows("train")
    rows = rows.take(np.sort(rng.permutation(len(rows))[:_ROWS]))
    if not number or rows.second is None:
        return
    emit(Phase("comparing the texts of pairs"))
    tokens = setup.token_cache
    texts = [*rows.texts, *rows.second]
    vectors = text_vectors(setup, tokens, texts)
    fitted = fit_cosine(setup.prepared.task, rows, vectors)
    if fitted is None or not fitted.is_useful:
        return
    size = number * options.batch_size * options.gradient_accumulation_steps
    first, second = draw_pairs(vectors, size, rng)
    encoded = tokens.encode([texts[at] for at in first], pairs=[texts[at] for at in second])
    cosines = baselines.cosines(vectors[first], vectors[second])[:, 0]
    targets = (cosines - cosines.mean()) / max(float(cosines.std()), 1e-6)
    _train(setup, replace(setup.feed("train"), tokens=encoded, targets=encoded.spread(targets)), number, emit)
    similar = f"the cosine of their vectors, on {count(size, 'pair')} of the training texts"
    emit(Note(f"The model first learned how similar two texts are: {count(number, 'step')} towards {similar}."))


def draw_pairs(
    vectors: npt.NDArray[np.float32], size: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Draw pairs of texts of different similarity: the numbers of their first texts, and of their second texts.

    Parameters
    ----------
    vectors
        Of the first texts of all training pairs, then of their second texts, ``(2 * rows, width)``.
    size
        How many pairs to draw.
    """
    import numpy as np

    texts = len(vectors)
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)
    most = min(_NEIGHBOURS, texts - 1)
    similarity = units @ units.T
    np.fill_diagonal(similarity, -np.inf)
    neighbours = np.argpartition(-similarity, most - 1, axis=1)[:, :most]  # (texts, most)
    first = np.concatenate([rng.permutation(texts) for _ in range(-(-size // texts))])[:size]
    kind = rng.choice(3, size, p=_SHARES)
    partner, similar = (first + texts // 2) % texts, neighbours[first, rng.integers(most, size=size)]
    return first, np.choose(kind, [partner, similar, rng.integers(texts, size=size)])


def text_vectors(setup: Setup, tokens: cache.Cache, texts: list[str]) -> npt.NDArray[np.float32]:
    """Return the vector of each text on its own, from the encoder before training."""
    network, pad_id = setup.frozen or setup.network, cast("int", setup.tokenizer.pad_token_id)
    feed = BatchSource(tokens.encode(texts), pad_id, segments=heads.reads_segments(network))
    chosen = pooling.choose(setup.encoder.folder)[0]
    return vector_cache.embed(folders.home(), network, feed, setup.options.precision, chosen)


def fit_cosine(task: Task, rows: LabelledRows, vectors: npt.NDArray[np.float32]) -> linear.Linear | None:
    """Fit a linear model of the cosine to the labels of pairs; None where that fails.

    Parameters
    ----------
    vectors
        Of the first texts of all pairs, then of their second texts, ``(2 * rows, width)``.
    """
    targets, outputs = task.linear_targets(rows)
    assert task.target_kind is not None
    try:
        cosines = baselines.cosines(vectors[: len(rows)], vectors[len(rows) :])
        return linear.fit(task.target_kind, cosines, targets, outputs)
    except linear.UNFIT:
        return None


def _train(setup: Setup, feed: BatchSource, number: int, emit: Listener) -> None:
    def progress(event: Any) -> None:
        if isinstance(event, Step):
            emit(Phase("learning how similar two texts are", event.step, number, "steps"))

    plan = replace(setup.plan, steps=number, keep="last", ema_decay=None, patience=None)
    objective = Objective(lambda logits, targets: ((logits[:, 0] - targets) ** 2).sum())
    try:
        Loop(setup.network, feed, plan, objective, None, progress).run(StopButton())
    except Diverged as error:
        emit(Note(f"The model could not learn how similar two texts are: {error.what}", warning=True))
