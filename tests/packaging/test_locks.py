"""The locks hold what demo, tests and docs install but torch, in the versions of constraints.txt, with digests."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXTRAS = {"demo": ("demo",), "develop": ("demo", "test", "docs")}
ENTRY = re.compile(
    r"(?P<name>[a-z0-9-]+)==(?P<version>\S+)( ; [^\\]+)?(?P<digests>( \\\n    --hash=sha256:[0-9a-f]{64})+)"
)


def lock(name):
    """Return the entries of a lock as name, version and digests; each line belongs to one."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").rstrip("\n")
    entries = [ENTRY.fullmatch(entry) for entry in re.split(r"\n(?=\S)", text)]
    assert all(entries), "a line without a version or a digest"
    return [(entry["name"], entry["version"], entry["digests"].count("sha256")) for entry in entries]


def name_of(requirement):
    return re.match(r"[A-Za-z0-9._-]+", requirement)[0].lower().replace("_", "-").replace(".", "-")


@pytest.mark.parametrize("goal", EXTRAS)
def test_each_requirement_is_locked(goal):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {name_of(line) for line in project["dependencies"]}
    for extra in EXTRAS[goal]:
        wanted |= {name_of(line) for line in extras[extra]}
    if "test" in EXTRAS[goal]:
        tested = ("lora", "tune", "excel", "export", "tensorboard")
        wanted |= {name_of(line) for extra in tested for line in extras[extra]}
    assert wanted - {"bertmagic", "torch"} <= {name for name, *_ in lock(goal)}


@pytest.mark.parametrize("goal", EXTRAS)
def test_a_lock_keeps_the_pins(goal):
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    for name, version, _ in lock(goal):
        assert pins.get(name, version) == version, name


@pytest.mark.parametrize("goal", EXTRAS)
def test_builds_of_torch_are_left_to_the_machine(goal):
    """A digest here would make pip take the CUDA build of the index even where a build for CPUs lies at hand."""
    assert not [name for name, *_ in lock(goal) if re.fullmatch(r"torch|(nvidia|cuda|triton)\b.*", name)]


def test_what_builds_is_locked_too():
    assert {"hatchling", "editables", "setuptools", "wheel"} <= {name for name, *_ in lock("build")}
