"""The table of all options.

Every command is a frozen dataclass. Each of its fields is an option, and the metadata of the field holds the kind of
value, the range, the choices and the help text. Flags, names in a cell body, completion, ``?`` pages, the signatures
of `bertmagic.api` and ``docs/options.md`` are all generated from it.

`training`, `learning` and `commands` hold the commands with their options. `command` and `entry` define both,
`values` reads and checks a user's values, and `synonyms` knows the names of options in other tools.
"""

from bertmagic.options.learning import Finetune, Pretrain, Tune

# isort: split
# After them, as help and documents begin with the commands that train.
from bertmagic.options import commands
from bertmagic.options.command import COMMANDS, Command, Shell
from bertmagic.options.entry import REQUIRED, Kind, Option, table
from bertmagic.options.terms import LOWER_IS_BETTER, METRICS, Columns, LongText, Precision
from bertmagic.options.training import Training
from bertmagic.options.values import check, keywords, read, signature

__all__ = [
    "COMMANDS",
    "LOWER_IS_BETTER",
    "METRICS",
    "REQUIRED",
    "Columns",
    "Command",
    "Finetune",
    "Kind",
    "LongText",
    "Option",
    "Precision",
    "Pretrain",
    "Shell",
    "Training",
    "Tune",
    "check",
    "commands",
    "keywords",
    "read",
    "signature",
    "table",
]
