"""The Python cells of a Markdown document, split into magics and Python."""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass, field
from pathlib import Path

from bertmagic.magics import body, line
from bertmagic.options import COMMANDS
from bertmagic.options.ranges import NAMES as RANGES

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "README.zh.md", *(str(page.relative_to(ROOT)) for page in sorted((ROOT / "docs").rglob("*.md")))]
"""The documents by their paths from the root."""

_FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINE_MAGIC = re.compile(r"^(?:(?P<target>\w+) = )?%(?P<magic>[a-z_]+)(?:[ \t]+(?P<rest>.*))?$")
_CELL_MAGIC = re.compile(r"^%%(?P<magic>[a-z_]+)(?:[ \t]+(?P<rest>.*))?$")
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*(\.\w+)*")


def cells(page: Path) -> list[str]:
    """Return the Python cells of a document in order."""
    return _FENCE.findall(page.read_text(encoding="utf-8"))


@dataclass
class Reader:
    """Parses cells one after the other and keeps the names that they define.

    Attributes
    ----------
    names
        The names defined so far.
    unknown
        Names that were used before a cell defined them.
    """

    names: set[str] = field(default_factory=lambda: {*vars(builtins), "get_ipython"})
    unknown: list[str] = field(default_factory=list)

    def read(self, cell: str) -> None:
        """Parse one cell; raises the error that the magic would raise."""
        first, _, rest = cell.partition("\n")
        if magic := _CELL_MAGIC.match(first):
            self._cell_magic(magic["magic"], magic["rest"] or "", rest)
            return
        python: list[str] = []
        for row in cell.split("\n"):
            if magic := _LINE_MAGIC.match(row):
                self._python("\n".join(python))
                python.clear()
                self._line_magic(row, magic)
            else:
                python.append(row)
        self._python("\n".join(python))

    def _line_magic(self, row: str, magic: re.Match[str]) -> None:
        if magic["magic"] in COMMANDS:
            self._magic(magic["magic"], magic["rest"] or "")
        elif magic["magic"] == "load_ext":
            assert (magic["rest"] or "").isidentifier(), f"{row!r}: IPython takes the rest of the line as the module"
        else:
            assert magic["magic"] == "config", f"{row!r}: no such magic"
        self.names |= {magic["target"]} if magic["target"] else set()

    def _magic(self, name: str, typed: str) -> None:
        command = COMMANDS[name]
        given = line.read(typed, command)
        known = {entry.name: entry for entry in line.options_of(command)}
        for option, tokens in given.items():
            for token in tokens:
                if token.kind == "python":
                    self._python(token.text)
                elif token.kind == "bare" and known[option].kind in ("data", "texts", "model", "share_or_data"):
                    self._reference(token.text, known[option].choices)
        for option in ("name", "out"):
            if option in given:
                self.names.add(given[option][0].text)

    def _reference(self, word: str, choices: tuple[str, ...]) -> None:
        """Note a word that could only be a variable or a model of an earlier cell."""
        if _IDENTIFIER.fullmatch(word) and word not in choices and word.partition(".")[0] not in self.names:
            self.unknown.append(word)

    def _cell_magic(self, name: str, typed: str, rest: str) -> None:
        command = COMMANDS[name]
        if command.body == "options":
            for given in body.assignments(rest, command, {}).values():
                self._python(given.code, {*RANGES})
        else:
            assert command.body == "texts"
            assert body.texts(rest)
        self._magic(name, typed)

    def _python(self, source: str, more: frozenset[str] | set[str] = frozenset()) -> None:
        tree = ast.parse(source)
        for node in tree.body:
            stored = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
            stored |= {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
            used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
            self.unknown += sorted(used - stored - self.names - more)
            imported = [one for one in ast.walk(node) if isinstance(one, ast.Import | ast.ImportFrom)]
            self.names |= {alias.asname or alias.name.partition(".")[0] for one in imported for alias in one.names}
            self.names |= stored
