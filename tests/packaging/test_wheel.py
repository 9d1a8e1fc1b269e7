"""The built wheel holds what the extension needs, and loads where nothing but IPython is installed."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import bertmagic

ROOT = Path(__file__).parents[2]


def run(*command: object, cwd: Path = ROOT, **env: str) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=env or None, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    with zipfile.ZipFile(next(folder.glob("bertmagic-*-py3-none-any.whl"))) as wheel:
        yield wheel


def needed(name: str) -> set[str]:
    """Return the distributions that one needs here, with itself."""
    names, todo = set(), [name]
    while todo:
        names.add(one := todo.pop())
        wanted = map(Requirement, importlib.metadata.requires(one) or ())
        here = {want.name for want in wanted if want.marker is None or want.marker.evaluate({"extra": ""})}
        todo += here - names
    return names


def requirements(lines: list[str]) -> set[tuple[str, str]]:
    return {(canonicalize_name(one.name), str(one.specifier)) for one in map(Requirement, lines)}


def test_every_file_of_the_package_is_in_the_wheel(wheel):
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    wanted = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "bertmagic").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == wanted
    assert "bertmagic/data/samples/reviews.jsonl" in inside
    assert "bertmagic/py.typed" in inside


def test_an_installer_reads_the_version_and_what_is_required(wheel):
    folder = f"bertmagic-{bertmagic.__version__}.dist-info"
    metadata = message_from_string(wheel.read(f"{folder}/METADATA").decode())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    required = [text for text in metadata.get_all("Requires-Dist") if "extra ==" not in text]
    assert (metadata["Name"], metadata["Version"]) == ("bertmagic", bertmagic.__version__)
    assert metadata["Requires-Python"] == project["requires-python"]
    assert requirements(required) == requirements(project["dependencies"])
    assert set(metadata.get_all("Provides-Extra")) == set(project["optional-dependencies"])
    listed = {line.partition(",")[0] for line in wheel.read(f"{folder}/RECORD").decode().splitlines()}
    assert listed == set(wheel.namelist())


def test_the_wheel_loads_with_ipython_alone(wheel, tmp_path):
    wheel.extractall(tmp_path)
    for name in needed("ipython"):
        files = importlib.metadata.files(name) or ()
        for top in {file.parts[0] for file in files} - {"..", "__pycache__"}:
            if not (tmp_path / top).exists():
                (tmp_path / top).symlink_to(importlib.metadata.distribution(name).locate_file(top))
    code = (
        "from IPython.core.interactiveshell import InteractiveShell as S; s = S.instance(); "
        "s.run_line_magic('load_ext', 'bertmagic'); s.run_line_magic('bert_finetune', '--help'); "
        "import bertmagic as bm; print(bm.samples.names(), bm.__file__)"
    )
    home = tmp_path / "home"
    printed = run(sys.executable, "-S", "-c", code, cwd=tmp_path, PYTHONPATH=str(tmp_path), IPYTHONDIR=str(home))
    assert "--batch-size" in printed
    assert "'reviews'" in printed
    assert f"{tmp_path}/bertmagic/__init__.py" in printed
