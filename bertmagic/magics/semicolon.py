"""A semicolon right after the name of a magic: IPython takes ``%bert_runs;`` for a magic named ``bert_runs;``.

So a space is put before it. The magic then reads the semicolon as the end of its line, which shows nothing.
"""

from __future__ import annotations

import re
import tokenize
from typing import TYPE_CHECKING, Any

from IPython.core.inputtransformer2 import TokenTransformBase

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_MAGIC = re.compile(r"(%%?bert_\w+);")


class _LineMagic(TokenTransformBase):
    """Puts a space before the semicolon of a line magic: ``%bert_runs;`` or ``x = %bert_runs;``.

    As a transformer of tokens it leaves texts that look like a magic as they are.
    """

    priority = 4  # before IPython's own, which read the name of the magic

    @classmethod
    def find(cls, tokens_by_line: Any) -> Any:
        """Return the first such magic of a cell, or None."""
        for line in tokens_by_line:
            tokens = [token for token in line if token.type not in (tokenize.INDENT, tokenize.DEDENT)]
            for at, (sign, name, end) in enumerate(zip(tokens, tokens[1:], tokens[2:], strict=False)):
                begins = at == 0 or tokens[at - 1].string == "="
                is_ours = sign.string == "%" and name.string.startswith("bert_")
                if begins and is_ours and end.string == ";" and end.start == name.end:
                    return cls(sign.start)
        return None

    def transform(self, lines: list[str]) -> list[str]:
        """Return the lines of the cell with the space."""
        line, column = lines[self.start_line], self.start_col
        changed = line[:column] + _MAGIC.sub(r"\1 ;", line[column:], count=1)
        return [*lines[: self.start_line], changed, *lines[self.start_line + 1 :]]


def _cell_magic(lines: list[str]) -> list[str]:
    if not lines or not lines[0].startswith("%%") or not _MAGIC.match(lines[0]):
        return lines
    return [_MAGIC.sub(r"\1 ;", lines[0], count=1), *lines[1:]]


def attach(shell: InteractiveShell) -> None:
    """Let a shell find magics that a semicolon follows."""
    manager = shell.input_transformer_manager
    manager.token_transformers.append(_LineMagic)
    manager.cleanup_transforms.append(_cell_magic)


def detach(shell: InteractiveShell) -> None:
    """Undo `attach`."""
    manager = shell.input_transformer_manager
    for transforms, ours in ((manager.token_transformers, _LineMagic), (manager.cleanup_transforms, _cell_magic)):
        transforms[:] = [one for one in transforms if one is not ours]
