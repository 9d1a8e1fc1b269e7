"""Names of magics that do not exist, and the magic that was likely meant.

IPython raises its own error for them: "Line magic function `%bert_train` not found". A sentence follows it.
"""

from __future__ import annotations

import difflib
import re
import sys
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from bertmagic.options import COMMANDS

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_MEANT = {
    "bert_finetune": "train fit training finetuning fine_tune learn classify_train",
    "bert_pretrain": "mlm pre_train continue adapt lm",
    "bert_tune": "search hpo optuna sweep optimize optimise hyperparameters grid",
    "bert_predict": "infer inference classify apply pipeline run",
    "bert_evaluate": "test eval score metrics report validate errors calibrate",
    "bert_attention": "viz visualize visualise bertviz heads plot look",
    "bert_explain": "why explanation attribution attributions lime shap captum saliency interpret reason",
    "bert_data": "check describe profile inspect info summary eda dataset",
    "bert_models": "list catalogue catalog zoo encoders recommend",
    "bert_status": "gpu memory devices held",
    "bert_panel": "ui gui widget app dashboard form",
    "bert_similar": "similarity embed embedding embeddings nearest neighbours neighbors",
    "bert_save": "push write",
    "bert_export": "onnx openvino quantize quantise convert deploy serve",
    "bert_unload": "free delete del clear remove",
    "bert_load": "open read use",
    "bert_compare": "versus vs benchmark",
    "bert_runs": "history experiments logs log results",
    "bert_fill": "mask unmask fill_mask",
    "bert_next": "nsp next_sentence",
}
"""The magics, each with other names that mean it, without ``bert_``."""

_LONGEST = 60
_NOT_FOUND = re.compile(r"(?:Line|Cell) magic (?:function )?`%+(bert\w*)` not found")


def sentence(name: str) -> str:
    """Return the magic that a name likely stands for, by its meaning before its spelling, and what it does."""
    word = name.removeprefix("bert").lstrip("_")
    meant = next((magic for magic, names in _MEANT.items() if word in names.split() and magic in COMMANDS), "")
    if not meant:
        meant = "".join(difflib.get_close_matches(name[:_LONGEST], COMMANDS, 1, 0.75))
    if not meant:
        return "Type %bert_ and press Tab: that lists the magics."
    command = COMMANDS[meant]
    sign = "%%" if command.body == "options" else "%"
    summary = " ".join(command.summary.split("\n\n")[0].split())
    return f"Did you mean {sign}{meant}? {summary} %{meant}? shows its options."


def _after(result: Any) -> None:
    """Write the sentence behind IPython's error."""
    error = result.error_in_exec
    if isinstance(error, UsageError) and (unknown := _NOT_FOUND.search(str(error))):
        sys.stderr.write(sentence(unknown[1]) + "\n")


def attach(shell: InteractiveShell) -> None:
    """Let a shell name the magic that was meant."""
    shell.events.register("post_run_cell", _after)


def detach(shell: InteractiveShell) -> None:
    """Undo `attach`."""
    if _after in shell.events.callbacks["post_run_cell"]:
        shell.events.unregister("post_run_cell", _after)
