"""The oldest versions that are tested are those that pyproject.toml promises."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_each_minimum_is_pinned_and_each_pin_is_a_minimum():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    optional = [line for extra in ("lora", "tune", "excel", "export") for line in extras[extra]]
    promised = dict(line.split(">=") for line in (*project["dependencies"], *optional))
    lines = (ROOT / "constraints-lowest.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if not line.startswith("#"))
    assert pins.keys() == promised.keys()
    for name, minimum in promised.items():
        assert re.fullmatch(rf"{re.escape(minimum)}(\.\d+)*", pins[name]), name
