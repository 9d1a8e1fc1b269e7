import subprocess
import sys

from bertmagic.magics import register, unregister
from bertmagic.magics.settings import BertMagic
from bertmagic.options import COMMANDS

LOAD = """
import sys
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config
config = Config()
config.HistoryManager.enabled = False
shell = InteractiveShell.instance(config=config)
from IPython.core.completer import provisionalcompleter
shell.run_cell("%load_ext bertmagic")
with provisionalcompleter():
    completions = [item.text for item in shell.Completer.completions("%bert_predict 'x' -m mini", 25)]
assert completions == ["minilm"], completions
shell.run_cell("%bert_finetune --help;")
heavy = {"torch", "transformers", "datasets", "pandas", "plotly", "ipywidgets", "anywidget", "sklearn"}
print("RESULT", *sorted(heavy & set(sys.modules)))
"""


def state(shell):
    manager = shell.magics_manager
    return (
        dict(manager.magics["line"]), dict(manager.magics["cell"]), set(vars(manager.user_magics)),
        list(shell.Completer.custom_matchers), [entry for entry in shell.configurables if isinstance(entry, BertMagic)],
    )  # fmt: skip


def test_unload_takes_everything_away(shell):
    unregister(shell)
    before = state(shell)
    register(shell)
    assert state(shell) != before
    for magic in COMMANDS:
        assert shell.find_line_magic(magic)
        assert shell.find_cell_magic(magic)
    unregister(shell)
    assert state(shell) == before


def test_loading_twice_is_loading_once(shell):
    before = [len(part) for part in state(shell)]
    register(shell)
    assert [len(part) for part in state(shell)] == before


def test_the_extension_loads_reloads_and_unloads(shell, run):
    unregister(shell)
    for cell in ("%load_ext bertmagic", "%reload_ext bertmagic", "%bert_status", "%unload_ext bertmagic"):
        assert run(cell).error is None
    assert run("%bert_status").error is not None
    assert len(shell.Completer.custom_matchers) == 0


def test_a_magic_can_load_the_extension_on_first_use(shell, run):
    unregister(shell)
    shell.magics_manager.register_lazy("bert_status", "bertmagic")
    assert str(run("%bert_status").result) == "what status returns"


def test_loading_says_nothing_and_imports_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.split("RESULT")[1].split() == []
