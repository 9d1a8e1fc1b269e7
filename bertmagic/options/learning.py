"""The part of the table for the commands that train: fine-tuning, search and pre-training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from bertmagic.options.entry import REQUIRED, option
from bertmagic.options.terms import LABEL, METRICS, TASKS, TEXT, ClassWeights, Columns, LongText
from bertmagic.options.training import Training


@dataclass(frozen=True, kw_only=True)
class Finetune(Training):
    """Fine-tune a pre-trained encoder on your own table."""

    text: Columns = option(None, "columns", TEXT, many=True)
    label: Columns = option(None, "columns", LABEL, many=True)
    question: str | None = option(None, "column", "The column of the questions, for question answering; inferred.")
    context: str | None = option(None, "column", "The column of the passages that hold the answers; inferred.")
    answers: str | None = option(
        None, "column", "The column of the answers, as SQuAD writes them: texts and where they begin; inferred."
    )
    task: str | None = option(None, "choice", "What to learn; inferred from the columns.", choices=TASKS)
    long_text: LongText = option(
        "truncate",
        "choice",
        "What to read of a longer text: its beginning, its head and tail, or all of it in overlapping windows.",
        choices=("truncate", "head_tail", "window"),
        reason="The cheapest; head_tail costs the same and was better in Sun et al. 2019, window reads everything.",
        when_to_change="Many texts are cut, and what matters stands at their end: head_tail; anywhere: window.",
    )
    stride: int | None = option(
        None,
        "int",
        "By how many tokens the windows of a long text overlap; by default a quarter of a window.",
        low=0,
        high=4096,
        reason="Every word has then an eighth of a window or more before and after it in one of the windows.",
        when_to_change="Words near the edges of windows are wrong more often: a third or a half of a window.",
    )
    max_answer_length: int = option(
        30,
        "int",
        "How many tokens the answer to a question may have.",
        low=1,
        high=1000,
        reason="As in the script of BERT for SQuAD; longer ones in training are an error that says how long they are.",
    )
    label_smoothing: float = option(
        0.0,
        "float",
        "Give this share of each label to all classes alike, against overconfidence.",
        low=0.0,
        high=0.9,
        reason="0.1 in Szegedy et al. 2016, section 7; off, as it changes what probabilities mean.",
        when_to_change="Accuracy is good and validation loss rises all the same: 0.1.",
    )
    metric: str | None = option(
        None,
        "choice",
        "Which validation metric chooses the best weights; by default macro_f1 for classes, and what fits other tasks.",
        choices=METRICS,
        reason="Macro F1 counts each class the same, so a rare class cannot be given up unnoticed.",
    )
    label_all_pieces: bool = option(
        False,
        "flag",
        "Learn the tag of a word from all of its tokens, and not from its first alone.",
        reason="Devlin et al. 2019, section 5.3, learn from and predict by the first token of a word.",
    )
    calibrate: bool = option(
        False,
        "flag",
        "Fit a temperature on the validation rows, so that probabilities mean what they say.",
        reason="Guo et al. 2017; off, as the validation rows have chosen the weights already.",
    )
    class_weights: ClassWeights = option(
        "none",
        "choice",
        "Weigh classes in the loss by the inverse of their frequency.",
        choices=("none", "balanced"),
        reason="Weights change what probabilities mean, and macro F1 chooses the epoch already.",
        when_to_change="Accuracy is far above macro F1: a class is given up; balanced.",
    )


@dataclass(frozen=True, kw_only=True)
class Tune(Finetune):
    """Search for good values of options, or for a learning rate alone.

    An option takes a range in place of a value: log(1e-5, 1e-3), choice(16, 32, 64), or between(1, 4),
    which has both of its ends.
    """

    searched: ClassVar[tuple[str, ...]] = (
        "model", "epochs", "max_steps", "lr", "batch_size", "gradient_accumulation_steps", "max_length", "warmup",
        "weight_decay", "max_grad_norm", "layerwise_lr_decay", "ema_decay", "schedule", "seed", "attention_dropout",
        "adapt", "lora_rank", "lora_alpha", "freeze", "long_text", "stride", "label_smoothing", "class_weights",
    )  # fmt: skip
    # What one run has and a search has not: fields of the parent that are no options here.
    background: ClassVar[bool] = False  # type: ignore[misc]
    resume: ClassVar[bool] = False  # type: ignore[misc]
    checkpoint_every: ClassVar[int | None] = None  # type: ignore[misc]
    checkpoint_minutes: ClassVar[float] = 5  # type: ignore[misc]

    lr_find: bool = option(
        False, "flag", "Only raise the learning rate over 100 steps, show the losses, and suggest one."
    )
    trials: int = option(
        20,
        "int",
        "How many trials there are to be, those of before counted.",
        low=1,
        high=10000,
        reason="About ten for each range that matters; the sampler learns from a third of them.",
    )
    timeout: float | None = option(None, "float", "Begin no further trial after so many minutes.", low=0.01, high=1e6)
    study: str = option(
        "study",
        "text",
        "The name of the file in the run's folder that keeps the trials; the same cell goes on with it.",
        reason="SQLite: a search goes on after a kernel restart, and optuna's own tools read it.",
    )
    metric: str | None = option(
        None,
        "choice",
        "What is sought on the validation rows, the lowest of losses and errors, the highest of others.",
        choices=METRICS,
        reason="By default the one that chooses the best weights: macro F1 for classes.",
    )


@dataclass(frozen=True, kw_only=True)
class Pretrain(Training):
    """Pre-train an encoder on running text: masked words and, where asked for, next sentences."""

    task: ClassVar[str] = "masked_language_modeling"
    long_text: ClassVar[LongText] = "truncate"
    stride: ClassVar[int | None] = None
    longest: ClassVar[int] = 128

    train: Any = option(
        REQUIRED, "data", "The running text: a list, a column, or files; in .txt files blank lines part documents."
    )
    text: str | None = option(None, "column", "The column that holds the text; inferred where only one can be meant.")
    document: str | None = option(
        None, "column", "The column that says of which document a row is; by default each row is one."
    )
    whole_words: bool = option(
        False,
        "flag",
        "Mask the pieces of a word together.",
        reason="As in the second release of BERT's own weights; harder, as no piece of the word gives the others away.",
    )
    nsp: bool = option(
        False,
        "flag",
        "Learn next sentences, too: half of the pairs follow each other, half are from two documents.",
        reason="Devlin et al. 2019 has it; Liu et al. 2019 found models as good or better without.",
    )
    packing: bool = option(
        True,
        "flag",
        "Fill blocks of max_length with one document after the other; else a block has one document only.",
        reason="No padding, whatever the lengths; about as good as blocks of one document in Liu et al. 2019, table 2.",
    )
    max_length: int | None = option(
        None,
        "int",
        "How many tokens a block has; by default 128, or the model's limit where that is less.",
        low=8,
        high=8192,
        reason="Nine tenths of BERT's own steps had 128 tokens (Devlin et al. 2019, appendix A.2).",
    )
    metric: str | None = option(
        None,
        "choice",
        "Which validation metric chooses the best weights; by default loss.",
        choices=("loss", "accuracy"),
        reason="The perplexity that the report tells is the exponential of the loss.",
    )
