"""The part of the table for the commands that use models, and look at models, data and runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bertmagic.options.entry import REQUIRED, option
from bertmagic.options.terms import LABEL, MODEL, TASKS, TEXT, Columns, Precision


@dataclass(frozen=True, kw_only=True)
class Fill:
    """Guess the words behind the masks of a text, with a probability for each."""

    texts: Any = option(
        None, "texts", "A quoted text with [MASK] in it, a variable with texts, or {an expression}.", many=True
    )
    model: Any = option(None, "model", MODEL, short="-m")
    top_k: int = option(5, "int", "How many words to show for each mask.", low=1, high=1000)
    candidates: tuple[str, ...] = option(
        (),
        "text",
        "Compare these words only, with commas between; each must be one piece of the vocabulary.",
        many=True,
    )
    text: str | None = option(None, "column", "The column that holds the text; by default the one of training.")
    file: str | None = option(
        None, "path", "Read the texts from this file: CSV, TSV, JSONL, Parquet, or a text a line."
    )


@dataclass(frozen=True, kw_only=True)
class NextSentence:
    """Say how probable it is that one sentence follows another."""

    first: Any = option(REQUIRED, "texts", "The first sentence, quoted, or a variable with several.")
    second: Any = option(REQUIRED, "texts", "The sentence that may follow it, or as many as there are first ones.")
    model: Any = option(None, "model", MODEL, short="-m")


@dataclass(frozen=True, kw_only=True)
class Predict:
    """Predict labels for texts, with a probability for each class."""

    texts: Any = option(None, "texts", "A quoted text, a variable with texts, or {an expression}.", many=True)
    model: Any = option(None, "model", MODEL, short="-m")
    text: Columns = option(
        None, "columns", "The column that holds the text, or two for pairs; by default those of training.", many=True
    )
    question: str | None = option(None, "column", "The column of the questions; by default the one of training.")
    context: str | None = option(None, "column", "The column of the passages; by default the one of training.")
    file: str | None = option(
        None, "path", "Read the texts from this file: CSV, TSV, JSONL, Parquet, or a text a line."
    )


@dataclass(frozen=True, kw_only=True)
class Attention:
    """Show what every head of a model attends to in a text, or in a pair of texts."""

    text: Any = option(REQUIRED, "texts", "A quoted text, a variable with one, or {an expression}; A ||| B is a pair.")
    pair: Any = option(None, "texts", "The second text of a pair.")
    model: Any = option(None, "model", MODEL, short="-m")
    compare: Any = option(
        None,
        "model",
        "Compare with this model on the same text; base is the encoder that the model was made from.",
        choices=("base",),
    )
    compare_text: Any = option(None, "texts", "Compare the statistics of heads with those on this text, or pair.")


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Measure a model on rows whose labels are known."""

    data: Any = option(REQUIRED, "data", "The rows with their labels.")
    model: Any = option(None, "model", MODEL, short="-m")
    text: Columns = option(
        None, "columns", "The column that holds the text, or two for pairs; by default those of training.", many=True
    )
    question: str | None = option(None, "column", "The column of the questions; by default the one of training.")
    context: str | None = option(None, "column", "The column of the passages; by default the one of training.")
    answers: str | None = option(None, "column", "The column of the answers; by default the one of training.")
    label: Columns = option(
        None, "columns", "The column that holds what was learnt; by default the one of training.", many=True
    )
    by: tuple[str, ...] = option(
        (),
        "column",
        "Report each value of this column by itself, or of {lambda row: …}; may be repeated.",
        many=True,
    )
    at: tuple[str, ...] = option(
        (), "text", "Find the thresholds that reach precision=0.95, or recall=0.9; may be repeated.", many=True
    )
    label_issues: bool = option(
        False, "flag", "Look for labels that are likely wrong, and near-duplicates with different labels."
    )
    probe: Any = option(
        None, "probe", "Swap words for people and say how predictions move: identity, or a JSON file of word lists."
    )
    train: Any = option(None, "data", "The training rows: say which of DATA stand in them too, or nearly.")


@dataclass(frozen=True, kw_only=True)
class Load:
    """Load a saved or fine-tuned model."""

    ref: Any = option(REQUIRED, "model", "A run of this folder, a saved folder, or a hub id.")
    name: str | None = option(None, "name", "The variable to bind it to; by default the last part of REF.", flag="as")
    device: str | None = option(None, "text", "cuda, cuda:1, mps or cpu; by default the fastest one here.")
    precision: Precision = option(
        "auto", "choice", "Number format of the matrix products.", choices=("auto", "bf16", "fp16", "fp32")
    )


@dataclass(frozen=True, kw_only=True)
class Unload:
    """Give the memory of a model back."""

    name: str = option(REQUIRED, "model", "The model to unload.")


@dataclass(frozen=True, kw_only=True)
class Save:
    """Save a model to a folder that transformers can load too."""

    name: Any = option(REQUIRED, "model", "The model to save.")
    path: str = option(REQUIRED, "path", "The folder to write; an older model there is replaced in one move.")


@dataclass(frozen=True, kw_only=True)
class Check:
    """Show what is in a data set and what is wrong with it."""

    data: Any = option(REQUIRED, "data", "The rows to look at.")
    text: Columns = option(None, "columns", TEXT, many=True)
    label: Columns = option(None, "columns", LABEL, many=True)
    question: str | None = option(None, "column", "The column of the questions, for question answering; inferred.")
    context: str | None = option(None, "column", "The column of the passages; inferred.")
    answers: str | None = option(None, "column", "The column of the answers; inferred.")
    task: str | None = option(None, "choice", "What it is for; inferred from the columns.", choices=TASKS)
    model: Any = option("minilm", "model", "Whose tokenizer counts tokens and unknown words.", short="-m")
    max_length: int | None = option(None, "int", "The length in tokens after which texts are cut.", low=8, high=8192)


@dataclass(frozen=True, kw_only=True)
class Models:
    """List the models that have a short name here; of data, say which of them suit it."""

    data: Any = option(None, "data", "The rows to advise for: whatever train takes.")
    text: Columns = option(None, "columns", TEXT, many=True)
    label: Columns = option(None, "columns", LABEL, many=True)
    task: str | None = option(None, "choice", "What it is for; inferred from the columns.", choices=TASKS)
    device: str | None = option(None, "text", "cuda, cuda:1, mps or cpu; by default the fastest one here.")
    try_models: int = option(
        0,
        "int",
        "Train so many of the first models that can be had for 60 steps each, and compare them.",
        low=0,
        high=14,
        flag="try",
        reason="What is published is of other data; a few minutes tell more.",
    )


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Open a panel of sliders for a fine-tuning run: estimates, Start, Stop, Resume, and the cell it stands for."""

    data: Any = option(
        None, "data", "The training rows: whatever train takes; by default the first table among the variables."
    )
    text: Columns = option(None, "columns", TEXT, many=True)
    label: Columns = option(None, "columns", LABEL, many=True)
    task: str | None = option(None, "choice", "What to learn; inferred from the columns.", choices=TASKS)
    model: Any = option("minilm", "model", "The encoder that the panel begins with.", short="-m")
    name: str = option("tuned", "name", "The name of the run, and of the variable that the model is bound to.")


@dataclass(frozen=True, kw_only=True)
class Status:
    """Show devices, memory, precision and the models held."""


@dataclass(frozen=True, kw_only=True)
class Compare:
    """Measure several models on the same rows, each against the first: quality, speed, size, cost."""

    models: Any = option(
        REQUIRED, "model", "The models; majority and tfidf are baselines.", many=True, choices=("majority", "tfidf")
    )
    data: Any = option(REQUIRED, "data", "The rows with their labels.")
    train: Any = option(None, "data", "What baselines are trained on; by default the first model's training rows.")
    text: Columns = option(
        None, "columns", "The column that holds the text, or two for pairs; by default those of training.", many=True
    )
    question: str | None = option(None, "column", "The column of the questions; by default the one of training.")
    context: str | None = option(None, "column", "The column of the passages; by default the one of training.")
    answers: str | None = option(None, "column", "The column of the answers; by default the one of training.")
    label: Columns = option(
        None, "columns", "The column that holds what was learnt; by default the one of training.", many=True
    )
    price: float | None = option(
        None, "float", "What an hour of this machine costs, to be told what 1,000 texts cost.", low=0.0, high=1e6
    )


@dataclass(frozen=True, kw_only=True)
class Runs:
    """List what has been run here, and draw it; or say how two runs differ."""

    names: tuple[str, ...] = option((), "run", "Only these runs; * stands for any letters, as in sent*.", many=True)
    sort: str = option("date", "metric", "Sort by date, name, seconds, steps or a metric; the best come first.")
    task: str | None = option(
        None, "choice", "Only runs that learnt this.", choices=(*TASKS, "masked_language_modeling")
    )
    state: str | None = option(
        None, "choice", "Only runs in this state.", choices=("running", "finished", "interrupted", "failed", "made")
    )
    against: str = option(
        "date", "choice", "What the figure has the metric against.", choices=("date", "seconds", "steps")
    )
    diff: tuple[str, ...] = option(
        (), "run", "Two runs: show which options and data differ, and what came of it.", many=True, arity=2
    )
