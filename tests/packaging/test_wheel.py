"""The built wheel holds what the extension needs, and loads where nothing but IPython is installed."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(*command: object, cwd: Path = ROOT) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    return next(folder.glob("bertmagic-*.whl"))


def test_every_file_of_the_package_is_in_the_wheel(wheel):
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("bertmagic/")}
    wanted = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "bertmagic").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == wanted
    assert "bertmagic/data/samples/reviews.jsonl" in inside
    assert "bertmagic/py.typed" in inside


def test_the_wheel_loads_with_ipython_alone(wheel, tmp_path):
    run(sys.executable, "-m", "venv", tmp_path / "env")
    python = tmp_path / "env" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", "ipython")
    run(python, "-m", "pip", "install", "-q", "--no-deps", wheel)
    code = (
        "from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance(); "
        "s.run_line_magic('load_ext', 'bertmagic'); s.run_line_magic('bert_finetune', '--help'); "
        "import bertmagic as bm; print(bm.samples.names())"
    )
    said = run(python, "-c", code, cwd=tmp_path)
    assert "--batch-size" in said
    assert "'reviews'" in said
