"""All that knows IPython: reading lines, completion, settings and publishing.

``line`` and ``body`` read what was typed, ``names`` what the words mean, ``request`` puts them together, ``shell``
runs it. A new magic is an entry of `bertmagic.options.COMMANDS`; nothing here needs to know of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.magics import complete
from bertmagic.magics.settings import BertMagic
from bertmagic.magics.shell import magic
from bertmagic.options import COMMANDS

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["register", "unregister"]


def register(shell: InteractiveShell) -> None:
    """Give a shell the magics, their completion and ``%config BertMagic``; doing so again changes nothing."""
    unregister(shell)
    settings = BertMagic(parent=shell)
    shell.configurables.append(settings)
    for command in COMMANDS.values():
        shell.register_magic_function(magic(shell, command, settings.defaults), "line_cell", command.magic)
    complete.attach(shell)


def unregister(shell: InteractiveShell) -> None:
    """Take away everything that `register` gave."""
    complete.detach(shell)
    for settings in [entry for entry in shell.configurables if isinstance(entry, BertMagic)]:
        settings.reset()
        shell.configurables.remove(settings)
    manager = shell.magics_manager
    for name in COMMANDS:
        for kind in ("line", "cell"):
            manager.magics[kind].pop(name, None)
        vars(manager.user_magics).pop(name, None)
