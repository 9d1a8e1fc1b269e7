"""The IPython side: parsing lines and cell bodies, completion, settings, and the magics themselves.

``line`` and ``body`` parse the text, ``names`` resolves words in the user's namespace, ``request`` puts them together,
and ``shell`` runs the command. A new magic is a class of options under
`@command(…)` in `bertmagic.options.commands`; no module here changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bertmagic.display import publish
from bertmagic.magics import complete, semicolon, unknown
from bertmagic.magics.settings import BertMagic
from bertmagic.magics.shell import magic
from bertmagic.options import COMMANDS

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["register", "unregister"]


def register(shell: InteractiveShell) -> None:
    """Register the magics, their completion and ``%config BertMagic``; a second call changes nothing."""
    unregister(shell)
    settings = BertMagic(parent=shell)
    shell.configurables.append(settings)
    for command in COMMANDS.values():
        shell.register_magic_function(magic(shell, command, settings.defaults), "line_cell", command.magic)
    complete.attach(shell)
    semicolon.attach(shell)
    unknown.attach(shell)
    shell.events.register("pre_run_cell", publish.cell_begins)


def unregister(shell: InteractiveShell) -> None:
    """Remove everything that `register` added."""
    complete.detach(shell)
    semicolon.detach(shell)
    unknown.detach(shell)
    if publish.cell_begins in shell.events.callbacks["pre_run_cell"]:
        shell.events.unregister("pre_run_cell", publish.cell_begins)
    for settings in [entry for entry in shell.configurables if isinstance(entry, BertMagic)]:
        settings.reset()
        shell.configurables.remove(settings)
    manager = shell.magics_manager
    for name in COMMANDS:
        for kind in ("line", "cell"):
            manager.magics[kind].pop(name, None)
        vars(manager.user_magics).pop(name, None)
