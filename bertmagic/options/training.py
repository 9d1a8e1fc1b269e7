"""The part of the table that every run of training has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from bertmagic.options.entry import REQUIRED, option

if TYPE_CHECKING:
    from bertmagic.options.terms import Adapt, LoraSave, Precision, Schedule


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
        when_to_change="Validation stays low: a larger encoder, or one for the texts' language; see %bert_models DATA.",
    )
    epochs: float | None = option(
        None,
        "float",
        "How many times to go through the training rows; by default 3, up to 10 for few rows.",
        slider_range=(1, 10),
        low=0.01,
        high=1000,
        reason="2 to 4 in Devlin et al. 2019, appendix A.3; few rows need 300 steps (Mosbach et al. 2021).",
        when_to_change="Validation still improves at the end: more. Its loss rises and the training loss falls: fewer.",
    )
    max_steps: int | None = option(
        None,
        "int",
        "Train for so many optimizer steps; with epochs given too, for whichever is fewer.",
        low=1,
        when_to_change="Validation still improves at the last step: more.",
    )
    lr: float | None = option(
        None,
        "float",
        "The peak learning rate of AdamW; by default the one the catalogue has for the model, and 5e-4 for LoRA.",
        slider_range=(1e-06, 0.01),
        low=1e-8,
        high=1.0,
        log_scale=True,
        reason="2e-5 to 5e-5 for BERT-base (Devlin et al. 2019); small encoders take more: 1e-4 for MiniLM.",
        when_to_change="The loss jumps, or does not fall: divide by 3. It falls slowly until the end: multiply by 3.",
    )
    batch_size: int = option(
        32,
        "int",
        "How many rows one optimizer step sees.",
        slider_range=(2, 256),
        low=1,
        high=4096,
        log_scale=True,
        reason="16 or 32 in Devlin et al. 2019, appendix A.3.",
        when_to_change="Loss and validation are noisy: larger. Memory is short: smaller, with gradient accumulation.",
    )
    gradient_accumulation_steps: int = option(
        1,
        "int",
        "How many batches one optimizer step adds up; it sees batch_size x this many rows.",
        low=1,
        high=4096,
        log_scale=True,
        reason="Larger steps in the memory of one batch; steps and epochs count as in transformers' Trainer.",
        when_to_change="The loss is noisy and a larger batch does not fit: 2 or 4.",
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
        reason="BERT's positions end at 512 (Devlin et al. 2019), and attention costs the square of the length.",
        when_to_change="Many texts are cut and validation stays low: longer. Steps are slow: shorter.",
    )
    warmup: float = option(
        0.06,
        "float",
        "The share of steps (below 1) or the number of steps over which lr rises from 0.",
        slider_range=(0, 0.5),
        low=0,
        reason="6 % in Liu et al. 2019 (RoBERTa), table 10.",
        when_to_change="The loss rises in the first steps, or the gradient's norm leaps there: 0.1 or more.",
    )
    weight_decay: float = option(
        0.01,
        "float",
        "AdamW's weight decay, not applied to biases and layer norms.",
        slider_range=(0, 0.3),
        low=0.0,
        high=1.0,
        reason="0.01 in Devlin et al. 2019, appendix A.2.",
        when_to_change="Validation falls behind training early on: 0.05 or 0.1. It seldom matters otherwise.",
    )
    max_grad_norm: float = option(
        1.0,
        "float",
        "Shorten the gradient of a step to this norm where it is longer; 0 leaves it.",
        low=0.0,
        high=1000.0,
        reason="1.0 in BERT's own training (Devlin et al. 2019); Pascanu et al. 2013 say why.",
        when_to_change="Single steps throw the loss up and it comes back: 0.5.",
    )
    layerwise_lr_decay: float = option(
        1.0,
        "float",
        "Multiply lr by this for each layer above: the embeddings learn slowest, the head with lr; 1 changes nothing.",
        low=0.1,
        high=1.0,
        reason="0.8 to 0.9 in Clark et al. 2020 (ELECTRA), appendix B; off, as what is gained differs by task.",
        when_to_change="Few rows, and validation soon gets worse: 0.9.",
    )
    ema_decay: float | None = option(
        None,
        "float",
        "Evaluate and keep an exponential moving average of the weights with this decay a step, such as 0.999.",
        low=0.5,
        high=0.99999,
        reason="Polyak & Juditsky 1992; steadier, for the memory of one more set of weights.",
        when_to_change="Validation jumps from one evaluation to the next: 0.999, over some thousand steps.",
    )
    schedule: Schedule = option(
        "linear",
        "choice",
        "How lr falls after the warm-up.",
        choices=("linear", "cosine", "constant"),
        reason="Linear in Devlin et al. 2019, appendix A.2.",
        when_to_change="The loss still falls when lr reaches 0: more epochs, rather than constant.",
    )
    seed: int = option(
        0,
        "int",
        "Seeds the split, the order of rows, the head and dropout.",
        low=0,
        high=2**32 - 1,
        reason="Any would do: scores differ by the seed alone (Dodge et al. 2020), so one is kept.",
        when_to_change="Two settings differ by little: run each with three seeds before you believe it.",
    )
    attention_dropout: float = option(
        0.0,
        "float",
        "Dropout on attention weights; BERT was pre-trained with 0.1.",
        slider_range=(0, 0.5),
        low=0.0,
        high=0.9,
        reason="Attention dropout takes PyTorch's attention off its fast path; the other dropouts stay on.",
        when_to_change="The training loss goes to 0 and validation gets worse: 0.1.",
    )
    eval_every: int | None = option(
        None,
        "steps",
        "Evaluate every so many steps; by default at the end of each epoch.",
        low=1,
        reason="All rows were seen as often then, and more evaluations would take time from training.",
        when_to_change="The best evaluation is the first, or only one: evaluate more often.",
    )
    patience: int | None = option(
        None,
        "int",
        "Stop early after so many evaluations without a better one.",
        low=1,
        high=1000,
        reason="Off: the best weights are kept anyway, and they often come late, when lr is low.",
        when_to_change="Validation has not got better for long: 2 or 3.",
    )
    adapt: Adapt = option(
        "full",
        "choice",
        "What to train: full is all weights; lora is small matrices beside frozen weights, and the head.",
        choices=("full", "lora"),
        reason="Whole models of this size fit a laptop; LoRA (Hu et al. 2021) saves gradients and moments.",
        when_to_change="Memory is short, or few rows are learnt by heart at once: lora.",
    )
    lora_rank: int = option(
        8,
        "int",
        "The rank of LoRA's matrices.",
        low=1,
        high=512,
        log_scale=True,
        reason="8 in Hu et al. 2021, table 9; their table 6 finds little gained by more.",
        when_to_change="With lora the training loss stays high: 16 or 32, or more targets.",
    )
    lora_alpha: float | None = option(
        None,
        "float",
        "LoRA's products are scaled by this over the rank; by default twice the rank.",
        low=0.001,
        high=10000,
        reason="A scale of 2 whatever the rank, so that lr need not change with it.",
        when_to_change="With lora the loss jumps: half of it. It hardly moves: twice it.",
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
        reason="All layers learn in Devlin et al. 2019; the last quarter keeps most of it (Lee et al. 2019).",
        when_to_change="Memory is short or steps are slow: 'embeddings', or half of the layers, at some accuracy.",
    )
    device: str | None = option(None, "text", "cuda, cuda:1, mps or cpu; by default the fastest one here.")
    precision: Precision = option(
        "auto",
        "choice",
        "Number format of the matrix products; auto is bf16 where the hardware has it.",
        choices=("auto", "bf16", "fp16", "fp32"),
        reason="bf16 has the range of fp32, so the loss needs no scaling (Kalamkar et al. 2019).",
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
