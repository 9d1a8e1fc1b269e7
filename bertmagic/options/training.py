"""Options that every training run has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from bertmagic.options.entry import REQUIRED, option
from bertmagic.options.files import Files

if TYPE_CHECKING:
    from bertmagic.options.terms import Adapt, Keep, LoraSave, Precision, Schedule


@dataclass(frozen=True, kw_only=True)
class Training(Files):
    """Options of every training run, for all tasks.

    ``longest`` is the default of ``max_length`` in tokens: the cost of attention grows with its square.
    """

    longest: ClassVar[int] = 512
    name: str | None = option(None, "name", "The name of the run, and of the variable that gets the model.")
    train: Any = option(REQUIRED, "data", "The training rows: DataFrame, Dataset, dict, file, hub id, sample:NAME.")
    validation: Any = option(
        None,
        "share_or_data",
        "The validation set: rows, or the share of train to hold out; by default a tenth, and 0.2 or 0 of few rows.",
        low=0.0,
        high=0.5,
        reason="A tenth of 500 rows ranks epochs, of fewer it does not: with a test set, few rows are all trained on.",
    )
    test: Any = option(None, "data", "The test set: rows for the final report, never used to select anything.")
    model: Any = option(
        "minilm",
        "model",
        "The encoder to start from: a name of the catalogue, a folder, a hub id, or a model.",
        short="-m",
        reason="The smallest encoder in the catalogue. It trains in minutes on a laptop CPU.",
        when_to_change="If validation stays low: a larger encoder, or one for the language of the texts.",
    )
    epochs: float | None = option(
        None,
        "float",
        "Number of passes over the training set; by default 3, and up to 10 if it is small (6 for texts of one class).",
        slider_range=(1, 20),
        low=0.01,
        high=1000,
        reason="2 to 4 in Devlin et al. 2019, appendix A.3. A small set needs about 300 steps (Mosbach et al. 2021).",
        when_to_change="If validation still improves at the end: more. If only training loss still falls: fewer.",
    )
    max_steps: int | None = option(
        None,
        "int",
        "Number of optimizer steps; if epochs is given too, the smaller of the two counts.",
        low=1,
        when_to_change="If validation still improves at the last step: more.",
    )
    lr: float | None = option(
        None,
        "float",
        "The peak learning rate of AdamW; by default the catalogue's value for the encoder, and 5e-4 for LoRA.",
        slider_range=(1e-06, 0.01),
        low=1e-8,
        high=1.0,
        log_scale=True,
        reason="2e-5 to 5e-5 for BERT-base (Devlin et al. 2019). Small encoders need more: 1e-4 for MiniLM.",
        when_to_change="If the loss jumps or does not fall: a third. If it falls slowly until the end: three times.",
    )
    batch_size: int = option(
        32,
        "int",
        "Number of rows in a batch.",
        slider_range=(2, 256),
        low=1,
        high=4096,
        log_scale=True,
        reason="16 or 32 in Devlin et al. 2019, appendix A.3.",
        when_to_change="If loss and validation are noisy: larger. If memory is short: smaller, with accumulation.",
    )
    gradient_accumulation_steps: int = option(
        1,
        "int",
        "Number of batches in one optimizer step, which then has batch_size x this many rows.",
        low=1,
        high=4096,
        log_scale=True,
        reason="Larger steps in the memory of one batch. Steps and epochs count as in transformers.Trainer.",
        when_to_change="If the loss is noisy and a larger batch does not fit into memory: 2 or 4.",
    )
    gradient_checkpointing: bool = option(
        False,
        "flag",
        "Recompute activations in the backward pass: much less memory, about a third more time.",
        reason="Chen et al. 2016. The result is the same; needed only if even a small batch does not fit into memory.",
    )
    max_length: int | None = option(
        None,
        "int",
        "Maximum length of a text in tokens; by default the limit of the model, at most 512.",
        slider_range=(8, 1024),
        low=8,
        high=8192,
        log_scale=True,
        reason="BERT has 512 positions (Devlin et al. 2019); attention costs grow with the square of the length.",
        when_to_change="If many texts are cut and validation stays low: longer. If steps are slow: shorter.",
    )
    warmup: float = option(
        0.06,
        "float",
        "Length of the warm-up, in which lr rises from 0: a share of all steps if below 1, else steps.",
        slider_range=(0, 0.5),
        low=0,
        reason="6 % in Liu et al. 2019 (RoBERTa), table 10.",
        when_to_change="If the loss or the gradient norm jumps in the first steps: 0.1 or more.",
    )
    weight_decay: float = option(
        0.01,
        "float",
        "Weight decay of AdamW; biases and layer norms have none.",
        slider_range=(0, 0.3),
        low=0.0,
        high=1.0,
        reason="0.01 in Devlin et al. 2019, appendix A.2.",
        when_to_change="If validation falls behind training early: 0.05 or 0.1. Otherwise it rarely matters.",
    )
    max_grad_norm: float = option(
        1.0,
        "float",
        "Clip the gradient norm of a step to this value; 0 means no clipping.",
        low=0.0,
        high=1000.0,
        reason="1.0 in the code of Devlin et al. 2019; Pascanu et al. 2013 explain why.",
        when_to_change="If single steps raise the loss sharply and it recovers: 0.5.",
    )
    layerwise_lr_decay: float = option(
        1.0,
        "float",
        "Factor on lr per layer, from the head down: the embeddings get the lowest; 1 means the same lr everywhere.",
        low=0.1,
        high=1.0,
        reason="0.8 to 0.9 in Clark et al. 2020 (ELECTRA), appendix B. Off, as the gain depends on the task.",
        when_to_change="If the training set is small and validation soon gets worse: 0.9.",
    )
    ema_decay: float | None = option(
        None,
        "float",
        "Evaluate and save an exponential moving average of the weights, with this decay per step, such as 0.999.",
        low=0.5,
        high=0.99999,
        reason="Polyak & Juditsky 1992. Steadier results, for the memory of a second copy of the weights.",
        when_to_change="If validation jumps between evaluations: 0.999, for runs of some thousand steps.",
    )
    schedule: Schedule = option(
        "linear",
        "choice",
        "Schedule of lr after the warm-up.",
        choices=("linear", "cosine", "constant"),
        reason="Linear in Devlin et al. 2019, appendix A.2.",
        when_to_change="If the loss still falls when lr reaches 0: more epochs, rather than constant.",
    )
    seed: int = option(
        0,
        "int",
        "Random seed of the split, the order of rows, the new head and dropout.",
        low=0,
        high=2**32 - 1,
        reason="Fixed, as scores vary with the seed alone (Dodge et al. 2020).",
        when_to_change="If two settings differ by little: run each with three seeds before you trust the difference.",
    )
    attention_dropout: float = option(
        0.0,
        "float",
        "Dropout on the attention weights; BERT was pre-trained with 0.1.",
        slider_range=(0, 0.5),
        low=0.0,
        high=0.9,
        reason="With it PyTorch cannot use its fast attention kernel. The other dropouts stay on.",
        when_to_change="If training loss goes to 0 while validation gets worse: 0.1.",
    )
    eval_every: int | None = option(
        None,
        "steps",
        "Steps between two evaluations; by default once per epoch, at its end.",
        low=1,
        reason="Then all rows were seen equally often, and more evaluations would slow down training.",
        when_to_change="If the best evaluation is the first, or there is only one: evaluate more often.",
    )
    keep: Keep | None = option(
        None,
        "choice",
        "Which weights to keep: the best on the validation set, or the last; by default the last for few rows.",
        choices=("best", "last"),
        reason="Below 500 rows a validation set is too small to rank epochs; lr ends at 0, so the last are good.",
        when_to_change="If validation gets worse long before the end: best.",
    )
    patience: int | None = option(
        None,
        "int",
        "Early stopping: end the run after this many evaluations without improvement.",
        low=1,
        high=1000,
        reason="Off: the best weights are kept anyway, and they often come late, when lr is low.",
        when_to_change="If validation stops improving long before the end: 2 or 3.",
    )
    adapt: Adapt = option(
        "full",
        "choice",
        "Which weights to train: full trains all; lora the head and low-rank matrices; head fits the head in seconds.",
        choices=("full", "lora", "head"),
        reason="Models of this size fit into a laptop. LoRA (Hu et al. 2021) saves gradients and optimizer state.",
        when_to_change="If memory is short, or few rows are memorized at once: lora. For a first look: head.",
    )
    lora_rank: int = option(
        8,
        "int",
        "The rank of the LoRA matrices.",
        low=1,
        high=512,
        log_scale=True,
        reason="8 in Hu et al. 2021, table 9; their table 6 shows little gain from more.",
        when_to_change="If training loss stays high with lora: 16 or 32, or more lora_targets.",
    )
    lora_alpha: float | None = option(
        None,
        "float",
        "LoRA updates are scaled by lora_alpha / lora_rank; by default twice the rank.",
        low=0.001,
        high=10000,
        reason="The scale is then 2 for every rank, so lr need not change with the rank.",
        when_to_change="If the loss jumps with lora: half. If it hardly falls: double.",
    )
    lora_targets: tuple[str, ...] = option(
        (),
        "text",
        "Names of the linear layers that get adapters; by default the query and value projections.",
        many=True,
        reason="For a fixed number of parameters, queries and values are best in Hu et al. 2021, table 5.",
    )
    lora_save: LoraSave = option(
        "merged",
        "choice",
        "What to save after LoRA: the merged model, or the adapter alone, which needs its base model to load.",
        choices=("merged", "adapter"),
        reason="A merged model loads anywhere. An adapter of MiniLM takes 1 MB instead of 90.",
    )
    freeze: Any = option(
        None,
        "freeze",
        "Weights not to train: 'embeddings', 'encoder', or a number of layers, counted from the lowest.",
        reason="Devlin et al. 2019 train all layers; the last quarter gives most of the gain (Lee et al. 2019).",
        when_to_change="If memory is short or steps are slow: 'embeddings', or half of the layers.",
    )
    device: str | None = option(None, "text", "cuda, cuda:1, mps or cpu; by default the fastest device here.")
    precision: Precision = option(
        "auto",
        "choice",
        "Number format of matrix products; auto is bf16 if the hardware has it, else fp16 on CUDA, else fp32.",
        choices=("auto", "bf16", "fp16", "fp32"),
        reason="bf16 has the range of fp32, so no loss scaling is needed (Kalamkar et al. 2019).",
    )
    log_to: tuple[str, ...] = option(
        (),
        "choice",
        "Also report the run to these experiment trackers; by default to none.",
        many=True,
        choices=("tensorboard", "mlflow", "wandb"),
        reason="Nothing is sent anywhere unless you ask; the folder of the run has every event.",
    )
    save_to: str | None = option(None, "path", "A folder to save the finished model to, in addition to the run folder.")
    checkpoint_every: int | None = option(
        None,
        "int",
        "Steps between checkpoints, in addition to those at evaluations and at an interrupt.",
        low=1,
        reason="Weights and optimizer state are three times the model: 0.3 GB for MiniLM, 1.3 GB for BERT-base.",
    )
    checkpoint_minutes: float = option(
        5,
        "float",
        "Maximum time between two checkpoints, in minutes.",
        low=0.01,
        high=100000,
        reason="A killed process loses no more than this. The newest two are kept, and none once the run is finished.",
    )
    resume: bool = option(False, "flag", "Continue from the newest checkpoint of the run.")
    background: bool = option(False, "flag", "Train in a background thread, so that other cells can run.")
