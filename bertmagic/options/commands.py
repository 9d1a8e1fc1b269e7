"""Options of the commands that use models, and of those that show models, data and runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bertmagic.options.command import command
from bertmagic.options.entry import REQUIRED, option
from bertmagic.options.files import Files
from bertmagic.options.terms import (
    BACKENDS,
    EXPLAINERS,
    EXPORTS,
    INFLUENCES,
    LABEL,
    MODEL,
    TASKS,
    TEXT,
    Columns,
    Pooling,
    Precision,
)


@command(
    "bert_fill",
    "TextModel.fill",
    positional=("texts",),
    body="texts",
    examples=(
        '%bert_fill "The bank raised its [MASK] rates." -m reuters --top-k 10',
        '%bert_fill "Prices [MASK] in May." --candidates "rose, fell"',
        "%%bert_fill -m reuters\nProfit [MASK] to 3 mln dlrs.\nThe [MASK] of [MASK] met.",
    ),
)
@dataclass(frozen=True, kw_only=True)
class Fill(Files):
    """Predict the masked words of a text, with a probability for each candidate."""

    texts: Any = option(
        None, "texts", "A quoted text that contains [MASK], a variable with texts, or {an expression}.", many=True
    )
    model: Any = option(None, "model", MODEL, short="-m")
    top_k: int = option(5, "int", "Number of candidates to show for each mask.", low=1, high=1000)
    candidates: tuple[str, ...] = option(
        (),
        "text",
        "Compare only these words, separated by commas; each must be one token of the vocabulary.",
        many=True,
    )
    text: str | None = option(None, "column", "The text column; by default that of training.")
    file: str | None = option(None, "path", "A file of texts: CSV, TSV, JSONL, Parquet, or one text per line.")


@command(
    "bert_next",
    "TextModel.next_sentence",
    positional=("first", "second"),
    examples=('%bert_next "The train was late." "We waited for an hour." -m own',),
)
@dataclass(frozen=True, kw_only=True)
class NextSentence:
    """Predict how probable it is that one sentence follows another."""

    first: Any = option(REQUIRED, "texts", "The first sentence, quoted, or a variable with several.")
    second: Any = option(REQUIRED, "texts", "The second sentence, or as many of them as there are first ones.")
    model: Any = option(None, "model", MODEL, short="-m")


@command(
    "bert_predict",
    "TextModel.predict",
    positional=("texts",),
    body="texts",
    examples=(
        '%bert_predict "I would buy it again" -m sentiment',
        "table = %bert_predict df.review -m sentiment",
        "%%bert_predict -m sentiment -o answers\nNever again.\nWorth every cent.",
        "%bert_predict --file reviews.csv --text review",
    ),
)
@dataclass(frozen=True, kw_only=True)
class Predict(Files):
    """Predict labels for texts, with a probability for each class."""

    texts: Any = option(None, "texts", "A quoted text, a variable with texts, or {an expression}.", many=True)
    model: Any = option(None, "model", MODEL, short="-m")
    text: Columns = option(
        None, "columns", "The text column, or two for pairs; by default those of training.", many=True
    )
    question: str | None = option(None, "column", "The column of questions; by default that of training.")
    context: str | None = option(None, "column", "The column of passages; by default that of training.")
    file: str | None = option(None, "path", "A file of texts: CSV, TSV, JSONL, Parquet, or one text per line.")
    backend: str = option(
        "auto",
        "choice",
        "What computes: torch, or an export of the model; auto is an exact export that was faster here, else torch.",
        choices=("auto", "torch", *BACKENDS),
    )


@command(
    "bert_similar",
    "TextModel.similar",
    positional=("texts", "among"),
    examples=(
        '%bert_similar "The battery died at once." "It does not hold its charge." -m minilm',
        '%bert_similar "It broke at once." reviews --text review --top-k 5 -m minilm',
        'nearest = %bert_similar "It broke at once." --file reviews.csv --text review -m minilm',
    ),
)
@dataclass(frozen=True, kw_only=True)
class Similar(Files):
    """Compare a text with another one, or find the texts of a column that are most similar to it."""

    texts: Any = option(REQUIRED, "texts", "A quoted text, a variable with texts, or {an expression}.")
    among: Any = option(
        None, "texts", "The texts to compare with: a quoted one, a column, or a table with a text column.", many=True
    )
    model: Any = option(None, "model", MODEL, short="-m")
    top_k: int = option(10, "int", "Number of texts to show for each query.", low=1, high=10_000)
    pooling: Pooling | None = option(
        None,
        "choice",
        "How token vectors become one vector; by default what the model's folder declares, else mean.",
        choices=("mean", "first"),
    )
    text: Columns = option(None, "columns", "The text column; by default that of training, or the likely one.")
    file: str | None = option(None, "path", "A file of texts: CSV, TSV, JSONL, Parquet, or one text per line.")


@command(
    "bert_attention",
    "TextModel.attention",
    positional=("text", "pair"),
    body="texts",
    examples=(
        '%bert_attention "The trophy did not fit because it was too big." -m sentiment',
        '%bert_attention "A dog barks." "An animal is heard." -m pairs --compare base',
        'maps = %bert_attention review --compare-text "It was not bad." -m sentiment',
        "%%bert_attention -m pairs\nA dog barks. ||| An animal is heard.",
    ),
)
@dataclass(frozen=True, kw_only=True)
class Attention:
    """Show the attention of every head of a model on a text or a pair of texts."""

    text: Any = option(REQUIRED, "texts", "A quoted text, a variable with one, or {an expression}; A ||| B is a pair.")
    pair: Any = option(None, "texts", "The second text of a pair.")
    model: Any = option(None, "model", MODEL, short="-m")
    compare: Any = option(
        None,
        "model",
        "A model to compare with on the same text; base is the encoder that the model was fine-tuned from.",
        choices=("base",),
    )
    compare_text: Any = option(None, "texts", "A second text or pair: compare the statistics of the heads on both.")


@command(
    "bert_explain",
    "TextModel.explain",
    positional=("text", "pair"),
    examples=(
        '%bert_explain "A gorgeous film that never feels dull." -m sentiment',
        "%bert_explain review --target negative --method integrated_gradients -m sentiment",
        '%bert_explain "A dog barks." "An animal is heard." -m pairs',
        'why = %bert_explain "The trophy did not fit." -m sentiment --passes 500',
        '%bert_explain "A gorgeous film." -m sentiment --edit --protect film',
        '%bert_explain "A gorgeous film." -m sentiment --rows train',
        "%bert_explain -m sentiment --overview reviews --second other_reviews",
        "%bert_explain -m sentiment --benchmark reviews",
    ),
)
@dataclass(frozen=True, kw_only=True)
class Explain:
    """Explain a prediction: by words, the smallest edit that changes it, or training rows; or what a model leans on."""

    text: Any = option(None, "texts", "A quoted text, a variable with one, or {an expression}; A ||| B is a pair.")
    pair: Any = option(None, "texts", "The second text of a pair.")
    model: Any = option(None, "model", MODEL, short="-m")
    target: Any = option(
        None,
        "label",
        "What to explain: a label, an entity, start or end of an answer, a word for a mask; by default the prediction.",
    )
    method: str = option(
        "auto",
        "choice",
        "How words are scored; auto is the best one of your last benchmark, or else search.",
        choices=EXPLAINERS,
    )
    passes: int | None = option(
        None,
        "int",
        "Budget of passes through the model for methods that hide words; by default 200, and 1,000 for shapley.",
        low=8,
        high=10**6,
    )
    backend: str = option(
        "torch",
        "choice",
        "What computes the scores: torch, or an export of the model by its format, with methods that hide words.",
        choices=("torch", *BACKENDS),
    )
    full_bounds: bool = option(
        False, "flag", "Search the bounds of faithfulness by a beam of width 5, whatever number of passes that takes."
    )
    edit: bool = option(False, "flag", "Find the smallest edit of the text that changes the prediction.")
    protect: tuple[str, ...] = option((), "text", "Words that an edit leaves as they are; may be repeated.", many=True)
    words_from: Any = option(
        None,
        "model",
        "A model with a masked-word head for the words of an edit; by default the encoder, else the training rows.",
    )
    anchor: bool = option(False, "flag", "Find the smallest set of words that keeps the prediction.")
    rows: str | None = option(
        None, "choice", "train: list the training rows most responsible for the prediction.", choices=("train",)
    )
    rows_by: str = option(
        "leave_one_out",
        "choice",
        "How training rows are scored: a head without each of them, or products of gradients.",
        choices=INFLUENCES,
    )
    top_k: int = option(10, "int", "Number of training rows to list for and against.", low=1, high=10_000)
    overview: Any = option(
        None, "data", "Texts in which to find the words that the model leans on in general, likely spurious ones first."
    )
    benchmark: Any = option(
        None,
        "data",
        "Texts on which to measure how faithful each method is; the best one becomes auto. At most 30 are read.",
    )
    second: Any = option(
        None, "data", "Labelled rows from elsewhere, which tell whether a word of the overview speaks for its label."
    )
    by: tuple[str, ...] = option(
        (),
        "column",
        "A word of the overview must tell the label for each value of this column, too; may be repeated.",
        many=True,
    )
    seed: int = option(0, "int", "Seed of the random samples of anchors, training rows and the overview.", low=0)


@command(
    "bert_evaluate",
    "TextModel.evaluate",
    positional=("data",),
    examples=(
        "%bert_evaluate sample:reviews@test -m sentiment",
        "%bert_evaluate test_df -m sentiment --by language --at precision=0.95",
        "%bert_evaluate test_df -m sentiment --by {lambda row: len(row.text) > 200}",
        "%bert_evaluate test_df -m sentiment --probe identity --label-issues --train train_df",
    ),
)
@dataclass(frozen=True, kw_only=True)
class Evaluate(Files):
    """Evaluate a model on labelled rows."""

    data: Any = option(REQUIRED, "data", "The labelled rows.")
    model: Any = option(None, "model", MODEL, short="-m")
    text: Columns = option(
        None, "columns", "The text column, or two for pairs; by default those of training.", many=True
    )
    question: str | None = option(None, "column", "The column of questions; by default that of training.")
    context: str | None = option(None, "column", "The column of passages; by default that of training.")
    answers: str | None = option(None, "column", "The column of answers; by default that of training.")
    label: Columns = option(None, "columns", "The label column; by default that of training.", many=True)
    by: tuple[str, ...] = option(
        (),
        "column",
        "Report metrics for each value of this column or of {lambda row: …}; may be repeated.",
        many=True,
    )
    at: tuple[str, ...] = option(
        (), "text", "Find the thresholds that reach precision=0.95 or recall=0.9; may be repeated.", many=True
    )
    label_issues: bool = option(
        False, "flag", "Find labels that are likely wrong, and near-duplicates with different labels."
    )
    probe: Any = option(
        None,
        "probe",
        "Swap words for people and measure how predictions change: identity, or a JSON file of word lists.",
    )
    train: Any = option(None, "data", "The training rows: report which rows of DATA are among them, exactly or nearly.")


@command(
    "bert_load",
    "load",
    positional=("ref",),
    examples=(
        "%bert_load sentiment",
        "%bert_load models/sentiment --as clf",
        "%bert_load distilbert-base-uncased-finetuned-sst-2-english --as sst",
    ),
)
@dataclass(frozen=True, kw_only=True)
class Load:
    """Load a saved or fine-tuned model, or an encoder."""

    ref: Any = option(
        REQUIRED, "model", "A run, a saved folder, a checkpoint of Google's BERT, what Keras saved, or a hub id."
    )
    name: str | None = option(
        None, "name", "The variable that gets the model; by default the last part of REF.", flag="as"
    )
    device: str | None = option(None, "text", "cuda, cuda:1, mps or cpu; by default the fastest device here.")
    precision: Precision = option(
        "auto",
        "choice",
        "Number format of matrix products; auto is the best of this hardware.",
        choices=("auto", "bf16", "fp16", "fp32"),
    )
    tokenizer: str | None = option(
        None, "path", "For a model that Keras saved: the folder that its encoder was exported to, with the tokenizer."
    )
    labels: tuple[str, ...] = option(
        (),
        "names",
        "For such a model: the names of its classes, separated by commas, in the order of outputs.",
    )


@command("bert_unload", "TextModel.unload", positional=("name",), examples=("%bert_unload sentiment",))
@dataclass(frozen=True, kw_only=True)
class Unload:
    """Free the memory of a model."""

    name: str = option(REQUIRED, "model", "The model to unload.")


@command(
    "bert_save",
    "TextModel.save",
    positional=("name", "path"),
    examples=("%bert_save sentiment models/sentiment", "%bert_save sentiment hub:owner/sentiment"),
)
@dataclass(frozen=True, kw_only=True)
class Save:
    """Save a model to a folder that transformers can load, too; or send it to the Hugging Face hub."""

    name: Any = option(REQUIRED, "model", "The model to save.")
    path: str = option(REQUIRED, "path", "The folder, or hub:owner/name; an older model in it is replaced as a whole.")
    public: bool = option(False, "flag", "Let all see a new repository of the hub; by default it is private.")


@command(
    "bert_export",
    "TextModel.export",
    positional=("name", "path"),
    examples=(
        "%bert_export sentiment exported/sentiment",
        "%bert_export sentiment exported/small --format onnx-int8 --check reviews.csv",
        "%bert_export minilm bert_model --format keras",
    ),
)
@dataclass(frozen=True, kw_only=True)
class Export:
    """Write a model to a folder that runs without bertmagic and PyTorch, once it gives the same predictions."""

    name: Any = option(REQUIRED, "model", "The model to export.")
    path: str = option(REQUIRED, "path", "The folder; an older export in it is replaced once the new one is complete.")
    format: str = option("onnx", "choice", "The format of the network.", choices=EXPORTS)
    check: Any = option(
        None,
        "data",
        "Texts on which the export must predict what the model does; by default the validation rows of its training.",
    )
    keep: float = option(
        0.993, "float", "The share of predictions that an int8 format must keep, else it is not written.", low=0, high=1
    )
    text: Columns = option(
        None,
        "columns",
        "The text column of the rows to check, or two for pairs; by default those of training.",
        many=True,
    )
    question: str | None = option(None, "column", "The column of questions; by default that of training.")
    context: str | None = option(None, "column", "The column of passages; by default that of training.")


@command(
    "bert_data",
    "check",
    positional=("data",),
    examples=(
        "%bert_data sample:reviews --label sentiment",
        "%bert_data reviews.csv --text review --label stars",
    ),
)
@dataclass(frozen=True, kw_only=True)
class Check(Files):
    """Summarize a data set and list its problems."""

    data: Any = option(REQUIRED, "data", "The rows to check.")
    text: Columns = option(None, "columns", TEXT, many=True)
    label: Columns = option(None, "columns", LABEL, many=True)
    question: str | None = option(None, "column", "The column of questions, for question answering; inferred.")
    context: str | None = option(None, "column", "The column of passages; inferred.")
    answers: str | None = option(None, "column", "The column of answers; inferred.")
    task: str | None = option(None, "choice", "The task; inferred from the columns.", choices=TASKS)
    model: Any = option("minilm", "model", "The encoder whose tokenizer counts tokens and unknown words.", short="-m")
    max_length: int | None = option(None, "int", "Maximum length of a text in tokens.", low=8, high=8192)


@command(
    "bert_models",
    "catalogue",
    positional=("data",),
    examples=(
        "%bert_models",
        "%bert_models reviews --text review --label stars --try 3",
    ),
)
@dataclass(frozen=True, kw_only=True)
class Models(Files):
    """List the encoders with a short name; with data, say which of them suit it."""

    data: Any = option(None, "data", "Training rows to recommend encoders for; anything that train takes.")
    text: Columns = option(None, "columns", TEXT, many=True)
    label: Columns = option(None, "columns", LABEL, many=True)
    task: str | None = option(None, "choice", "The task; inferred from the columns.", choices=TASKS)
    device: str | None = option(None, "text", "cuda, cuda:1, mps or cpu; by default the fastest device here.")
    try_models: int = option(
        0,
        "int",
        "Train this many of the best-ranked available encoders for 60 steps each, and compare them.",
        low=0,
        high=14,
        flag="try",
        reason="Published scores are of other data; a few minutes on yours say more.",
    )


@command("bert_panel", "panel", positional=("data",), examples=("%bert_panel reviews --text review --label stars",))
@dataclass(frozen=True, kw_only=True)
class Panel(Files):
    """Open a panel of sliders for a fine-tuning run: estimates, Start, Stop, Resume, and the equivalent cell."""

    data: Any = option(None, "data", "The training rows; by default the first table among the variables.")
    text: Columns = option(None, "columns", TEXT, many=True)
    label: Columns = option(None, "columns", LABEL, many=True)
    task: str | None = option(None, "choice", "The task; inferred from the columns.", choices=TASKS)
    model: Any = option("minilm", "model", "The encoder that is selected first.", short="-m")
    name: str = option("tuned", "name", "The name of the run, and of the variable that gets the model.")


@dataclass(frozen=True, kw_only=True)
class NewModel:
    """Make an encoder with random weights and a vocabulary of its own; a function without a magic."""

    size: str = option(
        "tiny", "choice", "The number of layers and the width.", choices=("tiny", "mini", "small", "medium", "base")
    )
    vocab_from: Any = option(REQUIRED, "data", "The texts that the vocabulary is learnt from.")
    text: str | None = option(None, "column", "Their column; inferred if only one is possible.")
    name: str = option("new", "file_name", "The name of the run, and of the model.")
    vocab_size: int = option(8000, "int", "The most word pieces.", low=200, high=250_000)
    lowercase: bool = option(True, "flag", "Whether to ignore case and accents.")
    seed: int = option(0, "int", "Seed of the random weights.", low=0, high=2**32 - 1)
    device: str | None = option(None, "text", "cuda, cuda:1, mps or cpu; by default the fastest device here.")


@command("bert_status", "status", examples=("%bert_status",))
@dataclass(frozen=True, kw_only=True)
class Status:
    """Show devices, memory, precision and the models in memory."""


@command(
    "bert_compare",
    "compare",
    positional=("models", "data"),
    examples=(
        "%bert_compare sentiment quick sample:reviews@test",
        "%bert_compare sentiment majority tfidf test_df --train train_df --price 1.2",
    ),
)
@dataclass(frozen=True, kw_only=True)
class Compare(Files):
    """Compare several models with the first on the same rows: quality, speed, size, cost."""

    models: Any = option(
        REQUIRED,
        "model",
        "The models; majority, tfidf, linear_probe and cosine are baselines.",
        many=True,
        choices=("majority", "tfidf", "linear_probe", "cosine"),
    )
    data: Any = option(REQUIRED, "data", "The labelled rows.")
    train: Any = option(
        None, "data", "The rows to train baselines on; by default the training rows of the first model."
    )
    text: Columns = option(
        None, "columns", "The text column, or two for pairs; by default those of training.", many=True
    )
    question: str | None = option(None, "column", "The column of questions; by default that of training.")
    context: str | None = option(None, "column", "The column of passages; by default that of training.")
    answers: str | None = option(None, "column", "The column of answers; by default that of training.")
    label: Columns = option(None, "columns", "The label column; by default that of training.", many=True)
    price: float | None = option(
        None, "float", "The price of an hour of this machine, to report the cost of 1,000 texts.", low=0.0, high=1e6
    )


@command(
    "bert_runs",
    "runs",
    positional=("names",),
    examples=(
        "%bert_runs",
        "%bert_runs --task classification --sort macro_f1",
        "%bert_runs sent* --against seconds",
        "%bert_runs --diff monday tuesday",
    ),
)
@dataclass(frozen=True, kw_only=True)
class Runs:
    """List and plot the runs of this folder, or show how two runs differ."""

    names: tuple[str, ...] = option((), "run", "Only these runs; * matches any characters, as in sent*.", many=True)
    sort: str = option("date", "metric", "Sort by date, name, seconds, steps or a metric; the best run comes first.")
    task: str | None = option(None, "choice", "Only runs of this task.", choices=(*TASKS, "masked_language_modeling"))
    state: str | None = option(
        None, "choice", "Only runs in this state.", choices=("running", "finished", "interrupted", "failed", "made")
    )
    against: str = option("date", "choice", "The x axis of the figure.", choices=("date", "seconds", "steps"))
    diff: tuple[str, ...] = option(
        (), "run", "Two runs: show which options, data and metrics differ.", many=True, arity=2
    )
