"""One room a task: its columns, reading, alignment, decoding, result and metrics.

To add a task, write a package with a class that fills `Task` in, and name it in `TASKS`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bertmagic.data.columns import narrowed
from bertmagic.errors import ModelError
from bertmagic.tasks.base import Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bertmagic.data.tables import Table

__all__ = ["TASKS", "Task", "choose", "find", "infer", "of_config", "source"]

TASKS = {
    "question_answering": "bertmagic.tasks.question_answering.task:QuestionAnswering",
    "masked_language_modeling": "bertmagic.tasks.masked_language_modeling.task:MaskedLanguageModeling",
    "token_classification": "bertmagic.tasks.token_classification.task:TokenClassification",
    "multi_label": "bertmagic.tasks.multi_label.task:MultiLabel",
    "regression": "bertmagic.tasks.regression.task:Regression",
    "classification": "bertmagic.tasks.classification.task:Classification",
}
"""Where the class of each task is; a table is for the first one that it fits."""

HEADLESS = {"feature_extraction": "bertmagic.tasks.feature_extraction.task:FeatureExtraction"}
"""What models without a head are for; no run learns it."""

_OF_HEADS = {
    "ElectraForPreTraining": "feature_extraction",  # its head finds replaced tokens, which is no task of ours
    "ForTokenClassification": "token_classification",
    "ForQuestionAnswering": "question_answering",
    "ForMaskedLM": "masked_language_modeling",
    "ForPreTraining": "masked_language_modeling",
}

_OF_PROBLEMS = {
    "single_label_classification": "classification",
    "multi_label_classification": "multi_label",
    "regression": "regression",
}


def find(name: str) -> type[Task]:
    """Return the class of a task.

    Raises
    ------
    ModelError
        If a card names a task that this version does not know.
    """
    known = TASKS | HEADLESS
    if name not in known:
        raise ModelError(f"the task {name!r} is unknown to this version.", f"Known are: {', '.join(known)}.")
    module, _, attribute = known[name].partition(":")
    return getattr(import_module(module), attribute)  # type: ignore[no-any-return]


def of_config(config: Mapping[str, Any]) -> str:
    """Return the task of a model that was saved elsewhere, by the architecture that its config names.

    A model without a head, such as ``BertModel``, is for feature extraction; so is one whose config names neither an
    architecture nor classes.
    """
    named = " ".join(config.get("architectures") or ())
    if "ForSequenceClassification" in named:
        alone = len(config.get("id2label") or ()) == 1  # transformers takes a single output for a number too
        return _OF_PROBLEMS.get(str(config.get("problem_type")), "regression" if alone else "classification")
    headless = "For" not in named if named else "id2label" not in config
    default = "feature_extraction" if headless else "classification"
    return next((task for head, task in _OF_HEADS.items() if head in named), default)


def source(name: str | None, given: Any) -> Any:
    """Return the user's data in a form that `data.tables` reads; ``name`` is the task that was asked for, if any."""
    return (find(name) if name else Task).source(given)


def choose(name: str | None, table: Table, asked: Mapping[str, Any]) -> type[Task]:
    """Return the task that was asked for by name, else the one that a table is for; see `infer`."""
    return find(name) if name else infer(table, asked)


def infer(table: Table, asked: Mapping[str, Any]) -> type[Task]:
    """Return the task that a table is for, by its columns and those that the user named.

    Parameters
    ----------
    asked
        Columns by their role; None where none was named.
    """
    *others, last = map(find, TASKS)
    table = narrowed(table, asked, frozenset().union(*(task.usual_names for task in others)))
    return next((task for task in others if task.fits(table, asked)), last)
