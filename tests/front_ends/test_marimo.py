"""marimo, which has no magics: an app of functions trains, predicts, reports and shows the live view of attention.

marimo is not among the packages of the tests. ``BERTMAGIC_MARIMO`` names a Python that has it, and all that bertmagic
needs.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..browser.conftest import chromium, pictures  # noqa: F401, of this package here
from ..browser.server import free_port

pytestmark = pytest.mark.soak

PYTHON = os.environ.get("BERTMAGIC_MARIMO", sys.executable)
ROOT = Path(__file__).parents[2]
WAIT = 300_000  # milliseconds

APP = """import marimo

app = marimo.App()


@app.cell
def _():
    import bertmagic as bm
    import pandas as pd

    reviews = pd.read_csv("reviews.csv")
    return bm, reviews


@app.cell
def _(bm, reviews):
    mood = bm.finetune(reviews, text="text", label="label", model="tinybert", max_steps=20, lr=1e-3)
    mood.report
    return (mood,)


@app.cell
def _(mood):
    mood.predict(["the film was great", "the plot was awful"])
    return


@app.cell
def _(mood):
    maps = mood.attention("the film was not great", show=False)
    maps
    return (maps,)


@app.cell
def _(maps):
    maps.view()
    return


@app.cell
def _(bm, mood, reviews):  # after the run, as an app has one kernel
    bm.panel(reviews, label="label", model="tinybert", name="other")
    return


if __name__ == "__main__":
    app.run()
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory, encoder, make_rows):
    """The folder of an app."""
    asked = subprocess.run([PYTHON, "-c", "import marimo"], capture_output=True, check=False)
    if asked.returncode:
        pytest.skip("marimo is not here: pip install marimo, or name a Python that has it in BERTMAGIC_MARIMO")
    folder = tmp_path_factory.mktemp("marimo")
    make_rows(200).to_csv(folder / "reviews.csv", index=False)
    (folder / "tinybert").symlink_to(encoder)
    (folder / "app.py").write_text(APP, encoding="utf-8")
    return folder


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT), "BERTMAGIC_HOME": "", "OMP_NUM_THREADS": "1"}


def test_an_app_is_a_script(app):
    done = subprocess.run(
        [PYTHON, "app.py"], cwd=app, env=environment(), capture_output=True, text=True, check=False, timeout=WAIT / 1000
    )
    assert done.returncode == 0, done.stderr
    assert "Finished after all 20 steps" in done.stderr
    assert "on 40 rows" in done.stdout


@pytest.fixture
def page(app, chromium):  # noqa: F811, the fixture of that name
    """The page of the app that runs."""
    port = free_port()
    with (app / "marimo.log").open("w") as log:
        server = subprocess.Popen(
            [PYTHON, "-m", "marimo", "run", "app.py", "--headless", "--no-token", "--port", str(port)],
            cwd=app, env=environment(), stdout=log, stderr=log,
        )  # fmt: skip
    context = chromium.new_context(viewport={"width": 1100, "height": 4000})
    context.set_default_timeout(WAIT)
    page = context.new_page()
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    try:
        opened(page, f"http://127.0.0.1:{port}", server)
        yield page
    finally:
        context.close()
        server.terminate()
        server.wait(60)


def opened(page, url, server):
    """Open the page of a server that may still be starting."""
    from playwright.sync_api import Error

    for _ in range(600):
        assert server.poll() is None, "marimo has ended"
        try:
            return page.goto(url)
        except Error:
            page.wait_for_timeout(100)
    raise AssertionError("marimo does not answer")


def test_an_app_shows_results_and_the_live_view_answers(page, pictures):  # noqa: F811, the fixture of that name
    page.get_by_text("2 predictions by model").first.wait_for()
    page.get_by_text("rows held out of").first.wait_for()
    page.get_by_text("Largest weights between words").wait_for()
    title = page.locator(".bm-attention .bm-title")
    title.wait_for()
    grid = page.locator(".bm-attention canvas[aria-label^='All heads']")
    first = grid.screenshot()
    page.locator(".bm-attention").get_by_label("Method").select_option("rollout")
    page.wait_for_function(
        "() => [...document.querySelectorAll('*')].map((node) => node.shadowRoot?.querySelector('.bm-title'))"
        ".some((title) => title?.innerText.includes('rollout'))"
    )
    page.wait_for_timeout(1000)
    page.screenshot(path=pictures / "marimo.png")
    assert grid.screenshot() != first  # the thumbnails of another method come from Python
    page.get_by_role("button", name="Start", exact=True).wait_for()
    page.screenshot(path=pictures / "marimo-panel.png")
    page.get_by_label("epochs as a number").fill("1")
    page.get_by_label("epochs as a number").press("Enter")
    page.locator(".bm-panel pre", has_text="epochs=1,").wait_for()  # a call, as there are no magics
    page.get_by_role("button", name="Start", exact=True).click()
    page.locator(".bm-panel", has_text="Finished after all").wait_for()
    page.get_by_role("button", name="Predict", exact=True).click()
    page.locator(".bm-panel", has_text="1 prediction by other").wait_for()
    page.get_by_role("button", name="Attention", exact=True).click()
    hosted = page.locator(".bm-hosted .bm-attention")
    hosted.get_by_label("Method").select_option("rollout")
    hosted.locator(".bm-title", has_text="rollout").wait_for()
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator(".bm-saved", has_text="models/other").wait_for()
    assert 'bm.load("other")' in page.locator(".bm-steps").inner_text()
    page.locator(".bm-panel pre", has_text="epochs=1,").wait_for()  # still a call, written by the thread of the run
    shown = [page.locator(part).inner_text() for part in ("body", ".bm-panel")]
    assert [words for words in shown if "%bert" in words] == []  # there are no magics
    page.screenshot(path=pictures / "marimo-panel-run.png")
    assert page.errors == []
