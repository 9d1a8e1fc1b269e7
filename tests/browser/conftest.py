"""JupyterLab in a real browser: one server and one browser for all tests of this folder.

Screenshots are kept in the folder that ``BERTMAGIC_SCREENSHOTS`` names, else in pytest's own.
"""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from .page import Lab
from .server import Server

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def found_browser():
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


@pytest.fixture(scope="package")
def chromium():
    """A headless Chromium. Its event loop runs until it is closed, so it is of this package and not of the session."""
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright is not here: pip install playwright")
    path = found_browser()
    if path is None:
        pytest.skip("Chromium is not here: apt-get install chromium, or put any Chrome on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def workplace(tmp_path_factory, encoder, make_rows):
    """The folder that JupyterLab shows: rows to train on, and a tiny encoder."""
    folder = tmp_path_factory.mktemp("lab")
    rows = make_rows(400).rename(columns={"text": "review", "label": "mood"})
    rows.to_csv(folder / "reviews.csv", index=False)
    (folder / "tinybert").symlink_to(encoder)
    return folder


@pytest.fixture(scope="package")
def mood(workplace, learnt):
    """A model that has learnt, by the name that it is loaded by there."""
    learnt.save(workplace / "mood")
    return "mood"


@pytest.fixture(scope="package")
def server(chromium, tmp_path_factory, workplace):
    """A JupyterLab server, only started where there is a browser for it."""
    server = Server(tmp_path_factory.mktemp("jupyter"), workplace)
    try:
        server.wait()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="package")
def pictures(tmp_path_factory):
    """Where screenshots go."""
    named = os.environ.get("BERTMAGIC_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="package")
def context(chromium):
    """What the pages share: JupyterLab's scripts, fetched and compiled once."""
    with chromium.new_context() as context:
        yield context


@pytest.fixture(scope="module")
def lab(context, server):
    """A page of JupyterLab for the tests of a module, which run in order as a user goes on."""
    lab = Lab(context, server.url)
    yield lab
    lab.close()
