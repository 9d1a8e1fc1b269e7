"""The panel in Chromium, answered by the Python that a kernel runs: by mouse, by keyboard, by screen reader, narrow."""

import json
from pathlib import Path

import pandas as pd
import pytest

import bertmagic as bm
from bertmagic.options.rates import rate_text
from bertmagic.widgets import panel_form
from bertmagic.widgets.panel_view import PanelView

from ..browser.axe import violations
from .hostile import CALLS, MARKUP, TOKENS
from .panel_page import PanelPage

pytestmark = pytest.mark.browser

WAIT = 120
HIT = "() => Boolean(window.hit) || document.title === 'hit'"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def make(home, encoder, rows, monkeypatch):
    monkeypatch.setenv("BERTMAGIC_HOME", str(home))
    return lambda **given: bm.panel(**{"data": rows, "label": "label", "model": str(encoder)} | given)


@pytest.fixture
def show(chromium):
    """Return a function that opens a panel in a page; no page may have met an error or fetched anything."""
    pages = []

    def opened(panel, **given):
        pages.append(PanelPage(chromium, panel, **given))
        pages[-1].settle()
        return pages[-1]

    yield opened
    for page in pages:
        assert page.errors == []
        assert page.requests == []
        page.close()


@pytest.fixture(scope="module")
def ended(home, encoder, make_rows):
    """A panel whose run has ended."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BERTMAGIC_HOME", str(home))
        panel = bm.panel(make_rows(120), label="label", model=str(encoder))
        panel.set(epochs=1)
        panel.start()
        assert panel.job.join(WAIT)
        panel.tryout.predict("the film was good")
        panel._show_answer()
    return panel


def unfold(page):
    for summary in page.page.locator("summary").all():
        summary.click()
    page.page.get_by_role("button", name="About lr", exact=True).click()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_with_all_of_it_open(make, show, dark):
    panel = make()
    panel.set_state({"chosen": {"lr": "fast", "warmup": 0.2, "adapt": "lora"}})
    page = show(panel, dark=dark)
    unfold(page)
    assert page.page.locator(".bm-problem:not(:empty)").count() == 1
    assert violations(page.page, ".bm-panel") == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_after_a_run(ended, show, dark):
    page = show(ended, dark=dark)
    unfold(page)
    assert page.page.locator(".bm-steps li").count() == 4
    assert violations(page.page, ".bm-panel") == []


def test_every_control_has_its_name_and_its_help(make, show):
    page = show(make())
    unfold(page)
    for name in panel_form.FIELDS:
        control = page.page.get_by_label(name, exact=True)
        words = control.evaluate(
            "node => node.getAttribute('aria-describedby').split(' ')"
            ".map((id) => document.getElementById(id).textContent).join(' ')"
        )
        entry = panel_form.TABLE[name]
        assert entry.help in words
        assert entry.reason in words


def test_keys_move_a_slider_and_everything_follows(make, show):
    page = show(make())
    lr, menu = page.page.get_by_label("lr", exact=True), page.page.get_by_label("model", exact=True)
    cost = menu.locator("option").nth(1).inner_text()
    lr.focus()
    page.page.keyboard.press("ArrowRight")
    page.settle()
    value = page.panel.values["lr"]
    assert 3e-5 < value < 3.5e-5
    assert lr.get_attribute("aria-valuetext") == rate_text(value)
    assert f"lr    = {rate_text(value)}" in page.text("pre")
    assert "changed; default: 3e-5" in page.row("lr").inner_text()
    epochs = page.page.get_by_label("epochs", exact=True)
    epochs.focus()
    page.page.keyboard.press("End")
    page.settle()
    assert page.panel.values["epochs"] == 20
    assert menu.locator("option").nth(1).inner_text() != cost
    batch = page.page.get_by_label("batch_size", exact=True)
    batch.focus()
    page.page.keyboard.press("ArrowRight")
    page.settle()
    assert page.panel.values["batch_size"] == 64
    longest = page.page.get_by_label("max_length", exact=True)
    longest.focus()
    page.page.keyboard.press("End")  # the model reads 64 tokens, and the slider goes on to 128
    page.settle()
    assert "max_length" not in page.panel.values
    assert longest.get_attribute("aria-valuetext") == "64"


def test_a_value_is_typed_and_set_back_by_keys(make, show):
    page = show(make())
    field = page.page.get_by_label("lr as a number")
    field.focus()
    page.page.keyboard.press("Control+a")
    page.page.keyboard.type("fast")
    page.page.keyboard.press("Enter")
    page.settle()
    assert "'fast' is not a number" in page.row("lr").inner_text()
    assert field.get_attribute("aria-invalid") == "true"
    page.page.keyboard.press("Control+a")
    page.page.keyboard.type("0.5")
    page.page.keyboard.press("Tab")
    page.settle()
    assert page.panel.values["lr"] == 0.5
    assert page.page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Set lr back")
    page.page.keyboard.press("Enter")
    page.settle()
    assert page.panel.chosen == {}
    assert field.input_value() == "3e-5"
    page.page.get_by_role("button", name="About warmup").focus()
    page.page.keyboard.press("Enter")
    assert page.page.get_by_text("Length of the warm-up").is_visible()
    number = page.page.get_by_label("seed", exact=True)
    number.focus()
    page.page.keyboard.press("ArrowUp")
    page.page.keyboard.press("ArrowUp")
    page.settle()
    assert page.panel.values["seed"] == 2
    page.page.get_by_role("button", name="Reset all").click()
    page.settle()
    assert page.panel.chosen == {}
    assert number.input_value() == "0"


def test_a_choice_is_no_text(make, show):
    page = show(make())
    unfold(page)
    assert page.page.get_by_label("keep", exact=True).locator("option").first.inner_text() == "by default: last"
    page.page.get_by_label("calibrate", exact=True).select_option("no")
    page.page.get_by_label("freeze", exact=True).select_option("the lowest 1 layer")
    page.page.get_by_label("keep", exact=True).select_option("last")
    page.settle()
    assert {name: page.panel.values[name] for name in ("calibrate", "freeze", "keep")} == {
        "calibrate": False, "freeze": 1, "keep": "last",
    }  # fmt: skip
    page.page.get_by_label("keep", exact=True).select_option("by default")
    page.settle()
    assert "keep" not in page.panel.values
    assert "(3 set)" not in page.text(".bm-wide > details > summary")


def test_python_sets_what_is_on_screen(make, show):
    page = show(make())
    page.panel.set(lr=2.5e-4, adapt="lora", warmup=0.25)
    page.settle()
    assert page.page.get_by_label("lr as a number").input_value() == "2.5e-4"
    assert page.page.get_by_label("adapt", exact=True).evaluate("node => node.selectedOptions[0].text") == "lora"
    assert page.page.get_by_label("warmup", exact=True).input_value() == "0.25"


def test_a_button_waits_for_the_kernel_and_is_pressed_once(make, show):
    page = show(make())
    page.page.evaluate("() => { window.ask = () => new Promise((done) => { window.answer = done; }) }")  # it is busy
    start = page.page.get_by_role("button", name="Start", exact=True)
    start.click()
    page.page.get_by_text("Waiting for the kernel").wait_for()
    assert start.is_disabled()
    assert page.page.evaluate("model.get('presses').length") == 1
    page.page.evaluate("answer({_heard: 1})")
    page.settle()
    assert start.is_enabled()


def test_rates_are_written_as_python_writes_them(make, show):
    page = show(make())
    values = [1e-4, 3.16e-5, 2.5e-5, 0.05, 0.00999, 0.01, 1e-8, 9.999e-5, 1.0, 0.5, 1e-3, 0.0123, 7e-6, 0.000123456]
    written = page.page.evaluate(
        """async ([script, values]) => {
          const url = URL.createObjectURL(new Blob([script], {type: "text/javascript"}))
          const { rateText } = await import(url)
          return values.map((value) => rateText(value))
        }""",
        [PanelView._esm + "\nexport { rateText };", values],
    )
    assert written == [rate_text(value) for value in values]


@pytest.mark.parametrize("width", [480, 700, 1040])
def test_it_is_as_wide_as_its_cell_with_long_names(make, show, rows, width):
    long = "a_very_long_name_of_a_column_that_nobody_reads_to_its_end_" * 3
    panel = make(data=rows.rename(columns={"text": long}), text=long, name="n" * 80)
    panel.set_state({"chosen": {"lr": "x" * 190}})
    page = show(panel, width=width)
    unfold(page)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width
    for node in page.page.locator(".bm-panel :is(input, select, button):visible").all():
        box = node.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_what_it_leaves_behind_is_nothing(make, show):
    page = show(make())
    page.page.evaluate("() => control.abort()")
    assert page.page.locator(".bm-panel").count() == 0
    assert page.page.evaluate("Object.values(heard).flat().length") == 0


def test_without_its_kernel_it_says_so_and_takes_nothing(make, show):
    page = show(make())
    page.page.evaluate("() => heard['comm:close'].forEach((act) => act())")
    assert "no longer live" in page.page.get_by_role("alert").first.inner_text()
    page.page.keyboard.press("Tab")
    assert page.page.evaluate("document.activeElement === document.body")


def test_markup_that_python_should_never_send_runs_and_fetches_nothing(make, show):
    page = show(make())
    hostile = "".join(mark.format(call) for mark in MARKUP for call in CALLS)
    fetched = "<img src=http://198.51.100.1/a.png><p style='background:url(http://198.51.100.1/b)'>x</p>"
    fetched += (
        "<style>@import 'http://198.51.100.1/c.css'; p{background:url(//198.51.100.1)}</style><svg><use href=//x/>"
    )
    for trait in ("_answer", "_estimate"):
        page.page.evaluate("(values) => put(values)", {trait: hostile + fetched + "<b onclick='window.hit=1'>end</b>"})
    page.page.evaluate("(values) => put(values)", {"_frames": [hostile], "_trial": {**page.panel._trial, "model": "m"}})
    page.page.locator(".bm-panel b", has_text="end").last.click()
    page.page.wait_for_timeout(100)  # for events of elements that load
    assert not page.page.evaluate(HIT)
    assert page.page.locator(".bm-panel").locator("script, iframe, [onerror], [onload], [onclick]").count() == 0


def test_rows_of_hostile_texts_are_texts(make, show):
    texts = [text[:200].encode(errors="ignore").decode() or "a" for text in TOKENS]  # pandas takes no half characters
    mark = MARKUP[3].format("window.hit=1")
    labels = [mark, MARKUP[0].format("window.hit=1")]
    rows = pd.DataFrame({mark: texts, "label": [labels[at % 2] for at in range(len(texts))]})
    names = {"reviews": rows, mark: rows, "__class__": rows}
    panel = make(data=rows, text=mark, names=names, name="hostile")
    panel.set(epochs=1, baselines=False)
    page = show(panel)
    unfold(page)
    page.page.get_by_role("button", name="Start", exact=True).click()
    page.settle()
    assert panel.job.join(WAIT)
    page.settle()
    field = page.page.get_by_placeholder("I would buy it again")
    field.fill(mark)
    for name in ("Predict", "Attention"):
        page.page.get_by_role("button", name=name, exact=True).click()
        page.settle()
        assert mark[:20] in page.page.locator(".bm-tryout .bm-markup").inner_text()
    assert not page.page.evaluate(HIT)
    assert page.page.locator(".bm-panel").locator("script, iframe, img[onerror], [onerror], [onload]").count() == 0


def test_messages_stay_below_a_megabyte(make, make_rows):
    rows = make_rows(600)
    rows["text"] += " lorem ipsum dolor" * 200
    rows = rows.assign(**{f"column {at}": "a value" for at in range(300)})
    panel = make(data=rows, text="text")
    panel.set(epochs=1, baselines=False, max_length=16)
    panel.start()
    assert panel.job.join(WAIT)
    panel.tryout.predict("lorem ipsum " * 5000)
    panel._show_answer()
    whole = panel.get_state()
    own = {name: len(json.dumps(whole[name])) for name in PanelView.class_own_traits(sync=True)}
    assert max(own.values()) < 500_000
    assert len(json.dumps(whole)) < 1_000_000


def attended(page, text):
    field = page.page.get_by_placeholder("I would buy it again")
    field.fill(text)
    page.page.get_by_role("button", name="Attention", exact=True).click()
    page.page.locator(".bm-attention .bm-title").wait_for()
    page.page.wait_for_function("() => !document.querySelector('.bm-late, .bm-late-grid')")
    page.settle()


def pixels(page, name):
    return page.page.locator(f".bm-attention canvas[aria-label^='{name}']").screenshot()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_attention_is_the_live_view(ended, show, dark):
    page = show(ended, dark=dark, height=2400)
    attended(page, "the film was good")
    view = page.page.locator(".bm-attention")
    assert not page.page.locator(".bm-tryout .bm-markup").is_visible()  # the picture, in whose place it stands
    assert violations(page.page, ".bm-attention") == []
    assert violations(page.page, ".bm-panel") == []
    grid, lines = pixels(page, "All heads"), pixels(page, "Lines")
    view.get_by_label("Method").select_option("rollout")
    page.settle()
    page.page.wait_for_timeout(300)
    page.settle()
    assert pixels(page, "All heads") != grid
    assert pixels(page, "Lines") != lines
    assert "rollout" in page.page.locator(".bm-attention .bm-title").inner_text()
    assert page.largest <= 700_000


def test_a_page_loaded_again_has_the_settings_of_the_view(ended, show):
    page = show(ended, height=2400)
    attended(page, "the film was good")
    view = page.page.locator(".bm-attention")
    view.get_by_label("Method").select_option("rollout")
    view.get_by_label("Scale").select_option("square root")
    page.settle()
    number = page.panel._attention["number"]
    assert page.panel.viewed == {"number": number, "method": "rollout", "scale": "square root"}
    again = show(ended, height=2400)
    assert again.page.locator(".bm-attention").get_by_label("Method").input_value() == "rollout"
    assert again.page.locator(".bm-attention").get_by_label("Scale").input_value() == "square root"
    again.page.locator(".bm-attention .bm-title", has_text="rollout").wait_for()
    attended(again, "the plot was bad")  # another view opens as it is
    assert again.page.locator(".bm-attention").get_by_label("Method").input_value() == "weights"


ODD = [
    {"layer": 9**9}, {"heads": []}, {"heads": [2**70]}, {"heads": "x"}, {"heads": [None]}, {"threshold": "x"},
    {"threshold": float("nan")}, {"top": 1.5}, {"method": ["rollout"]}, {"pictures": 3}, {"pictures": [3]},
    {"find": None}, {"hide_special": "yes"}, {"number": None, "top": 2}, {"pinned": {"a": 1}}, {"scale": 10**4000}, {},
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_odd_settings_from_the_page_are_not_kept(ended, odd):
    ended.tryout.attend("the film was good")
    ended._show_answer()
    number = ended._attention["number"]
    ended.set_state({"viewed": {"number": number, "top": 5}})
    assert ended.viewed == {"number": number, "top": 5}
    ended.set_state({"viewed": {"number": number, **odd}})
    assert ended.viewed == {}
    ended._handle_custom_msg({"view": number, "kind": "picture", **odd}, [])


def test_the_view_saves_a_page_that_opens_without_a_kernel(ended, show, chromium):
    page = show(ended, height=2400)
    attended(page, "the film was good")
    with page.page.expect_download() as download:
        page.page.get_by_role("button", name="Save as HTML").click()
    saved = Path(download.value.path()).read_text(encoding="utf-8")
    context = chromium.new_context(offline=True)
    alone = context.new_page()
    errors = []
    alone.on("pageerror", lambda error: errors.append(str(error)))
    alone.set_content(saved)
    alone.locator(".bm-attention canvas").first.wait_for()
    assert "layer 0" in alone.locator(".bm-title").inner_text()
    assert errors == []
    context.close()


def test_another_answer_takes_the_place_of_the_view(ended, show):
    page = show(ended, height=2400)
    attended(page, "the film was good")
    listeners = page.page.evaluate("Object.values(heard).flat().length")
    first = page.panel._attention["number"]
    attended(page, "the plot was bad and the film was long")
    assert page.panel._attention["number"] > first
    assert page.page.locator(".bm-attention").count() == 1
    assert page.page.evaluate("Object.values(heard).flat().length") == listeners
    assert page._answers({"id": "1", "kind": "picture", "view": first, "layer": 0, "heads": [0]}) == []
    page.page.get_by_role("button", name="Predict", exact=True).click()
    page.settle()
    assert page.page.locator(".bm-attention").count() == 0
    assert "1 prediction by tuned" in page.text(".bm-tryout .bm-markup")
    attended(page, "the film was good")
    page.page.evaluate("() => control.abort()")
    assert page.page.locator(".bm-attention, .bm-panel").count() == 0
    assert page.page.evaluate("Object.values(heard).flat().length") == 0


def test_the_model_is_saved_by_a_button(ended, show, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = show(ended)
    button = page.page.get_by_role("button", name="Save", exact=True)
    button.click()
    page.settle()
    assert f"Saved in {tmp_path / 'models' / 'tuned'}." in page.text(".bm-saved")
    again = bm.load("models/tuned").predict(["the film was good"], show=False).frame
    assert again.equals(ended.model.predict(["the film was good"], show=False).frame)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine", encoding="utf-8")
    page.page.get_by_label("folder", exact=True).fill("notes")
    page.page.keyboard.press("Enter")
    page.settle()
    assert "notes" in page.text(".bm-saved")
    assert [path.name for path in (tmp_path / "notes").iterdir()] == ["a.txt"]
    assert violations(page.page, ".bm-panel") == []


def test_the_static_state_is_hidden_while_there_is_a_panel(make, show):
    panel = make()
    page = show(panel)
    page.page.evaluate("(html) => document.body.insertAdjacentHTML('afterbegin', html)", panel._static()["text/html"])
    static = page.page.get_by_text("The sliders need their kernel")
    assert not static.is_visible()  # nor when it comes later, as an update
    page.page.evaluate("() => heard['comm:close'].forEach((act) => act())")
    assert not static.is_visible()  # what the panel has heard last is newer
    page.page.evaluate("() => control.abort()")
    assert static.is_visible()
    assert page.page.locator("style", has_text=panel._face).count() == 0


@pytest.mark.parametrize("width", [480, 700, 1040])
def test_charts_have_one_width_and_buttons_one_edge(ended, show, width):
    page = show(ended, width=width)
    charts = [node.bounding_box()["width"] for node in page.page.locator(".bm-frames figure").all()]
    assert len(charts) == 3
    assert max(charts) - min(charts) < 1
    if width > 480:  # there the buttons stand below their lines
        buttons = [page.page.get_by_role("button", name=name, exact=True) for name in ("Save", "Copy save")]
        right = [box["x"] + box["width"] for box in (node.bounding_box() for node in buttons)]
        assert abs(right[0] - right[1]) < 1
