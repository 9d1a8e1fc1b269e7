"""Write the locks of this folder: each package that demo, tests and docs install, with the digests of its files.

`python requirements/lock.py` resolves ``pyproject.toml`` with the pins of ``constraints.txt`` by uv, for every platform
and every Python from 3.11 on. Run it after a change of either, and read the diff.
"""

import re
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
LOCKS = {"demo.txt": ("demo",), "develop.txt": ("demo", "test", "docs")}
"""The extras of each lock."""

BUILD = ("hatchling", "editables", "setuptools", "wheel")
"""What builds this package, and the two dependencies that come as source only."""

BY_MACHINE = re.compile(r"(torch==|nvidia|cuda|triton)")
"""Not locked: which build of torch fits, and whether it needs CUDA packages (several GB), depends on the machine. Its
version is in ``constraints.txt``, and torch names the exact versions of the others."""


def main() -> None:
    """Write all locks."""
    (HERE / "build.txt").write_text(_resolved("-", text="\n".join(BUILD)), "utf-8")
    for name, extras in LOCKS.items():
        chosen = [word for extra in extras for word in ("--extra", extra)]
        (HERE / name).write_text(_portable(_resolved("pyproject.toml", *chosen)), "utf-8")


def _resolved(*what: str, text: str = "") -> str:
    """Return the lock that uv writes."""
    command = [
        "uv", "pip", "compile", *what, "--constraint", "constraints.txt", "--universal", "--python-version", "3.11",
        "--generate-hashes", "--no-annotate", "--no-header", "--quiet",
    ]  # fmt: skip
    return subprocess.run(command, cwd=HERE.parent, input=text, text=True, check=True, stdout=subprocess.PIPE).stdout


def _portable(lock: str) -> str:
    entries = re.split(r"\n(?=\S)", lock.rstrip("\n"))
    return "\n".join(entry for entry in entries if not BY_MACHINE.match(entry)) + "\n"


if __name__ == "__main__":
    main()
