"""The table: every command with its options."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from bertmagic.options.entry import REQUIRED, Option, option, table

Schedule = Literal["linear", "cosine", "constant"]
Precision = Literal["auto", "bf16", "fp16", "fp32"]
ClassWeights = Literal["none", "balanced"]
Adapt = Literal["full", "lora"]
LoraSave = Literal["merged", "adapter"]
LongText = Literal["truncate", "head_tail", "window"]

_MODEL = "Which model: a name bound to one, a run of this folder, a saved folder, or a hub id; by default the last one."
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

_TEXT = "The column that holds the text, or two columns for pairs; inferred where only one can be meant."
_LABEL = "The column that holds what is to be learnt; inferred where only one can be meant."


@dataclass(frozen=True, kw_only=True)
class Training:
    """What every run of training has, whatever is learnt.

    ``longest`` is the default limit on tokens: attention's cost grows with the square of it.
    """

    longest: ClassVar[int] = 512
    name: str | None = option(None, "name", "The name of the run, and of the variable that the model is bound to.")
    train: Any = option(REQUIRED, "data", "The training rows: DataFrame, Dataset, dict, file, hub id, sample:NAME.")
    validation: Any = option(
        0.1,
        "share_or_data",
        "Rows to choose the best weights on: a data set, or the share of train to hold out.",
        low=0.0,
        high=0.5,
        reason="A tenth is enough to rank epochs and costs little training data; 0 holds out none.",
    )
    test: Any = option(None, "data", "Rows for the final report, never used to choose anything.")
    model: Any = option(
        "minilm",
        "model",
        "The encoder to start from: an alias of %bert_models, a folder, a hub id, an own model.",
        short="-m",
        reason="The smallest encoder in the catalogue: it trains in minutes on a laptop's CPU.",
    )
    epochs: float | None = option(
        None,
        "float",
        "How many times to go through the training rows; by default 3, up to 10 for few rows.",
        slide=(1, 10),
        low=0.01,
        high=1000,
        reason="2 to 4 in Devlin et al. 2019, appendix A.3; few rows need 300 steps (Mosbach et al. 2021).",
        curve="Validation still gets better at the end: more. Its loss rises while the training loss falls: fewer.",
    )
    max_steps: int | None = option(
        None, "int", "Train for so many optimizer steps; with epochs given too, for whichever is fewer.", low=1
    )
    lr: float | None = option(
        None,
        "float",
        "The peak learning rate of AdamW; by default the one the catalogue has for the model, and 5e-4 for LoRA.",
        slide=(1e-06, 0.01),
        low=1e-8,
        high=1.0,
        log=True,
        reason="2e-5 to 5e-5 for BERT-base (Devlin et al. 2019); small encoders take more: 1e-4 for MiniLM.",
        curve="The loss jumps, or stays where it began: a third of it. It falls slowly to the end: three times it.",
    )
    batch_size: int = option(
        32,
        "int",
        "How many rows one optimizer step sees.",
        slide=(2, 256),
        low=1,
        high=4096,
        log=True,
        reason="16 or 32 in Devlin et al. 2019, appendix A.3.",
        curve="The loss is all noise and validation jumps: larger. Memory is short: smaller, with accumulation.",
    )
    gradient_accumulation_steps: int = option(
        1,
        "int",
        "How many batches one optimizer step adds up; it sees batch_size x this many rows.",
        low=1,
        high=4096,
        log=True,
        reason="Larger steps in the memory of one batch; steps and epochs count as in transformers' Trainer.",
        curve="The loss is noisy and a larger batch does not fit: 2 or 4.",
    )
    gradient_checkpointing: bool = option(
        False,
        "flag",
        "Compute activations again in the backward pass instead of keeping them: far less memory, a third more time.",
        reason="Chen et al. 2016; the result is the same. Needed only where one row does not fit the memory.",
    )
    max_length: int | None = option(
        None,
        "int",
        "Cut texts after so many tokens; by default the model's own limit, at most 512.",
        low=8,
        high=8192,
        curve="Many texts are cut and validation stays low: longer. Steps are slow and few texts are long: shorter.",
    )
    warmup: float = option(
        0.06,
        "float",
        "The share of steps (below 1) or the number of steps over which lr rises from 0.",
        slide=(0, 0.5),
        low=0,
        reason="6 % in Liu et al. 2019 (RoBERTa), table 10.",
        curve="The loss rises in the first steps, or the gradient's norm leaps there: 0.1 or more.",
    )
    weight_decay: float = option(
        0.01,
        "float",
        "AdamW's weight decay, not applied to biases and layer norms.",
        slide=(0, 0.3),
        low=0.0,
        high=1.0,
        reason="0.01 in Devlin et al. 2019, appendix A.2.",
        curve="Validation falls behind training early on: 0.05 or 0.1. It seldom matters otherwise.",
    )
    max_grad_norm: float = option(
        1.0,
        "float",
        "Shorten the gradient of a step to this norm where it is longer; 0 leaves it.",
        low=0.0,
        high=1000.0,
        reason="1.0 in BERT's own training (Devlin et al. 2019); Pascanu et al. 2013 say why.",
        curve="Single steps throw the loss up and it comes back: 0.5.",
    )
    layerwise_lr_decay: float = option(
        1.0,
        "float",
        "Multiply lr by this for each layer above: the embeddings learn slowest, the head with lr; 1 changes nothing.",
        low=0.1,
        high=1.0,
        reason="0.8 to 0.9 in Clark et al. 2020 (ELECTRA), appendix B; off, as what is gained differs by task.",
        curve="Few rows, and validation soon gets worse: 0.9.",
    )
    ema_decay: float | None = option(
        None,
        "float",
        "Evaluate and keep an exponential moving average of the weights with this decay a step, such as 0.999.",
        low=0.5,
        high=0.99999,
        reason="Polyak & Juditsky 1992; steadier, for the memory of one more set of weights.",
        curve="Validation jumps from one evaluation to the next: 0.999, over some thousand steps.",
    )
    schedule: Schedule = option(
        "linear",
        "choice",
        "How lr falls after the warm-up.",
        choices=("linear", "cosine", "constant"),
        curve="The loss still falls when lr reaches 0: more epochs, rather than constant.",
    )
    seed: int = option(
        0,
        "int",
        "Seeds the split, the order of rows, the head and dropout.",
        low=0,
        high=2**32 - 1,
        curve="Two settings differ by little: run each with three seeds before you believe it.",
    )
    attention_dropout: float = option(
        0.0,
        "float",
        "Dropout on attention weights; BERT was pre-trained with 0.1.",
        slide=(0, 0.5),
        low=0.0,
        high=0.9,
        reason="Attention dropout takes PyTorch's attention off its fast path; the other dropouts stay on.",
        curve="The training loss goes to 0 and validation gets worse: 0.1.",
    )
    eval_every: int | None = option(
        None,
        "steps",
        "Evaluate every so many steps; by default at the end of each epoch.",
        low=1,
        curve="The best evaluation is the first, or only one: evaluate more often.",
    )
    patience: int | None = option(
        None,
        "int",
        "Stop early after so many evaluations without a better one.",
        low=1,
        high=1000,
        curve="Validation has not got better for long: 2 or 3.",
    )
    adapt: Adapt = option(
        "full",
        "choice",
        "What to train: full is all weights; lora is small matrices beside frozen weights, and the head.",
        choices=("full", "lora"),
        reason="Whole models of this size fit a laptop; LoRA (Hu et al. 2021) saves gradients and moments.",
        curve="Memory is short, or few rows are learnt by heart at once: lora.",
    )
    lora_rank: int = option(
        8,
        "int",
        "The rank of LoRA's matrices.",
        low=1,
        high=512,
        log=True,
        reason="8 in Hu et al. 2021, table 9; their table 6 finds little gained by more.",
        curve="With lora the training loss stays high: 16 or 32, or more targets.",
    )
    lora_alpha: float | None = option(
        None,
        "float",
        "LoRA's products are scaled by this over the rank; by default twice the rank.",
        low=0.001,
        high=10000,
        reason="A scale of 2 whatever the rank, so that lr need not change with it.",
    )
    lora_targets: tuple[str, ...] = option(
        (),
        "text",
        "The linear layers that get adapters, by name; by default the projections of queries and values.",
        many=True,
        reason="Queries and values together are best for as many parameters in Hu et al. 2021, table 5.",
    )
    lora_save: LoraSave = option(
        "merged",
        "choice",
        "Keep the model whole, with LoRA's matrices merged in, or only the adapter, which needs its base to load.",
        choices=("merged", "adapter"),
        reason="A merged model loads anywhere; an adapter of MiniLM takes 1 MB in place of 90.",
    )
    freeze: Any = option(
        None,
        "freeze",
        "What not to train: 'embeddings', 'encoder', or so many of the lowest layers.",
        curve="Memory is short or steps are slow, and a little accuracy may go: 'embeddings', or half of the layers.",
    )
    device: str | None = option(None, "text", "cuda, cuda:1, mps or cpu; by default the fastest one here.")
    precision: Precision = option(
        "auto",
        "choice",
        "Number format of the matrix products; auto is bf16 where the hardware has it.",
        choices=("auto", "bf16", "fp16", "fp32"),
    )
    save_to: str | None = option(None, "path", "Also save the finished model to this folder.")
    checkpoint_every: int | None = option(
        None,
        "int",
        "Write a checkpoint every so many steps, beside those at each evaluation and at an interrupt.",
        low=1,
        reason="Each writes weights and moments, three times the model: 0.3 GB for MiniLM, 1.3 GB for BERT-base.",
    )
    checkpoint_minutes: float = option(
        5,
        "float",
        "Write a checkpoint when so many minutes have passed without one.",
        low=0.01,
        high=100000,
        reason="What a kill can cost at most; the newest two are kept, and none once the run is finished.",
    )
    resume: bool = option(False, "flag", "Go on from the run's newest checkpoint.")
    background: bool = option(False, "flag", "Train in a thread beside the notebook, which stays free.")


@dataclass(frozen=True, kw_only=True)
class Finetune(Training):
    """Fine-tune a pre-trained encoder on your own table."""

    text: Columns = option(None, "columns", _TEXT, many=True)
    label: Columns = option(None, "columns", _LABEL, many=True)
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
        curve="Many texts are cut, and what matters stands at their end: head_tail; anywhere: window.",
    )
    stride: int | None = option(
        None,
        "int",
        "By how many tokens the windows of a long text overlap; by default a quarter of a window.",
        low=0,
        high=4096,
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
        curve="Accuracy is good and validation loss rises all the same: 0.1.",
    )
    best_metric: str | None = option(
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
        curve="Accuracy is far above macro F1: a class is given up; balanced.",
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
    best_metric: ClassVar[str | None] = None  # type: ignore[misc]
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
    best_metric: str | None = option(
        None,
        "choice",
        "Which validation metric chooses the best weights; by default loss.",
        choices=("loss", "accuracy"),
    )


@dataclass(frozen=True, kw_only=True)
class Fill:
    """Guess the words behind the masks of a text, with a probability for each."""

    texts: Any = option(
        None, "texts", "A quoted text with [MASK] in it, a variable with texts, or {an expression}.", many=True
    )
    model: Any = option(None, "model", _MODEL, short="-m")
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
    model: Any = option(None, "model", _MODEL, short="-m")


@dataclass(frozen=True, kw_only=True)
class Predict:
    """Predict labels for texts, with a probability for each class."""

    texts: Any = option(None, "texts", "A quoted text, a variable with texts, or {an expression}.", many=True)
    model: Any = option(None, "model", _MODEL, short="-m")
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
    model: Any = option(None, "model", _MODEL, short="-m")
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
    model: Any = option(None, "model", _MODEL, short="-m")
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
    text: Columns = option(None, "columns", _TEXT, many=True)
    label: Columns = option(None, "columns", _LABEL, many=True)
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
    text: Columns = option(None, "columns", _TEXT, many=True)
    label: Columns = option(None, "columns", _LABEL, many=True)
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

    data: Any = option(REQUIRED, "data", "The training rows: whatever train takes.")
    text: Columns = option(None, "columns", _TEXT, many=True)
    label: Columns = option(None, "columns", _LABEL, many=True)
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
        (), "run", "Two runs: show which options and data differ, and what came of it.", many=True, values=2
    )


@dataclass(frozen=True, kw_only=True)
class Shell:
    """The flags that every magic has."""

    out: str | None = option(None, "name", "Bind the result to this variable.", short="-o")
    show_code: bool = option(False, "flag", "Print the equivalent Python instead of running it.")
    help: bool = option(False, "flag", "Show this page.", short="-h")


@dataclass(frozen=True)
class Command:
    """A magic: the options it takes, and how they are typed.

    Attributes
    ----------
    magic
        Its name without the percent signs.
    function
        The name of the function of `bertmagic.api`, or the method of `TextModel`, that does the work.
    table
        The dataclass of its options.
    positional
        The options that may be typed without their flag, in order.
    body
        What the cell's body is: assignments of options, one text a line, or nothing.
    examples
        Cells to show on the help page.
    """

    magic: str
    function: str
    table: type[Any]
    positional: tuple[str, ...] = ()
    body: Literal["options", "texts", "none"] = "none"
    examples: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first line of the help page."""
        return inspect.getdoc(self.table) or ""

    @property
    def options(self) -> tuple[Option, ...]:
        """Its own options, without those of every magic."""
        return table(self.table)


COMMANDS: dict[str, Command] = {
    command.magic: command
    for command in (
        Command("bert_finetune", "finetune", Finetune, ("name",), "options", (
            '%%bert_finetune sentiment\ntrain = reviews\ntext  = "review"\nlabel = "stars"\nepochs = 3',
            "%bert_finetune quick --train sample:reviews --label sentiment --max-steps 50",
        )),
        Command("bert_tune", "tune", Tune, ("name",), "options", (
            '%%bert_tune better\ntrain = reviews\nlabel = "stars"\nlr = log(1e-5, 1e-3)\n'
            "batch_size = choice(16, 32, 64)\nepochs = between(1, 4)\ntrials = 20",
            '%bert_tune --train reviews --label stars --lr-find',
        )),
        Command("bert_pretrain", "pretrain", Pretrain, ("name",), "options", (
            '%%bert_pretrain reuters\ntrain = news\ntext  = "body"\nmodel = "minilm"\nepochs = 1',
            '%%bert_pretrain own\ntrain = "books/*.txt"\nnsp   = True\nwhole_words = True',
            "%%bert_finetune topics\ntrain = labelled\nmodel = reuters",
        )),
        Command("bert_fill", "TextModel.fill", Fill, ("texts",), "texts", (
            '%bert_fill "The bank raised its [MASK] rates." -m reuters --top-k 10',
            '%bert_fill "Prices [MASK] in May." --candidates "rose, fell"',
            "%%bert_fill -m reuters\nProfit [MASK] to 3 mln dlrs.\nThe [MASK] of [MASK] met.",
        )),
        Command("bert_next", "TextModel.next_sentence", NextSentence, ("first", "second"), "none", (
            '%bert_next "The train was late." "We waited for an hour." -m own',
        )),
        Command("bert_predict", "TextModel.predict", Predict, ("texts",), "texts", (
            '%bert_predict "I would buy it again" -m sentiment',
            "table = %bert_predict df.review -m sentiment",
            "%%bert_predict -m sentiment -o answers\nNever again.\nWorth every cent.",
            "%bert_predict --file reviews.csv --text review",
        )),
        Command("bert_attention", "TextModel.attention", Attention, ("text", "pair"), "texts", (
            '%bert_attention "The trophy did not fit because it was too big." -m sentiment',
            '%bert_attention "A dog barks." "An animal is heard." -m pairs --compare base',
            'maps = %bert_attention review --compare-text "It was not bad." -m sentiment',
            "%%bert_attention -m pairs\nA dog barks. ||| An animal is heard.",
        )),
        Command("bert_evaluate", "TextModel.evaluate", Evaluate, ("data",), "none", (
            "%bert_evaluate sample:reviews@test -m sentiment",
            "%bert_evaluate test_df -m sentiment --by language --at precision=0.95",
            "%bert_evaluate test_df -m sentiment --by {lambda row: len(row.text) > 200}",
            "%bert_evaluate test_df -m sentiment --probe identity --label-issues --train train_df",
        )),
        Command("bert_load", "load", Load, ("ref",), "none", (
            "%bert_load sentiment",
            "%bert_load models/sentiment --as clf",
            "%bert_load distilbert-base-uncased-finetuned-sst-2-english --as sst",
        )),
        Command("bert_unload", "TextModel.unload", Unload, ("name",), "none", ("%bert_unload sentiment",)),
        Command("bert_save", "TextModel.save", Save, ("name", "path"), "none", (
            "%bert_save sentiment models/sentiment",
        )),
        Command("bert_data", "check", Check, ("data",), "none", (
            "%bert_data sample:reviews --label sentiment",
            "%bert_data reviews.csv --text review --label stars",
        )),
        Command("bert_models", "catalogue", Models, ("data",), "none", (
            "%bert_models", "%bert_models reviews --text review --label stars --try 3",
        )),
        Command("bert_compare", "compare", Compare, ("models", "data"), "none", (
            "%bert_compare sentiment quick sample:reviews@test",
            "%bert_compare sentiment majority tfidf test_df --train train_df --price 1.2",
        )),
        Command("bert_runs", "runs", Runs, ("names",), "none", (
            "%bert_runs",
            "%bert_runs --task classification --sort macro_f1",
            "%bert_runs sent* --against seconds",
            "%bert_runs --diff monday tuesday",
        )),
        Command("bert_panel", "panel", Panel, ("data",), "none", (
            "%bert_panel reviews --text review --label stars",
        )),
        Command("bert_status", "status", Status, (), "none", ("%bert_status",)),
    )
}  # fmt: skip
