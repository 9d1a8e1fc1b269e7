"""Names of options in other tools and in earlier versions.

A name of another tool raises an error with the name here. An earlier name still works, with a warning.
"""

from __future__ import annotations

import difflib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bertmagic.errors import OptionError, listing, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bertmagic.options.entry import Option

RENAMED = {"best_metric": "metric"}
"""Earlier names of options, with their present names."""

_NAMES = {
    "train": "train_dataset train_data training_data train_df train_file train_path train_corpus dls dataloaders",
    "validation": (
        "eval_dataset eval_data eval_df validation_data validation_dataset validation_split validation_file val_data "
        "valid_df valid_pct val_size valid_size test_size dev_corpus dev_data tuning_data"
    ),
    "test": "test_dataset test_data test_df test_file predict_dataset",
    "data": (
        "dataset df train_dataset train_data train_df eval_dataset eval_data eval_df test_dataset test_data test_df "
        "validation_data"
    ),
    "text": "texts_column text_column text_columns text_col text_cols text_column_name text_name input_column inputs",
    "label": (
        "labels label_column label_columns label_col label_column_name label_name target targets target_column y"
    ),
    "question": "question_column question_column_name",
    "context": "context_column context_column_name passage",
    "answers": "answer answer_column answer_column_name",
    "task": "problem_type task_type task_name",
    "model": (
        "model_name_or_path pretrained_model_name_or_path pretrained_model_name pretrained_model model_name model_id "
        "model_path base_model base_model_name_or_path checkpoint_name arch backbone"
    ),
    "name": "run_name experiment_name job_name project_name",
    "epochs": "num_train_epochs num_epochs n_epochs n_epoch max_epochs epoch",
    "max_steps": "num_training_steps num_train_steps total_steps n_steps",
    "lr": "learning_rate learn_rate init_lr initial_lr base_lr peak_lr max_lr lr_max",
    "batch_size": "per_device_train_batch_size per_gpu_train_batch_size train_batch_size mini_batch_size bs",
    "gradient_accumulation_steps": (
        "gradient_accumulation accumulate_grad_batches accumulate_gradient accumulation_steps grad_accum grad_acc_steps"
    ),
    "gradient_checkpointing": "activation_checkpointing use_gradient_checkpointing recompute",
    "max_length": (
        "max_seq_length max_seq_len max_sequence_length sequence_length seq_length seq_len maxlen max_len block_size "
        "model_max_length max_tokens"
    ),
    "read_pairs": "bi_encoder cross_encoder two_towers siamese",
    "pooling": "pooling_mode classifier_pooling pooling_strategy pool_type pooling_type",
    "long_text": "truncation",
    "stride": "doc_stride window_overlap",
    "max_answer_length": "max_answer_len",
    "warmup": "warmup_ratio warmup_steps num_warmup_steps warmup_proportion warmup_fraction pct_start",
    "weight_decay": "wd l2 weight_decay_rate",
    "max_grad_norm": "gradient_clip_val gradient_clipping grad_clip clip_grad_norm clipnorm clip_norm max_norm",
    "layerwise_lr_decay": "llrd layer_wise_lr_decay layerwise_learning_rate_decay layer_decay lr_decay",
    "label_smoothing": "label_smoothing_factor",
    "class_weights": "class_weight sample_weight balance_classes",
    "ema_decay": "ema use_ema ema_momentum",
    "schedule": "lr_scheduler_type lr_scheduler scheduler scheduler_type lr_schedule learning_rate_schedule",
    "seed": "random_state random_seed manual_seed seed_everything data_seed set_seed rng_seed",
    "attention_dropout": "attention_probs_dropout_prob attention_dropout_prob attn_dropout",
    "eval_every": (
        "eval_steps eval_strategy evaluation_strategy eval_frequency eval_interval val_check_interval "
        "evaluate_during_training_steps validation_steps"
    ),
    "patience": "early_stopping_patience early_stopping early_stop use_early_stopping early_stopping_rounds",
    "metric": "metric_for_best_model eval_metric metrics monitor early_stopping_metric scoring",
    "lora_rank": "lora_r r",
    "lora_targets": "target_modules lora_target_modules",
    "freeze": "freeze_layers freeze_encoder freeze_to trainable frozen_layers",
    "device": "accelerator gpu gpu_id gpus devices cuda_device no_gpu",
    "precision": "mixed_precision dtype torch_dtype half_precision amp autocast",
    "log_to": "report_to loggers log_with trackers",
    "save_to": "output_dir output_path save_path save_dir best_model_dir model_dir export_dir",
    "path": "output_dir output_path save_path save_dir save_directory model_dir",
    "checkpoint_every": "save_steps save_strategy save_interval checkpoint_steps checkpoint_interval",
    "resume": "resume_from_checkpoint resume_training ckpt_path load_checkpoint",
    "background": "run_async asynchronous",
    "trials": "n_trials num_trials max_trials num_samples n_iter",
    "timeout": "time_limit time_budget max_time",
    "study": "study_name",
    "lr_find": "find_lr lr_finder auto_lr_find",
    "whole_words": "whole_word_mask whole_word_masking wwm",
    "nsp": "next_sentence_prediction use_nsp",
    "packing": "group_texts pack_sequences",
    "document": "document_column doc_column",
    "by": "group_by groupby slices",
    "top_k": "topk n_best",
}
"""Options, each with its names in other tools, separated by blanks."""

_VALUES = {
    "bf16": ("precision", "bf16"),
    "fp16": ("precision", "fp16"),
    "fp32": ("precision", "fp32"),
    "use_fp16": ("precision", "fp16"),
    "use_bf16": ("precision", "bf16"),
    "use_lora": ("adapt", "lora"),
    "lora": ("adapt", "lora"),
    "peft_config": ("adapt", "lora"),
    "use_cpu": ("device", "cpu"),
    "no_cuda": ("device", "cpu"),
    "use_cuda": ("device", "cuda"),
    "sliding_window": ("long_text", "window"),
    "freeze_embeddings": ("freeze", "embeddings"),
    "load_best_model_at_end": ("keep", "best"),
    "linear_probe": ("adapt", "head"),
    "head_only": ("adapt", "head"),
}
"""Names in other tools that stand for one value of an option here."""

_AUTOMATIC = {
    "group_by_length": "batches are always made of rows of like length",
    "padding": "batches are always padded to their longest row",
    "save_total_limit": "the newest two checkpoints are kept",
    "greater_is_better": "the metric decides it",
    "logging_steps": "every step is logged",
    "logging_strategy": "every step is logged",
    "num_labels": "the labels of the training rows are counted",
    "num_classes": "the labels of the training rows are counted",
    "per_device_eval_batch_size": "evaluation makes batches by their number of tokens",
    "per_gpu_eval_batch_size": "evaluation makes batches by their number of tokens",
    "eval_batch_size": "evaluation makes batches by their number of tokens",
    "valid_batch_size": "evaluation makes batches by their number of tokens",
    "do_train": "a run trains and evaluates",
    "do_eval": "a run trains and evaluates",
    "compute_metrics": "the task has its metrics",
    "data_collator": "the task makes its batches",
    "dataloader_num_workers": "token ids are read from memory-mapped files",
    "num_workers": "token ids are read from memory-mapped files",
    "tokenizer": "the tokenizer of the model is used",
    "optim": "the optimizer is AdamW",
    "optimizer": "the optimizer is AdamW",
    "overwrite_output_dir": "a run of the same name is replaced when the new one is done",
}
"""Settings of other tools that need no option here, with the reason."""


_RELATED = {
    "validation": (
        "folds fold k_folds kfold n_folds num_folds cv cross_validation n_splits",
        "There is no cross-validation: rows are held out once, and each number comes with its interval.",
    ),
    "attention_dropout": (
        "dropout dropout_rate dropout_prob drop_rate hidden_dropout hidden_dropout_prob classifier_dropout dropouts",
        "The other dropout of an encoder is what its config says.",
    ),
    "model": ("size model_size encoder_size num_layers n_layers num_hidden_layers hidden_size layers", ""),
    "trials": ("budget iterations n_calls", ""),
    "top_k": ("k n num_return_sequences number_of_words", ""),
    "at": ("threshold thresholds cutoff cut_off", ""),
    "baselines": ("baseline compare_to", ""),
    "save_to": ("output out_dir export push_to_hub hub_model_id", ""),
    "price": ("cost", ""),
    "class_weights": ("imbalance weights loss_weights pos_weight focal", ""),
    "long_text": ("chunk chunking chunk_size split_long", ""),
    "background": ("thread threaded nonblocking non_blocking", ""),
    "lora_rank": ("rank lora_dim", ""),
}
"""Options with names that mean something near, and a sentence on the difference if there is one."""


@dataclass(frozen=True)
class Synonym:
    """The option here, and its value if the other tool's name stands for one."""

    option: str
    value: str = ""

    def spelled(self, entry: Option, flag: bool) -> str:
        """Return what to type: ``lr``, ``precision = "bf16"``, or the flag ``--precision bf16``."""
        if flag:
            return f"{entry.long} {self.value}".rstrip()
        return f'{self.option} = "{self.value}"' if self.value else self.option


def _table() -> dict[str, tuple[Synonym, ...]]:
    table: dict[str, tuple[Synonym, ...]] = {name: (Synonym(*target),) for name, target in _VALUES.items()}
    for option, names in _NAMES.items():
        for name in names.split():
            table[name] = (*table.get(name, ()), Synonym(option))
    return table


_NEAR = {name: option for option, (names, _) in _RELATED.items() for name in names.split()}

SYNONYMS = _table()
"""What each name of another tool can mean; the first option that a command has is taken."""


def current(name: str) -> str:
    """Return the present name of an option; an earlier name gives a `FutureWarning` of one line."""
    new = RENAMED.get(name, name)
    if new != name:
        text = f"the option {name} is now called {new}; please write {new}."
        warnings.warn_explicit(text, FutureWarning, "bertmagic", 0)
    return new


def renamed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return saved options with earlier names replaced by present ones."""
    return {RENAMED.get(name, name): value for name, value in values.items()}


def advice(name: str, options: Iterable[Option], flag: bool = False) -> tuple[str, str] | None:
    """Return the two lines of an error for another tool's name, or None if the name is not known.

    Parameters
    ----------
    name
        The name as typed; case, and dashes or underscores, make no difference.
    options
        The options of the command.
    flag
        Whether it was typed as a flag; then the advice is a flag, too.
    """
    known = {entry.name: entry for entry in options}
    key = name.lstrip("-").replace("-", "_").lower()
    if key in _AUTOMATIC:
        return f"{name} is not needed in bertmagic: {_AUTOMATIC[key]}.", "Leave it out."
    for meant in SYNONYMS.get(key, ()):
        if entry := known.get(meant.option):
            return f"{name} has another name in bertmagic: {meant.spelled(entry, flag)}.", entry.help
    if entry := known.get(_NEAR.get(key, "")):
        what = f"there is no option {name}. The nearest in meaning is {Synonym(entry.name).spelled(entry, flag)}."
        return what, " ".join(filter(None, (_RELATED[entry.name][1], entry.help)))
    return None


def suggestion(name: str, options: Iterable[Option], flag: bool = False) -> str:
    """Return ``" Did you mean 'lr'?"`` for an unknown name, by its meaning before its spelling; or an empty text.

    A misspelt name of another tool stands for the option here, and so does a name most of whose words are those of an
    option or of one of its other names: ``train_batch`` is ``batch_size``.
    """
    known = {entry.name: entry for entry in options}
    key = name.lstrip("-").replace("-", "_").lower()[:_LONGEST]
    meanings = {
        other: meant.option for other, several in SYNONYMS.items() for meant in several if meant.option in known
    }
    meanings |= {other: option for other, option in _NEAR.items() if option in known} | {own: own for own in known}
    if not meanings or key in SYNONYMS or key in _NEAR:  # its meaning is that of an option of other commands
        return ""
    slip = difflib.get_close_matches(key, meanings, n=1, cutoff=0.8)
    of_words = max(meanings, key=lambda other: _likeness(key, other))
    shared = _likeness(key, of_words)[0]
    best = of_words if shared > 0.5 or (shared == 0.5 and not slip) else "".join(slip)
    if not best:
        return nearest(name.replace("_", "-") if flag else name, [e.long if flag else e.name for e in known.values()])
    entry = known[meanings[best]]
    return f" Did you mean {entry.long if flag else entry.name!r}?"


_LONGEST = 60
"""Longer names are no slips."""

_COMMON = frozenset(["size", "rate", "name", "num", "n", "max", "min", "type", "set", "value", "of", "the", "use"])
"""Words that many names have, and that say little."""


def _likeness(one: str, other: str) -> tuple[float, float]:
    """Return the share of words that two names have in common, and how alike they are spelt."""
    ours, theirs = ({word.rstrip("s") for word in name.split("_")} for name in (one, other))
    return len((ours & theirs) - _COMMON) / len(ours | theirs), difflib.SequenceMatcher(None, one, other).ratio()


def unknown(name: str, options: Iterable[Option]) -> OptionError:
    """Return the error for an unknown name: the name in bertmagic, or the nearest option."""
    options = tuple(options)
    if lines := advice(name, options):
        return OptionError(*lines)
    known = [entry.name for entry in options]
    what = f"there is no option {name!r}.{suggestion(name, options)}"
    return OptionError(what, f"The options are: {listing(known, 40)}.")
