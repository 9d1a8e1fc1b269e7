"""Finds the magics that the package names in what it says, and that are not replaced where there are no magics."""

import ast
import re
from itertools import pairwise
from pathlib import Path

from bertmagic.errors import BertMagicError
from bertmagic.magic_words import VALUED_FLAG

PACKAGE = Path(__file__).parents[1] / "bertmagic"
MAGIC = re.compile(r"%%?bert_|%(config|load_ext|reset|run|pip)\b|bert_\w+\?")
FLAG = re.compile(r"(?<![\w-])(-[a-z]|--[a-z]+[a-z-]*)(?![\w-])")
NOT_SAID = {
    "magics/": "knows IPython, which has magics",
    "magic_words.py": "replaces them",
    "options/document.py": "the pages of the site",
    "options/help.py": "the page of a magic; `manual` has that of a function",
    "options/command.py": "the flags of magics themselves",
    "options/cells.py": "is told whether there are magics",
    "export/runner/": "a program of its own, with a flag of its own",
    "widgets/assets.py": "names of CSS variables",
    "display/style.py": "CSS",
    "display/writers/elements.py": "CSS",
}
AS_FIX = {"enough"}
"""Functions that take what to do as an argument, and give it to an error."""


def errors():
    """Return the names of the error classes, whose second argument is what to do: they replace magics in it."""
    waiting, names = [BertMagicError], set()
    while waiting:
        one = waiting.pop()
        names.add(one.__name__)
        waiting += one.__subclasses__()
    return names


class Module:
    """A module as a tree with parents."""

    def __init__(self, path, source=None):
        self.path = path
        self.tree = ast.parse(path.read_text(encoding="utf-8") if source is None else source)
        self.parent = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def above(self, node):
        """Yield pairs of a node and its parent, from a node upwards."""
        while node in self.parent:
            yield node, self.parent[node]
            node = self.parent[node]

    def said(self):
        """Yield the texts that are no docstrings and name a magic or a flag, or begin one."""
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if isinstance(self.parent[node], ast.Expr):
                continue
            if (
                MAGIC.search(node.value)
                or (FLAG.search(node.value) and "pip install" not in node.value)
                or (re.search(r"(^|[^%\s\d]|\s)%%?$", node.value) and self._begins(node))
            ):
                yield node

    def _begins(self, node):
        """Whether a percent sign stands before a value that is filled in."""
        parts = self.parent[node].values if isinstance(self.parent[node], ast.JoinedStr) else []
        return any(one is node and isinstance(then, ast.FormattedValue) for one, then in pairwise(parts))

    def is_replaced(self, node, modules, follow=2):
        """Whether a text is what to do in an error, goes through `without_magics`, or is said where magics are."""
        for one, parent in self.above(node):
            if isinstance(parent, ast.keyword) and parent.arg in ("examples", "short"):
                return True
            if isinstance(parent, ast.Call) and self._is_fix(one, parent) and not has_flag(node):
                return True
            if isinstance(parent, ast.FunctionDef) and calls(parent, "has_magics"):
                return True
            if isinstance(parent, ast.Assign | ast.AnnAssign):
                targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
                return bool(follow) and all(self._uses_are_replaced(one, modules, follow - 1) for one in targets)
        return False

    def _is_fix(self, argument, call):
        name = called(call)
        if name in errors():
            return argument in call.args[1:] or (isinstance(argument, ast.keyword) and argument.arg == "fix")
        return name == "without_magics" or name in AS_FIX

    def _uses_are_replaced(self, target, modules, follow):
        """Whether a text that has a name is replaced wherever that is read: in its function, or in all modules."""
        if not isinstance(target, ast.Name):
            return False
        functions = [parent for _, parent in self.above(target) if isinstance(parent, ast.FunctionDef)]
        uses = [(self, node) for node in ast.walk(functions[0] if functions else self.tree) if reads(node, target.id)]
        if not functions:
            uses += [
                (module, node) for module in modules for node in ast.walk(module.tree)
                if isinstance(node, ast.Attribute) and node.attr == target.id
            ]  # fmt: skip
        return bool(uses) and all(module.is_replaced(node, modules, follow) for module, node in uses)


def has_flag(node):
    """Whether a text has a flag without a value behind it: only with one it becomes a keyword."""
    return (
        isinstance(node, ast.Constant)
        and bool(FLAG.search(VALUED_FLAG.sub("", node.value)))
        and "pip" not in node.value
    )


def reads(node, name):
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)


def called(call):
    return getattr(call.func, "id", getattr(call.func, "attr", ""))


def calls(function, name):
    return any(isinstance(node, ast.Call) and called(node) == name for node in ast.walk(function))


def left():
    """Return the texts that name a magic or a flag wherever they are shown, with their places."""
    modules = [Module(path) for path in sorted(PACKAGE.rglob("*.py"))]
    return [
        f"{place}:{node.lineno} {node.value[:80]!r}"
        for module in modules
        if not (place := module.path.relative_to(PACKAGE).as_posix()).startswith(tuple(NOT_SAID))
        for node in module.said()
        if not module.is_replaced(node, modules)
    ]
