"""Live widgets of a real kernel with hostile rows, columns and labels: nothing in them runs, and nothing is fetched."""

import pickle
import re

import pandas as pd
import pytest

from ..widgets.hostile import LABELS, MARKUP, TOKENS

pytestmark = [pytest.mark.browser, pytest.mark.soak, pytest.mark.timeout(3600)]

HIT = "() => Boolean(window.hit) || document.title === 'hit'"
ACTIVE = (
    "script, iframe, img[onerror], [onerror], [onload], [onclick], [onmouseover], [ontoggle], a[href^='javascript']"
)
OPTIONS = 'model = "tinybert"\ntrain = rows\nlabel = "label"\nmax_steps = 4\neval_every = 1\nprecision = "fp32"'

CODE = """
import pickle
import bertmagic as bm
rows = pickle.load(open("hostile.pickle", "rb"))

def attention(start):
    words = [text[:40] for text in rows.text[start : start + 12]]
    return bm.load("evil").attention(" ".join(words))
"""


def whole(texts):
    """Return texts that a table takes, each of them once and none of them blank."""
    kept = (text[:300].encode(errors="replace").decode() for text in texts)
    return list(dict.fromkeys(text for text in kept if text.strip()))


@pytest.fixture(scope="module")
def notebook(lab, server, workplace):
    """A notebook with rows whose texts, labels and names of columns are hostile; what leaves the server is refused."""
    texts, labels = whole(TOKENS), whole(LABELS)[:60]
    columns = {name: [f"{name} {at % 3}" for at in range(4 * len(texts))] for name in whole(LABELS)}
    rows = pd.DataFrame(columns | {"text": [f"{text} {at}" for at in range(4) for text in texts]})
    rows["label"] = [labels[at % len(labels)] for at in range(len(rows))]
    (workplace / "hostile.pickle").write_bytes(pickle.dumps(rows))
    lab.beyond, lab.dialogs = [], []

    def refuse(route):
        lab.beyond.append(route.request.url)
        route.abort()

    lab.page.route(lambda url: not url.startswith((server.url, "data:", "blob:")), refuse)
    lab.page.on("dialog", lambda dialog: (lab.dialogs.append(dialog.message), dialog.dismiss()))
    lab.new("hostile.ipynb")
    (workplace / "hostile.py").write_text(CODE)
    at = lab.run("%load_ext bertmagic\n%run hostile.py")
    assert lab.output(at).all_inner_texts() == []
    yield lab
    assert not lab.page.evaluate(HIT)
    assert (lab.beyond, lab.dialogs) == ([], [])


def nothing_runs(notebook, at):
    """Hold the outputs of a cell to have no live element that is not ours."""
    notebook.page.wait_for_timeout(200)  # for events of elements that load
    assert not notebook.page.evaluate(HIT)
    shown = notebook.cell(at).locator(".jp-OutputArea")
    for found in shown.locator(ACTIVE).all():  # the frame with the rows to read is ours, and may reach nothing
        assert found.get_attribute("sandbox") == "allow-scripts", found.evaluate("node => node.outerHTML.slice(0, 300)")


POINT = """node => {
  node.querySelectorAll("details").forEach((one) => { one.open = true })
  for (const one of [...node.querySelectorAll("td, th, li, button, canvas, [title], path, text")].slice(0, 400)) {
    const {left, top} = one.getBoundingClientRect()
    for (const name of ["mouseover", "mousemove", "pointermove"])
      one.dispatchEvent(new MouseEvent(name, {bubbles: true, clientX: left + 2, clientY: top + 2}))
  }
}"""


def pointed_at(notebook, shown):
    """Open all that can be opened, and move the mouse over what may say more then."""
    shown.evaluate(POINT)
    notebook.idle()


def test_the_panel_is_opened_started_and_asked(notebook):
    at = notebook.run("%bert_panel rows --text text --label label --model tinybert --name evil")
    live = notebook.output(at).last
    live.locator(".bm-panel pre").wait_for()
    pointed_at(notebook, live)
    menu = live.get_by_label("text", exact=True)
    for name in whole(LABELS)[:20]:  # as a column of texts
        menu.select_option(name)
        live.locator(".bm-panel pre").filter(has_text=re.compile("text ")).wait_for()
    menu.select_option("text")
    epochs = live.get_by_label("epochs as a number")
    epochs.fill("1")
    notebook.page.keyboard.press("Enter")
    live.locator(".bm-panel pre", has_text=re.compile(r"^epochs\s+= 1$", re.M)).wait_for()
    live.get_by_role("button", name="Start", exact=True).click()
    live.filter(has_text=re.compile("Finished")).wait_for()
    nothing_runs(notebook, at)
    for mark in MARKUP[::4]:
        live.get_by_placeholder("I would buy it again").fill(mark.format("window.hit=1"))
        for name in ("Predict", "Attention"):
            live.get_by_role("button", name=name, exact=True).click()
            live.filter(has_text={"Predict": "1 prediction by evil", "Attention": "Attention of evil"}[name]).wait_for()
        nothing_runs(notebook, at)
    pointed_at(notebook, live)
    nothing_runs(notebook, at)


def test_a_live_run_and_search_show_hostile_labels_as_text(notebook):
    for cell in (
        f"%%bert_finetune evil2\n{OPTIONS}",
        f"%%bert_tune evil3\n{OPTIONS}\nlr = log(1e-4, 1e-3)\ntrials = 2",
    ):
        at = notebook.run(cell)
        pointed_at(notebook, notebook.cell(at))
        nothing_runs(notebook, at)


def test_attention_shows_every_hostile_token_as_text(notebook):
    texts = whole(TOKENS)
    for start in range(0, len(texts), 24):
        at = notebook.run(f"attention({start}).view()")
        shown = notebook.cell(at).locator(".bm-attention").first
        shown.wait_for()
        pointed_at(notebook, shown)
        nothing_runs(notebook, at)


@pytest.mark.parametrize(
    "line",
    ["%bert_predict rows -m evil", "%bert_evaluate rows -m evil", "%bert_data rows --text text --label label",
     "%bert_evaluate rows -m evil --by {rows.columns[0]}", "%bert_compare evil majority --data rows", "%bert_runs",
     "%bert_similar {rows.text[9]} {rows.text[:8]} -m evil"],
)  # fmt: skip
def test_every_output_shows_hostile_strings_as_text(notebook, line):
    at = notebook.run(line)
    pointed_at(notebook, notebook.cell(at))
    nothing_runs(notebook, at)
