"""The one table of options.

Every command is a frozen dataclass; every field of it is one option, and its metadata holds what the rest of the
project needs to know: the kind of value, the range, the choices and the help. Flags, names in a cell body,
completion, ``?`` pages, the signatures of `bertmagic.api` and the documentation are all read off here.

`commands` is the table, `entry` says what is known of an option, and `values` reads and checks what a user gives.
"""

from bertmagic.options.commands import (
    COMMANDS,
    LOWER_IS_BETTER,
    Attention,
    Check,
    Columns,
    Command,
    Compare,
    Evaluate,
    Fill,
    Finetune,
    Load,
    LongText,
    Models,
    NextSentence,
    Panel,
    Precision,
    Predict,
    Pretrain,
    Runs,
    Save,
    Shell,
    Status,
    Training,
    Tune,
    Unload,
)
from bertmagic.options.entry import REQUIRED, Kind, Option, table
from bertmagic.options.values import check, read, signature

__all__ = [
    "COMMANDS",
    "LOWER_IS_BETTER",
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
