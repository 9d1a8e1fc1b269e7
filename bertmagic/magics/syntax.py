"""Python that users type, parsed: what cannot be read is one kind of error, however it fails."""

from __future__ import annotations

import ast
import io
from typing import Literal


def parsed(source: str, mode: Literal["exec", "eval"] = "eval") -> ast.AST:
    """Return the tree of an expression, or of statements.

    Raises
    ------
    SyntaxError
        If it cannot be read: also for a NUL or half a character in it, and for more depth than Python's parser has.
    """
    try:
        return ast.parse(source, mode=mode)
    except (RecursionError, MemoryError):
        raise SyntaxError("it is nested too deep for Python") from None
    except ValueError:
        raise SyntaxError("it has a character that Python does not read") from None


def reads(source: str) -> bool:
    """Whether a text is an expression."""
    try:
        parsed(source)
    except SyntaxError:
        return False
    return True


def source_of(text: str, node: ast.expr | ast.stmt) -> str:
    """Return the part of a text that a node of its tree was read from; `ast.get_source_segment` is quadratic."""
    lines = [line.encode() for line in io.StringIO(text, newline="")][node.lineno - 1 : node.end_lineno]
    lines[-1] = lines[-1][: node.end_col_offset]
    lines[0] = lines[0][node.col_offset :]
    return b"".join(lines).decode()
