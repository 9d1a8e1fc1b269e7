"""What several commands of the table share: types of values, names that can be chosen, and sentences of help."""

from __future__ import annotations

from typing import Literal

Schedule = Literal["linear", "cosine", "constant"]
Precision = Literal["auto", "bf16", "fp16", "fp32"]
ClassWeights = Literal["none", "balanced"]
Adapt = Literal["full", "lora"]
LoraSave = Literal["merged", "adapter"]
LongText = Literal["truncate", "head_tail", "window"]
Columns = str | tuple[str, ...] | None

TASKS = ("question_answering", "token_classification", "multi_label", "regression", "classification")
"""The names of `bertmagic.tasks.TASKS` that can be asked for."""

METRICS = (
    "macro_f1",
    "accuracy",
    "f1",
    "strict_f1",
    "exact_match",
    "micro_f1",
    "ranking_precision",
    "rmse",
    "mae",
    "pearson",
    "spearman",
    "loss",
)
"""The validation metrics that can choose the best weights; which of them a task has, it says itself."""

LOWER_IS_BETTER = frozenset(["loss", "rmse", "mae", "perplexity", "log_loss", "brier", "ece"])
"""The metrics that are better the lower they are."""

TEXT = "The column that holds the text, or two columns for pairs; inferred where only one can be meant."
LABEL = "The column that holds what is to be learnt; inferred where only one can be meant."
MODEL = "Which model: a name bound to one, a run of this folder, a saved folder, or a hub id; by default the last one."
