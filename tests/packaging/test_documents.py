"""What the documents and notebooks say is what is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bertmagic.errors import OptionError
from bertmagic.options import COMMANDS
from tests.packaging import snippets
from tests.packaging.snippets import ROOT, Reader, cells

READMES = ["README.md", "README.zh.md"]
GUIDES = ["docs/guide.md", "docs/guide.zh.md"]
GO_ON = ["attention.md", "attention.zh.md", "comparing.md", "explanations.md"]
"""These use the names of the guide, and say so."""
PAGES = [ROOT / page for page in snippets.PAGES]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("page", READMES)
def test_a_readme_is_short_and_names_every_magic_and_the_two_commands(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert [magic for magic in COMMANDS if f"%{magic}`" not in text] == []
    assert "make demo" in text
    assert "make test" in text


@pytest.mark.parametrize("page", GUIDES)
def test_a_guide_has_a_cell_for_every_magic(page):
    code = "".join(cells(ROOT / page))
    assert [magic for magic in COMMANDS if f"%{magic}" not in code] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_of_a_document_lead_to_files_and_headings_that_exist(page):
    written = re.sub(r"(`+)[^`\n]+\1", "", page.read_text(encoding="utf-8"))  # code is no link: [Oslo](city)
    links = [link for link in _LINK.findall(written) if not link.startswith("http")]
    for link in links:
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        assert target.is_file(), link
        assert not heading or heading in _headings(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_modules_that_a_document_names_exist(page):
    modules = re.findall(r"`(?:python )?([\w/]+/\w+\.(?:py|js|ipynb))\b", page.read_text(encoding="utf-8"))
    assert [one for one in modules if not ((ROOT / one).is_file() or (ROOT / "bertmagic" / one).is_file())] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_cells_of_a_document_can_be_read_in_order(page):
    reader = Reader()
    before = cells(ROOT / GUIDES[0]) if page.name in GO_ON else []
    for cell in [*before, *cells(page)]:
        reader.read(cell)
    assert reader.unknown == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_cell_of_a_document_hides_a_result(page):
    """Jupyter shows the value of a cell's last line only."""
    quiet = {"finetune", "pretrain", "tune", "save", "load", "unload"}
    lines = [line for cell in cells(page) if not cell.startswith("%%") for line in cell.splitlines()[:-1]]
    shown = [re.match(r"%bert_(\w+)", line) for line in lines if not line.endswith(";")]
    assert [match.string for match in shown if match and match[1] not in quiet] == []


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("%load_ext bertmagic  # silent", AssertionError),
        ("%bert_finetune a --trian sample:reviews", OptionError),
        ("%%bert_finetune a\ntrain = 1\nepcohs = 3", OptionError),
        ("x = %bert_predct 'a'", AssertionError),
        ("x = = 1", SyntaxError),
    ],
)
def test_a_cell_that_cannot_be_read_is_seen(cell, fault):
    with pytest.raises(fault):
        Reader().read(cell)


@pytest.mark.parametrize(
    "cell", ["%bert_evaluate df", "%%bert_finetune a\ntrain = df", "df.head()", "%bert_predict {df.text} -m 'm'"]
)
def test_a_name_that_no_cell_defines_is_seen(cell):
    reader = Reader()
    reader.read(cell)
    assert reader.unknown == ["df"]
    reader = Reader()
    reader.read("df = 1")
    reader.read(cell)
    assert reader.unknown == []


@pytest.mark.parametrize("page", [page for page in snippets.PAGES if page.endswith(".zh.md")])
def test_the_cells_of_both_languages_are_the_same(page):
    """But for comments and texts, which are in the language of the page."""
    english, chinese = ([_code(cell) for cell in cells(ROOT / name)] for name in (page.replace(".zh.md", ".md"), page))
    assert english == chinese


def _code(cell: str) -> str:
    """Return a cell without its comments, quoted texts and lines of text."""
    if cell.startswith("%%bert_predict"):
        return cell.partition("\n")[0]
    return re.sub(r"(?m) *#.*$|\".*?\"", "", cell)


def _headings(page: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_committed_with_its_outputs_and_without_widgets(path):
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    outputs = [output for cell in cells for output in cell["outputs"]]
    bundles = [output["data"] for output in outputs if "data" in output]
    assert len(text.encode()) < 400_000
    assert "widgets" not in notebook["metadata"]
    assert all(cell["execution_count"] for cell in cells)
    failed = [cell for cell in cells if any(output["output_type"] == "error" for output in cell["outputs"])]
    assert all("raises-exception" in cell["metadata"].get("tags", ()) for cell in failed)  # an error that is shown
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
