"""Value types, choices and help texts that several commands share."""

from __future__ import annotations

from typing import Literal

Schedule = Literal["linear", "cosine", "constant"]
Precision = Literal["auto", "bf16", "fp16", "fp32"]
ClassWeights = Literal["none", "balanced"]
Adapt = Literal["full", "lora", "head"]
Keep = Literal["best", "last"]
Pooling = Literal["mean", "first"]
ReadPairs = Literal["apart", "together"]
"""The ``mean`` of all real tokens, special tokens included; or the ``first`` token (``[CLS]``)."""
LoraSave = Literal["merged", "adapter"]
LongText = Literal["truncate", "head_tail", "window"]
Columns = str | tuple[str, ...] | None

TASKS = ("question_answering", "token_classification", "multi_label", "regression", "classification")
"""The tasks that the option ``task`` can name, as in `bertmagic.tasks.TASKS`."""

BACKENDS = ("onnx", "onnx-int8", "openvino")
"""The formats of exports that predict here, too."""

EXPORTS = (*BACKENDS, "keras")
"""The formats of exports, as in `bertmagic.export.formats.FORMATS`."""

EXPLAINERS = (
    "auto",
    "search",
    "masks",
    "occlusion",
    "shapley",
    "integrated_gradients",
    "integrated_gradients_zero",
    "gradient_norm",
    "attention_rollout",
    "value_norms",
)
"""The methods that score words, as in `bertmagic.explain.methods.METHODS`."""

INFLUENCES = ("leave_one_out", "head_gradients", "word_gradients")
"""How training rows are scored, as in `bertmagic.explain.influence.METHODS`."""

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
"""The validation metrics that can select the best weights; each task has some of them."""

LOWER_IS_BETTER = frozenset(["loss", "rmse", "mae", "perplexity", "log_loss", "brier", "ece"])
"""Metrics that are better when lower."""

TEXT = "The text column, or two for pairs; inferred if there is only one candidate."
LABEL = "The label column, or several of 0 and 1; inferred if there is only one candidate."
MODEL = "The model: a variable, a run, a saved folder, or a hub id; by default the one used last."
