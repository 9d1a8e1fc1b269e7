"""A shell of IPython with the magics, in this process."""

from contextlib import contextmanager

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from bertmagic.magics import register, unregister


@contextmanager
def shell_with(**names):
    """Give a fresh shell with some variables; it keeps no history."""
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config)
    register(shell)
    shell.user_ns |= names
    yield shell
    unregister(shell)
    InteractiveShell.clear_instance()


def run_cell(shell, cell):
    """Return the result of a cell and what it printed; its error is raised."""
    with capture_output() as captured:
        outcome = shell.run_cell(cell)
    if outcome.error_in_exec:
        raise outcome.error_in_exec
    return outcome.result, captured
