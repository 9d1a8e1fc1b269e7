"""The table of all options.

Every command is a frozen dataclass. Each of its fields is an option, and the metadata of the field holds the kind of
value, the range, the choices and the help text. Flags, names in a cell body, completion, ``?`` pages, the signatures
of `bertmagic.api` and ``docs/options.md`` are all generated from it.

`commands` lists the commands, whose options are in `training`, `learning` and `using`. `entry` defines an option,
`values` reads and checks a user's values, and `synonyms` knows the names of options in other tools.
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
