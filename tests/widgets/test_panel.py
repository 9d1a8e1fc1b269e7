"""The panel without a browser: what its widgets stand for, and what its buttons do."""

import math
import threading

import pandas as pd
import pytest

import bertmagic as bm
from bertmagic import options
from bertmagic.errors import DataError, OptionError
from bertmagic.magics import body
from bertmagic.options.rates import rate_text
from bertmagic.run import jobs
from bertmagic.widgets import panel_form
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


def test_every_slider_has_the_range_and_the_help_of_the_table(opened):
    assert set(opened._controls) == set(panel_form.SLIDERS)
    for name, control in opened._controls.items():
        entry = panel_form.TABLE[name]
        assert control.description == name
        assert entry.help in control.tooltip
        ends = [getattr(control, end, None) for end in ("min", "max")]
        ends = [10**end for end in ends] if name == "lr" else ends
        for end in [*ends, *(getattr(control, "options", ()) if entry.kind == "int" else ())]:
            if isinstance(end, int | float) and entry.kind in ("int", "float"):
                assert entry.low <= end <= entry.high
    assert max(opened._controls["max_length"].options) == 64  # what the tiny encoder reads


def test_the_cell_and_the_estimate_move_with_the_sliders(opened):
    before, html = opened.estimate, opened._estimate_html.value
    opened._controls["epochs"].value = 2
    opened._controls["batch_size"].value = 16
    assert opened.estimate.steps == math.ceil(96 / 16) * 2 != before.steps
    assert opened._estimate_html.value != html
    assert opened._copy.text == opened.cell
    assert opened.cell.splitlines()[0] == "%%bert_finetune tuned"
    assert "train      = reviews" in opened.cell
    opened._controls["max_length"].value = 8
    assert opened.estimate.truncated > 0.5


def test_the_cell_reads_back_as_what_the_panel_would_run(opened, rows, encoder):
    opened.set(lr=2e-3, epochs=3, batch_size=8, max_length=16, warmup=0.1, weight_decay=0.1, freeze=1, seed=4)
    command = options.COMMANDS["bert_finetune"]
    given = body.assignments(opened.cell.partition("\n")[2], command, {"reviews": rows})
    read = options.read(options.Finetune, {name: one.value for name, one in given.items()})
    assert read.train is rows
    assert (read.lr, read.epochs, read.batch_size, read.max_length) == (2e-3, 3, 8, 16)
    assert (read.warmup, read.weight_decay, read.freeze, read.seed) == (0.1, 0.1, 1, 4)
    assert (read.text, read.label, read.model) == ("text", "label", str(encoder))
    opened.set(freeze=None, seed=0)
    assert "freeze" not in opened.cell
    assert "seed" not in opened.cell


def test_what_was_not_touched_follows_what_was_chosen(opened):
    assert opened._controls["lr"].value == pytest.approx(3e-5)
    opened._controls["adapt"].value = "lora"
    assert opened._controls["lr"].value == pytest.approx(5e-4)
    assert "lr" not in opened.values
    opened._controls["adapt"].value = "full"
    opened._controls["lr"].value = 1e-4
    opened._model.value = "minilm"
    with pytest.raises(OptionError, match="max_length = 1024 is more than the model reads: 512"):
        opened.set(max_length=1024)
    assert opened.values["lr"] if opened._defaults()["lr"] != 1e-4 else opened._controls["lr"].value == 1e-4
    assert max(opened._controls["max_length"].options) == 512
    assert 'model = "minilm"' not in opened.cell  # the default needs no line


def test_a_value_that_is_set_stays_and_may_lie_beyond_the_slider(opened):
    opened.set(epochs=opened._defaults()["epochs"], batch_size=2, lr=0.5)
    assert opened._defaults()["epochs"] != opened.values["epochs"]
    assert opened.values["lr"] == 0.5
    assert opened._controls["lr"].max == pytest.approx(math.log10(0.5))


def test_it_starts_shows_the_run_and_leaves_a_model(opened):
    started = []
    opened._started = started.append
    opened.set(epochs=2, lr=1e-3)
    opened.start()
    assert opened._start.disabled
    assert not opened._stop.disabled
    model = settle(opened)
    assert started == [opened.job]
    assert "finished at step 6 of 6" in repr(opened)
    assert model.card["options"]["lr"] == 1e-3
    words, curves, table = opened._frames.children
    assert "Finished after all" in words.value
    assert "<svg" in curves.value
    assert "<table" in table.value
    assert not opened._start.disabled
    tryout = opened._tryout
    assert tryout._inputs.layout.display == ""
    tryout.text.value = "the film was good"
    tryout.predict()
    assert "1 prediction by tuned" in tryout.shown.children[0].value
    tryout.evaluate()
    assert "macro F1" in tryout.shown.children[0].value
    tryout.rows.value = "nothing"
    tryout.evaluate()
    assert "nothing" in tryout.shown.children[0].value
    tryout.attend()
    assert type(tryout.shown.children[0]).__name__ == "AttentionView"


def test_stop_and_resume_and_start_pressed_twice(opened):
    opened.set(epochs=10, batch_size=2)
    reached = threading.Event()
    opened._started = lambda job: reached.set()
    opened.start()
    assert reached.wait(WAIT)
    opened.start()
    assert "running already" in opened._message.value
    assert len(jobs.running()) == 1
    while not opened.job.progress.step:
        opened.job.join(0.05)
    opened.stop()
    settle(opened)
    assert opened.job.progress.phase == "interrupted"
    at = opened.job.progress.step
    opened.start(resume=True)
    settle(opened)
    assert opened.job.progress.step == opened.job.progress.steps > at


def test_a_run_is_started_as_soon_as_the_buttons_allow_it(opened):
    opened.set(epochs=1)
    clicked = threading.Event()

    def click(change):
        if not change.new and not clicked.is_set():
            clicked.set()
            threading.Thread(target=opened.start).start()

    opened.start()
    first = opened.job
    opened._start.observe(click, "disabled")
    assert clicked.wait(WAIT)
    while opened.job is first and not opened._message.value:
        first.join(0.05)
    assert opened._message.value == ""
    settle(opened)
    assert opened.job is not first


def test_what_is_wrong_is_said_in_the_panel(opened):
    opened._name.value = "not a name"
    opened.start()
    assert "not a Python name" in opened._message.value
    assert opened.job is None
    opened._name.value = "tuned2"
    opened.start(resume=True)
    opened.job.join(WAIT)
    assert "no checkpoint to go on from" in opened._message.value
    assert not opened._start.disabled


def test_bad_input(opened, rows, encoder):
    with pytest.raises(OptionError, match="max_length = 128 is more than the model reads: 64"):
        opened.set(max_length=128)
    with pytest.raises(OptionError, match="lr = 5 is not between"):
        opened.set(lr=5)
    with pytest.raises(OptionError, match="no option 'speed'"):
        opened.set(speed=1)
    with pytest.raises(DataError, match="label"):
        bm.panel(rows[["text"]], model=str(encoder))


def listed(opened, role):
    control = opened._data._columns[role]
    return [value for _, value in control._options_full], control.value


def test_inferred_columns_are_chosen_in_lists_and_all_follows_another_choice(home, encoder, make_rows, monkeypatch):
    monkeypatch.setenv("BERTMAGIC_HOME", str(home))
    rows = make_rows().assign(note=[f"note {number}" for number in range(120)], mood=["sad", "glad", "calm"] * 40)
    opened = bm.panel(rows, label="label", model=str(encoder))
    assert listed(opened, "text") == (list(rows.columns), "text")
    assert listed(opened, "second text") == (["", *rows.columns], "")
    assert listed(opened, "label") == (list(rows.columns), "label")
    assert "text " not in opened.cell  # a run infers it
    before = opened._data._report_html.value
    opened._data.choose(label="mood", second_text="note")
    assert 'label = "mood"' in opened.cell
    assert 'text  = ["text", "note"]' in opened.cell
    assert opened._copy.text == opened.cell
    assert opened._data._report_html.value != before
    assert "glad" in opened._data._report_html.value
    assert opened._about.prepared.columns == {"text": ["text", "note"], "label": "mood"}


def test_a_choice_that_cannot_be_used_says_so_and_starts_nothing(opened):
    opened._data.choose(label="text")
    assert "text and label are both" in opened._data._report_html.value
    assert opened._estimate_html.value == ""
    assert opened.state.estimate is None
    opened.start()
    assert opened.job is None
    assert "text and label are both" in opened._message.value
    opened._data.choose(label="label")
    assert "The data: 120 rows, classification" in opened._data._report_html.value
    opened.set(epochs=1)
    opened.start()
    assert settle(opened) is not None


def test_other_rows_are_chosen_from_the_variables_and_samples(home, encoder, rows, monkeypatch):
    monkeypatch.setenv("BERTMAGIC_HOME", str(home))
    others = rows.rename(columns={"text": "review", "label": "stars"})
    names = {"_": others, "others": others, "mine": rows, "number": 3, "column": rows["text"]}
    opened = bm.panel(names=names, label="stars", model=str(encoder))
    assert opened._data._data.options[:3] == ("others", "mine", '"sample:entities"')
    assert "train = others" in opened.cell
    opened._data._data.value = "mine"
    assert "train = mine" in opened.cell
    assert "stars" not in opened.cell
    assert listed(opened, "label")[1] == "label"
    opened._data._data.value = '"sample:pairs"'
    assert 'train = "sample:pairs"' in opened.cell
    assert listed(opened, "second text")[1] == "hypothesis"
    opened._data._data.value = "others"
    assert 'label = "stars"' in opened.cell
    del names["mine"]
    opened._data._data.value = "mine"
    assert "mine" in opened._data.error
    assert opened.state.estimate is None


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
    assert opened._data.code == "mine"
    assert opened._data._data.options[:3] == ("mine", "many", "numbers")


def test_the_run_goes_on_without_its_variable(home, encoder, rows, monkeypatch):
    monkeypatch.setenv("BERTMAGIC_HOME", str(home))
    names = {"reviews": rows, "other": 1}
    opened = bm.panel(rows, label="label", model=str(encoder), names=names, sources={"train": "reviews"})
    opened.set(epochs=10, batch_size=2)
    opened.start()
    while not opened.job.progress.step:
        opened.job.join(0.05)
    del names["reviews"]
    opened.stop()
    model = settle(opened)
    assert opened.job.progress.phase == "interrupted"
    assert "reviews was deleted. The panel still has its rows" in opened._estimate_html.value
    opened._tryout.rows.value = "reviews"
    opened._tryout.evaluate()
    assert "reviews" in opened._tryout.shown.children[0].value
    opened.start(resume=True)
    assert settle(opened) is not model
    assert opened.job.progress.phase == "finished"


def test_a_learning_rate_is_found_and_taken(opened):
    opened.find_rate()
    assert opened._start.disabled
    assert not opened._stop.disabled
    opened.start()
    assert "running already" in opened._message.value
    assert opened._rate_search.join(WAIT)
    curve, take = opened._frames.children
    assert "Learning rate for tiny" in curve.value
    assert "<svg" in curve.value
    assert opened.job is None
    take.click()
    assert f"lr    = {rate_text(opened.values['lr'])}" in opened.cell
    assert not opened._start.disabled
    opened.find_rate()
    opened.stop()
    assert opened._rate_search.join(WAIT)
    assert "stopped before there was a rate" in opened._message.value


def test_its_static_face_says_its_state_and_that_it_lives_with_its_kernel(opened):
    markup = opened.state._repr_mimebundle_()["text/html"]
    assert "after a restart run the cell again" in markup
    assert "%%bert_finetune tuned" in markup
    assert "No run was started yet" in repr(opened)
    assert "<script" not in markup


def test_the_cell_is_inserted_by_a_call(opened, capsys):
    opened.insert_cell()
    assert opened.cell in capsys.readouterr().out
