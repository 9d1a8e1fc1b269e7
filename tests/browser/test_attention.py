"""The attention view in JupyterLab 4, with nothing to be reached but the server."""

import pickle

import nbformat
import pytest

from ..widgets.conftest import drawn

pytestmark = pytest.mark.browser

VIEW = ".bm-attention"
LONG = "the film was not superb and we had a dull plot"
SIGNS = "שלום the film 好 👩‍👩‍👧 was العربية good"


@pytest.fixture(scope="module")
def notebook(lab, server, workplace, mood):
    (workplace / "long.pickle").write_bytes(pickle.dumps(drawn(12, 12, [f"word{at}" for at in range(398)])))
    beyond = []
    lab.beyond = beyond

    def refuse(route):
        beyond.append(route.request.url)
        route.abort()

    lab.page.route(lambda url: not url.startswith((server.url, "data:", "blob:")), refuse)
    lab.new("attention.ipynb")
    lab.resize(1400, 1300)
    lab.run("%load_ext bertmagic\nimport pickle")
    lab.run(f"model = %bert_load {mood}")
    return lab


@pytest.fixture(scope="module")
def shown(notebook):
    """The cell that a user writes."""
    at = notebook.run(f'%bert_attention "{LONG}" -m mood')
    notebook.run("maps = _")
    return at


def view(lab, at):
    locator = lab.cell(at).locator(VIEW).first
    locator.wait_for()
    locator.scroll_into_view_if_needed()
    lab.page.wait_for_timeout(300)  # for the picture
    return locator


def test_a_picture_and_below_it_the_live_view(notebook, shown, pictures):
    one = view(notebook, shown)
    static = notebook.output(shown).nth(notebook.output(shown).count() - 2)  # behind what was told while it was read
    assert "Attention is not an explanation" in static.inner_text()
    assert static.locator("img[alt]").count() == 1
    assert one.locator("canvas[tabindex]:visible").count() == 4
    notebook.picture(pictures / "attention-light.png")


def test_python_and_the_page_share_one_state(notebook, shown, pictures):
    at = notebook.run("view = maps.view(layer=0, heads=[0]); view")
    one = view(notebook, at)
    notebook.run("view.layer = 1; view.pinned = [2]")
    one.get_by_text("layer 1, head 0").wait_for()
    one.locator(".bm-list td").first.wait_for()
    one.locator("canvas[aria-label^='All']").focus()
    notebook.page.keyboard.press("ArrowRight")
    one.get_by_text("layer 1, head 1").wait_for()
    one.get_by_text("The formula").click()
    one.locator(".bm-formula msqrt").first.wait_for()
    notebook.picture(pictures / "attention-formula.png")
    cell = notebook.run("f'{view.layer} {view.head} {maps.array[1, 1, 2].max():.5f}'")
    layer, head, number = notebook.output(cell).inner_text().strip("'").split()
    assert (layer, head) == ("1", "1")
    assert one.locator(".bm-list td").first.inner_text() == number


def test_the_same_view_shown_twice_follows_twice(notebook, shown):
    first = view(notebook, notebook.run("view = maps.view(layer=0, heads=[0]); view"))
    second = view(notebook, notebook.run("view"))
    second.locator("canvas[aria-label^='All']").focus()
    notebook.page.keyboard.press("ArrowDown")
    for one in (first, second):
        one.get_by_text("layer 1, head 0").wait_for()
        assert one.locator(".bm-status").inner_text() == ""


def test_pair_signs_and_a_long_text_in_light_and_dark(notebook, pictures):
    cells = {
        "pair": f'model.attention("{LONG}", "this cable is rubbish").view(pinned=[3])',
        "signs": f'model.attention("{SIGNS}").view(merge_words=True, pinned=[2])',
        "long": 'pickle.load(open("long.pickle", "rb")).view(pinned=[100])',
    }
    for name, code in cells.items():
        at = notebook.run(code)
        view(notebook, at).locator(".bm-list td").first.wait_for()
        for theme in ("Dark", "Light"):
            notebook.theme(f"JupyterLab {theme}")
            one = view(notebook, at)
            notebook.picture(pictures / f"attention-{name}-{theme.lower()}.png")
        assert one.locator("*").count() < 400


@pytest.mark.parametrize("width", [1200, 480])
def test_it_fits_its_cell(notebook, shown, pictures, width):
    notebook.resize(width, 1300)
    one = view(notebook, shown)
    notebook.picture(pictures / f"attention-{width}.png")
    assert one.evaluate("node => node.scrollWidth - node.clientWidth") <= 1
    notebook.resize(1400, 1300)


def test_a_page_loaded_again_shows_it_again(notebook, shown, pictures):
    notebook.save()
    notebook.open_again("lab/tree/attention.ipynb", lambda: notebook.cell(shown).locator(VIEW).first)
    one = view(notebook, shown)
    assert one.locator("canvas[tabindex]:visible").count() == 4
    before = one.locator(".bm-title").inner_text()
    one.locator("canvas[aria-label^='All']").focus()
    notebook.page.keyboard.press("ArrowDown" if "layer 0" in before else "ArrowUp")
    one.locator(".bm-title").filter(has_not_text=before).wait_for()
    one.locator(".bm-late").wait_for(state="detached")
    assert one.locator(".bm-status").inner_text() == ""
    notebook.picture(pictures / "attention-reloaded.png")


def test_the_saved_notebook_has_the_picture_and_no_widget_state(notebook, shown, workplace):
    saved = nbformat.read(workplace / "attention.ipynb", as_version=4)
    assert "widgets" not in saved.metadata
    *_, static, live = saved.cells[shown].outputs
    assert "text/html" in static.data
    assert len(nbformat.writes(nbformat.v4.new_notebook(cells=[saved.cells[shown]]))) < 300_000
    assert len(str(live)) < 1_000


def test_a_restarted_kernel_leaves_it_readable(notebook, shown, pictures):
    notebook.restart()
    one = view(notebook, shown)
    one.get_by_text("The kernel is closed").wait_for()
    assert one.locator("canvas[tabindex]:visible").count() == 4
    notebook.picture(pictures / "attention-restarted.png")


def test_loaded_again_beside_another_kernel_it_says_what_it_needs_and_the_picture_stands(notebook, shown, pictures):
    assert notebook.errors == []
    notebook.save()
    notebook.open("lab/tree/attention.ipynb")
    static, lost = (notebook.output(shown).nth(at) for at in (-2, -1))
    lost.filter(has_text="model not found").wait_for()
    assert lost.evaluate("node => getComputedStyle(node).fontSize") == "0px"
    assert "run the cell again" in lost.evaluate("node => getComputedStyle(node, '::after').content")
    assert static.locator("img[alt]").is_visible()
    lost.scroll_into_view_if_needed()
    notebook.picture(pictures / "attention-lost.png")


def test_nothing_beyond_the_server_was_asked_for(notebook, shown):
    """The page that was loaded again beside another kernel says of each view, some time or other, that it is lost."""
    assert [error for error in notebook.errors if "widget model not found" not in error] == []
    assert notebook.beyond == []
