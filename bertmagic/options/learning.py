"""Options of the commands that train: fine-tuning, hyperparameter search and pre-training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from bertmagic.options.command import command
from bertmagic.options.entry import REQUIRED, option
from bertmagic.options.terms import LABEL, METRICS, TASKS, TEXT, ClassWeights, Columns, LongText, Pooling, ReadPairs
from bertmagic.options.training import Training


@command(
    "bert_finetune",
    "finetune",
    positional=("name",),
    body="options",
    examples=(
        '%%bert_finetune sentiment\ntrain = reviews\ntext  = "review"\nlabel = "stars"\nepochs = 3',
        "%bert_finetune quick --train sample:reviews --label sentiment --max-steps 50",
    ),
)
@dataclass(frozen=True, kw_only=True)
class Finetune(Training):
    """Fine-tune a pre-trained encoder on your own table."""

    text: Columns = option(None, "columns", TEXT, many=True)
    label: Columns = option(None, "columns", LABEL, many=True)
    question: str | None = option(None, "column", "The column of questions, for question answering; inferred.")
    context: str | None = option(None, "column", "The column of passages that contain the answers; inferred.")
    answers: str | None = option(
        None, "column", "The column of answers in SQuAD's format: texts and their start positions; inferred."
    )
    task: str | None = option(None, "choice", "The task; inferred from the columns.", choices=TASKS)
    pooling: Pooling | None = option(
        None,
        "choice",
        "What a new head reads of a text: the mean of its tokens or the first; by default what a linear model fits.",
        choices=("mean", "first"),
        reason="Sentence encoders are trained for the mean (Reimers & Gurevych 2019), BERT for the first token.",
        when_to_change="If the model must keep its number of layers: first, as the mean takes one more.",
    )
    read_pairs: ReadPairs | None = option(
        None,
        "choice",
        "How a new model reads two texts: apart, comparing their vectors, or together; by default as the rows suggest.",
        choices=("apart", "together"),
        reason="A few hundred pairs do not teach an encoder of single texts to read two texts at once.",
        when_to_change="If words of one text have to be matched with words of the other, as in entailment: together.",
    )
    long_text: LongText = option(
        "truncate",
        "choice",
        "How to read texts over max_length: the start, the start and the end, or all in overlapping windows.",
        choices=("truncate", "head_tail", "window"),
        reason="The cheapest. head_tail costs the same and was better in Sun et al. 2019; window reads everything.",
        when_to_change="If many texts are cut and their end matters: head_tail. If every part may matter: window.",
    )
    stride: int | None = option(
        None,
        "int",
        "Overlap of neighbouring windows of a long text, in tokens: up to three quarters of a window, by default one.",
        low=0,
        high=4096,
        reason="Then each word has, in one of its windows, at least an eighth of a window of context on both sides.",
        when_to_change="If words near window edges are wrong more often: a third or half of a window.",
    )
    max_answer_length: int = option(
        30,
        "int",
        "Maximum length of an answer, in tokens.",
        low=1,
        high=1000,
        reason="As in BERT's script for SQuAD. A longer answer in the training set is an error.",
    )
    label_smoothing: float = option(
        0.0,
        "float",
        "Share of each label's probability that is spread over all classes, against overconfidence.",
        low=0.0,
        high=0.9,
        reason="0.1 in Szegedy et al. 2016, section 7. Off, as it changes what the probabilities mean.",
        when_to_change="If accuracy is good but validation loss rises: 0.1.",
    )
    metric: str | None = option(
        None,
        "choice",
        "The validation metric that selects the best weights; by default macro_f1 for classes, else the task's own.",
        choices=METRICS,
        reason="Macro F1 weighs all classes equally, so a rare class cannot be ignored unnoticed.",
    )
    label_all_pieces: bool = option(
        False,
        "flag",
        "Train on all word pieces of a word, not on the first alone.",
        reason="Devlin et al. 2019, section 5.3, use the first piece of a word for training and prediction.",
    )
    calibrate: bool | None = option(
        None,
        "flag",
        "Fit a temperature on the validation set, against overconfidence; by default if it has 50 rows or more.",
        reason="Guo et al. 2017. Not where the last weights are kept: then validation rows are for the report alone.",
    )
    baselines: bool = option(
        True,
        "flag",
        "Compare the model with simple baselines in its report: TF-IDF, and a linear model of the encoder's vectors.",
        reason="They take a second or two for some hundred rows, and show whether fine-tuning was worth it.",
        when_to_change="If the training rows are many and the run is repeated often: False.",
    )
    keep_rows: bool = option(
        True,
        "flag",
        "Keep the training rows in the folder of the run, up to 8 MB, so that comparisons with baselines find them.",
        reason="A variable is gone after a restart. Rows of a file or a sample are not copied.",
        when_to_change="If the texts must not be written to this disk: False.",
    )
    class_weights: ClassWeights | None = option(
        None,
        "choice",
        "Class weights in the loss; balanced is the inverse of the class frequency, the default if one of two is rare.",
        choices=("none", "balanced"),
        reason="Measured where one of two classes has 5 or 13 % of the rows; otherwise weights distort probabilities.",
        when_to_change="If accuracy is far above macro F1, a class is being ignored: balanced.",
    )


@command(
    "bert_tune",
    "tune",
    positional=("name",),
    body="options",
    examples=(
        '%%bert_tune better\ntrain = reviews\nlabel = "stars"\nlr = log(1e-5, 1e-3)\n'
        "batch_size = choice(16, 32, 64)\nepochs = between(1, 4)\ntrials = 20",
        "%bert_tune --train reviews --label stars --lr-find",
    ),
)
@dataclass(frozen=True, kw_only=True)
class Tune(Finetune):
    """Search for good hyperparameters, or for a learning rate alone.

    Give an option a range instead of a value: log(1e-5, 1e-3), choice(16, 32, 64), or between(1, 4). Both ends
    belong to a range.
    """

    searched: ClassVar[tuple[str, ...]] = (
        "model", "epochs", "max_steps", "lr", "batch_size", "gradient_accumulation_steps", "max_length", "warmup",
        "weight_decay", "max_grad_norm", "layerwise_lr_decay", "ema_decay", "schedule", "seed", "attention_dropout",
        "adapt", "lora_rank", "lora_alpha", "freeze", "long_text", "stride", "label_smoothing", "class_weights",
    )  # fmt: skip
    # A search does not have these options of a run: a class variable hides the inherited field.
    baselines: ClassVar[bool] = False  # type: ignore[misc]
    background: ClassVar[bool] = False  # type: ignore[misc]
    log_to: ClassVar[tuple[str, ...]] = ()  # type: ignore[misc]
    resume: ClassVar[bool] = False  # type: ignore[misc]
    checkpoint_every: ClassVar[int | None] = None  # type: ignore[misc]
    checkpoint_minutes: ClassVar[float] = 5  # type: ignore[misc]

    lr_find: bool = option(
        False, "flag", "Only find a learning rate: raise it over 100 steps, plot the loss, and suggest a value."
    )
    trials: int = option(
        20,
        "int",
        "Total number of trials, including those of earlier runs of this study.",
        low=1,
        high=10000,
        reason="About ten for each range that matters; the first third, at most ten, are random.",
    )
    timeout: float | None = option(
        None, "float", "Time limit in minutes: no trial starts after it.", low=0.01, high=1e6
    )
    study: str = option(
        "study",
        "file_name",
        "The name of the study: its file in the run folder keeps the trials, and the same cell continues it.",
        reason="The file is SQLite: a search continues after a kernel restart, and optuna's own tools read it.",
    )
    metric: str | None = option(
        None,
        "choice",
        "The validation metric to optimize: losses and errors are minimized, others maximized.",
        choices=METRICS,
        reason="By default the metric that selects the best weights: macro F1 for classes.",
    )


@command(
    "bert_pretrain",
    "pretrain",
    positional=("name",),
    body="options",
    examples=(
        '%%bert_pretrain reuters\ntrain = news\ntext  = "body"\nmodel = "minilm"\nepochs = 1',
        '%%bert_pretrain own\ntrain = "books/*.txt"\nnsp   = True\nwhole_words = True',
        "%%bert_finetune topics\ntrain = labelled\nmodel = reuters",
    ),
)
@dataclass(frozen=True, kw_only=True)
class Pretrain(Training):
    """Pre-train an encoder on running text: masked words and, with nsp, next sentences."""

    task: ClassVar[str] = "masked_language_modeling"
    long_text: ClassVar[LongText] = "truncate"
    stride: ClassVar[int | None] = None
    longest: ClassVar[int] = 128

    train: Any = option(
        REQUIRED, "data", "The running text: a list, a column, or files; in .txt files blank lines separate documents."
    )
    text: str | None = option(None, "column", "The text column; inferred if there is only one candidate.")
    document: str | None = option(None, "column", "The column of document ids; by default each row is a document.")
    whole_words: bool = option(
        False,
        "flag",
        "Whole-word masking: mask all word pieces of a word together.",
        reason="Off as in the first BERT weights; the second release has it, and the task is harder.",
    )
    nsp: bool = option(
        False,
        "flag",
        "Add next-sentence prediction: half of the pairs are neighbours, half come from two documents.",
        reason="Devlin et al. 2019 have it; Liu et al. 2019 found models as good or better without.",
    )
    packing: bool = option(
        True,
        "flag",
        "Fill blocks of max_length tokens across documents; else each block has one document only.",
        reason="No padding, and about as good as blocks of one document in Liu et al. 2019, table 2.",
    )
    max_length: int | None = option(
        None,
        "int",
        "Length of a block in tokens; by default 128, or the limit of the model if that is lower.",
        low=8,
        high=8192,
        reason="90 % of BERT's pre-training steps had 128 tokens (Devlin et al. 2019, appendix A.2).",
    )
    metric: str | None = option(
        None,
        "choice",
        "The validation metric that selects the best weights; by default loss.",
        choices=("loss", "accuracy"),
        reason="The perplexity in the report is the exponential of the loss of masked words.",
    )
