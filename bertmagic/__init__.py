"""Fine-tune, watch and use BERT-family models from Jupyter cells: ``%load_ext bertmagic``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from bertmagic.api import (
        catalogue,
        check,
        compare,
        export,
        finetune,
        load,
        new_model,
        pretrain,
        runs,
        similar,
        status,
        tune,
    )
    from bertmagic.data import samples
    from bertmagic.errors import BertMagicError, Interrupted
    from bertmagic.manual import help
    from bertmagic.options.ranges import between, choice, log
    from bertmagic.run.jobs import Job
    from bertmagic.text_model import TextModel
    from bertmagic.widgets.panel import panel

__version__ = "0.1.0"
__all__ = [
    "BertMagicError",
    "Interrupted",
    "Job",
    "TextModel",
    "between",
    "catalogue",
    "check",
    "choice",
    "compare",
    "export",
    "finetune",
    "help",
    "load",
    "log",
    "new_model",
    "panel",
    "pretrain",
    "runs",
    "samples",
    "similar",
    "status",
    "tune",
]

_HOMES = {
    "BertMagicError": "bertmagic.errors",
    "Interrupted": "bertmagic.errors",
    "Job": "bertmagic.run.jobs",
    "between": "bertmagic.options.ranges",
    "choice": "bertmagic.options.ranges",
    "help": "bertmagic.manual",
    "log": "bertmagic.options.ranges",
    "panel": "bertmagic.widgets.panel",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``import bertmagic`` stays light."""
    if name not in __all__:
        msg = f"module 'bertmagic' has no attribute {name!r}"
        raise AttributeError(msg)
    from importlib import import_module

    if name == "samples":
        return import_module("bertmagic.data.samples")
    return getattr(import_module(_HOMES.get(name, "bertmagic.api")), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Register the magics; called by ``%load_ext bertmagic``."""
    from bertmagic.magics import register

    register(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Take the magics away again; called by ``%unload_ext bertmagic``."""
    from bertmagic.magics import unregister

    unregister(shell)
