"""A prediction for one text, in a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.data.rows import TextRows
from bertmagic.data.texts import Texts

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from bertmagic.data.tokens import Tokens
    from bertmagic.tasks.base import Task


@dataclass(frozen=True)
class Description:
    """A prediction for one text or pair.

    Attributes
    ----------
    line
        The prediction as one line of text; empty where there is none.
    prediction
        Classes, answers or words with their probability, the most probable first.
    """

    line: str = ""
    prediction: tuple[tuple[str, float], ...] = ()


def predict_one(task: Task, scores: torch.Tensor, sample: Tokens, texts: list[str]) -> Any:
    """Return the predictions for one text or pair.

    Parameters
    ----------
    scores
        The logits, ``(1, outputs)`` or ``(1, tokens, outputs)``.
    sample
        Its tokens.
    texts
        The text, or the two of a pair.
    """
    given, rows = rows_of(task, texts)
    array = scores.detach().float().cpu().numpy()
    return task.predictions(given, rows, sample, array[0] if array.ndim == 3 else array, model="")


def rows_of(task: Task, texts: list[str]) -> tuple[pd.DataFrame, TextRows]:
    """Return one text or pair as a table, and as the rows of it that are read."""
    import numpy as np
    import pandas as pd

    given = pd.DataFrame([texts[: len(task.inputs)]], columns=list(task.inputs), dtype=object)
    columns = [Texts(given[name], np.zeros(1, np.int64)) for name in task.inputs]
    return given, TextRows("the text", columns[0], given.index, *columns[1:])


def by_probability(predictions: Any) -> tuple[tuple[str, float], ...]:
    """Return the labels of the first row with their probabilities, the most probable first."""
    row = predictions.frame.iloc[0]
    pairs = ((name, float(row[f"p_{name}"])) for name in predictions.labels)
    return tuple(sorted(pairs, key=lambda pair: -pair[1]))


def output_names(network: Any) -> list[str]:
    """Return the names of a model's outputs, in their order."""
    return [str(name) for _, name in sorted(network.config.id2label.items())]
