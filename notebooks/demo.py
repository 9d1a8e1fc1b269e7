"""Run the quickstart in a real kernel and say what it reached: ``make demo`` calls this."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

HERE = Path(__file__).parent
OUT = HERE / "executed"


def say(cell: Any, cell_index: int) -> None:
    """Name the cell that is about to run."""
    first = cell.source.strip().split("\n")[0]
    if cell.cell_type == "code" and first:
        print(f"  [{cell_index}] {first[:90]}", flush=True)


def accuracy(notebook: Any) -> str:
    """Return the accuracy on the test rows, as the notebook itself prints it."""
    texts = [output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])]
    found = re.search(r"MiniLM fine-tuned +([\d.]+)[\s\S]*?TF-IDF[^\d]+([\d.]+)", "\n".join(map(str, texts)))
    return f"test accuracy {found[1]}, the TF-IDF baseline {found[2]}" if found else "no accuracy was printed"


def main() -> None:
    """Execute the notebook, and keep it with its outputs and as HTML."""
    notebook = nbformat.read(HERE / "quickstart.ipynb", as_version=4)
    print("Running notebooks/quickstart.ipynb in a real kernel:")
    began = time.monotonic()
    where = {"metadata": {"path": str(HERE)}}
    client = NotebookClient(notebook, timeout=1800, resources=where, on_cell_execute=say, kernel_name="python3")
    client.execute()
    OUT.mkdir(exist_ok=True)
    nbformat.write(notebook, OUT / "quickstart.ipynb")
    html, _ = HTMLExporter(embed_images=True).from_notebook_node(notebook)
    (OUT / "quickstart.html").write_text(html, encoding="utf-8")
    print(f"Done in {time.monotonic() - began:.0f} s: {accuracy(notebook)}.")
    print(f"Executed notebook: {OUT / 'quickstart.ipynb'}\nThe same as HTML:  {OUT / 'quickstart.html'}")


if __name__ == "__main__":
    sys.exit(main())
