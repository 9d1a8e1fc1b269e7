"""The panel gets odd values from the page: none raises, hangs, or leaves it in a state that cannot be used."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bertmagic as bm
from bertmagic.display.attention.settings import NAMES
from bertmagic.errors import MOST
from bertmagic.widgets import panel_form
from bertmagic.widgets.panel_widget import Panel

from .odd import deep
from .rule import quick

TEXTS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["", "\ud83d", "a\0b", "nan", "1e999", "9" * 300, "x" * 300_000, "<b>", "text"]),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), TEXTS, st.sampled_from([10**4000, 2**53, -1]),
)  # fmt: skip
VALUES = st.one_of(
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)),
    st.sampled_from([400, 900]).map(deep), st.just(deep(900, dict)),
)  # fmt: skip
CHOSEN = st.one_of(
    VALUES, st.dictionaries(st.sampled_from(panel_form.FIELDS) | TEXTS, VALUES, max_size=4),
)  # fmt: skip
ACTIONS = st.sampled_from(["stop", "data", "column", "predict", "attend", "evaluate"]) | VALUES
PRESS = st.fixed_dictionaries(
    {},
    optional={
        "number": st.integers(0, 50) | VALUES,
        "action": ACTIONS,
        "text": VALUES | st.sampled_from(["", "the film was good"]),
        "role": VALUES | st.sampled_from(["text", "label", "second text"]),
        "more": VALUES,
    },
)
VIEWED = st.one_of(
    VALUES,
    st.dictionaries(st.sampled_from(["number", *NAMES]) | TEXTS, st.integers(0, 3) | VALUES, max_size=4),
)
STATES = st.fixed_dictionaries(
    {},
    optional={
        "chosen": CHOSEN,
        "presses": st.lists(PRESS | VALUES, max_size=3) | VALUES,
        "viewed": VIEWED,
        "_heard": VALUES,
        "_run": VALUES,
        "unknown": VALUES,
    },
)
RAW = re.compile(r"\b(?!(?:Option|Data|Model|File|Device|Training)Error)[A-Z]\w+(?:Error|Exception|Warning): ")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def panel(home, encoder, learnt, rows, monkeypatch):
    """A panel with a trained model, whose buttons start nothing."""
    monkeypatch.setenv("BERTMAGIC_HOME", str(home))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    for button in ("start", "find_rate"):
        monkeypatch.setattr(Panel, button, lambda self, **given: None)
    panel = bm.panel(rows, text="text", label="label", model=str(encoder), sources={"train": "reviews"})
    panel.tryout.offer(learnt)
    return panel


def check(panel, state):
    """Assert that the panel is in a state that can be used, and hears the next press."""
    for name, value in panel.values.items():
        assert panel.run.checked(name, value) is not None, state
    panel.cell.encode()
    repr(panel).encode()
    for message in panel._problems.values():
        assert len(message) <= MOST, state
    assert not RAW.search(str(panel._run["message"])), (state, panel._run["message"])
    mine = {name: getattr(panel, name) for name in panel.keys if name.startswith("_") and name.strip("_") == name[1:]}
    shown = {name: mine[name] for name in mine if name in panel.traits(sync=True) and name not in ("_esm", "_css")}
    json.dumps({name: value for name, value in shown.items() if isinstance(value, dict | list | str | int)},
               allow_nan=False, ensure_ascii=False).encode()  # fmt: skip
    number = panel._heard + 1
    panel.set_state({"presses": [{"number": number, "action": "stop"}]})
    assert panel._heard == number, state


def pour(panel, examples):
    @quick(examples)
    @given(st.lists(STATES, min_size=1, max_size=3))
    def poured(states):
        panel.presses, panel._heard = [], 0  # so that the small numbers of presses are heard
        for state in states:
            panel.set_state(state)
            check(panel, state)

    poured()


def test_odd_values_from_the_page_leave_the_panel_usable(panel):
    pour(panel, 60)


@pytest.mark.soak
def test_many_odd_values_from_the_page(panel):
    pour(panel, 5_000)


@pytest.mark.parametrize("number", [True, 2**53, 10**4000, 1e300, float("nan"), "7", None, [1]])
def test_a_press_with_an_odd_number_is_not_heard_and_blocks_no_other(panel, number):
    panel.set_state({"presses": [{"number": number, "action": "stop"}]})
    assert panel._heard == 0
    panel.set_state({"presses": [*panel.presses, {"number": 1, "action": "stop"}]})
    assert panel._heard == 1
    assert panel.presses == [{"number": 1, "action": "stop"}]
