"""No name of a run or a model leads out of the folder of all runs, whatever way it comes in."""

import os
from types import SimpleNamespace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import bertmagic as bm
from bertmagic.errors import BertMagicError, OptionError
from bertmagic.options import Finetune
from bertmagic.options.names import folder_name, variable_name
from bertmagic.run import checkpoints, folders
from bertmagic.run.recorder import RunRecorder
from bertmagic.run.stopping import StopButton
from bertmagic.workflows import finetune

HOSTILE = (
    "../x", "../../x", "..", ".", "", "/etc/x", "a/b", "a\\b", "C:\\x", "C:x", "~/x", ".hidden", "trials/../../x",
    "x/trials/../..", "x/trials/3/..", "a\x00b", "a\nb", "a\x1b[31mb", "a\u202eb", "a\u2066b", "a\u2028b", "\ud800",
    "CON", "con.txt", "nul", "Lpt1", "com9", "x.", "x ", " x", "a|b", "a*b", "a?b", "x" * 81, "好" * 60,
)  # fmt: skip
WORDS = ("..", ".", "/", "\\", "x", "con", "nul.", "trials", " ", "\x00", "~", ":", "\u202e", "é", "好")
NAMES = st.lists(st.sampled_from(WORDS), max_size=8).map("".join) | st.text(max_size=120)


def accepted(check, name):
    """Return the name that a check accepts; None where it refuses it, in words that can be shown."""
    try:
        return check(name)
    except OptionError as error:
        shown = str(error)
    assert shown.replace("\n", "").isprintable()
    return None


@settings(max_examples=300, deadline=None)
@given(NAMES)
def test_a_folder_name_stays_in_its_folder(name):
    folder = accepted(folder_name, name)
    if folder is None:
        return
    assert os.path.normpath(os.path.join("runs", folder)) == os.path.join("runs", folder)  # noqa: PTH118
    assert os.path.split(folder) == ("", folder)
    assert not folder.startswith(".")
    assert folder.isprintable()
    assert len(folder.encode()) <= 150


@settings(max_examples=300, deadline=None)
@given(NAMES | st.from_regex(r"[^\W\d]\w{0,90}", fullmatch=True))
@example("ﬁne")
def test_a_variable_name_is_one_that_python_reads_the_same(name):
    variable = accepted(variable_name, name)
    if variable is None:
        return
    space = {}
    exec(f"{variable} = 1", space)
    assert space[variable] == 1
    assert variable == folder_name(variable)


@pytest.mark.parametrize("name", ["model", "sentiment_2", "größe", "模型", "Über9", "console", "x" * 80])
def test_ordinary_names_stay_what_they_are(name):
    assert variable_name(name) == folder_name(name) == name


@pytest.mark.parametrize("name", ["mini-bert", "v1.2", "two words"])
def test_a_run_that_is_no_variable_may_have_any_name_that_a_folder_has(name):
    assert folder_name(name) == name
    with pytest.raises(OptionError, match="not a Python name"):
        variable_name(name)


def entries(name):
    """Return each way that the name of a run or of a model comes in, by what it is."""
    from bertmagic.widgets.panel import panel

    rows = {"text": ["good", "bad"] * 10, "label": [1, 0] * 10}
    known = {"show": False, "name": name}
    running = SimpleNamespace(name=name, ending=False, done=False, model=None, started=None)
    return {
        "finetune": lambda: bm.finetune(rows, **known),
        "resume": lambda: bm.finetune(rows, resume=True, **known),
        "in the background": lambda: bm.finetune(rows, background=True, **known),
        "pretrain": lambda: bm.pretrain(rows, **known),
        "tune": lambda: bm.tune(rows, lr=bm.choice(1e-3, 1e-4), **known),
        "study": lambda: bm.tune(rows, lr=bm.choice(1e-3, 1e-4), show=False, study=name),
        "new_model": lambda: bm.new_model("tiny", vocab_from=rows["text"], name=name),
        "load": lambda: bm.load("minilm", name=name),
        "panel": lambda: panel(rows, name=name),
        "runs": lambda: bm.runs(name).records[0],
        "options made by hand": lambda: finetune.run(Finetune(train=rows, name=name), print, StopButton()),
        "resumed by hand": lambda: finetune.run(Finetune(train=rows, name=name, resume=True), print, StopButton()),
        "a run's record": lambda: RunRecorder(name, {}, {}),
        "a run's model": lambda: folders.made_folder(name),
        "a job": lambda: checkpoints.best_folder(running.name),
    }


@pytest.mark.parametrize("what", entries("x"))
def test_a_hostile_name_is_refused_and_writes_nothing(own_folder, monkeypatch, what):
    inside = own_folder / "a" / "b" / "c"
    monkeypatch.setenv("BERTMAGIC_HOME", str(inside / "home"))
    inside.mkdir(parents=True)
    for name in HOSTILE:
        if what == "runs" and name == "":
            continue  # all runs
        with pytest.raises((BertMagicError, IndexError)):
            entries(name)[what]()
        assert [path for path in own_folder.rglob("*") if path not in (*inside.parents, inside)] == [], name


LINES = (
    "%%bert_finetune {}", "%%bert_pretrain {}", "%%bert_tune {}", "%bert_load minilm --as {}", "%bert_unload {}",
    "%bert_runs {}", "%bert_compare {} other data",
)  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_a_magic_refuses_a_hostile_name(own_folder, monkeypatch, line):
    from IPython.core.interactiveshell import InteractiveShell

    from bertmagic.magics import register

    monkeypatch.setenv("BERTMAGIC_HOME", str(own_folder / "a" / "home"))
    shell = InteractiveShell()
    register(shell)
    shell.user_ns |= {"data": {"text": ["good", "bad"], "label": [1, 0]}}
    magic, _, rest = line.partition(" ")
    for name in ("../x", "/etc/x", ".hidden", "con", "x" * 81):
        cell = ("train = data\nlr = log(1e-5, 1e-3)" if "tune" in magic else "train = data",)
        run, body = (shell.run_cell_magic, cell) if magic.startswith("%%") else (shell.run_line_magic, ())
        with pytest.raises(BertMagicError):
            run(magic.lstrip("%"), rest.format(name), *body)
        assert [path.name for path in own_folder.rglob("*") if path.name not in ("a", "home")] == []
