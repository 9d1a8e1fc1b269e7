"""Magics in messages, and the functions that stand in their place where there are no magics."""

from __future__ import annotations

import json
import re
import sys

FUNCTIONS = {
    "attention": "model.attention", "compare": "bm.compare", "data": "bm.check", "evaluate": "model.evaluate",
    "explain": "model.explain", "export": "model.export", "fill": "model.fill", "finetune": "bm.finetune",
    "load": "bm.load", "models": "bm.catalogue()", "next": "model.next_sentence", "panel": "bm.panel",
    "predict": "model.predict", "pretrain": "bm.pretrain", "runs": "bm.runs()", "save": "model.save",
    "similar": "bm.similar", "status": "bm.status()", "tune": "bm.tune", "unload": "model.unload",
}  # fmt: skip
"""The function or method of each magic, by the magic's name without ``bert_``."""

_MAGIC = re.compile(r"%%?bert_(\w+)(?: NAME\b)?")
VALUED_FLAG = re.compile(r"(?<![\w-])--([a-z][a-z-]*) ([A-Z]+)\b")
_CONFIG = re.compile(r"%config BertMagic\.\w+ = \w+, or ")
_LOAD = re.compile(r'%bert_load (?P<quoted>"(?:[^"\\]|\\.)*")|%bert_load (?P<name>[\w./~:-]*\w)')


def has_magics() -> bool:
    """Whether lines of code that are shown may be magics: everywhere but in marimo, whose cells are plain Python.

    marimo knows its notebook in the thread of a cell only. In others, such as that of a run, and in an app that runs as
    a script, the lack of an IPython shell tells.
    """
    marimo = sys.modules.get("marimo")
    return marimo is None or not (marimo.running_in_notebook() or _shell() is None)


def _shell() -> object:
    """Return IPython's shell, or None where there is none."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def without_magics(message: str) -> str:
    """Return a message of ours with functions in place of magics, and keywords in place of flags, where there are none.

    A flag has its value behind it, as in ``--train DATA``. Where there are magics the message stays as it is.
    """
    if ("%" not in message and "--" not in message) or has_magics():
        return message
    message = VALUED_FLAG.sub(lambda found: f"{found[1].replace('-', '_')} = {found[2]}", message)
    message = _CONFIG.sub("", message)  # what follows is the way that works everywhere
    message = _LOAD.sub(lambda found: f"bm.load({found['quoted'] or json.dumps(found['name'])})", message)
    return _MAGIC.sub(lambda found: FUNCTIONS.get(found[1], found[0]), message)
