"""What the documents and notebooks say is what is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bertmagic.options import COMMANDS

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_a_readme_shows_a_cell_for_every_magic_and_the_two_commands(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert [magic for magic in COMMANDS if f"%{magic}" not in text] == []
    assert "make demo" in text
    assert "make test" in text


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_the_pictures_and_links_of_a_readme_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("http")]
    assert links
    assert [link for link in links if not (ROOT / link).is_file()] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_committed_with_its_outputs_and_without_widgets(path):
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    outputs = [output for cell in cells for output in cell["outputs"]]
    bundles = [output["data"] for output in outputs if "data" in output]
    assert len(text.encode()) < 300_000
    assert "widgets" not in notebook["metadata"]
    assert all(cell["execution_count"] for cell in cells)
    assert [output for output in outputs if output["output_type"] == "error"] == []
    assert bundles
    assert all("text/plain" in bundle for bundle in bundles)
    assert str(ROOT) not in text  # the paths of whoever ran it are nobody's business


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_checked_cell_only_shows_what_other_cells_made(path):
    """What computes may show its progress, but only where it takes a while: no output of it can be held to a text."""
    cells = ["".join(cell["source"]) for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]
    checked = [cell for cell in cells if "NBVAL_CHECK_OUTPUT" in cell]
    assert checked
    assert [
        cell for cell in checked if re.search(r"%bert_|\bbm\.|\.(predict|evaluate|fill|attention|save)\(", cell)
    ] == []


def test_the_commands_of_the_readme_are_targets_of_the_makefile():
    targets = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(f"\n{target}:" in targets for target in ("demo", "lab", "test", "soak"))
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
