"""The one table of options.

Every command is a frozen dataclass; every field of it is one option, and its metadata holds what the rest of the
project needs to know: the kind of value, the range, the choices and the help. Flags, names in a cell body,
completion, ``?`` pages, the signatures of `bertmagic.api` and the documentation are all read off here.

`commands` is the table, with the options of `learning` (whose runs share `training`) and `using`; `entry` says what is
known of an option, and `values` reads and checks what a user gives.
"""

from bertmagic.options.commands import COMMANDS, Command, Shell
from bertmagic.options.entry import REQUIRED, Kind, Option, table
from bertmagic.options.learning import Finetune, Pretrain, Tune
from bertmagic.options.terms import LOWER_IS_BETTER, METRICS, Columns, LongText, Precision
from bertmagic.options.training import Training
from bertmagic.options.using import (
    Attention,
    Check,
    Compare,
    Evaluate,
    Fill,
    Load,
    Models,
    NextSentence,
    Panel,
    Predict,
    Runs,
    Save,
    Status,
    Unload,
)
from bertmagic.options.values import check, read, signature

__all__ = [
    "COMMANDS",
    "LOWER_IS_BETTER",
    "METRICS",
    "REQUIRED",
    "Attention",
    "Check",
    "Columns",
    "Command",
    "Compare",
    "Evaluate",
    "Fill",
    "Finetune",
    "Kind",
    "Load",
    "LongText",
    "Models",
    "NextSentence",
    "Option",
    "Panel",
    "Precision",
    "Predict",
    "Pretrain",
    "Runs",
    "Save",
    "Shell",
    "Status",
    "Training",
    "Tune",
    "Unload",
    "check",
    "read",
    "signature",
    "table",
]
