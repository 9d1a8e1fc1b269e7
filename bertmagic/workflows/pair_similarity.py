"""A model of pairs first learns from its own encoder how two texts compare.

An encoder of single texts has not read two texts together, so that the first token of a pair says little about how they
relate. Their two vectors say more: their cosine, or what a linear model of both predicts, which is known for any two
texts. The model learns to predict it for the training pairs and for new pairs of the same texts. This is distillation
from two passes of the encoder into one (Hinton et al. 2015, "Distilling the Knowledge in a Neural Network").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
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

    from bertmagic.data.rows import LabelledRows
    from bertmagic.options import Finetune, Pretrain
    from bertmagic.tasks import Task
    from bertmagic.workflows.setup import Setup

    Vectors = npt.NDArray[np.float32]

_STEPS = {"cosine": 100, "linear_probe": 400}
"""The most steps, by what is learned: with many rows the labels teach as much."""

_FEW = 500
"""Up to so many rows half as many steps as the run has are taken at most, which keeps short runs short."""

_ROWS = 2000
"""The most training rows whose texts are paired."""

_NEIGHBOURS = 20
"""A new pair is a text with one of so many that are most similar to it, or with any text; see `_SHARES`."""

_SHARES = 0.4, 0.4, 0.2
"""The shares of training pairs, of pairs with a similar text, and of pairs with any text."""


@dataclass(frozen=True)
class Teacher:
    """What a model of pairs learns: what a linear model of two vectors predicts, or the cosine that it reads.

    Attributes
    ----------
    name
        The baseline that it is.
    """

    name: str
    fitted: linear.Linear

    def targets(self, first: Vectors, second: Vectors) -> Vectors:
        """Return what is to be learned of pairs, ``(pairs, 1)`` or ``(pairs, outputs)``, with a variance about 1."""
        import numpy as np

        if self.name == "cosine":
            scores = baselines.cosines(first, second)
        else:
            scores = self.fitted.scores(baselines.pair_features(first, second))
        centred: Vectors = scores - scores.mean(axis=0)
        return centred / np.float32(max(float(centred.std()), 1e-6))


def steps(task: Task, options: Finetune | Pretrain, of_run: int, rows: int, name: str = "linear_probe") -> int:
    """Return how many steps a run takes at most before its own; 0 if it learns nothing before.

    Parameters
    ----------
    of_run
        How many steps the run has.
    rows
        How many training rows there are.
    name
        The baseline that is learned.
    """
    applies = task.paired and task.target_kind is not None and options.adapt == "full" and options.freeze is None
    return min(of_run if rows > _FEW else of_run // 2, _STEPS[name]) if applies else 0


class TrainingPairs:
    """Some training pairs, with what the encoder says of their texts before training; each is computed once.

    Parameters
    ----------
    setup
        A run before its first step. Its ``frozen`` network, which computes the vectors, must not share weights.

    Attributes
    ----------
    rows, texts
        The pairs, and their first texts followed by their second texts.
    generator
        Of further draws.
    """

    def __init__(self, setup: Setup) -> None:
        import numpy as np

        rows, self._setup, self.generator = setup.rows("train"), setup, np.random.default_rng(setup.options.seed)
        self.rows = rows.take(np.sort(self.generator.permutation(len(rows))[:_ROWS]))
        assert self.rows.second is not None
        self.texts = [*self.rows.texts, *self.rows.second]

    @cached_property
    def vectors(self) -> Vectors:
        """The vector of each text on its own, ``(2 * rows, width)``."""
        setup = self._setup
        network, pad_id = setup.frozen or setup.network, cast("int", setup.tokenizer.pad_token_id)
        feed = BatchSource(setup.token_cache.encode(self.texts), pad_id, segments=heads.reads_segments(network))
        chosen = pooling.choose(setup.encoder.folder)[0]
        return vector_cache.embed(folders.home(), network, feed, setup.options.precision, chosen)

    @cached_property
    def teacher(self) -> Teacher | None:
        """What predicts the labels better by cross-validation, the cosine before its equal; None if neither does."""
        task = self._setup.prepared.task
        fitted = {name: _fit(name, task, self.rows, self.vectors) for name in _STEPS}
        useful = {name: each for name, each in fitted.items() if each is not None and each.is_useful}
        if not useful:
            return None
        name = min(useful, key=lambda name: useful[name].loss)
        if "cosine" in useful and useful[name].loss > linear.GAIN * useful["cosine"].loss:
            name = "cosine"
        return Teacher(name, useful[name])


def learn(setup: Setup, pairs: TrainingPairs, emit: Listener) -> linear.Linear | None:
    """Train a model of pairs to predict what is known of the vectors of both texts; see `Teacher`.

    Nothing is learned if cross-validation shows that neither the cosine nor both vectors predict the labels.

    Parameters
    ----------
    setup, pairs
        A run before its first step, and some of its pairs.

    Returns
    -------
    Linear or None
        The linear model of the labels that was learned. With it the network has seen the labels: a cross-validation of
        what it gives now would look better than it is.
    """
    options, task, rows, of_run = setup.options, setup.prepared.task, len(setup.rows("train")), setup.plan.steps
    if not steps(task, options, of_run, rows):
        return None
    emit(Phase("comparing the texts of pairs"))
    teacher, texts, vectors = pairs.teacher, pairs.texts, pairs.vectors
    if teacher is None:
        return None
    number = steps(task, options, of_run, rows, teacher.name)
    size = number * options.batch_size * options.gradient_accumulation_steps
    first, second = draw_pairs(vectors, size, pairs.generator)
    encoded = setup.token_cache.encode([texts[at] for at in first], pairs=[texts[at] for at in second])
    targets = teacher.targets(vectors[first], vectors[second])
    _train(setup, replace(setup.feed("train"), tokens=encoded, targets=encoded.spread(targets)), number, emit)
    what = _WHAT[teacher.name]
    emit(
        Note(f"The model first learned {what}: {count(number, 'step')} on {count(size, 'pair')} of the training texts.")
    )
    return teacher.fitted if teacher.name == "linear_probe" else None


_WHAT = {
    "cosine": "how similar two texts are, the cosine of their vectors",
    "linear_probe": "what a linear model of the vectors of both texts predicts",
}


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


def _fit(name: str, task: Task, rows: LabelledRows, vectors: Vectors) -> linear.Linear | None:
    targets, outputs = task.linear_targets(rows)
    features = baselines.cosines if name == "cosine" else baselines.pair_features
    assert task.target_kind is not None
    try:
        return linear.fit(task.target_kind, features(vectors[: len(rows)], vectors[len(rows) :]), targets, outputs)
    except linear.UNFIT:
        return None


def _train(setup: Setup, feed: BatchSource, number: int, emit: Listener) -> None:
    def progress(event: Any) -> None:
        if isinstance(event, Step):
            emit(Phase("learning how two texts compare", event.step, number, "steps"))

    plan = replace(setup.plan, steps=number, keep="last", ema_decay=None, patience=None)
    objective = Objective(lambda logits, targets: ((logits[:, : targets.shape[1]] - targets) ** 2).sum())
    try:
        Loop(setup.network, feed, plan, objective, None, progress).run(StopButton())
    except Diverged as error:
        emit(Note(f"The model could not learn how two texts compare: {error.what}", warning=True))
