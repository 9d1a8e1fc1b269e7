"""The panel in JupyterLab: sliders by mouse and by keyboard, start, stop, resume, copy, reload, a restart."""

import re

import pytest

from .page import TIMEOUT, looks

pytestmark = pytest.mark.browser

CODE = ".bm-panel pre"
PANEL = "%bert_panel reviews --text review --label mood --model tinybert --name moods"


@pytest.fixture(scope="module")
def panel(context, lab, pictures):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    lab.new("panel.ipynb")
    lab.run("%load_ext bertmagic")
    lab.run('import pandas as pd\nreviews = pd.read_csv("reviews.csv").assign(title="a long title " * 30)')
    at = lab.start(PANEL)
    numbered = lab.cell(at).locator(".jp-InputPrompt").filter(has_text=re.compile(r"^\[\d+\]:"))
    numbered.wait_for(timeout=2 * TIMEOUT)  # torch is imported, and the encoder timed
    live = lab.output(at).last  # below the static one
    lab.picture(pictures / "panel.png")
    live.locator(CODE).wait_for()
    lab.picture(pictures / "panel.png")
    return at, live


def code(live):
    return live.locator(CODE).inner_text()


def slider(live, name):
    return live.get_by_label(name, exact=True)


def button(live, name):
    return live.get_by_role("button", name=name, exact=True)


def many_steps(lab, live):
    """Make a run long enough to be stopped: with small batches."""
    slider(live, "batch_size").focus()
    lab.page.keyboard.press("Home")
    lab.page.keyboard.press("ArrowRight")
    live.locator(CODE, has_text=re.compile(r"^batch_size\s+= 4", re.M)).wait_for()


def wait_for_words(live, words):
    live.filter(has_text=words).wait_for()


def test_a_slider_moves_by_the_mouse_and_all_follows(lab, panel):
    _, live = panel
    before = code(live)
    handle = slider(live, "lr")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    lab.page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=8)
    lab.page.mouse.up()
    live.locator(CODE, has_text=re.compile(r"^lr\s+= ", re.M)).wait_for()
    assert code(live) != before


def test_a_slider_moves_by_the_keyboard_and_the_estimate_with_it(lab, panel):
    _, live = panel
    handle = slider(live, "epochs")
    handle.focus()
    steps = live.get_by_role("row", name="steps").inner_text()
    for _ in range(3):  # and few epochs take little time below
        lab.page.keyboard.press("ArrowLeft")
    live.locator(CODE, has_text=re.compile(r"^epochs\s+= 3$", re.M)).wait_for()  # all three have arrived
    assert live.get_by_role("row", name="steps").inner_text() != steps


def test_the_cell_is_copied(lab, panel):
    _, live = panel
    button(live, "Copy the cell").click()
    wait_for_words(live, "Copied.")
    assert lab.page.evaluate("() => navigator.clipboard.readText()") == code(live)


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_the_cell_is_inserted_below(lab, panel, by):
    at, live = panel
    before = lab.cells().count()
    insert = button(live, "Insert the cell below")
    if by == "mouse":
        insert.click()
    else:
        insert.focus()
        lab.page.keyboard.press("Enter")
    wait_for_words(live, "Inserted below.")
    assert lab.cells().count() == before + 1
    assert lab.source(at + 1) == code(live)
    assert lab.source(at) == PANEL
    lab.delete(at + 1)


def test_another_column_is_chosen_and_all_follows(lab, panel, pictures):
    _, live = panel
    second = live.get_by_label("second text", exact=True)
    second.select_option("title")
    live.locator(CODE, has_text='["review", "title"]').wait_for()
    live.get_by_label("label", exact=True).select_option("review")
    wait_for_words(live, "text and label are both 'review'")
    lab.picture(pictures / "panel-wrong.png")
    live.get_by_label("label", exact=True).select_option("mood")
    second.select_option("(none)")
    live.locator(CODE, has_text=re.compile(r'^text\s+= "review"', re.M)).wait_for()
    summary = live.locator("summary", has_text="The data: 400 rows")
    summary.focus()
    lab.page.keyboard.press("Enter")
    live.get_by_text("A few rows.").wait_for()
    lab.picture(pictures / "panel-data.png")
    lab.page.keyboard.press("Enter")
    live.get_by_text("A few rows.").wait_for(state="hidden")


def test_a_learning_rate_is_found_and_taken(lab, panel, pictures):
    _, live = panel
    button(live, "Find lr").click()
    take = live.get_by_role("button", name=re.compile("^Use it"))
    take.wait_for()
    lab.picture(pictures / "panel-rates.png")
    before = code(live)
    take.click()
    lab.page.wait_for_function(
        "([node, text]) => node.innerText !== text", arg=[live.locator(CODE).element_handle(), before]
    )
    assert re.search(r"^lr\s+= ", code(live), re.M)


def test_start_stop_and_resume(lab, panel, pictures):
    _, live = panel
    many_steps(lab, live)
    button(live, "Start").dblclick()  # the second one begins nothing
    live.locator("figure svg").first.wait_for()
    wait_for_words(live, re.compile("step [1-9]"))
    lab.picture(pictures / "panel-running.png")
    button(live, "Stop").click()
    wait_for_words(live, re.compile("Interrupted|Stopped|kept in"))
    resume = button(live, "Resume")
    resume.wait_for()
    lab.page.wait_for_function("node => !node.disabled", arg=resume.element_handle())
    resume.click()
    wait_for_words(live, re.compile("Finished"))
    start = button(live, "Start").element_handle()
    lab.page.wait_for_function("node => !node.disabled", arg=start)  # the report of the run is shown by then


def test_the_model_is_tried_and_bound(lab, panel, pictures):
    _, live = panel
    live.get_by_placeholder("I would buy it again").fill("the film was great")
    lab.page.keyboard.press("Enter")
    wait_for_words(live, "1 prediction by moods")
    live.get_by_role("button", name="Attention", exact=True).click()
    live.locator(".bm-attention .bm-title", has_text=re.compile("moods.* · layer")).wait_for()
    live.locator(".bm-attention").get_by_label("Method").select_option("rollout")  # its numbers come from the kernel
    live.locator(".bm-attention .bm-title", has_text="rollout").wait_for()
    live.locator(".bm-attention").get_by_label("Scale").select_option("square root")
    lab.page.wait_for_function("() => !document.querySelector('.bm-late, .bm-late-grid')")
    lab.picture(pictures / "panel-tried.png")
    button(live, "Save").click()
    wait_for_words(live, re.compile(r"Saved in .*models/moods\."))
    at = lab.run("moods")
    assert "TextModel 'moods'" in lab.output(at).inner_text()


@looks(1200, 700, 480)
def test_it_fits_its_cell(lab, panel, pictures, theme, width):
    at, live = panel
    lab.theme(f"JupyterLab {theme}")
    lab.resize(width, 1500)
    lab.cell(at).scroll_into_view_if_needed()
    lab.page.wait_for_timeout(500)  # for the picture
    lab.picture(pictures / f"panel-{theme.lower()}-{width}.png")
    assert live.evaluate("node => node.scrollWidth - node.clientWidth") <= 1
    assert lab.page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0


def test_after_a_reload_it_is_live_as_its_kernel_is(lab, panel, pictures):
    at, _ = panel
    lab.resize(1200)
    lab.theme("JupyterLab Light")
    lab.save()
    lab.open_again("lab/tree/panel.ipynb", lambda: lab.output(at).last.locator(CODE))
    live = lab.output(at).last
    attention = live.locator(".bm-attention")  # with the settings that it had
    attention.locator(".bm-title", has_text="rollout").wait_for()
    assert attention.get_by_label("Method").input_value() == "rollout"
    assert attention.get_by_label("Scale").input_value() == "square root"
    handle = slider(live, "warmup")
    handle.focus()
    lab.page.keyboard.press("ArrowRight")
    live.locator(CODE, has_text=re.compile(r"^warmup\s+= 0.07", re.M)).wait_for()
    lab.picture(pictures / "panel-reloaded-live.png")


def test_after_a_reload_it_shows_the_run_that_goes_on_and_stops_it(lab, panel, pictures):
    at, _ = panel
    live = lab.output(at).last
    many_steps(lab, live)
    live.get_by_label("epochs as a number").fill("200")  # long enough for a page to load
    lab.page.keyboard.press("Enter")
    live.locator(CODE, has_text=re.compile(r"^epochs\s+= 200", re.M)).wait_for()
    button(live, "Start").click()
    wait_for_words(live, re.compile("step [1-9]"))
    lab.save()
    lab.open_again("lab/tree/panel.ipynb", lambda: button(lab.output(at).last, "Stop"))
    live = lab.output(at).last
    stop = button(live, "Stop")
    stop.wait_for()
    assert stop.is_enabled()
    assert lab.output(at).filter(has_text="Panel for fine-tuning").filter(visible=True).count() == 0  # words of before
    assert button(live, "Start").is_disabled()
    reached = re.search(r"step ([\d,]+)", live.inner_text())[1]
    live.filter(has_not_text=f"step {reached} ").filter(has_text="step ").wait_for()  # it goes on
    lab.picture(pictures / "panel-reloaded-running.png")
    stop.click()
    wait_for_words(live, re.compile("Interrupted|Stopped"))
    lab.page.wait_for_function("node => !node.disabled", arg=button(live, "Start").element_handle())


def test_after_a_restart_it_says_that_it_is_no_longer_live_and_shows_its_last_state(lab, panel, pictures):
    at, live = panel
    lab.restart()
    live = lab.output(at).last
    live.get_by_role("alert").filter(has_text="no longer live").wait_for()
    assert lab.output(at).filter(has_text="Panel for fine-tuning").filter(visible=True).count() == 0
    lab.picture(pictures / "panel-restarted.png")
    lab.save()
    lab.open("lab/tree/panel.ipynb")
    static = lab.output(at).filter(has_text="Panel for fine-tuning")
    static.wait_for()
    assert "after a restart run the cell again" in static.inner_text()
    assert "finished at step" in static.inner_text()
    lab.picture(pictures / "panel-reloaded.png")
