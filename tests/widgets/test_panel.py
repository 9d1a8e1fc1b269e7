"""The panel without a browser: what its form describes, what it takes from a browser, and what its buttons do."""

import json
import math
import sys
import threading
from types import SimpleNamespace

import anywidget
import pandas as pd
import pytest

import bertmagic as bm
from bertmagic import options
from bertmagic.errors import DataError, OptionError
from bertmagic.magics import body
from bertmagic.options.rates import rate_text
from bertmagic.run import jobs
from bertmagic.widgets import panel_form
from bertmagic.widgets.panel_view import PanelView
from tests import strangers

WAIT = 120


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home where the tiny encoder was timed once."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def opened(home, encoder, rows, monkeypatch):
    """A panel for 120 rows and the tiny encoder."""
    monkeypatch.setenv("BERTMAGIC_HOME", str(home))
    panel = bm.panel(rows, text="text", label="label", model=str(encoder), sources={"train": "reviews"})
    yield panel
    if panel.job is not None:
        panel.stop()
        panel.job.join(WAIT)


def settle(opened):
    assert opened.job.join(WAIT)
    return opened.model


def press(opened, action, **words):
    """Press a button as the browser does."""
    press = {"number": opened._heard + 1, "action": action, **words}
    opened.set_state({"presses": [*opened.presses[-7:], press]})


def controls(opened):
    groups = [opened._spec["first"], *opened._spec["more"]]
    return {control["name"]: control for group in groups for control in group["controls"]}


def column(opened, role):
    """Return the choices of a role's list and the chosen one."""
    (found,) = [one for one in opened._data["roles"] if one["role"] == role]
    return [value for value, _ in found["choices"]], found["value"]


def test_it_is_one_widget_whose_form_is_described_by_the_table_of_options(opened):
    assert isinstance(opened, anywidget.AnyWidget)
    described = controls(opened)
    assert tuple(described) == panel_form.FIELDS
    assert json.loads(json.dumps(described)) == described
    for name, control in described.items():
        entry = panel_form.TABLE[name]
        assert (control["help"], control["reason"]) == (entry.help, entry.reason)
        ends = [control[end] for end in ("low", "high") if end in control]
        for end in [*ends, *control.get("stops", ())]:
            assert entry.low <= end <= entry.high
        if control["kind"] == "choice" and name not in ("metric", "freeze") and entry.kind == "choice":
            assert [value for value, _ in control["choices"] if value is not None] == list(entry.choices)


@pytest.mark.parametrize("adapt", ["full", "lora", "head"])
def test_no_slider_stands_at_its_end_by_default(opened, adapt):
    opened.set(adapt=adapt)
    opened._show_data()
    sliders = [one for one in controls(opened).values() if one["kind"] in ("log", "linear", "stops")]
    assert {"lr", "epochs", "batch_size", "max_length", "warmup", "weight_decay"} <= {one["name"] for one in sliders}
    for control in sliders:
        low, *_, high = control.get("stops") or [control["low"], control["high"]]
        assert low < opened._defaults[control["name"]] < high, control["name"]


def test_the_cell_the_estimate_and_that_of_each_model_move_with_the_sliders(opened):
    before, shown, menu = opened.estimate, opened._estimate, opened._models
    opened.set_state({"chosen": {"epochs": 2, "batch_size": 16}})
    assert opened.estimate.steps == math.ceil(96 / 16) * 2 != before.steps
    assert opened._estimate != shown
    assert [value for value, _ in opened._models] == [value for value, _ in menu]
    assert all(now != then for (_, now), (_, then) in zip(opened._models[1:], menu[1:], strict=True))
    assert opened._cell == opened.cell
    assert opened.cell.splitlines()[0] == "%%bert_finetune tuned"
    assert "train      = reviews" in opened.cell
    opened.set(max_length=8)
    assert opened.estimate.truncated > 0.5
    assert "measured with" not in opened._estimate
    opened.set(adapt="lora", freeze=1)
    assert "Time and memory were measured with the defaults of adapt, freeze." in opened._estimate


def test_the_cell_reads_back_as_what_the_panel_would_run(opened, rows, encoder):
    opened.set(lr=2e-3, epochs=3, batch_size=8, max_length=16, warmup=0.1, weight_decay=0.1, freeze=1, seed=4)
    opened.set(long_text="window", stride=4, class_weights="balanced", calibrate=False, validation=0.25, keep="last")
    command = options.COMMANDS["bert_finetune"]
    given = body.assignments(opened.cell.partition("\n")[2], command, {"reviews": rows})
    read = options.read(options.Finetune, {name: one.value for name, one in given.items()})
    assert read.train is rows
    assert (read.lr, read.epochs, read.batch_size, read.max_length) == (2e-3, 3, 8, 16)
    assert (read.warmup, read.weight_decay, read.freeze, read.seed) == (0.1, 0.1, 1, 4)
    assert (read.long_text, read.stride, read.class_weights, read.calibrate) == ("window", 4, "balanced", False)
    assert (read.validation, read.keep) == (0.25, "last")
    assert (read.text, read.label, read.model) == ("text", "label", str(encoder))
    opened.set(freeze=None, seed=0)
    assert "freeze" not in opened.cell
    assert "seed" not in opened.cell


def test_in_marimo_the_cell_is_a_call(opened, rows, encoder, monkeypatch):
    monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace(running_in_notebook=lambda: True))
    opened.set(lr=2e-3, epochs=3, class_weights="balanced", calibrate=False)
    given = {}
    finetune = SimpleNamespace(finetune=lambda **options: given.update(options))
    exec(opened.cell, {"bm": finetune, "reviews": rows})
    assert opened._cell.startswith("tuned = bm.finetune(")
    assert given.pop("train") is rows
    assert given == {
        "text": "text", "label": "label", "model": str(encoder), "name": "tuned", "lr": 2e-3, "epochs": 3,
        "class_weights": "balanced", "calibrate": False,
    }  # fmt: skip
    opened.tryout.model = SimpleNamespace(name="tuned")
    lines = [line for _, line in opened.tryout.spec()["steps"]]
    assert lines[0] == 'bm.load("tuned").predict("I would buy it again")'
    for line in lines:
        compile(line, "a cell", "eval")


def test_what_was_not_touched_follows_what_was_chosen(opened):
    assert opened._defaults["lr"] == pytest.approx(3e-5)
    opened.set(adapt="lora")
    assert opened._defaults["lr"] == pytest.approx(5e-4)
    assert "lr" not in opened.values
    opened.set(adapt="full", lr=1e-4, model="bert")
    assert opened.values["lr"] == 1e-4
    with pytest.raises(OptionError, match="max_length = 1024 is more than the model reads: 512"):
        opened.set(max_length=1024)
    assert controls(opened)["max_length"]["limit"] == 512
    opened.set(model="minilm")
    assert 'model = "minilm"' not in opened.cell  # the default needs no line
    assert "lr" not in opened.values  # it is what minilm has by default


def test_what_a_run_takes_by_itself_is_said(opened):
    assert opened._automatic == {
        "metric": "by default: macro_f1", "keep": "by default: last", "validation": "by default: 0.2",
        "calibrate": "by default: no", "lora_alpha": "by default: 16",
    }  # fmt: skip
    opened.set(metric="accuracy", lora_rank=4)
    assert opened._automatic["keep"] == "by default: best"  # who chooses a metric has weights chosen by it
    assert opened._automatic["validation"] == "by default: 0.1"
    assert opened._automatic["lora_alpha"] == "by default: 8"
    assert "metric" not in opened._automatic


def test_a_value_that_is_set_stays_and_may_lie_beyond_the_slider(opened):
    opened.set(epochs=opened._defaults["epochs"], batch_size=2, lr=0.5)
    assert opened._defaults["epochs"] != opened.values["epochs"]
    assert opened.values["lr"] == 0.5


def test_an_option_goes_back_to_its_default(opened):
    opened.set(epochs=2, warmup=0.2)
    opened.set(epochs=None)
    assert opened.chosen == {"warmup": 0.2}
    opened.set_state({"chosen": {}})
    assert opened.values == {"model": opened._defaults["model"]}


STRANGE = [
    None, True, "", "nan", "1e999", "9" * 5000, [1], {"a": 1}, -1, 10**30, "<b>", "__import__('os')", 1.5, float("nan"),
    "../../etc/passwd", "log(1, 2)",
]  # fmt: skip


def test_a_value_from_the_browser_is_an_option_or_a_problem(opened):
    """Nothing that it may send raises, is opened as a file, or becomes a value that a run would not take."""
    for name, value in [(name, value) for value in STRANGE for name in panel_form.FIELDS]:
        opened.set_state({"chosen": {name: value, "no such option": value}})
        held = (opened.values | {"name": opened.run.name}).get(name)
        if held is not None:
            assert options.check(panel_form.TABLE[name], held) == held
        assert all(len(problem) < 400 for problem in opened._problems.values())
        shown = {name: getattr(opened, name) for name in TO_BROWSER}
        json.dumps(shown, allow_nan=False)


TO_BROWSER = PanelView.class_own_traits(sync=True).keys() - PanelView.FROM_BROWSER


def test_a_problem_is_shown_and_starts_nothing(opened):
    opened.set_state({"chosen": {"lr": "fast", "metric": "rmse"}})
    assert opened._problems["lr"] == "lr = 'fast' is not a number."
    assert "not a metric" in opened._problems["metric"]
    opened.start()
    assert opened.job is None
    assert "'fast' is not a number" in opened._run["message"].replace("&#39;", "'")


def test_the_browser_writes_what_it_may_write_and_nothing_else(opened):
    before = {name: getattr(opened, name) for name in TO_BROWSER}
    for value in ("<img src=x>", 7, {"state": "run"}, [["<img src=x>"]]):
        opened.set_state(dict.fromkeys(before, value))
    opened.set_state({"presses": [None, "start", {"action": "start"}, {"number": "1", "action": "start"}]})
    press(opened, "__init__")
    press(opened, "predict", text="good")  # there is no model yet
    press(opened, "data", text="../../etc/passwd")
    press(opened, "column", role="label", text="no such column")
    press(opened, "column", role="__class__", text="text")
    after = {name: getattr(opened, name) for name in before}
    assert {name for name in before if before[name] != after[name]} == {"_heard"}
    assert opened.job is None


def test_it_starts_shows_the_run_and_leaves_a_model(opened):
    started = []
    opened._started = started.append
    opened.set(epochs=2, lr=1e-3)
    press(opened, "start")
    assert opened._run["state"] == "run"
    model = settle(opened)
    assert started == [opened.job]
    assert "finished at step 6 of 6" in repr(opened)
    assert model.card["options"]["lr"] == 1e-3
    words, curves, table = opened._frames
    assert "Finished after all" in words
    assert "<svg" in curves
    assert "<table" in table
    assert opened._run["state"] == "idle"
    assert opened._trial["model"] == "tuned"
    assert "macro F1" in opened._answer  # the report
    assert [line.split()[0] for _, line in opened._trial["steps"]] == [
        "%bert_predict", "%bert_evaluate", "%bert_attention", "%bert_save",
    ]  # fmt: skip
    press(opened, "predict", text="the film was good")
    assert "1 prediction by tuned" in opened._answer
    press(opened, "evaluate", text="nothing")
    assert "nothing" in opened._answer
    press(opened, "evaluate", text="")
    assert "macro F1" in opened._answer
    press(opened, "attend", text="the film was good")
    assert "Attention of tuned" in opened._answer


def test_stop_and_resume_and_start_pressed_twice(opened):
    opened.set(epochs=3, batch_size=2)
    reached = threading.Event()
    opened._started = lambda job: reached.set()
    press(opened, "start")
    assert reached.wait(WAIT)
    press(opened, "start")
    assert "running already" in opened._run["message"]
    assert len(jobs.running()) == 1
    while not opened.job.progress.step:
        opened.job.join(0.005)
    press(opened, "stop")
    assert opened._run["stopping"] or opened._run["state"] == "idle"
    settle(opened)
    assert opened.job.progress.phase == "interrupted"
    at = opened.job.progress.step
    press(opened, "resume")
    settle(opened)
    assert opened.job.progress.step == opened.job.progress.steps > at


def test_presses_that_come_in_one_message_all_count(opened):
    """A front end joins messages while the kernel is busy."""
    opened.set_state({
        "chosen": {"epochs": 1},
        "presses": [{"number": 3, "action": "stop"}, {"number": 4, "action": "start"}],
    })  # fmt: skip
    assert opened.job is not None
    assert settle(opened).card["options"]["epochs"] == 1
    job = opened.job
    opened.set_state({"presses": [{"number": 4, "action": "start"}]})  # that was heard already
    assert opened.job is job


def test_a_run_is_started_as_soon_as_the_buttons_allow_it(opened):
    opened.set(epochs=1)
    clicked = threading.Event()

    def click(change):
        if change.new["state"] == "idle" and not clicked.is_set():
            clicked.set()
            threading.Thread(target=opened.start).start()

    opened.start()
    first = opened.job
    opened.observe(click, "_run")
    assert clicked.wait(WAIT)
    while opened.job is first and not opened._run["message"]:
        first.join(0.05)
    assert opened._run["message"] == ""
    settle(opened)
    assert opened.job is not first


def test_what_is_wrong_is_said_in_the_panel(opened):
    opened.set_state({"chosen": {"name": "not a name"}})
    opened.start()
    assert "not a Python name" in opened._run["message"]
    assert opened.job is None
    opened.set_state({"chosen": {"name": "tuned2"}})
    opened.start(resume=True)
    opened.job.join(WAIT)
    assert "no checkpoint to go on from" in opened._run["message"]
    assert opened._run["state"] == "idle"


def test_bad_input(opened, rows, encoder):
    with pytest.raises(OptionError, match="max_length = 128 is more than the model reads: 64"):
        opened.set(max_length=128)
    with pytest.raises(OptionError, match="lr = 5 is not between"):
        opened.set(lr=5)
    with pytest.raises(OptionError, match="no option 'speed'"):
        opened.set(speed=1)
    with pytest.raises(OptionError, match="not in the list"):
        opened.set(model="/etc")
    with pytest.raises(OptionError, match="no role 'mood'"):
        opened.choose(mood="text")
    with pytest.raises(DataError, match="label"):
        bm.panel(rows[["text"]], model=str(encoder))


def test_inferred_columns_are_chosen_in_lists_and_all_follows_another_choice(home, encoder, make_rows, monkeypatch):
    monkeypatch.setenv("BERTMAGIC_HOME", str(home))
    rows = make_rows().assign(note=[f"note {number}" for number in range(120)], mood=["sad", "glad", "calm"] * 40)
    opened = bm.panel(rows, label="label", model=str(encoder))
    assert opened.cell.splitlines()[1] == "train = rows"
    assert column(opened, "text") == (list(rows.columns), "text")
    assert column(opened, "second text") == (["", *rows.columns], "")
    assert column(opened, "label") == (list(rows.columns), "label")
    assert "text " not in opened.cell  # a run infers it
    before = opened._data["report"]
    press(opened, "column", role="label", text="mood")
    opened.choose(second_text="note")
    assert 'label = "mood"' in opened.cell
    assert 'text  = ["text", "note"]' in opened.cell
    assert opened._cell == opened.cell
    assert opened._data["report"] != before
    assert "glad" in opened._data["report"]
    assert column(opened, "second text")[1] == "note"
    assert opened.data.about.prepared.columns == {"text": ["text", "note"], "label": "mood"}


def test_a_choice_that_cannot_be_used_says_so_and_starts_nothing(opened):
    press(opened, "column", role="label", text="text")
    assert "text and label are both" in opened._data["error"]
    assert opened._estimate == ""
    assert opened.state.estimate is None
    opened.start()
    assert opened.job is None
    assert "text and label are both" in opened._run["message"]
    press(opened, "column", role="label", text="label")
    assert "The data: 120 rows, classification" in opened._data["headline"]
    opened.set(epochs=1)
    opened.start()
    assert settle(opened) is not None


def test_other_rows_are_chosen_from_the_variables_and_samples(home, encoder, rows, monkeypatch):
    monkeypatch.setenv("BERTMAGIC_HOME", str(home))
    others = rows.rename(columns={"text": "review", "label": "stars"})
    names = {"_": others, "others": others, "mine": rows, "number": 3, "column": rows["text"]}
    opened = bm.panel(names=names, label="stars", model=str(encoder))
    assert opened._data["choices"][:3] == ["others", "mine", '"sample:entities"']
    assert "train = others" in opened.cell
    press(opened, "data", text="mine")
    assert "train = mine" in opened.cell
    assert "stars" not in opened.cell
    assert column(opened, "label")[1] == "label"
    press(opened, "data", text='"sample:pairs"')
    assert 'train = "sample:pairs"' in opened.cell
    assert column(opened, "second text")[1] == "hypothesis"
    press(opened, "data", text="others")
    assert 'label = "stars"' in opened.cell
    del names["mine"]
    press(opened, "data", text="mine")
    assert "train = others" in opened.cell  # the list in the browser was from before
    assert "mine" not in opened._data["choices"]


def test_strangers_among_the_variables_are_never_asked_and_a_table_without_texts_is_passed_over(
    home, encoder, rows, monkeypatch
):
    monkeypatch.setenv("BERTMAGIC_HOME", str(home))
    many = pd.DataFrame(index=pd.RangeIndex(10**9))
    numbers = pd.DataFrame({"height": [1.5, 2.5], "width": [0.5, 1.0]})
    names = {**strangers.objects(), "many": many, "numbers": numbers, "mine": rows}
    strangers.ASKED.clear()
    opened = bm.panel(names=names, label="label", model=str(encoder))
    assert strangers.ASKED == []
    assert opened.data.code == "mine"
    assert opened._data["choices"][:3] == ["mine", "many", "numbers"]


def test_the_run_goes_on_without_its_variable(home, encoder, rows, monkeypatch):
    monkeypatch.setenv("BERTMAGIC_HOME", str(home))
    names = {"reviews": rows, "other": 1}
    opened = bm.panel(rows, label="label", model=str(encoder), names=names, sources={"train": "reviews"})
    opened.set(epochs=3, batch_size=2)
    opened.start()
    while not opened.job.progress.step:
        opened.job.join(0.005)
    del names["reviews"]
    opened.stop()
    model = settle(opened)
    assert opened.job.progress.phase == "interrupted"
    assert "reviews was deleted. The panel still has its rows" in opened._estimate
    press(opened, "evaluate", text="reviews")
    assert "reviews" in opened._answer
    opened.start(resume=True)
    assert settle(opened) is not model
    assert opened.job.progress.phase == "finished"


def test_a_learning_rate_is_found_and_taken(opened):
    press(opened, "find")
    assert opened._run["state"] == "search"
    opened.start()
    assert "running already" in opened._run["message"]
    assert opened._rate_search.join(WAIT)
    (curve,) = opened._frames
    assert "Learning rate for tiny" in curve
    assert "<svg" in curve
    assert opened.job is None
    opened.set(lr=opened._run["rate"])
    assert f"lr    = {rate_text(opened.values['lr'])}" in opened.cell
    assert opened._run["state"] == "idle"
    opened.find_rate()
    opened.stop()
    assert opened._rate_search.join(WAIT)
    assert "stopped before there was a rate" in opened._run["message"]


def test_its_static_face_says_its_state_and_that_it_lives_with_its_kernel(opened):
    markup = opened.state._repr_mimebundle_()["text/html"]
    assert "after a restart run the cell again" in markup
    assert "a live panel below them is newer" in markup  # where each output has a frame, it cannot hide them
    assert "%%bert_finetune tuned" in markup
    assert "No run was started yet" in repr(opened)
    assert "<script" not in markup


def test_the_cell_is_inserted_by_a_call(opened, capsys):
    opened.insert_cell()
    assert opened.cell in capsys.readouterr().out
