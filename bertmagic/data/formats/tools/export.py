"""Rows of an annotation tool's export, and what was left out of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from bertmagic.errors import DataError, count


@dataclass(frozen=True)
class Export:
    """What is read from an export.

    Attributes
    ----------
    tool
        What messages call it, as in ``an export of Prodigy``.
    rows
        The rows that can be learnt from: their text, what was annotated, and other columns.
    left_out
        How many rows were left out, by the reason.
    remarks
        What else a user should know.
    """

    tool: str
    rows: list[dict[str, Any]]
    left_out: Counter[str] = field(default_factory=Counter)
    remarks: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """How the rows were read, for the line under a result."""
        parts = [f"{self.tool} with {count(len(self.rows), 'row')}", *self.remarks]
        reasons = ", ".join(f"{number:,} {reason}" for reason, number in self.left_out.items() if number)
        parts += [f"left out: {reasons}"] if reasons else []
        return "; ".join([*parts, 'format = "records" takes the objects as they are'])

    def check(self, name: str) -> Export:
        """Return it if there is a row.

        Raises
        ------
        DataError
            If none is left.
        """
        if not self.rows:
            reasons = ", ".join(f"{number:,} {reason}" for reason, number in self.left_out.items())
            raise DataError(
                f"{name} is {self.tool} in which no row is annotated: {reasons}.",
                'Annotate some rows; format = "records" takes the objects as they are.',
            )
        return self


def one_or_several(labels: list[list[Any] | None]) -> list[Any]:
    """Return the labels of rows as classes if each labelled row has exactly one, else as they are.

    Parameters
    ----------
    labels
        The labels of each row; None where nothing is known.
    """
    known = [row for row in labels if row is not None]
    if not known or any(len(row) != 1 for row in known):
        return list(labels)
    return [None if row is None else row[0] for row in labels]
