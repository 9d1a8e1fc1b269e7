"""The table of front ends names tests that exist."""

import re

from tests.packaging.snippets import ROOT

TABLE = [line for line in (ROOT / "docs" / "front-ends.md").read_text(encoding="utf-8").splitlines() if "|" in line]
FRONT_ENDS = (
    "JupyterLab 4", "Notebook 7", "nbconvert, HTML", "nbconvert, PDF", "papermill", "VS Code", "Colab", "Databricks",
    "marimo", "IPython in a terminal", "a script",
)  # fmt: skip


def names_by_module():
    """The names of all tests, by the path of their module."""
    modules = {path.relative_to(ROOT).as_posix(): path for path in (ROOT / "tests").rglob("test_*.py")}
    return {
        name: set(re.findall(r"^ *def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE))
        for name, path in modules.items()
    }


def test_every_front_end_has_a_row():
    assert [name for name in FRONT_ENDS if not any(line.startswith(f"| {name}") for line in TABLE)] == []


def test_the_tests_that_the_table_names_exist():
    there = names_by_module()
    named = re.findall(r"`(test_\w+)`", "\n".join(TABLE))
    assert len(named) > 15
    assert [name for name in named if not any(name in names for names in there.values())] == []
    for module, name in re.findall(r"\(\.\./(tests/[\w/]+\.py)\) `(test_\w+)`", "\n".join(TABLE)):
        assert name in there[module], module


def test_every_row_names_a_test_or_says_that_it_was_not_run():
    for line in TABLE[2:]:
        assert re.search(r"`test_\w+`", line), line
